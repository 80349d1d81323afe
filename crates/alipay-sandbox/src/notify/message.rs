//! The parameters of a notification.

use alipay_protocol::Params;
use domain::ShopTime;
use serde_json::json;

use crate::{
    SandboxConfig,
    buyer::{BUYER_ID, BUYER_LOGON_ID},
    trade::{Refund, Trade},
};

/// The parameters of a notification about the current state of a trade, without `notify_time`, which belongs to the
/// attempt.
///
/// No value is empty, because SDKs disagree whether empty values are signed.
pub(crate) fn parameters(
    trade: &Trade,
    refund: Option<&Refund>,
    notify_id: &str,
    config: &SandboxConfig,
) -> Params {
    let terms = &trade.terms;
    let total_amount = terms.total_amount.to_string();
    let mut params = Params::new()
        .with("notify_type", "trade_status_sync")
        .with("notify_id", notify_id)
        .with("app_id", config.app_id.as_str())
        .with("auth_app_id", config.app_id.as_str())
        .with("charset", "utf-8")
        .with("version", "1.0")
        .with("trade_no", trade.trade_no.as_str())
        .with("out_trade_no", terms.out_trade_no.as_str())
        .with("seller_id", config.seller_id.as_str())
        .with("buyer_id", BUYER_ID)
        .with("buyer_logon_id", BUYER_LOGON_ID)
        .with("trade_status", trade.status.word())
        .with("total_amount", total_amount.as_str())
        .with("subject", terms.subject.as_str())
        .with("gmt_create", trade.created_at.to_string());
    for (name, text) in [("body", &terms.body), ("passback_params", &terms.passback_params)] {
        if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
            params.set(name, text.as_str());
        }
    }
    if let Some(paid_at) = trade.paid_at {
        params = with_payment(params, &total_amount, paid_at);
    }
    if let Some(closed_at) = trade.closed_at {
        params.set("gmt_close", closed_at.to_string());
    }
    match refund {
        Some(refund) => with_refund(params, trade, refund),
        None => params,
    }
}

fn with_payment(params: Params, total_amount: &str, paid_at: ShopTime) -> Params {
    let funds = json!([{ "amount": total_amount, "fundChannel": "ALIPAYACCOUNT" }]);
    params
        .with("gmt_payment", paid_at.to_string())
        .with("receipt_amount", total_amount)
        .with("invoice_amount", total_amount)
        .with("buyer_pay_amount", total_amount)
        .with("point_amount", "0.00")
        .with("fund_bill_list", funds.to_string())
}

/// `refund_fee` is the sum of all refunds of the trade so far; `out_biz_no` is the number of this refund.
fn with_refund(params: Params, trade: &Trade, refund: &Refund) -> Params {
    params
        .with("refund_fee", trade.refund_fee().to_string())
        .with("gmt_refund", refund.at.to_shanghai().format("%Y-%m-%d %H:%M:%S%.3f").to_string())
        .with("out_biz_no", refund.out_request_no.as_str())
}
