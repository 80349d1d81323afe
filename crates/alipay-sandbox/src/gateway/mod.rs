//! `gateway.do`: one address for every method. Servers are answered in JSON, browsers in HTML.

mod biz_content;
mod calls;
mod common;
mod node;
mod page_pay;

use alipay_protocol::{Method, Params, ParamsError};

use crate::{app::App, cashier, failure::Failure};
use node::Node;

/// An answer of the gateway. The status is always 200, as at Alipay.
#[derive(Debug)]
pub(crate) enum Reply {
    Json(String),
    Html(String),
}

/// Answers one call, whose parameters may be in the query, in the body or in both.
pub(crate) fn answer(app: &App, query: &[u8], body: &[u8]) -> Reply {
    let params = match read(query, body) {
        Ok(params) => params,
        Err(_) => return refuse(app, None, &Failure::Unreadable),
    };
    let named = params.text("method").and_then(|name| name.parse::<Method>().ok());
    if let Some(method) = named {
        app.log.note(method);
    }
    match common::authenticate(&params, &app.config) {
        Ok(method) => dispatch(app, method, &params),
        Err(failure) => refuse(app, named, &failure),
    }
}

fn read(query: &[u8], body: &[u8]) -> Result<Params, ParamsError> {
    Params::parse(query)?.merged(Params::parse(body)?)
}

fn dispatch(app: &App, method: Method, params: &Params) -> Reply {
    let outcome = match method {
        Method::TradePagePay => return page(app, params),
        Method::TradeQuery => calls::query(app, params),
        Method::TradeClose => calls::close(app, params),
        Method::TradeRefund => calls::refund(app, params),
        Method::TradeFastpayRefundQuery => calls::refund_query(app, params),
        Method::DataDataserviceBillDownloadurlQuery => Err(Failure::InvalidMethod),
    };
    match outcome {
        Ok(node) => Reply::Json(node.seal(Some(method), Some(&app.config.alipay_private_key))),
        Err(failure) => refuse(app, Some(method), &failure),
    }
}

/// The buyer has come: shows the cashier page.
fn page(app: &App, params: &Params) -> Reply {
    let arrival = match page_pay::arrival(params) {
        Ok(arrival) => arrival,
        Err(failure) => return Reply::Html(cashier::failure_page(&failure, None)),
    };
    let back = arrival.return_url.clone();
    let now = app.now();
    let page = match app.ledger().arrive(arrival, &app.numbers, now) {
        Ok(trade) => cashier::payment_page(trade, &app.config.merchant_name),
        Err(failure) => cashier::failure_page(&failure, back.as_deref()),
    };
    app.changed();
    Reply::Html(page)
}

fn refuse(app: &App, method: Option<Method>, failure: &Failure) -> Reply {
    tracing::info!(
        method = method.map(Method::name),
        sub_code = failure.words().sub_code,
        "the gateway refused"
    );
    if method == Some(Method::TradePagePay) {
        return Reply::Html(cashier::failure_page(failure, None));
    }
    let key = (!failure.is_unsigned()).then_some(&app.config.alipay_private_key);
    Reply::Json(Node::failure(failure).seal(method, key))
}
