//! The recorded messages, read into the port's types.

use std::path::PathBuf;

use adapters::alipay::AlipayGateway;
use alipay_protocol::{Params, PrivateKey, PublicKey, message};
use domain::{ShopTime, TradeStatus};
use ports::{NotVerified, PaymentGateway as _};
use serde_json::Value;

use crate::shop::{config, gateway};

pub(crate) fn recorded(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../alipay-protocol/tests/vectors").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&recorded(name)).unwrap()
}

fn shop() -> AlipayGateway {
    let alipay = PublicKey::parse(&recorded("keys/alipay_public_spki.raw.txt")).unwrap();
    gateway(config("https://openapi.alipay.com/gateway.do", PrivateKey::generate().unwrap(), alipay))
}

fn body(name: &str) -> String {
    json("notify.json")[name]["body"].as_str().unwrap().to_owned()
}

#[test]
fn a_payment_is_read_whole() {
    for name in ["b1_notify_success", "b3_notify_no_empty"] {
        let notification = shop().verify_notification(body(name).as_bytes()).unwrap();
        assert_eq!(notification.addressee.app_id, "2021000000000001");
        assert_eq!(notification.addressee.seller_id.as_deref(), Some("2088102146225135"));
        let trade = notification.trade.unwrap();
        assert_eq!(trade.trade_no, "2025010222001453030500000001");
        assert_eq!(trade.out_trade_no, "ORD_20250102_0001");
        assert_eq!(trade.status, TradeStatus::Success);
        assert_eq!(trade.total_amount.to_string(), "88.80");
        assert_eq!(trade.buyer.as_deref(), Some("2088102175953034"));
        assert_eq!(trade.paid_at, ShopTime::parse("2025-01-02 03:05:09"));
        assert!(trade.refunded.is_zero() && trade.is_payment());
    }
}

#[test]
fn a_partial_refund_is_no_payment_though_it_says_trade_success() {
    let trade =
        shop().verify_notification(body("b5_notify_partial_refund").as_bytes()).unwrap().trade.unwrap();
    assert_eq!((trade.status, trade.refunded.to_string().as_str()), (TradeStatus::Success, "30.00"));
    assert!(!trade.is_payment());
}

/// As captured: a trade that was not paid in time reports a refund of 0.00.
#[test]
fn a_trade_that_timed_out_is_neither_a_payment_nor_a_refund() {
    let alipay = PrivateKey::generate().unwrap();
    let url = "https://openapi.alipay.com/gateway.do";
    let shop = gateway(config(url, PrivateKey::generate().unwrap(), alipay.public_key().clone()));
    let message = Params::new()
        .with("app_id", "2021000000000001")
        .with("auth_app_id", "2021000000000001")
        .with("buyer_id", "2088102175953034")
        .with("charset", "utf-8")
        .with("gmt_close", "2019-11-28 21:10:08")
        .with("gmt_create", "2019-11-28 20:40:08")
        .with("notify_id", "2019112800222211008053030500000001")
        .with("notify_time", "2019-11-28 21:10:09")
        .with("notify_type", "trade_status_sync")
        .with("out_trade_no", "2019112820400804")
        .with("refund_fee", "0.00")
        .with("seller_id", "2088102146225135")
        .with("subject", "订单")
        .with("total_amount", "323.91")
        .with("trade_no", "2019112822001453030500000001")
        .with("trade_status", "TRADE_CLOSED")
        .with("version", "1.0");
    let form = message::sign(message, &alipay).unwrap().to_form();
    let trade = shop.verify_notification(form.as_bytes()).unwrap().trade.unwrap();
    assert_eq!((trade.status, trade.total_amount.to_string().as_str()), (TradeStatus::Closed, "323.91"));
    assert_eq!((&trade.refund_request_no, trade.paid_at), (&None, None));
    assert!(!trade.tells_of_refund() && !trade.was_paid() && !trade.is_payment());
}

#[test]
fn a_number_is_a_refunds_only_where_the_message_tells_of_a_refund() {
    let alipay = PrivateKey::generate().unwrap();
    let url = "https://openapi.alipay.com/gateway.do";
    let shop = gateway(config(url, PrivateKey::generate().unwrap(), alipay.public_key().clone()));
    let message = Params::new()
        .with("app_id", "2021000000000001")
        .with("out_trade_no", "2019112820400804")
        .with("out_biz_no", "R1")
        .with("total_amount", "323.91")
        .with("trade_no", "1")
        .with("trade_status", "TRADE_SUCCESS");
    let number = |params: Params| {
        let form = message::sign(params, &alipay).unwrap().to_form();
        shop.verify_notification(form.as_bytes()).unwrap().trade.unwrap().refund_request_no
    };
    assert_eq!(number(message.clone()), None);
    assert_eq!(number(message.clone().with("refund_fee", "0.00")), None);
    assert_eq!(number(message.with("refund_fee", "30.00")).as_deref(), Some("R1"));
}

#[test]
fn what_was_changed_is_refused() {
    let shop = shop();
    let verdict = |form: &[u8]| shop.verify_notification(form);
    assert!(matches!(verdict(body("b8_notify_tampered").as_bytes()), Err(NotVerified::Signature)));
    assert!(matches!(verdict(b""), Err(NotVerified::Signature)));
    assert!(matches!(verdict(&vec![b'a'; 1 << 20]), Err(NotVerified::Malformed(_))));
    let twice = format!("{}&total_amount=0.01", body("b3_notify_no_empty"));
    assert!(matches!(verdict(twice.as_bytes()), Err(NotVerified::Malformed(_))));
}

#[test]
fn the_browsers_return_is_read() {
    let vector = json("return_url.json");
    let query = vector["url"].as_str().unwrap().split_once('?').unwrap().1;
    let back = shop().verify_return(query).unwrap();
    assert_eq!(back.out_trade_no, "ORD_20250102_0001");
    assert_eq!(back.addressee.seller_id.as_deref(), Some("2088102146225135"));
    let added = format!("{query}&order_id=1");
    assert!(matches!(shop().verify_return(&added), Err(NotVerified::Signature)));
}

#[test]
fn what_is_signed_but_lacks_a_field_is_named() {
    let alipay = PrivateKey::generate().unwrap();
    let shop = gateway(config(
        "https://openapi.alipay.com/gateway.do",
        PrivateKey::generate().unwrap(),
        alipay.public_key().clone(),
    ));
    let sound = Params::new()
        .with("app_id", "2021000000000001")
        .with("notify_id", "1")
        .with("out_trade_no", "2019112820400804")
        .with("total_amount", "323.91")
        .with("trade_no", "1")
        .with("trade_status", "TRADE_SUCCESS");
    let verdict = |params: Params| {
        shop.verify_notification(message::sign(params, &alipay).unwrap().to_form().as_bytes())
    };
    assert!(verdict(sound.clone()).is_ok());
    for (name, value) in [
        ("app_id", ""),
        ("trade_status", "TRADE_WON"),
        ("trade_status", ""),
        ("total_amount", "-1"),
        ("total_amount", "3e2"),
        ("trade_no", ""),
        ("out_trade_no", ""),
        ("refund_fee", "much"),
        ("notify_type", "batch_refund_notify"),
    ] {
        match verdict(sound.clone().with(name, value)) {
            Err(NotVerified::Unreadable { field }) => assert_eq!(field, name),
            other => panic!("{name}={value}: {other:?}"),
        }
    }
    let refund_without_amount = verdict(sound.with("gmt_refund", "2019-11-29 10:00:00.000"));
    assert!(matches!(refund_without_amount, Err(NotVerified::Unreadable { field: "refund_fee" })));
}
