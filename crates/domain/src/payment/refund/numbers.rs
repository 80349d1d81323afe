use sha2::{Digest, Sha256};

use super::Refund;
use crate::{Channel, TradeKey, hex::half_in_hex};

/// The request number of the automatic refund of a trade, after `earlier` automatic refunds of it. It follows from the
/// trade, so that every process makes the same number. A trade number that is too long is replaced by its digest.
///
/// The numbers for Alipay's trades do not name the channel, because they are older than the other channels.
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

/// The request number here of a refund that was made outside this service under a number that another refund has here.
/// At a channel a request number is unique within a trade only.
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
