use std::time::Duration;

use crate::{Actor, Cause, Money, NewOrder, Order, OrderId, OrderStatus, ShopTime, TraceParent, back_off};

/// Something that happened to an order, to be delivered to webhooks: one row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEvent {
    /// Which order.
    pub order_id: OrderId,
    /// What happened.
    pub kind: OrderEventKind,
    /// The status before, where it changed.
    pub from: Option<OrderStatus>,
    /// The status after.
    pub to: OrderStatus,
    /// The money that moved, where some did; what the order costs since, if that is what happened.
    pub amount: Option<Money>,
    /// Who caused it.
    pub actor: Actor,
    /// Why.
    pub reason: String,
    /// When.
    pub at: ShopTime,
    /// The trace of the request that caused it, where it has one.
    pub trace: Option<TraceParent>,
}

/// The number of an order's events in the database: larger than those of the same order's events before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutboxId(pub i64);

/// The id of an event as webhook endpoints see it: the same however often it is sent, and no other event's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, derive_more::Display)]
pub struct EventId(String);

impl EventId {
    /// `evt_` and a UUID.
    pub fn of_uuid(uuid: &str) -> Self {
        Self(format!("evt_{uuid}"))
    }

    /// `evt_42`, as events that were written before there were UUIDs keep it.
    pub fn of_row(id: OutboxId) -> Self {
        Self(format!("evt_{}", id.0))
    }

    /// One as it is sent; `None` if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix("evt_")?;
        let is_id = (1..=36).contains(&bare.len())
            && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_id.then(|| Self(text.to_owned()))
    }

    /// What follows `evt_`: the UUID, or the row's number.
    pub fn bare(&self) -> &str {
        self.0.strip_prefix("evt_").unwrap_or(&self.0)
    }

    /// The row that the id is the number of, where it is of one.
    pub fn row(&self) -> Option<OutboxId> {
        self.bare().parse().ok().map(OutboxId)
    }
}

/// An event on its way to the webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Their number.
    pub id: OutboxId,
    /// What they are called outside.
    pub event_id: EventId,
    /// What they are.
    pub event: OrderEvent,
}

words! {
    /// What happened to an order.
    pub enum OrderEventKind {
        /// It was placed.
        Created = "order.created",
        /// Its status changed.
        StatusChanged = "order.status_changed",
        /// Money went back to the buyer, all or a part of it.
        Refund = "order.refund",
        /// Staff lowered what it costs.
        AmountLowered = "order.amount_lowered",
        /// It goes elsewhere.
        AddressChanged = "order.address_changed",
    }
}

impl OrderEvent {
    /// A new order was placed.
    pub fn created(NewOrder { order, trace, .. }: &NewOrder) -> Self {
        Self {
            amount: Some(order.total_amount),
            trace: trace.clone(),
            ..Self::of(order, OrderEventKind::Created, &Cause::buyer(None), order.created_at)
        }
    }

    /// One of an order, of which only what every event has is told.
    pub(crate) fn of(order: &Order, kind: OrderEventKind, cause: &Cause, at: ShopTime) -> Self {
        Self {
            order_id: order.id.clone(),
            kind,
            from: None,
            to: order.status,
            amount: None,
            actor: cause.actor,
            reason: String::new(),
            at,
            trace: None,
        }
    }
}

impl Delivery {
    /// How long after the first failure the event is delivered again; doubled each time.
    const FIRST_WAIT: Duration = Duration::from_secs(5);
    pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(3600);
    /// Nothing is given up that is younger.
    pub const GIVEN_UP_AFTER: Duration = Duration::from_secs(3 * 24 * 3600);
    /// Nothing is given up after fewer failures: their waits alone come to three days, so that events that are delivered anew
    /// long after they happened have as long again.
    const FEWEST_TRIES: u32 = 82;

    /// When to deliver again what could not be delivered now, after so many tries before; `None` if it is given up.
    pub fn next_try(&self, now: ShopTime, tries_before: u32) -> Option<ShopTime> {
        let is_given_up = now.since(self.event.at) >= Self::GIVEN_UP_AFTER
            && tries_before.saturating_add(1) >= Self::FEWEST_TRIES;
        (!is_given_up).then(|| now.after(back_off(Self::FIRST_WAIT, tries_before, Self::LONGEST_WAIT)))
    }
}

#[cfg(test)]
mod tests;
