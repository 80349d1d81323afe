use crate::{Money, ShopTime};

mod attempt;
mod bounds;
mod channel;
mod refund;

pub use attempt::{AttemptState, EndedAttempt, PaymentAttempt, PaymentProduct, order_number};
pub use bounds::{RefusedMessage, Unstorable, UnstorableTrade};
pub use channel::{Channel, TradeKey};
pub use refund::{Refund, RefundAsk, RefundKind, RefundStatus};
pub(crate) use refund::{automatic_number, external_number};

/// The shop as a channel knows it: who receives the payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// The application through which the shop is paid.
    pub app_id: String,
    /// The account that receives the money (`seller_id`, 2088…), if it is configured.
    pub seller_id: Option<String>,
}

/// The addressee that a verified message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// `app_id` of the message.
    pub app_id: String,
    /// `seller_id` of the message, if it has one.
    pub seller_id: Option<String>,
}

/// One trade at a channel, as reported by evidence with a verified signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// The channel where it is paid.
    pub channel: Channel,
    /// The channel's number of the trade, unique within the channel.
    pub trade_no: String,
    /// The number of an attempt to pay an order, as the channel has it; it may be another program's.
    pub out_trade_no: String,
    /// The status of the trade.
    pub status: TradeStatus,
    /// The whole amount of the trade.
    pub total_amount: Money,
    /// The sum refunded to the buyer so far. If it is above zero, the message is about a refund.
    pub refunded: Money,
    /// The number of the refund that the message is about (`out_biz_no`), if it is about one.
    pub refund_request_no: Option<String>,
    /// The buyer's account, as the channel masks or numbers it.
    pub buyer: Option<String>,
    /// When the buyer paid.
    pub paid_at: Option<ShopTime>,
}

words! {
    /// The status of a trade, in the words of `trade_status`.
    pub enum TradeStatus {
        /// `WAIT_BUYER_PAY`: the trade exists, and the buyer has not paid.
        WaitBuyerPay = "WAIT_BUYER_PAY",
        /// `TRADE_SUCCESS`: paid, can be refunded.
        Success = "TRADE_SUCCESS",
        /// `TRADE_FINISHED`: paid, can no longer be refunded.
        Finished = "TRADE_FINISHED",
        /// `TRADE_CLOSED`: timed out unpaid, or wholly refunded.
        Closed = "TRADE_CLOSED",
    }
}

words! {
    /// Where evidence of a payment came from.
    pub enum EvidenceSource {
        /// The channel's asynchronous notification.
        Notification = "notification",
        /// The channel's answer to a query.
        Query = "query",
    }
}

/// A payment that reached the shop, as it is stored: one row per trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// The trade. Its status `Closed` means that all of it went back, even if not every refund is on record.
    pub trade: Trade,
    /// The status of the payment.
    pub status: PaymentStatus,
    /// Where the evidence of the payment came from.
    pub source: EvidenceSource,
    /// When it was recorded.
    pub recorded_at: ShopTime,
}

impl PaymentRecord {
    /// When the buyer paid, or when the payment was recorded if the channel did not say when the buyer paid.
    pub fn counts_at(&self) -> ShopTime {
        self.trade.paid_at.unwrap_or(self.recorded_at)
    }

    /// Whether the shop owes a refund of the payment and some of it has not gone back yet.
    pub fn is_automatic(&self) -> bool {
        self.status.is_refund_due()
            && self.trade.status != TradeStatus::Closed
            && self.trade.refunded < self.trade.total_amount
    }
}

words! {
    /// What happens to a payment.
    pub enum PaymentStatus {
        /// It paid its order.
        Settled = "settled",
        /// Another trade had paid the order; this money goes back.
        Duplicate = "duplicate",
        /// The order was cancelled, and its stock is gone or its amount was lowered; this money goes back.
        Late = "late",
        /// The payment has another amount than the order; staff decide.
        WrongAmount = "wrong_amount",
        /// No order has this number; staff decide.
        UnknownOrder = "unknown_order",
    }
}

/// Late and duplicate payments of an order, which the shop refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundDue {
    /// The sum of these payments.
    pub amount: Money,
    /// How much of it is known to be refunded; the rest is on its way.
    pub refunded: Money,
}

/// Why a message that the channel signed is not for this shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotForUs {
    /// It is for another application.
    #[error("the message is for another app_id")]
    App,
    /// It is for another seller.
    #[error("the message is for another seller_id")]
    Seller,
}

impl Merchant {
    /// Checks that a message is for this shop. If `seller_id` is configured, the message must have the same one.
    pub fn check(&self, addressee: &Addressee) -> Result<(), NotForUs> {
        if addressee.app_id != self.app_id {
            return Err(NotForUs::App);
        }
        let is_ours = self.seller_id.is_none() || self.seller_id == addressee.seller_id;
        if is_ours { Ok(()) } else { Err(NotForUs::Seller) }
    }
}

impl Trade {
    /// The key of the trade.
    pub fn key(&self) -> TradeKey<'_> {
        self.channel.trade(&self.trade_no)
    }

    /// Whether the trade's whole amount is paid and still with the shop. A message about a refund also has the status
    /// `TRADE_SUCCESS`, with the refunded sum: that is not a payment.
    pub fn is_payment(&self) -> bool {
        match self.status {
            TradeStatus::Success | TradeStatus::Finished => self.refunded.is_zero(),
            TradeStatus::WaitBuyerPay | TradeStatus::Closed => false,
        }
    }

    /// Whether the message is about a refund: it has a refund's number or a refunded sum. Then it is not a payment.
    pub fn tells_of_refund(&self) -> bool {
        self.refund_request_no.is_some() || !self.refunded.is_zero()
    }

    /// Whether the trade's whole amount was paid, even if it was refunded since. A closed trade without a refund timed
    /// out unpaid.
    pub fn was_paid(&self) -> bool {
        match self.status {
            TradeStatus::Success | TradeStatus::Finished => true,
            TradeStatus::Closed => !self.refunded.is_zero(),
            TradeStatus::WaitBuyerPay => false,
        }
    }

    /// Whether the trade was paid and wholly refunded. The channel closes a paid trade only when it is wholly refunded.
    pub fn is_wholly_refunded(&self) -> bool {
        self.was_paid() && (self.status == TradeStatus::Closed || self.refunded >= self.total_amount)
    }
}

impl PaymentStatus {
    /// Whether the shop must refund the money.
    pub fn is_refund_due(self) -> bool {
        match self {
            Self::Duplicate | Self::Late => true,
            Self::Settled | Self::WrongAmount | Self::UnknownOrder => false,
        }
    }

    /// Whether staff decide about the money.
    pub fn is_undecided(self) -> bool {
        match self {
            Self::WrongAmount | Self::UnknownOrder => true,
            Self::Settled | Self::Duplicate | Self::Late => false,
        }
    }
}

impl RefundDue {
    /// The refunds due for the payments of one order number, done or not; `None` if no payment is late or a duplicate.
    pub fn of<'a>(payments: impl IntoIterator<Item = &'a PaymentRecord>) -> Option<Self> {
        let going_back: Vec<_> = payments.into_iter().filter(|one| one.status.is_refund_due()).collect();
        let sum = |of: fn(&Trade) -> Money| {
            Money::checked_sum(going_back.iter().map(|payment| of(&payment.trade))).unwrap_or(Money::MAX)
        };
        let due = || Self { amount: sum(|trade| trade.total_amount), refunded: sum(|trade| trade.refunded) };
        (!going_back.is_empty()).then(due)
    }
}

#[cfg(test)]
mod tests;
