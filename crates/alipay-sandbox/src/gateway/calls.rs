//! The methods that a server calls: query, close, refund, refund query.

use alipay_protocol::Params;
use serde_json::json;

use super::{biz_content::BizContent, node::Node};
use crate::{
    app::App,
    buyer::{BUYER_ID, BUYER_LOGON_ID},
    failure::Failure,
    trade::Trade,
};

/// `alipay.trade.query`.
pub(crate) fn query(app: &App, params: &Params) -> Result<Node, Failure> {
    let biz = BizContent::read(params)?;
    let mut ledger = app.ledger();
    let trade = ledger.find(&biz.trade_ref()?, app.now())?;
    let amount = trade.terms.total_amount.to_string();
    let received = if trade.paid_at.is_some() { amount.as_str() } else { "0.00" };
    let mut node = Node::success()
        .with("buyer_logon_id", BUYER_LOGON_ID)
        .with("buyer_pay_amount", received)
        .with("buyer_user_id", BUYER_ID);
    if let Some(paid_at) = trade.paid_at {
        node = node
            .with("fund_bill_list", json!([{ "amount": amount, "fund_channel": "ALIPAYACCOUNT" }]))
            .with("send_pay_date", paid_at.to_string());
    }
    Ok(node
        .with("invoice_amount", received)
        .with("out_trade_no", trade.terms.out_trade_no.as_str())
        .with("point_amount", "0.00")
        .with("receipt_amount", received)
        .with("subject", trade.terms.subject.as_str())
        .with("total_amount", amount.as_str())
        .with("trade_no", trade.trade_no.as_str())
        .with("trade_status", trade.status.word()))
}

/// `alipay.trade.close`.
pub(crate) fn close(app: &App, params: &Params) -> Result<Node, Failure> {
    let biz = BizContent::read(params)?;
    let mut ledger = app.ledger();
    let trade = ledger.find(&biz.trade_ref()?, app.now())?;
    trade.close(app.now())?;
    app.changed();
    if app.notifier.behaviour().notify_close {
        app.announce(trade, None);
    }
    Ok(with_numbers(Node::success(), trade))
}

/// `alipay.trade.refund`.
pub(crate) fn refund(app: &App, params: &Params) -> Result<Node, Failure> {
    let biz = BizContent::read(params)?;
    let amount = biz.amount("refund_amount")?;
    biz.text("refund_reason", 256)?;
    let out_request_no = biz.out_request_no()?;
    let mut ledger = app.ledger();
    let trade = ledger.find(&biz.trade_ref()?, app.now())?;
    let refunded = trade.refund(amount, out_request_no, app.now())?;
    if refunded.fund_change {
        app.changed();
        app.announce(trade, Some(&refunded.refund));
    }
    let node = Node::success()
        .with("buyer_logon_id", BUYER_LOGON_ID)
        .with("buyer_user_id", BUYER_ID)
        .with("fund_change", if refunded.fund_change { "Y" } else { "N" })
        .with("gmt_refund_pay", refunded.refund.at.to_string())
        .with("refund_fee", trade.refund_fee().to_string())
        .with("send_back_fee", refunded.refund.amount.to_string());
    Ok(with_numbers(node, trade))
}

/// `alipay.trade.fastpay.refund.query`. For an unknown refund the answer is a success without further fields; only
/// `refund_status` shows that money was refunded.
pub(crate) fn refund_query(app: &App, params: &Params) -> Result<Node, Failure> {
    let biz = BizContent::read(params)?;
    let out_request_no =
        biz.out_request_no()?.ok_or(Failure::InvalidParameter { field: "out_request_no" })?;
    let mut ledger = app.ledger();
    let trade = ledger.find(&biz.trade_ref()?, app.now())?;
    let Some(refund) = trade.refund_of(&out_request_no) else { return Ok(Node::success()) };
    let node = Node::success()
        .with("gmt_refund_pay", refund.at.to_string())
        .with("out_request_no", refund.out_request_no.as_str())
        .with("refund_amount", refund.amount.to_string())
        .with("refund_status", "REFUND_SUCCESS")
        .with("total_amount", trade.terms.total_amount.to_string());
    Ok(with_numbers(node, trade))
}

/// Adds both numbers of the trade.
fn with_numbers(node: Node, trade: &Trade) -> Node {
    node.with("out_trade_no", trade.terms.out_trade_no.as_str()).with("trade_no", trade.trade_no.as_str())
}
