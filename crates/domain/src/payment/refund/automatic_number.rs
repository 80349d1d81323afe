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
    let digest = Sha256::digest(trade_no.as_bytes());
    let name = digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a text cannot fail.
        let _ok = write!(hex, "{byte:02x}");
        hex
    });
    number(&name)
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
