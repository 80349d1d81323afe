use std::{fmt, time::Duration};

use crate::{
    Actor, Cause, Money, NewOrder, Order, OrderId, OrderStatus, Refund, ShopTime, StatusChange, TraceParent,
    back_off,
};

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

/// The id of an event as the webhook endpoint sees it: the same however often the event is sent, and never that of
/// another event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEventKind {
    /// It was placed.
    Created,
    /// Its status changed.
    StatusChanged,
    /// Money went back to the buyer, all or a part of it.
    Refund,
    /// Staff lowered what it costs.
    AmountLowered,
    /// It goes elsewhere.
    AddressChanged,
}

impl OrderEventKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Created, Self::StatusChanged, Self::Refund, Self::AmountLowered, Self::AddressChanged];

    /// The word that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "order.created",
            Self::StatusChanged => "order.status_changed",
            Self::Refund => "order.refund",
            Self::AmountLowered => "order.amount_lowered",
            Self::AddressChanged => "order.address_changed",
        }
    }

    /// The kind with this word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl OrderEvent {
    /// A new order was placed.
    pub fn created(NewOrder { order, trace, .. }: &NewOrder) -> Self {
        Self {
            order_id: order.id.clone(),
            kind: OrderEventKind::Created,
            from: None,
            to: order.status,
            amount: Some(order.total_amount),
            actor: Actor::Buyer,
            reason: String::new(),
            at: order.created_at,
            trace: trace.clone(),
        }
    }

    /// An order's status changed.
    pub fn changed(change: &StatusChange) -> Self {
        Self {
            order_id: change.order_id.clone(),
            kind: OrderEventKind::StatusChanged,
            from: Some(change.from),
            to: change.to,
            amount: None,
            actor: change.cause.actor,
            reason: change.reason.clone(),
            at: change.at,
            trace: None,
        }
    }

    /// Money of an order went back.
    pub fn refund(order: &Order, refund: &Refund, at: ShopTime) -> Self {
        Self {
            order_id: order.id.clone(),
            kind: OrderEventKind::Refund,
            from: None,
            to: order.status,
            amount: Some(refund.amount),
            actor: refund.cause.actor,
            reason: refund.reason.clone(),
            at,
            trace: None,
        }
    }

    /// An order costs less.
    pub fn amount_lowered(order: &Order, amount: Money, cause: &Cause, reason: &str, at: ShopTime) -> Self {
        Self {
            order_id: order.id.clone(),
            kind: OrderEventKind::AmountLowered,
            from: None,
            to: order.status,
            amount: Some(amount),
            actor: cause.actor,
            reason: reason.to_owned(),
            at,
            trace: None,
        }
    }

    /// An order goes elsewhere. Where to is not told, nor why, since a reason may name people: the order has both.
    pub fn address_changed(order: &Order, cause: &Cause, at: ShopTime) -> Self {
        Self {
            order_id: order.id.clone(),
            kind: OrderEventKind::AddressChanged,
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
    const GIVEN_UP_AFTER: Duration = Duration::from_secs(3 * 24 * 3600);
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
mod tests {
    use super::*;

    fn delivery(at: &str) -> Delivery {
        let event = OrderEvent {
            order_id: OrderId::parse("2019112820400804").unwrap(),
            kind: OrderEventKind::StatusChanged,
            from: Some(OrderStatus::AwaitingPayment),
            to: OrderStatus::AwaitingShipment,
            amount: None,
            actor: Actor::Channel(crate::Channel::Alipay),
            reason: String::new(),
            at: ShopTime::parse(at).unwrap(),
            trace: None,
        };
        Delivery { id: OutboxId(42), event_id: EventId::of_row(OutboxId(42)), event }
    }

    /// How long after the first try the last one is made if the endpoint never answers, and how many tries there were.
    fn last_try(delivery: &Delivery, begin: ShopTime) -> (Duration, u32) {
        let (mut now, mut tries) = (begin, 0);
        while let Some(next) = delivery.next_try(now, tries) {
            (now, tries) = (next, tries + 1);
        }
        (now.since(begin), tries + 1)
    }

    #[test]
    fn waits_double_from_five_seconds_to_an_hour() {
        let delivery = delivery("2019-11-28 20:40:08");
        let now = delivery.event.at;
        let waits = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600];
        for (tries, wait) in (0..).zip(waits) {
            assert_eq!(delivery.next_try(now, tries), Some(now.after(Duration::from_secs(wait))));
        }
        assert_eq!(delivery.next_try(now, u32::MAX), Some(now.after(Duration::from_secs(3600))));
    }

    #[test]
    fn three_days_pass_before_it_is_given_up() {
        let three_days = Duration::from_secs(3 * 24 * 3600);
        let delivery = delivery("2019-11-28 20:40:08");
        let (waited, tries) = last_try(&delivery, delivery.event.at);
        let (young, old) = (
            delivery.event.at.after(three_days - Duration::from_secs(1)),
            delivery.event.at.after(three_days),
        );
        assert!(delivery.next_try(young, 1_000).is_some() && delivery.next_try(old, 1_000).is_none());
        assert!(waited >= three_days && waited < three_days + Duration::from_secs(7200), "{waited:?}");
        assert_eq!(tries, Delivery::FEWEST_TRIES);
        let a_year_later = delivery.event.at.after(three_days * 120);
        assert!(last_try(&delivery, a_year_later).0 >= three_days, "told anew, it is not given up sooner");
    }

    #[test]
    fn ids_and_kinds_have_words() {
        assert_eq!(EventId::of_row(OutboxId(42)).to_string(), "evt_42");
        let uuid = "019ac6d7-5b00-7000-8000-000000000000";
        assert_eq!(EventId::of_uuid(uuid).to_string(), format!("evt_{uuid}"));
        let id = EventId::parse("evt_42").unwrap();
        assert_eq!((id.bare(), id.row()), ("42", Some(OutboxId(42))));
        assert_eq!(EventId::parse(&format!("evt_{uuid}")).unwrap().row(), None);
        for wrong in ["", "42", "evt_", "evt_4 2", "evt_'", &format!("evt_{uuid}0")] {
            assert_eq!(EventId::parse(wrong), None, "{wrong}");
        }
        let words = [
            "order.created",
            "order.status_changed",
            "order.refund",
            "order.amount_lowered",
            "order.address_changed",
        ];
        for word in words {
            assert_eq!(OrderEventKind::from_word(word).map(OrderEventKind::as_str), Some(word));
        }
        assert_eq!(OrderEventKind::from_word("order.lost"), None);
    }
}
