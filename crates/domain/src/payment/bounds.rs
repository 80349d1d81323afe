//! Which trades can be stored: their numbers come from outside, and columns have limits.

use chrono::Datelike;

use super::Trade;
use crate::{Money, ShopTime};

/// Why a trade can never be stored, however often it is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unstorable {
    /// A number is empty, or too long to be stored.
    #[error("{field} has {chars} characters, of which 1 to {} are kept", Trade::MAX_NUMBER)]
    Length {
        /// The name of the field.
        field: &'static str,
        /// Its length in characters.
        chars: usize,
    },
    /// An amount is above [`Money::MAX`].
    #[error("{field} is above {}", Money::MAX)]
    Amount {
        /// The name of the field.
        field: &'static str,
    },
    /// The year of the payment is not within 1 to 9999.
    #[error("gmt_payment is not within the years 1 to 9999")]
    Moment,
}

/// A trade that a channel reports and that can never be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnstorableTrade {
    /// The channel's number of the trade.
    pub trade_no: String,
    /// The number of the attempt, as the channel has it.
    pub out_trade_no: String,
    /// Why.
    pub why: Unstorable,
}

/// A verified message of a channel that can never be recorded as a trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMessage {
    /// When it was received.
    pub received_at: ShopTime,
    /// Why, in words.
    pub reason: String,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// The number of the attempt, as the channel has it.
    pub out_trade_no: String,
    /// The body as it was received.
    pub message: String,
}

impl RefusedMessage {
    /// The refused message with this body, about this trade.
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
    /// The longest number of a trade, an order or a refund that is stored, in characters.
    pub const MAX_NUMBER: usize = 64;

    /// Whether a text can be a number of a recorded payment, of any origin: 1 to 64 characters, no control characters.
    pub fn is_number(text: &str) -> bool {
        (1..=Self::MAX_NUMBER).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    }

    /// The trade, if all of it can be stored. If it cannot, a further notification of it does not help.
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
