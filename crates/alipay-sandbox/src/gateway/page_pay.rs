//! `alipay.trade.page.pay` and `alipay.trade.wap.pay`: the payment that the merchant requests, checked against Alipay's
//! limits.

use alipay_protocol::Params;
use serde_json::Value;
use url::Url;

use super::biz_content::BizContent;
use crate::{
    failure::Failure,
    ledger::Arrival,
    trade::{Product, Terms},
};

/// The accepted `product_code`s of the product. Some SDKs send the second code of a phone.
const fn product_codes(product: Product) -> &'static [&'static str] {
    match product {
        Product::Page => &["FAST_INSTANT_TRADE_PAY"],
        Product::Wap => &["QUICK_WAP_WAY", "QUICK_WAP_PAY"],
    }
}

const MAX_QUIT_URL: usize = 400;
const MAX_SUBJECT: usize = 256;
const MAX_BODY: usize = 128;
const MAX_PASSBACK_PARAMS: usize = 512;
const MAX_TIME: usize = 32;
const GOODS_MEMBERS: [&str; 4] = ["goods_id", "goods_name", "quantity", "price"];
/// Not documented; it limits the size of a stored trade.
const MAX_GOODS: usize = 100;

pub(crate) fn arrival(product: Product, params: &Params, account: &str) -> Result<Arrival, Failure> {
    let biz = BizContent::read(params)?;
    check_fixed(product, &biz)?;
    let out_trade_no = biz.out_trade_no()?.ok_or(Failure::InvalidParameter { field: "out_trade_no" })?;
    let terms = Terms {
        product,
        out_trade_no,
        total_amount: biz.amount("total_amount")?,
        subject: biz.required_text("subject", MAX_SUBJECT)?,
        body: biz.text("body", MAX_BODY)?,
        passback_params: biz.text("passback_params", MAX_PASSBACK_PARAMS)?,
        goods_detail: goods_detail(&biz)?,
        time_expire: biz.text("time_expire", MAX_TIME)?,
        timeout_express: biz.text("timeout_express", MAX_TIME)?,
    };
    Ok(Arrival {
        terms,
        notify_url: params.text("notify_url").map(str::to_owned),
        return_url: params.text("return_url").map(str::to_owned),
        quit_url: quit_url(product, &biz)?,
        account: account.to_owned(),
    })
}

/// Whether the merchant shows the page in a frame of its own page: with every `qr_pay_mode` except the redirect (2).
pub(crate) fn is_framed(params: &Params) -> bool {
    let mode = BizContent::read(params).and_then(|biz| biz.text("qr_pay_mode", MAX_TIME));
    mode.is_ok_and(|mode| mode.is_some_and(|mode| mode != "2"))
}

/// The page to which a phone's browser is sent if the buyer does not pay.
fn quit_url(product: Product, biz: &BizContent) -> Result<Option<String>, Failure> {
    let field = "quit_url";
    let Some(text) = biz.text(field, MAX_QUIT_URL)?.filter(|_| product == Product::Wap) else {
        return Ok(None);
    };
    let is_of_the_web = Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_of_the_web { Ok(Some(text)) } else { Err(Failure::InvalidParameter { field }) }
}

/// The members with few known values.
fn check_fixed(product: Product, biz: &BizContent) -> Result<(), Failure> {
    if !product_codes(product).contains(&biz.required_text("product_code", MAX_TIME)?.as_str()) {
        return Err(Failure::InvalidParameter { field: "product_code" });
    }
    let one_of = |field: &'static str, known: &[&str]| match biz.text(field, MAX_TIME)? {
        Some(value) if !known.contains(&value.as_str()) => Err(Failure::InvalidParameter { field }),
        Some(_) | None => Ok(()),
    };
    one_of("qr_pay_mode", &["0", "1", "2", "3", "4"])?;
    one_of("integration_type", &["PCWEB", "ALIAPP"])
}

/// Goods, each with a number, a name, a quantity and a price.
fn goods_detail(biz: &BizContent) -> Result<Option<Value>, Failure> {
    let invalid = Failure::InvalidParameter { field: "goods_detail" };
    let Some(value) = biz.get("goods_detail") else { return Ok(None) };
    let goods = value.as_array().ok_or(invalid.clone())?;
    // Each member must be a text or a number: a deeply nested value could be written to the state file but not read
    // again.
    let complete = |one: &Value| {
        let member = |name: &&str| one.get(name).is_some_and(|value| value.is_string() || value.is_number());
        GOODS_MEMBERS.iter().all(member)
    };
    if goods.len() > MAX_GOODS || !goods.iter().all(complete) {
        return Err(invalid);
    }
    let kept =
        |one: &Value| -> Value { GOODS_MEMBERS.iter().map(|name| (*name, one[*name].clone())).collect() };
    Ok(Some(goods.iter().map(kept).collect()))
}
