//! Attempts to pay an order: each is one `out_trade_no` at a channel.

use crate::{Channel, Money, OrderId, ShopTime};

/// One attempt to pay an order. Every URL that is handed out belongs to one.
///
/// The first attempt of an order has the order's number itself and is not on record until something becomes of it; each further
/// one has the order's number, `_` and how many there were before it and itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentAttempt {
    /// Its number at the channel.
    pub out_trade_no: String,
    /// Where it is paid.
    pub channel: Channel,
    /// By which product of the channel it is paid.
    pub product: PaymentProduct,
    /// What the channel charges.
    pub amount: Money,
    /// Where it stands.
    pub state: AttemptState,
    /// When it was opened.
    pub opened_at: ShopTime,
    /// When it was closed; `None` while it is open, or if it was paid first.
    pub closed_at: Option<ShopTime>,
    /// When it was paid.
    pub paid_at: Option<ShopTime>,
}

words! {
    /// A product of a channel by which a buyer pays: which one follows from the device.
    #[derive(Default)]
    pub enum PaymentProduct {
        /// 电脑网站支付, in a browser on a PC.
        #[default]
        Page = "page",
        /// 手机网站支付, in a browser on a phone.
        Wap = "wap",
    }
}

words! {
    /// Where an attempt stands.
    pub enum AttemptState {
        /// The buyer is to pay it.
        Open = "open",
        /// Another one took its place, or the order ended. With no trade to close, its URL can be paid until the deadline.
        GivenUp = "given_up",
        /// The channel closed its trade: it cannot be paid any more.
        Closed = "closed",
        /// It is paid, whatever became of the money.
        Paid = "paid",
    }
}

/// What the channel said to the end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedAttempt {
    /// Its number at the channel.
    pub out_trade_no: String,
    /// Whether no payment can come of it any more. Where the channel has no trade, one still can.
    pub is_final: bool,
}

impl AttemptState {
    /// Whether a payment can still come of it.
    pub fn may_be_paid(self) -> bool {
        match self {
            Self::Open | Self::GivenUp => true,
            Self::Closed | Self::Paid => false,
        }
    }
}

/// The order number within the number of an attempt; the number itself if it is not made like that.
pub fn order_number(out_trade_no: &str) -> &str {
    match out_trade_no.split_once('_') {
        Some((number, nth)) if OrderId::parse(number).is_ok() && OrderId::parse(nth).is_ok() => number,
        Some(_) | None => out_trade_no,
    }
}

#[cfg(test)]
mod tests;
