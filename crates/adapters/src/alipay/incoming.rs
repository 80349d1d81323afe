//! Messages from Alipay: notifications, and the parameters of browsers that return from the cashier.

use alipay_protocol::{
    TrustedKeys,
    message::{self, MessageError, VerifiedMessage},
};
use domain::{
    Addressee, Channel, Money, MoneyError, ShopTime, Trade, TradeStatus, Unstorable, UnstorableTrade,
};
use ports::{NotVerified, VerifiedNotification, VerifiedReturn};

/// The only kind of notification that reports a trade.
const NOTIFY_TYPE: &str = "trade_status_sync";

pub(super) fn notification(form: &[u8], alipay: &TrustedKeys) -> Result<VerifiedNotification, NotVerified> {
    let message = message::verify(form, alipay).map_err(not_verified)?;
    if message.get("notify_type").is_some_and(|notify_type| notify_type != NOTIFY_TYPE) {
        return Err(NotVerified::Unreadable { field: "notify_type" });
    }
    Ok(VerifiedNotification { addressee: addressee(&message)?, trade: trade(&message)? })
}

pub(super) fn browser_return(query: &str, alipay: &TrustedKeys) -> Result<VerifiedReturn, NotVerified> {
    let message = message::verify(query.as_bytes(), alipay).map_err(not_verified)?;
    Ok(VerifiedReturn {
        addressee: addressee(&message)?,
        out_trade_no: required(&message, "out_trade_no")?.to_owned(),
    })
}

fn trade(message: &VerifiedMessage) -> Result<Result<Trade, UnstorableTrade>, NotVerified> {
    let status = TradeStatus::from_word(required(message, "trade_status")?);
    let buyer =
        ["buyer_logon_id", "buyer_id", "buyer_open_id"].into_iter().find_map(|name| message.get(name));
    let status = status.ok_or(NotVerified::Unreadable { field: "trade_status" })?;
    let trade_no = required(message, "trade_no")?.to_owned();
    let out_trade_no = required(message, "out_trade_no")?.to_owned();
    Ok(match (amount(message, "total_amount")?, refunded(message)?) {
        (Ok(total_amount), Ok(refunded)) => Ok(Trade {
            channel: Channel::Alipay,
            trade_no,
            out_trade_no,
            status,
            total_amount,
            refunded,
            refund_request_no: refund_request_no(message, refunded),
            buyer: buyer.map(str::to_owned),
            paid_at: message.get("gmt_payment").and_then(ShopTime::parse),
        }),
        (Err(why), _) | (_, Err(why)) => Err(UnstorableTrade { trade_no, out_trade_no, why }),
    })
}

/// The refunded amount so far. A message that reports a refund without an amount is unreadable, and not one of a
/// payment.
fn refunded(message: &VerifiedMessage) -> Result<Result<Money, Unstorable>, NotVerified> {
    match message.get("refund_fee") {
        Some(_) => amount(message, "refund_fee"),
        None if message.get("gmt_refund").is_some() => Err(NotVerified::Unreadable { field: "refund_fee" }),
        None => Ok(Ok(Money::ZERO)),
    }
}

/// `out_biz_no` is the number of a refund only if the message reports a refund.
fn refund_request_no(message: &VerifiedMessage, refunded: Money) -> Option<String> {
    message.get("out_biz_no").filter(|_| !refunded.is_zero()).map(str::to_owned)
}

fn addressee(message: &VerifiedMessage) -> Result<Addressee, NotVerified> {
    Ok(Addressee {
        app_id: required(message, "app_id")?.to_owned(),
        seller_id: message.get("seller_id").map(str::to_owned),
    })
}

fn required<'a>(message: &'a VerifiedMessage, field: &'static str) -> Result<&'a str, NotVerified> {
    message.get(field).ok_or(NotVerified::Unreadable { field })
}

/// An amount. Alipay's largest amount is one fen more than the shop's columns can hold.
fn amount(message: &VerifiedMessage, field: &'static str) -> Result<Result<Money, Unstorable>, NotVerified> {
    match required(message, field)?.parse() {
        Ok(amount) => Ok(Ok(amount)),
        Err(MoneyError::TooLarge) => Ok(Err(Unstorable::Amount { field })),
        Err(MoneyError::Unreadable | MoneyError::FractionOfAFen | MoneyError::Negative) => {
            Err(NotVerified::Unreadable { field })
        }
    }
}

fn not_verified(error: MessageError) -> NotVerified {
    match error {
        MessageError::Params(error) => NotVerified::Malformed(error.into()),
        MessageError::Unsigned
        | MessageError::UnsupportedSignType
        | MessageError::Ambiguous { .. }
        | MessageError::Signature(_) => NotVerified::Signature,
        MessageError::Charset(_) => NotVerified::Unreadable { field: "charset" },
    }
}
