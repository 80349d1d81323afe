//! Operation 4: 确认收货.

use domain::{Order, OrderStatus, UserId};
use serde_json::{Value, json};

use crate::{samples::*, support::*};

const QUERY: &str = "status=2&order_id=2019112820400804";

fn confirmed() -> Value {
    json!({"code": 200, "base_url": BASE_URL})
}

#[actix_web::test]
async fn the_buyer_has_the_goods() {
    let client = Mocks::signed_in().on_record(only(OrderStatus::AwaitingReceipt)).open().await;
    let request = actix_web::test::TestRequest::get().uri(&format!("{PROCESSING}?{QUERY}"));
    assert_eq!(client.send(with_token(request)).await.json(), confirmed());
    assert_eq!(client.commits(), 1);
    client.close().await;
}

#[actix_web::test]
async fn twice_is_once() {
    let mocks = Mocks::signed_in().on_record(only(OrderStatus::Completed));
    assert_eq!(mocks.get(QUERY).await, confirmed());
}

/// Defect 1: an order in any status became 已完成.
#[actix_web::test]
async fn only_a_sent_order_is_received() {
    for status in [
        OrderStatus::AwaitingPayment,
        OrderStatus::AwaitingShipment,
        OrderStatus::Cancelled,
        OrderStatus::Refunded,
    ] {
        let mocks = Mocks::signed_in().on_record(only(status));
        assert_eq!(mocks.get(QUERY).await, error(50108, "订单状态不允许此操作"), "{status:?}");
    }
}

/// Defects 1 and 2: anybody could confirm another buyer's order.
#[actix_web::test]
async fn an_order_of_another_user_does_not_exist() {
    let theirs = Order { user_id: UserId(5), ..order(OrderStatus::AwaitingReceipt) };
    let theirs = ledger(Some(theirs), Vec::new(), Vec::new());
    assert_eq!(Mocks::signed_in().on_record(theirs).get(QUERY).await, error(50107, "订单不存在"));

    let mocks = Mocks::signed_in().on_record(only(OrderStatus::AwaitingReceipt));
    assert_eq!(mocks.get("status=2&order_id=1").await, error(50107, "订单不存在"));
}

#[actix_web::test]
async fn a_number_that_is_not_digits_is_of_no_order_and_a_missing_one_is_50101() {
    for strange in ["x", "2019-11", "%20", &"9".repeat(65)] {
        let answer = Mocks::signed_in().get(&format!("status=2&order_id={strange}")).await;
        assert_eq!(answer, error(50107, "订单不存在"), "{strange}");
    }
    for query in ["status=2", "status=2&order_id=", "status=2&order_id=1&order_id=2"] {
        let answer = Mocks::signed_in().get(query).await;
        assert_eq!(answer["code"], 50101, "{query}: {answer}");
        assert!(answer["errmsg"].as_str().unwrap().contains("order_id"), "{answer}");
    }
}

#[actix_web::test]
async fn an_order_that_changes_at_the_same_moment_is_to_be_tried_again() {
    let mocks = Mocks::signed_in().on_record(only(OrderStatus::AwaitingReceipt));
    let mocks = mocks.failing_to_append(8, changed_meanwhile);
    assert_eq!(mocks.get(QUERY).await, error(50104, "操作太快了,请稍后重试"));
}

#[actix_web::test]
async fn a_failure_is_50000_without_its_cause() {
    let mocks = Mocks::signed_in().failing_to_lock(1, store_down);
    assert_eq!(mocks.get(QUERY).await, error(50000, "系统错误"));
}
