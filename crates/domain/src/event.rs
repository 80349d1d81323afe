use crate::{Actor, Money, Order, OrderId, OrderStatus, Refund, ShopTime, StatusChange};

/// Something that happened to an order, to be told to whoever listens: one row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNews {
    /// Which order.
    pub order_id: OrderId,
    /// What happened.
    pub kind: OrderNewsKind,
    /// The status before, where it changed.
    pub from: Option<OrderStatus>,
    /// The status after.
    pub to: OrderStatus,
    /// The money that moved, where some did.
    pub amount: Option<Money>,
    /// Who caused it.
    pub actor: Actor,
    /// Why.
    pub reason: String,
    /// When.
    pub at: ShopTime,
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderNewsKind {
    /// It was placed.
    Created,
    /// Its status changed.
    StatusChanged,
    /// Money went back to the buyer, all or a part of it.
    Refund,
}

impl OrderNewsKind {
    /// The word that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "order.created",
            Self::StatusChanged => "order.status_changed",
            Self::Refund => "order.refund",
        }
    }

    /// The kind with this word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Created, Self::StatusChanged, Self::Refund].into_iter().find(|kind| kind.as_str() == word)
    }
}

impl OrderNews {
    /// A new order was placed.
    pub fn created(order: &Order) -> Self {
        Self {
            order_id: order.id.clone(),
            kind: OrderNewsKind::Created,
            from: None,
            to: order.status,
            amount: Some(order.total_amount),
            actor: Actor::Buyer,
            reason: String::new(),
            at: order.created_at,
        }
    }

    /// An order's status changed.
    pub fn changed(change: &StatusChange) -> Self {
        Self {
            order_id: change.order_id.clone(),
            kind: OrderNewsKind::StatusChanged,
            from: Some(change.from),
            to: change.to,
            amount: None,
            actor: change.cause.actor,
            reason: change.reason.clone(),
            at: change.at,
        }
    }

    /// Money of an order went back.
    pub fn refund(order: &Order, refund: &Refund, at: ShopTime) -> Self {
        Self {
            order_id: order.id.clone(),
            kind: OrderNewsKind::Refund,
            from: None,
            to: order.status,
            amount: Some(refund.amount),
            actor: refund.cause.actor,
            reason: refund.reason.clone(),
            at,
        }
    }
}
