//! What of a trade can be kept: its numbers come from outside, and columns end somewhere.

use chrono::Datelike;

use super::Trade;
use crate::ShopTime;

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
    /// No calendar of ours has the moment of payment.
    #[error("gmt_payment is not within the years 1 to 9999")]
    Moment,
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
    pub fn new(trade: &Trade, why: Unstorable, body: &[u8], now: ShopTime) -> Self {
        Self {
            received_at: now,
            reason: why.to_string(),
            trade_no: trade.trade_no.clone(),
            out_trade_no: trade.out_trade_no.clone(),
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

    /// Whether all of it can be kept.
    ///
    /// # Errors
    /// What cannot, and why. Another notification of the trade is of no use.
    pub fn check_storable(&self) -> Result<(), Unstorable> {
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
        match self.paid_at {
            Some(at) if !(1..=9999).contains(&at.to_shanghai().year()) => Err(Unstorable::Moment),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Money, TradeStatus};

    fn trade() -> Trade {
        Trade {
            channel: crate::Channel::Alipay,
            trade_no: "9".repeat(64),
            out_trade_no: "号".repeat(64),
            status: TradeStatus::Success,
            total_amount: Money::MAX,
            refunded: Money::ZERO,
            refund_request_no: Some("r".repeat(64)),
            buyer: Some("b".repeat(1000)),
            paid_at: ShopTime::parse("9999-12-31 23:59:59"),
        }
    }

    #[test]
    fn numbers_of_64_characters_are_kept_and_no_longer_ones() {
        assert_eq!(trade().check_storable(), Ok(()));
        assert_eq!(Trade { refund_request_no: None, paid_at: None, ..trade() }.check_storable(), Ok(()));
        for (field, number, chars) in [
            ("trade_no", "9".repeat(65), 65),
            ("out_trade_no", "号".repeat(65), 65),
            ("out_biz_no", "r".repeat(65), 65),
            ("trade_no", String::new(), 0),
            ("out_trade_no", String::new(), 0),
            ("out_biz_no", String::new(), 0),
        ] {
            let mut trade = trade();
            match field {
                "trade_no" => trade.trade_no = number,
                "out_trade_no" => trade.out_trade_no = number,
                _ => trade.refund_request_no = Some(number),
            }
            assert_eq!(trade.check_storable(), Err(Unstorable::Length { field, chars }));
        }
        let said = Unstorable::Length { field: "trade_no", chars: 65 }.to_string();
        assert_eq!(said, "trade_no has 65 characters, of which 1 to 64 are kept");
    }

    #[test]
    fn numbers_of_other_origin_are_numbers() {
        for number in ["2019112820400804", "OLD-7", "2019 旧/7", &"号".repeat(64)] {
            assert!(Trade::is_number(number), "{number}");
        }
        for wrong in ["", "OLD\n7", "\0", &"7".repeat(65)] {
            assert!(!Trade::is_number(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_moment_that_no_column_holds_is_refused() {
        for far in ["+10000-01-01 00:00:00", "0000-12-31 23:59:59"] {
            let paid_at = ShopTime::parse(far);
            assert!(paid_at.is_some(), "{far}");
            assert_eq!(Trade { paid_at, ..trade() }.check_storable(), Err(Unstorable::Moment), "{far}");
        }
    }
}
