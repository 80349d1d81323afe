use crate::{Channel, OrderId, ShopTime};

words! {
    /// Where an order stands, with its word in metrics.
    #[derive(Hash, derive_more::Display)]
    #[display("{}", self.label())]
    pub enum OrderStatus {
        /// Created, not paid.
        AwaitingPayment = "awaiting_payment",
        /// Paid, not sent.
        AwaitingShipment = "awaiting_shipment",
        /// Sent, not received.
        AwaitingReceipt = "awaiting_receipt",
        /// Received.
        Completed = "completed",
        /// Given up before it was paid; its stock went back.
        Cancelled = "cancelled",
        /// All that was paid went back.
        Refunded = "refunded",
    }
}

words! {
    /// What moves an order from one status to another.
    #[derive(Hash)]
    pub enum Trigger {
        /// A verified payment of the whole amount.
        Paid = "payment",
        /// A verified payment of the whole amount of an order that was cancelled, whose stock was taken again.
        PaidLate = "late payment",
        /// The shop hands the goods to a carrier.
        Shipped = "shipment",
        /// The buyer has the goods, or is taken to have them.
        ReceiptConfirmed = "receipt",
        /// The buyer or the shop gives the order up, or the payment deadline passes.
        Cancelled = "cancellation",
        /// The last fen of what was paid went back.
        FullyRefunded = "full refund",
    }
}

/// What a trigger does to an order in some status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The order enters another status.
    To(OrderStatus),
    /// It has happened before; repeating it is no error and changes nothing.
    AlreadyDone,
}

/// The order's status does not allow the trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order in status {status} does not allow its {}", .trigger.as_str())]
pub struct NotAllowed {
    /// Where the order stands.
    pub status: OrderStatus,
    /// What was to happen.
    pub trigger: Trigger,
}

/// Who caused a change, and by which request: what a timeline tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// In which role.
    pub actor: Actor,
    /// The person's own name, where more than one has the role.
    pub name: Option<String>,
    /// The request that asked for it; `None` if nobody asked, as for a job.
    pub request_id: Option<String>,
}

/// Who caused a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The buyer whose order it is.
    Buyer,
    /// Staff.
    Shop,
    /// This service, by a rule such as the payment deadline.
    System,
    /// A payment channel, by evidence of a payment or a refund.
    Channel(Channel),
}

/// One change of an order's status: a compare-and-set in the database, and a row of the order's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// Which order.
    pub order_id: OrderId,
    /// The status it must have.
    pub from: OrderStatus,
    /// The status it gets.
    pub to: OrderStatus,
    /// Who caused it.
    pub cause: Cause,
    /// Why, in a few words for staff; at most 200 characters are kept.
    pub reason: String,
    /// When.
    pub at: ShopTime,
    /// When the order's timer goes off; `None` if nothing is left to wait for.
    pub due_at: Option<ShopTime>,
}

impl OrderStatus {
    /// What the trigger does to an order in this status: the one table of transitions.
    pub fn on(self, trigger: Trigger) -> Result<Transition, NotAllowed> {
        let to = match (self, trigger) {
            (Self::AwaitingPayment, Trigger::Paid) => Self::AwaitingShipment,
            (Self::AwaitingPayment, Trigger::Cancelled) => Self::Cancelled,
            (Self::AwaitingShipment, Trigger::Shipped) => Self::AwaitingReceipt,
            (Self::AwaitingReceipt, Trigger::ReceiptConfirmed) => Self::Completed,
            (Self::Cancelled, Trigger::PaidLate) => Self::AwaitingShipment,
            (Self::AwaitingShipment | Self::AwaitingReceipt | Self::Completed, Trigger::FullyRefunded) => {
                Self::Refunded
            }
            (Self::Completed, Trigger::ReceiptConfirmed) | (Self::Cancelled, Trigger::Cancelled) => {
                return Ok(Transition::AlreadyDone);
            }
            (
                Self::AwaitingPayment
                | Self::AwaitingShipment
                | Self::AwaitingReceipt
                | Self::Completed
                | Self::Cancelled
                | Self::Refunded,
                Trigger::Paid
                | Trigger::PaidLate
                | Trigger::Shipped
                | Trigger::ReceiptConfirmed
                | Trigger::Cancelled
                | Trigger::FullyRefunded,
            ) => return Err(NotAllowed { status: self, trigger }),
        };
        Ok(Transition::To(to))
    }

    /// Whether the table has a transition from one status to the other.
    pub fn leads(from: Self, to: Self) -> bool {
        Trigger::ALL.into_iter().any(|trigger| from.on(trigger) == Ok(Transition::To(to)))
    }

    /// Whether the order's money is with the shop: 待发货, 待收货 or 已完成.
    pub fn is_paid(self) -> bool {
        match self {
            Self::AwaitingShipment | Self::AwaitingReceipt | Self::Completed => true,
            Self::AwaitingPayment | Self::Cancelled | Self::Refunded => false,
        }
    }

    /// Whether the order was paid at some time.
    pub fn was_paid(self) -> bool {
        match self {
            Self::AwaitingShipment | Self::AwaitingReceipt | Self::Completed | Self::Refunded => true,
            Self::AwaitingPayment | Self::Cancelled => false,
        }
    }

    /// Whether nothing is delivered, paid or waited for any more: 已完成, 已取消 or 已退款. A payment that comes late can
    /// still revive a cancelled order, within days.
    pub fn has_ended(self) -> bool {
        match self {
            Self::Completed | Self::Cancelled | Self::Refunded => true,
            Self::AwaitingPayment | Self::AwaitingShipment | Self::AwaitingReceipt => false,
        }
    }

    /// The number that is stored and sent.
    pub fn code(self) -> i16 {
        match self {
            Self::AwaitingPayment => 1,
            Self::AwaitingShipment => 2,
            Self::AwaitingReceipt => 3,
            Self::Completed => 4,
            Self::Cancelled => 5,
            Self::Refunded => 6,
        }
    }

    /// The status with this number, if there is one.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|status| i64::from(status.code()) == code)
    }

    /// What staff and buyers call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::AwaitingPayment => "待付款",
            Self::AwaitingShipment => "待发货",
            Self::AwaitingReceipt => "待收货",
            Self::Completed => "已完成",
            Self::Cancelled => "已取消",
            Self::Refunded => "已退款",
        }
    }
}

impl Cause {
    /// The buyer, by a request.
    pub fn buyer(request_id: Option<String>) -> Self {
        Self { actor: Actor::Buyer, name: None, request_id }
    }

    /// A member of staff, by a request or a command.
    pub fn shop(name: String, request_id: Option<String>) -> Self {
        Self { actor: Actor::Shop, name: Some(name), request_id }
    }

    /// This service, by a rule.
    pub fn system() -> Self {
        Self { actor: Actor::System, name: None, request_id: None }
    }

    /// A payment channel, by a notification, or by its answer to a request that asked.
    pub fn channel(channel: Channel, request_id: Option<String>) -> Self {
        Self { actor: Actor::Channel(channel), name: None, request_id }
    }
}

impl Actor {
    /// The word that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Shop => "shop",
            Self::System => "system",
            Self::Channel(channel) => channel.as_str(),
        }
    }

    /// The actor with this stored word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        let channel = || Channel::from_word(word).map(Self::Channel);
        [Self::Buyer, Self::Shop, Self::System]
            .into_iter()
            .find(|actor| actor.as_str() == word)
            .or_else(channel)
    }
}

#[cfg(test)]
mod tests;
