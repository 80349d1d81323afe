//! Asynchronous notifications: their content, their schedule, and the faults that a test can request.

use std::{collections::HashSet, time::Duration};

use actix_web::HttpResponse;
use alipay_sandbox::NotificationBehaviour;
use serde_json::json;

use crate::{
    merchant::{Merchant, ORDER},
    shop::Shop,
};

/// The schedule of a day, compressed into a second.
fn fast() -> NotificationBehaviour {
    NotificationBehaviour { speed_up: 1_000_000, ..NotificationBehaviour::default() }
}

async fn paying_to(shop: &Shop, behaviour: NotificationBehaviour) -> Merchant {
    let mut merchant = Merchant::new();
    merchant.notify_url = Some(shop.notify_url.clone());
    merchant.behave(behaviour);
    merchant.pay(&Merchant::page_pay_terms()).await;
    merchant
}

#[actix_web::test]
async fn a_payment_is_notified_once_when_it_is_taken() {
    let shop = Shop::answering_success();
    let merchant = paying_to(&shop, fast()).await;
    let records = merchant.sandbox.notifications_until(|records| records.iter().all(|one| one.over)).await;
    assert_eq!((records.len(), records[0].attempts, records[0].acknowledged), (1, 1, true));
    let received = shop.received(1, &merchant.alipay).await;
    for (name, value) in [
        ("notify_type", "trade_status_sync"),
        ("notify_time", "2019-11-28 20:40:08"),
        ("app_id", "2021000000000001"),
        ("seller_id", "2088102146225135"),
        ("out_trade_no", ORDER),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_amount", "323.91"),
        ("subject", "红袖添香"),
        ("gmt_payment", "2019-11-28 20:40:08"),
        ("fund_bill_list", r#"[{"amount":"323.91","fundChannel":"ALIPAYACCOUNT"}]"#),
    ] {
        assert_eq!(received[0].get(name), Some(value), "{name}");
    }
    assert_eq!(received[0].get("notify_id"), Some(records[0].notify_id.as_str()));
    assert_eq!(received[0].get("refund_fee"), None);
    assert!(received[0].iter().all(|(_, value)| !value.is_empty()));
    shop.stop().await;
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn only_the_seven_bytes_success_end_the_resending() {
    let shop = Shop::answering(|nth| match nth {
        0 => HttpResponse::Ok().body("seccess"),
        1 => HttpResponse::Ok().body("success\n"),
        2 => HttpResponse::InternalServerError().body("success"),
        3 => HttpResponse::Ok().body("success".repeat(1000)),
        4 => HttpResponse::Found().insert_header(("location", "/notify")).body("success"),
        _ => HttpResponse::Ok().body("success"),
    });
    let merchant = paying_to(&shop, fast()).await;
    let records = merchant.sandbox.notifications_until(|records| records.iter().all(|one| one.over)).await;
    assert_eq!((records[0].attempts, records[0].acknowledged), (6, true));
    let received = shop.received(6, &merchant.alipay).await;
    let ids: HashSet<_> = received.iter().map(|one| one.get("notify_id")).collect();
    assert_eq!(ids.len(), 1);
    shop.stop().await;
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn after_eight_attempts_alipay_gives_up() {
    let shop = Shop::answering(|_| HttpResponse::Ok().body("fail"));
    let merchant = paying_to(&shop, fast()).await;
    let records = merchant.sandbox.notifications_until(|records| records.iter().all(|one| one.over)).await;
    assert_eq!((records[0].attempts, records[0].acknowledged), (8, false));
    assert_eq!((shop.count(), records[0].last_answer.as_deref()), (8, Some("fail")));
    shop.stop().await;
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn it_can_be_doubled_late_and_lost() {
    let shop = Shop::answering_success();
    let delay = Duration::from_secs(1);
    let behaviour = NotificationBehaviour { duplicates: 2, lose_first: 2, delay, ..fast() };
    let merchant = paying_to(&shop, behaviour).await;
    let records = merchant.sandbox.notifications_until(|records| records.iter().all(|one| one.over)).await;
    assert_eq!((records[0].attempts, shop.count()), (5, 3));
    shop.stop().await;
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn it_can_be_overtaken() {
    let shop = Shop::answering_success();
    let mut merchant = Merchant::new();
    merchant.notify_url = Some(shop.notify_url.clone());
    merchant.behave(NotificationBehaviour { reorder: true, ..NotificationBehaviour::default() });
    for number in ["1", "2"] {
        let mut terms = Merchant::page_pay_terms();
        terms["out_trade_no"] = json!(number);
        merchant.pay(&terms).await;
    }
    let received = shop.received(2, &merchant.alipay).await;
    let order: Vec<_> = received.iter().map(|one| one.get("out_trade_no").unwrap().to_owned()).collect();
    assert_eq!(order, ["2", "1"]);
    shop.stop().await;
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn one_that_nobody_overtakes_is_sent_in_the_end() {
    let shop = Shop::answering_success();
    let merchant = paying_to(&shop, NotificationBehaviour { reorder: true, ..fast() }).await;
    shop.received(1, &merchant.alipay).await;
    shop.stop().await;
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn a_shop_that_is_away_is_tried_again() {
    let shop = Shop::answering_success();
    shop.stop().await;
    let merchant = paying_to(&shop, fast()).await;
    let records = merchant.sandbox.notifications_until(|records| records.iter().all(|one| one.over)).await;
    assert_eq!((records[0].attempts, records[0].acknowledged), (8, false));
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn a_closed_trade_is_notified_only_where_that_is_wanted() {
    let shop = Shop::answering_success();
    let mut merchant = Merchant::new();
    merchant.notify_url = Some(shop.notify_url.clone());
    for (number, notify_close) in [("1", false), ("2", true)] {
        let mut terms = Merchant::page_pay_terms();
        terms["out_trade_no"] = json!(number);
        merchant.visit(&terms).await;
        merchant.behave(NotificationBehaviour { notify_close, ..fast() });
        merchant.call(alipay_protocol::Method::TradeClose, json!({ "out_trade_no": number })).await;
    }
    let received = shop.received(1, &merchant.alipay).await;
    assert_eq!(received[0].get("out_trade_no"), Some("2"));
    assert_eq!(received[0].get("trade_status"), Some("TRADE_CLOSED"));
    shop.stop().await;
    merchant.sandbox.stop().await;
}
