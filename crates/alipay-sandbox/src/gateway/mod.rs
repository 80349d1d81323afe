//! `gateway.do`: one address for every method. Servers get JSON, browsers get HTML.

mod bill;
mod biz_content;
mod calls;
mod certificate;
mod common;
mod node;
mod page_pay;

use alipay_protocol::{Method, Params, ParamsError};

use crate::{
    RequestRecord,
    app::App,
    buyer::BUYER_LOGON_ID,
    cashier,
    failure::Failure,
    ledger::{Arrival, TradeRef},
    trade::Product,
};
use biz_content::BizContent;
use node::Node;

/// An answer of the gateway. The status is always 200, as at Alipay.
#[derive(Debug)]
pub(crate) enum Reply {
    Json(String),
    Html(String),
    /// A page for a frame of the merchant's page.
    Framed(String),
}

/// A call that the application signed.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The account with which the buyer has signed in.
    pub(crate) account: String,
    params: Params,
}

/// A refused call.
pub(crate) struct Refusal {
    method: Option<Method>,
    pub(crate) failure: Failure,
}

/// Reads one call, whose parameters may be in the query, in the body or in both. Records it in the log, and verifies
/// that the application sent it.
pub(crate) fn read(app: &App, query: &[u8], body: &[u8]) -> Result<Call, Refusal> {
    let params = merged(query, body).map_err(|_| Refusal { method: None, failure: Failure::Unreadable })?;
    let method = params.text("method").and_then(|name| name.parse::<Method>().ok());
    if let Some(method) = method {
        note(app, method, &params);
    }
    match common::authenticate(&params, &app.config) {
        Ok(method) => Ok(Call { method, account: BUYER_LOGON_ID.to_owned(), params }),
        Err(failure) => Err(Refusal { method, failure }),
    }
}

fn merged(query: &[u8], body: &[u8]) -> Result<Params, ParamsError> {
    Params::parse(query)?.merged(Params::parse(body)?)
}

/// Records a call, even if its `biz_content` is unreadable.
fn note(app: &App, method: Method, params: &Params) {
    let mut record =
        RequestRecord { method, out_trade_no: None, trade_no: None, out_request_no: None, at: app.now() };
    if let Ok(biz) = BizContent::read(params) {
        record.out_request_no = biz.out_request_no().unwrap_or_default();
        match biz.trade_ref() {
            Ok(TradeRef::OutTradeNo(out_trade_no)) => record.out_trade_no = Some(out_trade_no),
            Ok(TradeRef::TradeNo(trade_no)) => {
                record.out_trade_no = app.ledger().out_trade_no(&trade_no).map(str::to_owned);
                record.trade_no = Some(trade_no);
            }
            Err(_) => {}
        }
    }
    app.log.note(record);
}

/// Performs a call and answers it. `host` is the sandbox's address as the caller used it, such as `127.0.0.1:8001`.
pub(crate) fn perform(app: &App, call: &Call, host: &str) -> Reply {
    let params = &call.params;
    let outcome = match call.method {
        Method::TradePagePay | Method::TradeWapPay => return page(app, call),
        Method::TradeQuery => calls::query(app, params),
        Method::TradeClose => calls::close(app, params),
        Method::TradeRefund => calls::refund(app, params),
        Method::TradeFastpayRefundQuery => calls::refund_query(app, params),
        Method::DataDataserviceBillDownloadurlQuery => bill::download_url(app, params, host),
        Method::OpenAppAlipaycertDownload => certificate::download(app, params),
    };
    match outcome {
        Ok(node) => Reply::Json(node.seal(Some(call.method), Some(&app.signing.signer()))),
        Err(failure) => refuse(app, &Refusal { method: Some(call.method), failure }),
    }
}

/// Answers a call with a failure without performing it.
pub(crate) fn fail(app: &App, call: &Call, failure: Failure) -> Reply {
    refuse(app, &Refusal { method: Some(call.method), failure })
}

/// The buyer whom a call of `alipay.trade.page.pay` or `alipay.trade.wap.pay` brings to the cashier.
pub(crate) fn arrival(call: &Call) -> Result<Arrival, Failure> {
    let product = product(call.method).ok_or(Failure::InvalidMethod)?;
    page_pay::arrival(product, &call.params, &call.account)
}

/// The product of a method that brings a buyer; `None` for a method that a server calls.
fn product(method: Method) -> Option<Product> {
    match method {
        Method::TradePagePay => Some(Product::Page),
        Method::TradeWapPay => Some(Product::Wap),
        Method::TradeQuery
        | Method::TradeClose
        | Method::TradeRefund
        | Method::TradeFastpayRefundQuery
        | Method::DataDataserviceBillDownloadurlQuery
        | Method::OpenAppAlipaycertDownload => None,
    }
}

/// Opens or finds the trade of a buyer who arrives, and shows the cashier page.
fn page(app: &App, call: &Call) -> Reply {
    let arrival = match arrival(call) {
        Ok(arrival) => arrival,
        Err(failure) => return Reply::Html(cashier::failure_page(&failure, None)),
    };
    let back = arrival.quit_url.clone().or_else(|| arrival.return_url.clone());
    let is_framed = arrival.terms.product == Product::Page && page_pay::is_framed(&call.params);
    let now = app.now();
    let page = match app.ledger().arrive(arrival, &app.numbers, now) {
        Ok(trade) if is_framed => cashier::code_page(trade),
        Ok(trade) => cashier::payment_page(trade, &app.config.merchant_name),
        Err(failure) => cashier::failure_page(&failure, back.as_deref()),
    };
    app.changed();
    if is_framed { Reply::Framed(page) } else { Reply::Html(page) }
}

/// Answers a refused call.
pub(crate) fn refuse(app: &App, refusal: &Refusal) -> Reply {
    let Refusal { method, failure } = refusal;
    tracing::info!(
        method = method.map(Method::name),
        sub_code = failure.words().sub_code,
        "the gateway refused"
    );
    if method.is_some_and(|method| product(method).is_some()) {
        return Reply::Html(cashier::failure_page(failure, None));
    }
    let signer = (!failure.is_unsigned()).then(|| app.signing.signer());
    Reply::Json(Node::failure(failure).seal(*method, signer.as_deref()))
}
