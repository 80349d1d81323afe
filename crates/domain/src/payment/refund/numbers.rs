use sha2::{Digest, Sha256};

use super::Refund;
use crate::{Channel, TradeKey, hex::half_in_hex};

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
    number(&digest(trade_no))
}

/// The request number here of a refund that was made past this service under a number that another refund has here: at a
/// channel it is unique within a trade alone.
///
/// Source: Alipay's `alipay.trade.refund`, `out_request_no`: 需要保证在交易号下唯一.
pub(crate) fn external_number(trade: TradeKey<'_>, number: &str) -> String {
    format!("ext-{}", digest(&[trade.channel.as_str(), trade.trade_no, number].join("\0")))
}

/// 32 hexadecimal digits.
fn digest(text: &str) -> String {
    half_in_hex(&Sha256::digest(text))
}

#[cfg(test)]
mod tests;
