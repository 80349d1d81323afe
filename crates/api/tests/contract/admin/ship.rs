//! `POST /v1/admin/orders/O/ship`.

use std::time::Duration;

use domain::Shipment;
use ports::StoreError;
use tokio::time::{Instant, pause};

use super::*;

fn ship() -> TestRequest {
    post(&of_order("/ship"), &json!({"carrier": " 顺丰速运 ", "tracking_number": "SF1"}))
}

fn paid(status: OrderStatus) -> MockUnitOfWork {
    books(Some(anybodys(status)), vec![payment()], Vec::new())
}

/// A unit of work in which the order is sent.
fn shipping_in() -> MockUnitOfWork {
    let mut unit = paid(OrderStatus::AwaitingShipment);
    unit.orders
        .expect_change_status()
        .times(1)
        .withf(|change| {
            (change.from, change.to) == (OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt)
                && change.cause == Cause::shop(STAFF.to_owned(), Some("r-1".to_owned()))
                && change.reason == "发货 顺丰速运 SF1"
                && change.at == noon()
        })
        .returning(|_| Ok(true));
    unit.orders
        .expect_record_shipment()
        .times(1)
        .withf(|id, shipment| {
            id.as_str() == ORDER && *shipment == Shipment::new("顺丰速运", "SF1", noon()).unwrap()
        })
        .returning(|_, _| Ok(()));
    unit
}

#[actix_web::test]
async fn a_paid_order_is_sent_and_shown() {
    let client = with_file(Parts::untouched().with_unit(shipping_in()), file(OrderStatus::AwaitingReceipt));
    let client = client.open().await;
    assert_eq!(done(&client.send(ship()).await), dossier(OrderStatus::AwaitingReceipt));
    assert_eq!(client.commits(), 1);
}

#[actix_web::test]
async fn no_other_order_is_sent() {
    for status in OrderStatus::ALL.into_iter().filter(|status| *status != OrderStatus::AwaitingShipment) {
        let client = Parts::untouched().with_unit(paid(status)).open().await;
        let message = refused(&client.send(ship()).await, NOT_ALLOWED);
        assert_eq!(message, format!("订单状态不允许此操作:{}", status.label()));
        assert_eq!(client.commits(), 0);
    }
}

#[actix_web::test]
async fn an_order_whose_money_all_goes_back_is_not_sent() {
    let refunds = vec![refund("323.91", RefundStatus::Requested)];
    let unit = books(Some(anybodys(OrderStatus::AwaitingShipment)), vec![payment()], refunds);
    let answer = sent(Parts::untouched().with_unit(unit), ship()).await;
    assert_eq!(refused(&answer, NOT_ALLOWED), "订单状态不允许此操作:款项正在全部退回");
}

#[actix_web::test]
async fn an_order_that_is_not_there_is_404() {
    let unit = books(None, Vec::new(), Vec::new());
    let answer = sent(Parts::untouched().with_unit(unit), ship()).await;
    assert_eq!(refused(&answer, ORDER_NOT_FOUND), "订单不存在");
}

#[actix_web::test]
async fn an_order_that_changes_at_the_same_moment_is_a_conflict() {
    let mut unit = paid(OrderStatus::AwaitingShipment);
    unit.orders.expect_change_status().returning(|_| Ok(false));
    let client = Parts::untouched().with_unit(unit).open().await;
    assert_eq!(refused(&client.send(ship()).await, CONFLICT), "订单刚刚发生了变化,请刷新后重试");
    assert_eq!(client.commits(), 0);
}

#[actix_web::test]
async fn a_number_that_is_none_is_named() {
    let body = json!({"carrier": "顺丰速运", "tracking_number": "SF1"});
    bad_numbers(|order| post(&format!("{order}/ship"), &body)).await;
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    let bad = |most: usize| {
        [
            json!(""),
            json!("  "),
            json!("x".repeat(most + 1)),
            json!("a\nb"),
            json!("a\u{7}"),
            json!(1),
            json!(null),
        ]
    };
    for (name, most) in [("carrier", 32), ("tracking_number", 64)] {
        for value in bad(most) {
            let mut body = json!({"carrier": "顺丰速运", "tracking_number": "SF1"});
            body[name] = value;
            bad_parameter(post(&of_order("/ship"), &body), name).await;
        }
        let mut body = json!({"carrier": "顺丰速运", "tracking_number": "SF1"});
        body.as_object_mut().unwrap().remove(name);
        bad_parameter(post(&of_order("/ship"), &body), name).await;
    }
    let more = json!({"carrier": "顺丰速运", "tracking_number": "SF1", "when": "now"});
    bad_parameter(post(&of_order("/ship"), &more), "when").await;
    bad_bodies(&of_order("/ship"), &json!({"carrier": "顺丰速运", "tracking_number": "SF1"})).await;
}

#[actix_web::test]
async fn the_database_may_fail() {
    for (error, code) in [(store_down as fn() -> _, INTERNAL), (rows_locked, BUSY)] {
        let parts = Parts { units: vec![Err(error())], ..Parts::untouched() };
        refused(&sent(parts, ship()).await, code);
    }
    let mut unit = shipping_in();
    unit.commit_error = Some(StoreError::OutcomeUnknown(SECRET_CAUSE.into()));
    let message = refused(&sent(Parts::untouched().with_unit(unit), ship()).await, INTERNAL);
    assert_eq!(message, "系统错误");
}

/// The clock stands still and jumps to whatever is waited for next, so this takes no time.
#[actix_web::test]
async fn a_request_that_takes_too_long_is_answered() {
    pause();
    let started = Instant::now();
    let begin_after = Duration::from_secs(25);
    let parts = Parts { begin_after, ..Parts::untouched() }.with_unit(MockUnitOfWork::default());
    let client = parts.open().await;
    assert_eq!(refused(&client.send(ship()).await, BUSY), "系统繁忙,请稍后重试");
    assert_eq!((started.elapsed().as_secs(), client.commits()), (REQUEST_TIMEOUT.as_secs(), 0));
}
