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

/// Who may be paid: the shop as a channel knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// The application that the shop is paid through.
    pub app_id: String,
    /// The account that receives the money (`seller_id`, 2088…), where it is configured.
    pub seller_id: Option<String>,
}

/// What a verified message says about whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// `app_id` of the message.
    pub app_id: String,
    /// `seller_id` of the message, where it has one.
    pub seller_id: Option<String>,
}

/// One trade at a channel, as evidence with a verified signature tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// Where it is paid.
    pub channel: Channel,
    /// The channel's number of the trade, unique within the channel.
    pub trade_no: String,
    /// The number of an attempt to pay an order, as the channel has it; it may be none of ours.
    pub out_trade_no: String,
    /// Where the trade stands.
    pub status: TradeStatus,
    /// The whole amount of the trade.
    pub total_amount: Money,
    /// What went back to the buyer so far. More than nothing says that the message tells of a refund.
    pub refunded: Money,
    /// The number of the refund that the message tells of (`out_biz_no`), where it tells of one.
    pub refund_request_no: Option<String>,
    /// The buyer's account, as the channel masks or numbers it.
    pub buyer: Option<String>,
    /// When the buyer paid.
    pub paid_at: Option<ShopTime>,
}

words! {
    /// Where a trade stands, in the words of `trade_status`.
    pub enum TradeStatus {
        /// `WAIT_BUYER_PAY`: the buyer has come and not paid.
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

/// A payment that reached the shop, as it is kept: one row a trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// The trade. Closed says that all of it went back, though not each refund need be on record.
    pub trade: Trade,
    /// What became of it.
    pub status: PaymentStatus,
    /// What it was learned from.
    pub source: EvidenceSource,
    /// When it was recorded.
    pub recorded_at: ShopTime,
}

impl PaymentRecord {
    /// The moment by which it counts: when the buyer paid, or when it was recorded where the channel did not say that.
    pub fn counts_at(&self) -> ShopTime {
        self.trade.paid_at.unwrap_or(self.recorded_at)
    }

    /// Whether it must not be kept and some of it has not gone back so far.
    pub fn is_automatic(&self) -> bool {
        self.status.is_refund_due()
            && self.trade.status != TradeStatus::Closed
            && self.trade.refunded < self.trade.total_amount
    }
}

words! {
    /// What became of a payment.
    pub enum PaymentStatus {
        /// It paid its order.
        Settled = "settled",
        /// Another trade had paid the order; this money goes back.
        Duplicate = "duplicate",
        /// The order was cancelled, and its stock is gone or it costs less since; this money goes back.
        Late = "late",
        /// Not the amount of the order; staff decide.
        WrongAmount = "wrong_amount",
        /// No order has this number; staff decide.
        UnknownOrder = "unknown_order",
    }
}

/// What a buyer paid for an order without paying it, because it came too late or twice, and what of that is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundDue {
    /// All that the shop does not keep.
    pub amount: Money,
    /// What of it went back for certain; the rest is on its way.
    pub refunded: Money,
}

/// A message that the channel signed, but not for this shop.
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
    /// Checks that a message is for this shop. `seller_id` counts if it is configured; it must not be missing then.
    pub fn check(&self, addressee: &Addressee) -> Result<(), NotForUs> {
        if addressee.app_id != self.app_id {
            return Err(NotForUs::App);
        }
        let is_ours = self.seller_id.is_none() || self.seller_id == addressee.seller_id;
        if is_ours { Ok(()) } else { Err(NotForUs::Seller) }
    }
}

impl Trade {
    /// What it is known by.
    pub fn key(&self) -> TradeKey<'_> {
        self.channel.trade(&self.trade_no)
    }

    /// Whether the trade tells that its whole amount has been paid and is still with the shop. A refund is notified as
    /// `TRADE_SUCCESS` again, with what went back: that is not a payment.
    pub fn is_payment(&self) -> bool {
        match self.status {
            TradeStatus::Success | TradeStatus::Finished => self.refunded.is_zero(),
            TradeStatus::WaitBuyerPay | TradeStatus::Closed => false,
        }
    }

    /// Whether the message tells of a refund, in whatever way: it is not one of a payment then.
    pub fn tells_of_refund(&self) -> bool {
        self.refund_request_no.is_some() || !self.refunded.is_zero()
    }

    /// Whether the trade tells that its whole amount was paid, whatever went back since. Of one that timed out, nothing did.
    pub fn was_paid(&self) -> bool {
        match self.status {
            TradeStatus::Success | TradeStatus::Finished => true,
            TradeStatus::Closed => !self.refunded.is_zero(),
            TradeStatus::WaitBuyerPay => false,
        }
    }

    /// Whether the trade tells that all that was paid went back: the channel closes a paid trade then, and never before.
    pub fn is_wholly_refunded(&self) -> bool {
        self.was_paid() && (self.status == TradeStatus::Closed || self.refunded >= self.total_amount)
    }
}

impl PaymentStatus {
    /// Whether the money must go back to the buyer.
    pub fn is_refund_due(self) -> bool {
        match self {
            Self::Duplicate | Self::Late => true,
            Self::Settled | Self::WrongAmount | Self::UnknownOrder => false,
        }
    }

    /// Whether staff decide what becomes of the money.
    pub fn is_undecided(self) -> bool {
        match self {
            Self::WrongAmount | Self::UnknownOrder => true,
            Self::Settled | Self::Duplicate | Self::Late => false,
        }
    }
}

impl RefundDue {
    /// Of the payments on record for the number of one order; `None` if the shop keeps them all.
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
