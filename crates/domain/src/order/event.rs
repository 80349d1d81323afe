use std::time::Duration;

use crate::{Actor, Cause, Money, NewOrder, Order, OrderId, OrderStatus, ShopTime, TraceParent, back_off};

/// An event of an order, to be delivered to webhooks: one row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEvent {
    /// The order.
    pub order_id: OrderId,
    /// What happened.
    pub kind: OrderEventKind,
    /// The status before; `None` if it did not change.
    pub from: Option<OrderStatus>,
    /// The status after.
    pub to: OrderStatus,
    /// The amount of a new order, of a refund, or the new amount of an order that was lowered; else `None`.
    pub amount: Option<Money>,
    /// Who caused it.
    pub actor: Actor,
    /// Why.
    pub reason: String,
    /// When.
    pub at: ShopTime,
    /// The trace of the request that caused it, if there is one.
    pub trace: Option<TraceParent>,
}

/// The number of an event in the database. It is larger than the numbers of the same order's earlier events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutboxId(pub i64);

/// The id of an event as webhook endpoints see it: unique, and the same in every delivery of the event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, derive_more::Display)]
pub struct EventId(String);

impl EventId {
    /// `evt_` and a UUID.
    pub fn of_uuid(uuid: &str) -> Self {
        Self(format!("evt_{uuid}"))
    }

    /// `evt_42`, for events that were written before events had UUIDs.
    pub fn of_row(id: OutboxId) -> Self {
        Self(format!("evt_{}", id.0))
    }

    /// Reads an id as it is sent; `None` if the text cannot be an id.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix("evt_")?;
        let is_id = (1..=36).contains(&bare.len())
            && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_id.then(|| Self(text.to_owned()))
    }

    /// The part after `evt_`: the UUID, or the row's number.
    pub fn bare(&self) -> &str {
        self.0.strip_prefix("evt_").unwrap_or(&self.0)
    }

    /// The row with this id, if the id is a row's number.
    pub fn row(&self) -> Option<OutboxId> {
        self.bare().parse().ok().map(OutboxId)
    }
}

/// An event to be delivered to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The event's number in the database.
    pub id: OutboxId,
    /// The event's id as endpoints see it.
    pub event_id: EventId,
    /// The event.
    pub event: OrderEvent,
}

words! {
    /// What happened to an order.
    pub enum OrderEventKind {
        /// It was placed.
        Created = "order.created",
        /// Its status changed.
        StatusChanged = "order.status_changed",
        /// All or a part of its payment was refunded.
        Refund = "order.refund",
        /// Staff lowered its amount.
        AmountLowered = "order.amount_lowered",
        /// Its address was changed.
        AddressChanged = "order.address_changed",
    }
}

impl OrderEvent {
    /// The event of a new order.
    pub fn created(NewOrder { order, trace, .. }: &NewOrder) -> Self {
        Self {
            amount: Some(order.total_amount),
            trace: trace.clone(),
            ..Self::of(order, OrderEventKind::Created, &Cause::buyer(None), order.created_at)
        }
    }

    /// An event of an order with only the fields that every event has.
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
    /// The wait after the first failed delivery; it doubles with each further failure.
    const FIRST_WAIT: Duration = Duration::from_secs(5);
    pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(3600);
    /// The least age of an event whose delivery is given up.
    pub const GIVEN_UP_AFTER: Duration = Duration::from_secs(3 * 24 * 3600);
    /// The fewest failures after which a delivery is given up. Their waits sum up to three days, so that an old event
    /// that is delivered again is also tried for three days.
    const FEWEST_TRIES: u32 = 82;

    /// When to try a failed delivery again; `None` if it is given up. `tries_before` are the tries before this failure.
    pub fn next_try(&self, now: ShopTime, tries_before: u32) -> Option<ShopTime> {
        let is_given_up = now.since(self.event.at) >= Self::GIVEN_UP_AFTER
            && tries_before.saturating_add(1) >= Self::FEWEST_TRIES;
        (!is_given_up).then(|| now.after(back_off(Self::FIRST_WAIT, tries_before, Self::LONGEST_WAIT)))
    }
}

#[cfg(test)]
mod tests;
