use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::Refund;
use crate::{Channel, TradeKey};

/// The request number of what the service owes of a trade, after so many earlier refunds of that kind: it follows from the
/// trade alone, so that every program makes the same one. A trade's number that leaves no room is taken by its digest.
///
/// Alipay's trades have no word before theirs, as before there were other channels.
pub(crate) fn automatic_number(trade: TradeKey<'_>, earlier: usize) -> String {
    let TradeKey { channel, trade_no } = trade;
    let begin =
        if channel == Channel::default() { "back".to_owned() } else { format!("back-{}", channel.as_str()) };
    let number = |name: &str| match earlier {
        0 => format!("{begin}-{name}"),
        _ => format!("{begin}-{name}-{earlier}"),
    };
    let whole = number(trade_no);
    if whole.chars().count() <= Refund::MAX_REQUEST_NO {
        return whole;
    }
    number(&digest(&[trade_no]))
}

/// The request number here of a refund that was made past this service under a number that another refund has here: at a
/// channel it is unique within a trade alone.
///
/// Source: Alipay's `alipay.trade.refund`, `out_request_no`: 需要保证在交易号下唯一.
pub(crate) fn external_number(trade: TradeKey<'_>, number: &str) -> String {
    format!("ext-{}", digest(&[trade.channel.as_str(), trade.trade_no, number]))
}

/// 32 hexadecimal digits.
fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for (nth, part) in parts.iter().enumerate() {
        if nth > 0 {
            digest.update([0]);
        }
        digest.update(part);
    }
    digest.finalize().iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a text cannot fail.
        let _ok = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_trades_number_where_that_has_room() {
        assert_eq!(automatic_number(Channel::Alipay.trade("2019112822001"), 0), "back-2019112822001");
        assert_eq!(automatic_number(Channel::Alipay.trade("2019112822001"), 2), "back-2019112822001-2");
        assert_eq!(automatic_number(Channel::Alipay.trade(&"9".repeat(59)), 0).len(), 64);
    }

    #[test]
    fn of_a_refund_made_elsewhere_it_follows_from_trade_and_number() {
        let number = external_number(Channel::Alipay.trade("A"), "1");
        assert!(number.starts_with("ext-") && number.len() == 36, "{number}");
        assert_eq!(external_number(Channel::Alipay.trade("A"), "1"), number);
        for (trade, other) in [("A", "2"), ("B", "1"), ("A1", ""), ("", "A1")] {
            assert_ne!(external_number(Channel::Alipay.trade(trade), other), number);
        }
    }

    #[test]
    fn it_is_never_longer_than_is_kept_and_always_the_same() {
        for earlier in [0, 1, 999_999] {
            let number = automatic_number(Channel::Alipay.trade(&"9".repeat(64)), earlier);
            assert!(number.starts_with("back-") && number.len() <= Refund::MAX_REQUEST_NO, "{number}");
            assert_eq!(automatic_number(Channel::Alipay.trade(&"9".repeat(64)), earlier), number);
            assert_ne!(
                automatic_number(Channel::Alipay.trade(&format!("{}8", "9".repeat(63))), earlier),
                number
            );
        }
        assert_eq!(
            automatic_number(Channel::Alipay.trade(&"9".repeat(60)), 0),
            "back-f038e42cbc1a2c460c9740beb8fef884"
        );
    }
}
