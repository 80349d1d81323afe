//! The cashier page, its limits, and the return to the shop.

use std::time::Duration;

use alipay_protocol::{Method, request};
use serde_json::{Value, json};

use crate::merchant::{Merchant, ORDER, location};

fn terms_with(field: &str, value: Value) -> Value {
    let mut terms = Merchant::page_pay_terms();
    terms[field] = value;
    terms
}

#[actix_web::test]
async fn the_page_shows_what_is_paid_and_leads_back_signed() {
    let merchant = Merchant::new();
    let page = merchant.visit(&Merchant::page_pay_terms()).await;
    for shown in ["达达商城", "红袖添香", "323.91", ORDER, "确认付款", "取消", "2019-11-28 21:10:08"]
    {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    for action in ["/cashier/cancel", "/cashier/pay"] {
        let url = location(&merchant.press(&page, action).await);
        assert!(url.starts_with("http://shop.example/return?from=alipay&"), "{url}");
        let back = merchant.returned(&url);
        assert_eq!(back.get("out_trade_no"), Some(ORDER));
        assert_eq!(back.get("total_amount"), Some("323.91"));
        assert_eq!(back.get("method"), Some("alipay.trade.page.pay.return"));
        assert_eq!(back.get("timestamp"), Some("2019-11-28 20:40:08"));
        assert_eq!(back.get("trade_status"), None);
    }
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn cancelling_pays_nothing_and_the_trade_goes_on() {
    let merchant = Merchant::new();
    let page = merchant.visit(&Merchant::page_pay_terms()).await;
    merchant.press(&page, "/cashier/cancel").await;
    let query = merchant.call(Method::TradeQuery, json!({ "out_trade_no": ORDER })).await;
    assert_eq!(query["trade_status"], "WAIT_BUYER_PAY");
    merchant.pay(&Merchant::page_pay_terms()).await;
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn the_page_can_also_be_posted_to_and_needs_no_return_url() {
    let mut merchant = Merchant::new();
    merchant.return_url = None;
    let params = merchant.page_pay(&Merchant::page_pay_terms());
    let page = merchant.post("charset=utf-8", params.to_form()).await;
    let done = merchant.press(&page, "/cashier/pay").await;
    assert_eq!(done.status(), 200);
    assert!(done.text().await.unwrap().contains("付款成功"));
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn nothing_that_a_merchant_sends_becomes_markup() {
    let merchant = Merchant::new();
    let page = merchant.visit(&terms_with("subject", json!("<img src=x onerror=alert(1)>\"'&"))).await;
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"), "{page}");
    assert!(!page.contains("<img"));
    // The page of a refusal contains signed parameters, including text from the merchant.
    let forged = merchant.page_pay(&terms_with("subject", json!("<script>1</script>"))).with("sign", "AAAA");
    let refusal = merchant.get(&forged).await;
    assert!(refusal.contains("isv.invalid-signature") && !refusal.contains("<script"), "{refusal}");
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn the_same_terms_go_on_and_others_are_refused() {
    let merchant = Merchant::new();
    merchant.visit(&Merchant::page_pay_terms()).await;
    let again = merchant.visit(&Merchant::page_pay_terms()).await;
    assert!(again.contains("确认付款"));
    for (field, value) in [
        ("total_amount", json!("323.90")),
        ("subject", json!("别的")),
        ("time_expire", json!("2019-11-28 21:10:09")),
        ("passback_params", json!("a")),
    ] {
        let page = merchant.visit(&terms_with(field, value)).await;
        assert!(page.contains("ACQ.CONTEXT_INCONSISTENT"), "{field}: {page}");
    }
    // Another notation of the same amount is the same amount.
    assert!(merchant.visit(&terms_with("total_amount", json!(323.91))).await.contains("确认付款"));
    merchant.pay(&Merchant::page_pay_terms()).await;
    let paid = merchant.visit(&Merchant::page_pay_terms()).await;
    assert!(paid.contains("ACQ.TRADE_HAS_SUCCESS") && paid.contains("返回商家"), "{paid}");
    assert!(!paid.contains("/cashier/pay"));
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn pressing_twice_pays_once() {
    let merchant = Merchant::new();
    let page = merchant.visit(&Merchant::page_pay_terms()).await;
    let first = location(&merchant.press(&page, "/cashier/pay").await);
    let second = location(&merchant.press(&page, "/cashier/pay").await);
    assert_eq!(merchant.returned(&first).get("trade_no"), merchant.returned(&second).get("trade_no"));
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn past_the_deadline_nothing_can_be_paid() {
    let merchant = Merchant::new();
    let page = merchant.visit(&Merchant::page_pay_terms()).await;
    merchant.clock.pass(Duration::from_secs(30 * 60));
    let late = merchant.press(&page, "/cashier/pay").await;
    assert_eq!(late.status(), 200);
    assert!(late.text().await.unwrap().contains("ACQ.TRADE_HAS_CLOSE"));
    assert!(merchant.visit(&Merchant::page_pay_terms()).await.contains("ACQ.TRADE_HAS_CLOSE"));
    let query = merchant.call(Method::TradeQuery, json!({ "out_trade_no": ORDER })).await;
    assert_eq!(query["trade_status"], "TRADE_CLOSED");
    // A visit after the deadline creates no trade.
    assert!(merchant.visit(&terms_with("out_trade_no", json!("2"))).await.contains("ACQ.TRADE_HAS_CLOSE"));
    let query = merchant.call(Method::TradeQuery, json!({ "out_trade_no": "2" })).await;
    assert_eq!(query["sub_code"], "ACQ.TRADE_NOT_EXIST");
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn a_closed_trade_is_not_opened_again() {
    let merchant = Merchant::new();
    let page = merchant.visit(&Merchant::page_pay_terms()).await;
    merchant.call(Method::TradeClose, json!({ "out_trade_no": ORDER })).await;
    let late = merchant.press(&page, "/cashier/pay").await;
    assert!(late.text().await.unwrap().contains("ACQ.TRADE_HAS_CLOSE"));
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn biz_content_is_held_to_alipays_limits() {
    let merchant = Merchant::new();
    for (field, value) in [
        ("out_trade_no", json!(null)),
        ("out_trade_no", json!("2019-1128")),
        ("out_trade_no", json!("1".repeat(65))),
        ("total_amount", json!("0")),
        ("total_amount", json!("-1")),
        ("total_amount", json!("1.005")),
        ("total_amount", json!("100000000.01")),
        ("subject", json!("")),
        ("subject", json!("字".repeat(257))),
        ("subject", json!(["a"])),
        ("body", json!("字".repeat(129))),
        ("passback_params", json!("a".repeat(513))),
        ("product_code", json!("QUICK_WAP_PAY")),
        ("qr_pay_mode", json!("5")),
        ("integration_type", json!("APP")),
        ("goods_detail", json!([{ "goods_id": "1" }])),
        ("goods_detail", json!("x")),
        ("goods_detail", json!([{ "goods_id": "1", "goods_name": ["x"], "quantity": 1, "price": "1.00" }])),
        ("time_expire", json!("2020-11-28 21:10:08")),
        ("time_expire", json!("tomorrow")),
    ] {
        let page = merchant.visit(&terms_with(field, value.clone())).await;
        let expected = format!("参数无效：{field}");
        assert!(
            page.contains("ACQ.INVALID_PARAMETER") && page.contains(&expected),
            "{field} {value}: {page}"
        );
    }
    let mut most = terms_with("subject", json!("字".repeat(256)));
    most["body"] = json!("字".repeat(128));
    most["total_amount"] = json!("100000000.00");
    most["out_trade_no"] = json!("A_".repeat(32));
    most["goods_detail"] =
        json!([{ "goods_id": "1", "goods_name": "红袖添香", "quantity": 1, "price": "313.91" }]);
    assert!(merchant.visit(&most).await.contains("确认付款"));
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn what_the_gateway_refuses_a_browser_sees_as_a_page() {
    let merchant = Merchant::new();
    let biz = Merchant::page_pay_terms().to_string();
    let params = merchant.common(Method::TradePagePay).with("biz_content", biz);
    for (params, expected) in [
        (params.clone().with("app_id", "1"), "isv.invalid-app-id"),
        (params.with("return_url", "javascript:alert(1)"), "isv.invalid-parameter"),
    ] {
        let page = merchant.get(&request::sign(params, &merchant.key).unwrap()).await;
        assert!(page.starts_with("<!doctype html>") && page.contains(expected), "{page}");
    }
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn trades_are_bounded() {
    let merchant = Merchant::with(|config| config.max_trades = 1);
    merchant.visit(&Merchant::page_pay_terms()).await;
    let page = merchant.visit(&terms_with("out_trade_no", json!("2"))).await;
    assert!(page.contains("ACQ.SYSTEM_ERROR"), "{page}");
    merchant.sandbox.stop().await;
}

fn wap_terms() -> Value {
    let mut terms = terms_with("product_code", json!("QUICK_WAP_WAY"));
    terms["quit_url"] = json!("http://shop.example/order?order_id=1");
    terms
}

fn wap_pay(merchant: &Merchant, terms: &Value) -> String {
    let mut params = merchant.common(Method::TradeWapPay).with("biz_content", terms.to_string());
    params.set("return_url", "http://shop.example/return?from=alipay");
    let params = request::sign(params, &merchant.key).unwrap();
    format!("{}?{}", merchant.sandbox.gateway_url(), params.to_form())
}

async fn read(merchant: &Merchant, url: &str) -> String {
    merchant.client.get(url).send().await.unwrap().text().await.unwrap()
}

#[actix_web::test]
async fn a_phone_gets_a_page_of_its_own_and_turns_back_to_the_shop() {
    let merchant = Merchant::new();
    let page = read(&merchant, &wap_pay(&merchant, &wap_terms())).await;
    assert!(page.contains(r#"<body class="phone">"#) && page.contains("323.91"), "{page}");
    let back = location(&merchant.press(&page, "/cashier/cancel").await);
    assert_eq!(back, "http://shop.example/order?order_id=1");
    let back = merchant.returned(&location(&merchant.press(&page, "/cashier/pay").await));
    assert_eq!(back.get("method"), Some("alipay.trade.wap.pay.return"));
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn a_number_is_of_one_product() {
    let merchant = Merchant::new();
    for (product_code, quit_url) in
        [("FAST_INSTANT_TRADE_PAY", "http://shop.example/"), ("QUICK_WAP_WAY", "javascript:alert(1)")]
    {
        let mut terms = wap_terms();
        (terms["product_code"], terms["quit_url"]) = (json!(product_code), json!(quit_url));
        let page = read(&merchant, &wap_pay(&merchant, &terms)).await;
        assert!(page.contains("ACQ.INVALID_PARAMETER"), "{page}");
    }
    merchant.visit(&Merchant::page_pay_terms()).await;
    let page = read(&merchant, &wap_pay(&merchant, &wap_terms())).await;
    assert!(page.contains("ACQ.CONTEXT_INCONSISTENT"), "{page}");
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn a_trade_is_of_the_account_that_opened_it() {
    let merchant = Merchant::new();
    let url = wap_pay(&merchant, &wap_terms());
    let visit = async |cookie: &str| {
        let request = merchant.client.get(&url).header("cookie", cookie);
        request.send().await.unwrap().text().await.unwrap()
    };
    assert!(visit("a=b; sandbox_account=mei").await.contains("mei"));
    for other in ["sandbox_account=lin", "sandbox_account=", "a=b"] {
        let page = visit(other).await;
        assert!(page.contains("ACQ.TRADE_BUYER_NOT_MATCH"), "{page}");
    }
    assert!(visit("sandbox_account=mei").await.contains("确认付款"));
    let refused = merchant.sandbox.arrive_as(&url, "lin").unwrap_err();
    assert_eq!(refused.code, "ACQ.TRADE_BUYER_NOT_MATCH");
    merchant.sandbox.arrive_as(&url, "mei").unwrap();
    merchant.sandbox.stop().await;
}
