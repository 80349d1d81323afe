//! `alipay.trade.close`: closes an unpaid trade, so that it can no longer be paid.

use alipay_protocol::Method;
use domain::TradeStatus;
use ports::{CloseOutcome, GatewayError};
use serde::Deserialize;
use serde_json::json;

use super::{AlipayGateway, client, nonsense, query};

/// The trade cannot be closed, because it is paid or closed already. Alipay has three codes for this.
const NOT_CLOSABLE: [&str; 3] =
    ["ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.REASON_ILLEGAL_STATUS"];

/// The node of an answer whose code is `10000`.
#[derive(Deserialize)]
struct Answer {
    out_trade_no: String,
}

pub(super) async fn trade(gateway: &AlipayGateway, out_trade_no: &str) -> Result<CloseOutcome, GatewayError> {
    let biz_content = json!({ "out_trade_no": out_trade_no }).to_string();
    match client::call(gateway, Method::TradeClose, biz_content).await {
        Ok(node) => read(&node, out_trade_no),
        Err(GatewayError::Refused { code, .. }) if code == query::NO_TRADE => Ok(CloseOutcome::NoTrade),
        Err(GatewayError::Refused { code, .. }) if NOT_CLOSABLE.contains(&code.as_str()) => {
            why_not(gateway, out_trade_no).await
        }
        Err(error) => Err(error),
    }
}

fn read(node: &str, out_trade_no: &str) -> Result<CloseOutcome, GatewayError> {
    let answer: Answer =
        serde_json::from_str(node).map_err(|_| nonsense("the answer lacks a field of a closed trade"))?;
    if answer.out_trade_no != out_trade_no {
        return Err(nonsense("the answer is about another attempt to pay"));
    }
    Ok(CloseOutcome::Closed)
}

/// Queries the trade, because the refusal is the same for a paid trade and for a closed one. An earlier attempt whose
/// answer was lost may have closed it.
async fn why_not(gateway: &AlipayGateway, out_trade_no: &str) -> Result<CloseOutcome, GatewayError> {
    Ok(match query::of_attempt(gateway, out_trade_no).await? {
        None => CloseOutcome::NoTrade,
        Some(trade) => match trade.status {
            TradeStatus::Closed if trade.refunded.is_zero() => CloseOutcome::Closed,
            TradeStatus::WaitBuyerPay
            | TradeStatus::Success
            | TradeStatus::Finished
            | TradeStatus::Closed => CloseOutcome::NotClosable,
        },
    })
}
