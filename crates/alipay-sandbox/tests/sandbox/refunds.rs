//! Refunds and refund queries.

use alipay_protocol::Method;
use serde_json::{Value, json};

use crate::{
    merchant::{Merchant, ORDER},
    shop::Shop,
};

fn refund(amount: &str, out_request_no: &str) -> Value {
    json!({ "out_trade_no": ORDER, "refund_amount": amount, "out_request_no": out_request_no, "refund_reason": "退货" })
}

#[actix_web::test]
async fn a_refund_happens_once_and_is_told_each_time() {
    let merchant = Merchant::new();
    merchant.pay(&Merchant::page_pay_terms()).await;
    let first = merchant.call(Method::TradeRefund, refund("100.00", "R1")).await;
    assert_eq!((&first["fund_change"], &first["refund_fee"]), (&json!("Y"), &json!("100.00")));
    let again = merchant.call(Method::TradeRefund, refund("100.00", "R1")).await;
    assert_eq!((&again["fund_change"], &again["refund_fee"]), (&json!("N"), &json!("100.00")));
    let second = merchant.call(Method::TradeRefund, refund("0.01", "R2")).await;
    assert_eq!((&second["refund_fee"], &second["send_back_fee"]), (&json!("100.01"), &json!("0.01")));
    for (biz, expected) in [
        (refund("100.01", "R1"), "ACQ.DISCORDANT_REPEAT_REQUEST"),
        (refund("223.91", "R3"), "ACQ.REASON_TRADE_REFUND_FEE_ERR"),
        (json!({ "out_trade_no": ORDER, "refund_amount": "1.00" }), "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"),
        (
            json!({ "out_trade_no": ORDER, "refund_amount": "0.001", "out_request_no": "R4" }),
            "ACQ.INVALID_PARAMETER",
        ),
        (
            json!({ "out_trade_no": "9", "refund_amount": "1.00", "out_request_no": "R5" }),
            "ACQ.TRADE_NOT_EXIST",
        ),
    ] {
        let node = merchant.call(Method::TradeRefund, biz).await;
        assert_eq!((&node["code"], node["sub_code"].as_str()), (&json!("40004"), Some(expected)));
    }
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn only_a_refund_that_happened_has_a_status() {
    let merchant = Merchant::new();
    let ask = |number: &str| json!({ "out_trade_no": ORDER, "out_request_no": number });
    let method = Method::TradeFastpayRefundQuery;
    assert_eq!(merchant.call(method, ask("R1")).await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    merchant.pay(&Merchant::page_pay_terms()).await;
    let none = merchant.call(method, ask("R1")).await;
    assert_eq!((&none["code"], &none["refund_status"]), (&json!("10000"), &Value::Null));
    merchant.call(Method::TradeRefund, refund("30.00", "R1")).await;
    let done = merchant.call(method, ask("R1")).await;
    assert_eq!((&done["refund_status"], &done["refund_amount"]), (&json!("REFUND_SUCCESS"), &json!("30.00")));
    assert_eq!(merchant.call(method, ask("R2")).await["refund_status"], Value::Null);
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn an_unpaid_or_finished_trade_cannot_be_refunded() {
    let merchant = Merchant::new();
    merchant.visit(&Merchant::page_pay_terms()).await;
    let unpaid = merchant.call(Method::TradeRefund, refund("323.91", "R1")).await;
    assert_eq!(unpaid["sub_code"], "ACQ.TRADE_STATUS_ERROR");
    merchant.pay(&Merchant::page_pay_terms()).await;
    merchant.sandbox.finish_trade(ORDER).unwrap();
    let finished = merchant.call(Method::TradeRefund, refund("323.91", "R1")).await;
    assert_eq!(finished["sub_code"], "ACQ.TRADE_HAS_FINISHED");
    assert!(merchant.sandbox.finish_trade(ORDER).is_err());
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn refunds_are_notified_cumulatively_and_the_whole_one_closes() {
    let mut merchant = Merchant::new();
    let shop = Shop::answering_success();
    merchant.notify_url = Some(shop.notify_url.clone());
    merchant.pay(&Merchant::page_pay_terms()).await;
    shop.received(1, &merchant.alipay).await;
    merchant.call(Method::TradeRefund, refund("100.00", "R1")).await;
    shop.received(2, &merchant.alipay).await;
    merchant.call(Method::TradeRefund, refund("223.91", "R2")).await;
    let received = shop.received(3, &merchant.alipay).await;
    let told: Vec<_> = received
        .iter()
        .map(|one| [one.get("trade_status"), one.get("refund_fee"), one.get("out_biz_no")])
        .collect();
    assert_eq!(told[0], [Some("TRADE_SUCCESS"), None, None]);
    assert_eq!(told[1], [Some("TRADE_SUCCESS"), Some("100.00"), Some("R1")]);
    assert_eq!(told[2], [Some("TRADE_CLOSED"), Some("323.91"), Some("R2")]);
    assert_eq!(received[1].get("gmt_refund"), Some("2019-11-28 20:40:08.000"));
    assert_eq!(received[2].get("total_amount"), Some("323.91"));
    shop.stop().await;
    merchant.sandbox.stop().await;
}
