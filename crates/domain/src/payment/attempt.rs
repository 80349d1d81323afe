//! Attempts to pay an order: each is one `out_trade_no` at a channel.

use crate::{Channel, Money, OrderId, ShopTime};

/// One attempt to pay an order. Every payment URL belongs to one attempt.
///
/// The first attempt of an order has the order's number. It need not be on record: then it is the only attempt, and its
/// state follows from the order's status. The number of each further attempt is the order's number, `_` and its place
/// among the attempts, or the next free number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentAttempt {
    /// Its number at the channel.
    pub out_trade_no: String,
    /// The channel where it is paid.
    pub channel: Channel,
    /// The channel's product by which it is paid.
    pub product: PaymentProduct,
    /// What the channel charges.
    pub amount: Money,
    /// Its state.
    pub state: AttemptState,
    /// When it was opened.
    pub opened_at: ShopTime,
    /// When it was closed; `None` while it is open, or if it was paid first.
    pub closed_at: Option<ShopTime>,
    /// When it was paid.
    pub paid_at: Option<ShopTime>,
}

words! {
    /// A product of a channel by which a buyer pays; it depends on the buyer's device.
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
    /// The state of an attempt.
    pub enum AttemptState {
        /// The buyer is to pay it.
        Open = "open",
        /// Another attempt replaced it, or the order ended. Without a trade to close, its URL can be paid until the
        /// deadline.
        GivenUp = "given_up",
        /// The channel closed its trade: it cannot be paid any more.
        Closed = "closed",
        /// It is paid, even if the money was refunded.
        Paid = "paid",
    }
}

/// The channel's answer about the end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedAttempt {
    /// Its number at the channel.
    pub out_trade_no: String,
    /// Whether it can no longer be paid. If the channel has no trade for it yet, it still can be paid.
    pub is_final: bool,
}

impl AttemptState {
    /// Whether it can still be paid.
    pub fn may_be_paid(self) -> bool {
        match self {
            Self::Open | Self::GivenUp => true,
            Self::Closed | Self::Paid => false,
        }
    }
}

/// The order number within the number of an attempt; the whole number if it does not have this form.
pub fn order_number(out_trade_no: &str) -> &str {
    match out_trade_no.split_once('_') {
        Some((number, nth)) if OrderId::parse(number).is_ok() && OrderId::parse(nth).is_ok() => number,
        Some(_) | None => out_trade_no,
    }
}

#[cfg(test)]
mod tests;
