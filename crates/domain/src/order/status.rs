use crate::{Channel, OrderId, ShopTime};

words! {
    /// The status of an order, with its word in metrics.
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
        /// Cancelled before it was paid; its pieces went back into stock.
        Cancelled = "cancelled",
        /// Its whole payment was refunded.
        Refunded = "refunded",
    }
}

words! {
    /// An event that moves an order from one status to another.
    #[derive(Hash)]
    pub enum Trigger {
        /// A verified payment of the whole amount.
        Paid = "payment",
        /// A verified payment of the whole amount of a cancelled order, whose stock was taken again.
        PaidLate = "late payment",
        /// The shop hands the parcel to a carrier.
        Shipped = "shipment",
        /// The buyer confirms the receipt, or the time to confirm it passes.
        ReceiptConfirmed = "receipt",
        /// The buyer or the shop cancels the order, or the payment deadline passes.
        Cancelled = "cancellation",
        /// The whole payment went back.
        FullyRefunded = "full refund",
    }
}

/// The effect of a trigger on an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The order enters another status.
    To(OrderStatus),
    /// The trigger happened before; repeating it is no error and changes nothing.
    AlreadyDone,
}

/// The order's status does not allow the trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order in status {status} does not allow its {}", .trigger.as_str())]
pub struct NotAllowed {
    /// The order's status.
    pub status: OrderStatus,
    /// The trigger.
    pub trigger: Trigger,
}

/// Who caused a change, and by which request. The timeline shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The role.
    pub actor: Actor,
    /// The person's name, if several people have the role.
    pub name: Option<String>,
    /// The id of the request; `None` if there was no request, as for a job.
    pub request_id: Option<String>,
}

/// The role of the one who caused a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The buyer whose order it is.
    Buyer,
    /// Staff.
    Shop,
    /// This service, by a rule such as the payment deadline.
    System,
    /// A payment channel, by its evidence of a payment or a refund.
    Channel(Channel),
}

/// One change of an order's status: a compare-and-set in the database, and a row of the order's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The order.
    pub order_id: OrderId,
    /// The status before, which the order must have.
    pub from: OrderStatus,
    /// The status after.
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
    /// The effect of the trigger on an order in this status. This is the only table of transitions.
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
            (status, trigger) => return Err(NotAllowed { status, trigger }),
        };
        Ok(Transition::To(to))
    }

    /// Whether the table has a transition from one status to the other.
    pub fn leads(from: Self, to: Self) -> bool {
        Trigger::ALL.into_iter().any(|trigger| from.on(trigger) == Ok(Transition::To(to)))
    }

    /// Whether the shop has the order's money: 待发货, 待收货 or 已完成.
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

    /// Whether the order has ended: 已完成, 已取消 or 已退款. A late payment can still revive a cancelled order within
    /// days.
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

    /// Its name for staff and buyers.
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

    /// A payment channel, by a notification, or by its answer to a query.
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
