//! What of a trade can be kept: its numbers come from outside, and columns end somewhere.

use chrono::Datelike;

use super::Trade;
use crate::{Money, ShopTime};

/// Why a trade can never be stored, however often it is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unstorable {
    /// A number is empty, or longer than any that is kept.
    #[error("{field} has {chars} characters, of which 1 to {} are kept", Trade::MAX_NUMBER)]
    Length {
        /// Which.
        field: &'static str,
        /// How long it is.
        chars: usize,
    },
    /// An amount is above any that is kept.
    #[error("{field} is above {}", Money::MAX)]
    Amount {
        /// Which.
        field: &'static str,
    },
    /// No calendar of ours has the moment of payment.
    #[error("gmt_payment is not within the years 1 to 9999")]
    Moment,
}

/// A trade of which a channel tells, and that can never be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnstorableTrade {
    /// The channel's number of the trade.
    pub trade_no: String,
    /// The order number, as the channel has it.
    pub out_trade_no: String,
    /// Why.
    pub why: Unstorable,
}

/// A verified message of a channel's that can never be kept as what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMessage {
    /// When it came.
    pub received_at: ShopTime,
    /// Why, in words.
    pub reason: String,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// The order number, as the channel has it.
    pub out_trade_no: String,
    /// The body, as it came.
    pub message: String,
}

impl RefusedMessage {
    /// The message with this body, of this trade.
    pub fn new(trade: UnstorableTrade, body: &[u8], now: ShopTime) -> Self {
        Self {
            received_at: now,
            reason: trade.why.to_string(),
            trade_no: trade.trade_no,
            out_trade_no: trade.out_trade_no,
            message: String::from_utf8_lossy(body).into_owned(),
        }
    }
}

impl Trade {
    /// The longest number of a trade, an order or a refund that is kept.
    pub const MAX_NUMBER: usize = 64;

    /// Whether a text can be the number of a payment that is on record, of whatever origin: 1 to 64 printable characters.
    pub fn is_number(text: &str) -> bool {
        (1..=Self::MAX_NUMBER).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    }

    /// The trade, if all of it can be kept. Where it cannot, another notification of it is of no use.
    pub fn storable(self) -> Result<Self, UnstorableTrade> {
        match self.check_storable() {
            Ok(()) => Ok(self),
            Err(why) => {
                Err(UnstorableTrade { trade_no: self.trade_no, out_trade_no: self.out_trade_no, why })
            }
        }
    }

    fn check_storable(&self) -> Result<(), Unstorable> {
        let numbers = [
            ("trade_no", Some(&self.trade_no)),
            ("out_trade_no", Some(&self.out_trade_no)),
            ("out_biz_no", self.refund_request_no.as_ref()),
        ];
        for (field, number) in numbers {
            let chars = number.map(|number| number.chars().count());
            if let Some(chars) = chars.filter(|chars| !(1..=Self::MAX_NUMBER).contains(chars)) {
                return Err(Unstorable::Length { field, chars });
            }
        }
        let is_kept = self.paid_at.is_none_or(|at| (1..=9999).contains(&at.to_shanghai().year()));
        if is_kept { Ok(()) } else { Err(Unstorable::Moment) }
    }
}

#[cfg(test)]
mod tests;
