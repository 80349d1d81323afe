//! `alipay.trade.refund` and `alipay.trade.fastpay.refund.query`: refunds, and their status.

use alipay_protocol::Method;
use domain::Money;
use ports::{GatewayError, RefundOutcome, RefundRequest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AlipayGateway, client, invalid, nonsense, query, text};

/// Maximum number of characters of `out_request_no`.
const MAX_REQUEST_NO: usize = 64;
/// Maximum number of characters of `refund_reason`.
const MAX_REASON: usize = 256;

/// `biz_content` of `alipay.trade.refund`.
#[derive(Serialize)]
struct BizContent<'a> {
    trade_no: &'a str,
    /// Yuan with two decimals.
    refund_amount: String,
    out_request_no: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    refund_reason: String,
}

/// The node of the answer to a refund, if its code is `10000`.
#[derive(Deserialize)]
struct Refunded {
    trade_no: String,
    fund_change: Option<String>,
    /// The sum of all refunds of the trade.
    refund_fee: Option<Value>,
}

/// The node of the answer to a refund query, if its code is `10000`. It is empty for an unknown refund.
#[derive(Deserialize)]
struct Asked {
    trade_no: Option<String>,
    out_request_no: Option<String>,
    refund_status: Option<String>,
    refund_amount: Option<String>,
}

pub(super) async fn give_back(
    gateway: &AlipayGateway,
    request: &RefundRequest,
) -> Result<RefundOutcome, GatewayError> {
    check(request)?;
    let biz_content = BizContent {
        trade_no: &request.trade_no,
        refund_amount: request.amount.to_string(),
        out_request_no: &request.out_request_no,
        refund_reason: text::plain(&request.reason, MAX_REASON),
    };
    let biz_content =
        serde_json::to_string(&biz_content).map_err(|_| invalid("biz_content cannot be written"))?;
    let node = client::call(gateway, Method::TradeRefund, biz_content).await?;
    let answer: Refunded =
        serde_json::from_str(&node).map_err(|_| nonsense("the answer lacks a field of a refund"))?;
    if answer.trade_no != request.trade_no {
        return Err(nonsense("the answer is about another trade"));
    }
    // Any other value than `Y` needs a query.
    Ok(if answer.fund_change.as_deref() == Some("Y") {
        // The money was refunded, whether or not the sum can be read.
        let sum = answer.refund_fee.as_ref().and_then(Value::as_str);
        RefundOutcome::Refunded { gone_back: sum.and_then(|sum| sum.parse().ok()) }
    } else {
        RefundOutcome::Unclear
    })
}

/// Refuses parameters that Alipay would refuse.
fn check(request: &RefundRequest) -> Result<(), GatewayError> {
    if request.amount.is_zero() {
        return Err(invalid("refund_amount must be at least 0.01"));
    }
    if request.trade_no.is_empty() {
        return Err(invalid("trade_no is missing"));
    }
    if request.out_request_no.is_empty() || request.out_request_no.chars().count() > MAX_REQUEST_NO {
        return Err(invalid("out_request_no must have 1 to 64 characters"));
    }
    Ok(())
}

pub(super) async fn ask(
    gateway: &AlipayGateway,
    trade_no: &str,
    out_request_no: &str,
) -> Result<Option<Money>, GatewayError> {
    let biz_content = json!({ "trade_no": trade_no, "out_request_no": out_request_no }).to_string();
    let node = match client::call(gateway, Method::TradeFastpayRefundQuery, biz_content).await {
        Ok(node) => node,
        Err(GatewayError::Refused { code, .. }) if code == query::NO_TRADE => return Ok(None),
        Err(error) => return Err(error),
    };
    let answer: Asked =
        serde_json::from_str(&node).map_err(|_| nonsense("the answer is no answer about a refund"))?;
    // Any other status, or none, does not show that money was refunded.
    if answer.refund_status.as_deref() != Some("REFUND_SUCCESS") {
        return Ok(None);
    }
    if answer.trade_no.as_deref() != Some(trade_no)
        || answer.out_request_no.as_deref() != Some(out_request_no)
    {
        return Err(nonsense("the answer is about another refund"));
    }
    let amount = answer.refund_amount.ok_or_else(|| nonsense("the answer lacks refund_amount"))?;
    amount.parse().map(Some).map_err(|_| nonsense("refund_amount is no amount"))
}
