use alipay_protocol::{Params, message};
use url::Url;

use crate::{
    app::App,
    trade::{Product, Trade},
};

/// The merchant's `return_url` with Alipay's signed parameters after its own query; `None` if the merchant gave no
/// `return_url`.
pub(crate) fn signed_return_url(app: &App, trade: &Trade) -> Option<String> {
    let method = match trade.terms.product {
        Product::Page => "alipay.trade.page.pay.return",
        Product::Wap => "alipay.trade.wap.pay.return",
    };
    let params = Params::new()
        .with("app_id", app.config.app_id.as_str())
        .with("auth_app_id", app.config.app_id.as_str())
        .with("charset", "utf-8")
        .with("method", method)
        .with("out_trade_no", trade.terms.out_trade_no.as_str())
        .with("seller_id", app.config.seller_id.as_str())
        .with("timestamp", app.now().to_string())
        .with("total_amount", trade.terms.total_amount.to_string())
        .with("trade_no", trade.trade_no.as_str())
        .with("version", "1.0");
    let signed = message::sign(params, &app.signing.signer().key).ok()?.to_form();
    let mut url = Url::parse(trade.return_url.as_deref()?).ok()?;
    let query = match url.query().filter(|own| !own.is_empty()) {
        Some(own) => format!("{own}&{signed}"),
        None => signed,
    };
    url.set_query(Some(&query));
    Some(url.into())
}
