//! `alipay.trade.query`: the status of the trade of an attempt to pay.

use alipay_protocol::Method;
use domain::{Channel, Money, ShopTime, Trade, TradeStatus};
use ports::GatewayError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AlipayGateway, client, nonsense};

/// There is no trade yet, because no buyer has opened the cashier. A buyer may still do so.
pub(super) const NO_TRADE: &str = "ACQ.TRADE_NOT_EXIST";

/// The node of an answer whose code is `10000`.
#[derive(Deserialize)]
struct Answer {
    trade_no: String,
    out_trade_no: String,
    trade_status: String,
    total_amount: String,
    buyer_logon_id: Option<String>,
    send_pay_date: Option<String>,
}

pub(super) async fn of_attempt(
    gateway: &AlipayGateway,
    out_trade_no: &str,
) -> Result<Option<Trade>, GatewayError> {
    let trade = ask(gateway, json!({ "out_trade_no": out_trade_no })).await?;
    if trade.as_ref().is_some_and(|trade| trade.out_trade_no != out_trade_no) {
        return Err(nonsense("the answer is about another attempt to pay"));
    }
    Ok(trade)
}

pub(super) async fn by_number(
    gateway: &AlipayGateway,
    trade_no: &str,
) -> Result<Option<Trade>, GatewayError> {
    let trade = ask(gateway, json!({ "trade_no": trade_no })).await?;
    if trade.as_ref().is_some_and(|trade| trade.trade_no != trade_no) {
        return Err(nonsense("the answer is about another trade"));
    }
    Ok(trade)
}

async fn ask(gateway: &AlipayGateway, which: Value) -> Result<Option<Trade>, GatewayError> {
    match client::call(gateway, Method::TradeQuery, which.to_string()).await {
        Ok(node) => read(&node).map(Some).map_err(nonsense),
        Err(GatewayError::Refused { code, .. }) if code == NO_TRADE => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(node: &str) -> Result<Trade, &'static str> {
    let answer: Answer = serde_json::from_str(node).map_err(|_| "the answer lacks a field of a trade")?;
    let status = TradeStatus::from_word(&answer.trade_status).ok_or("trade_status is not known")?;
    let total_amount = answer.total_amount.parse().map_err(|_| "total_amount is no amount")?;
    let paid_at = answer.send_pay_date.as_deref().and_then(ShopTime::parse);
    Ok(Trade {
        channel: Channel::Alipay,
        trade_no: answer.trade_no,
        out_trade_no: answer.out_trade_no,
        status,
        total_amount,
        refunded: refunded(status, total_amount, paid_at),
        refund_request_no: None,
        buyer: answer.buyer_logon_id,
        paid_at,
    })
}

/// The refunded amount. A query does not report refunds, but a paid trade is closed only after a full refund.
fn refunded(status: TradeStatus, total_amount: Money, paid_at: Option<ShopTime>) -> Money {
    match (status, paid_at) {
        (TradeStatus::Closed, Some(_)) => total_amount,
        (TradeStatus::Closed, None)
        | (TradeStatus::WaitBuyerPay | TradeStatus::Success | TradeStatus::Finished, _) => Money::ZERO,
    }
}
