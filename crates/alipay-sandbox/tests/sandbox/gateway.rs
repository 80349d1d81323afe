//! What the gateway accepts and refuses.

use alipay_protocol::{
    Method, PrivateKey,
    answer::{self, AnswerError},
    request,
};
use serde_json::{Value, json};

use crate::merchant::{Merchant, ORDER};

fn sub_code(node: &Value) -> &str {
    node["sub_code"].as_str().unwrap_or("none")
}

#[actix_web::test]
async fn a_trade_exists_when_the_buyer_has_come_and_not_before() {
    let merchant = Merchant::new();
    let query = || merchant.call(Method::TradeQuery, json!({ "out_trade_no": ORDER }));
    assert_eq!(sub_code(&query().await), "ACQ.TRADE_NOT_EXIST");
    merchant.visit(&Merchant::page_pay_terms()).await;
    let waiting = query().await;
    assert_eq!((&waiting["code"], &waiting["trade_status"]), (&json!("10000"), &json!("WAIT_BUYER_PAY")));
    assert_eq!(waiting["buyer_pay_amount"], "0.00");
    merchant.pay(&Merchant::page_pay_terms()).await;
    let paid = query().await;
    assert_eq!((&paid["trade_status"], &paid["total_amount"]), (&json!("TRADE_SUCCESS"), &json!("323.91")));
    assert_eq!(paid["send_pay_date"], "2019-11-28 20:40:08");
    let by_trade_no = merchant.call(Method::TradeQuery, json!({ "trade_no": paid["trade_no"] })).await;
    assert_eq!(by_trade_no, paid);
    assert_eq!(merchant.sandbox.requests().count(Method::TradeQuery), 4);
    assert_eq!(merchant.sandbox.requests().count(Method::TradeClose), 0);
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn every_common_parameter_is_checked() {
    let merchant = Merchant::new();
    let method = Method::TradeQuery;
    let sound = || merchant.common(method).with("biz_content", json!({ "out_trade_no": ORDER }).to_string());
    for (name, value, expected) in [
        ("timestamp", "", "isv.missing-timestamp"),
        ("timestamp", "2019-11-28T20:40:08", "isv.invalid-timestamp"),
        ("version", "", "isv.missing-version"),
        ("version", "2.0", "isv.invalid-parameter"),
        ("charset", "", "isv.invalid-charset"),
        ("charset", "gbk", "isv.invalid-charset"),
        ("format", "XML", "isv.invalid-format"),
        ("notify_url", "ftp://shop.example/", "isv.invalid-parameter"),
        ("return_url", "javascript:alert(1)", "isv.invalid-parameter"),
        ("biz_content", "", "isv.missing-parameter"),
        ("biz_content", "[]", "ACQ.INVALID_PARAMETER"),
        ("biz_content", "{}", "ACQ.INVALID_PARAMETER"),
        ("biz_content", r#"{"out_trade_no":"a-b"}"#, "ACQ.INVALID_PARAMETER"),
        ("format", "", "ACQ.TRADE_NOT_EXIST"),
    ] {
        let params = request::sign(sound().with(name, value), &merchant.key).unwrap();
        let node = merchant.call_signed(method, &params).await;
        assert_eq!(sub_code(&node), expected, "{name}={value}");
    }
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn a_signature_must_be_there_and_be_the_merchants() {
    let merchant = Merchant::new();
    let method = Method::TradeQuery;
    let sound = || {
        let params =
            merchant.common(method).with("biz_content", json!({ "out_trade_no": ORDER }).to_string());
        request::sign(params, &merchant.key).unwrap()
    };
    let stranger = PrivateKey::generate().unwrap();
    let others = request::sign(sound().with("sign", ""), &stranger).unwrap();
    for (params, expected) in [
        (sound(), "ACQ.TRADE_NOT_EXIST"),
        (sound().with("sign", ""), "isv.missing-signature"),
        (sound().with("sign_type", ""), "isv.missing-signature-type"),
        (sound().with("sign_type", "RSA"), "isv.invalid-signature-type"),
        (sound().with("biz_content", r#"{"out_trade_no":"1"}"#), "isv.invalid-signature"),
        (sound().with("added", "1"), "isv.invalid-signature"),
        (others, "isv.invalid-signature"),
    ] {
        assert_eq!(sub_code(&merchant.call_signed(method, &params).await), expected);
    }
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn who_is_not_known_gets_an_unsigned_answer() {
    let merchant = Merchant::new();
    for (app_id, expected) in [("", "isv.missing-app-id"), ("2021999999999999", "isv.invalid-app-id")] {
        let params = merchant.common(Method::TradeQuery).with("app_id", app_id);
        let text = merchant.get(&request::sign(params, &merchant.key).unwrap()).await;
        let verdict = answer::verify(text.as_bytes(), Method::TradeQuery, &merchant.alipay);
        let Err(AnswerError::Unsigned(failure)) = verdict else { panic!("{text}") };
        assert_eq!(failure.sub_code, expected);
    }
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn a_method_that_is_not_there_gets_an_error_response() {
    let merchant = Merchant::new();
    for (method, expected) in [("", "isv.missing-method"), ("alipay.trade.cancel", "isv.invalid-method")] {
        let params = merchant.common(Method::TradeQuery).with("method", method);
        let text = merchant.get(&request::sign(params, &merchant.key).unwrap()).await;
        let answer = answer::verify(text.as_bytes(), Method::TradeQuery, &merchant.alipay).unwrap();
        assert_eq!(answer.node(), answer::Node::Error);
        assert_eq!(sub_code(&serde_json::from_str(answer.json()).unwrap()), expected);
    }
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn parameters_may_be_spread_over_query_and_body_but_not_contradict() {
    let merchant = Merchant::new();
    let biz = json!({ "out_trade_no": ORDER }).to_string();
    let signed =
        request::sign(merchant.common(Method::TradeQuery).with("biz_content", biz), &merchant.key).unwrap();
    let body: String =
        signed.to_form().split('&').filter(|pair| !pair.starts_with("app_id")).collect::<Vec<_>>().join("&");
    let query = "app_id=2021000000000001&charset=utf-8";
    assert!(merchant.post(query, body.clone()).await.contains("ACQ.TRADE_NOT_EXIST"));
    let contradiction = merchant.post("app_id=2021000000000001&charset=gbk", body).await;
    assert!(contradiction.contains("isv.invalid-parameter"), "{contradiction}");
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn closing_ends_an_unpaid_trade() {
    let merchant = Merchant::new();
    let close = || merchant.call(Method::TradeClose, json!({ "out_trade_no": ORDER }));
    assert_eq!(sub_code(&close().await), "ACQ.TRADE_NOT_EXIST");
    merchant.visit(&Merchant::page_pay_terms()).await;
    let closed = close().await;
    assert_eq!((&closed["code"], &closed["out_trade_no"]), (&json!("10000"), &json!(ORDER)));
    assert_eq!(sub_code(&close().await), "ACQ.REASON_TRADE_STATUS_INVALID");
    let query = merchant.call(Method::TradeQuery, json!({ "out_trade_no": ORDER })).await;
    assert_eq!(query["trade_status"], "TRADE_CLOSED");

    let mut other = Merchant::page_pay_terms();
    other["out_trade_no"] = json!("2");
    merchant.pay(&other).await;
    let paid = merchant.call(Method::TradeClose, json!({ "out_trade_no": "2" })).await;
    assert_eq!(sub_code(&paid), "ACQ.TRADE_STATUS_ERROR");
    merchant.sandbox.stop().await;
}
