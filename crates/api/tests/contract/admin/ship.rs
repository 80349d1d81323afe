//! `POST /v1/admin/orders/O/ship`.

use std::time::Duration;

use domain::{Restock, Shipment, SkuId, ledger::Event};
use tokio::time::{Instant, pause};

use super::*;

fn ship() -> TestRequest {
    post(&of_order("/ship"), &json!({"carrier": " 顺丰速运 ", "tracking_number": "SF1"}))
}

fn paid(status: OrderStatus) -> Mocks {
    Mocks::untouched().on_record(paid_ledger(status, Vec::new()))
}

#[actix_web::test]
async fn a_paid_order_is_shipped_and_shown() {
    let client = with_file(paid(OrderStatus::AwaitingShipment), file(OrderStatus::AwaitingReceipt));
    let client = client.open().await;
    assert_eq!(done(&client.send(ship()).await), details(OrderStatus::AwaitingReceipt));
    let events = client.ledgers().appended();
    let [Event::StatusChanged(change), Event::Shipped(shipment)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((change.to, change.reason.as_str()), (OrderStatus::AwaitingReceipt, "发货 顺丰速运 SF1"));
    assert_eq!(change.cause, Cause::shop(STAFF.to_owned(), Some("r-1".to_owned())));
    assert_eq!(*shipment, Shipment::new("顺丰速运", "SF1", noon()).unwrap());
    client.close().await;
}

#[actix_web::test]
async fn no_other_order_is_shipped() {
    for status in OrderStatus::ALL.into_iter().filter(|status| *status != OrderStatus::AwaitingShipment) {
        let client = paid(status).open().await;
        let message = refused(&client.send(ship()).await, NOT_ALLOWED);
        assert_eq!(message, format!("订单状态不允许此操作:{}", status.label()));
        assert_eq!(client.commits(), 0);
        client.close().await;
    }
}

#[actix_web::test]
async fn an_order_whose_money_all_goes_back_is_not_shipped() {
    let refunds = vec![refund("323.91", RefundStatus::Requested)];
    let mocks = Mocks::untouched().on_record(paid_ledger(OrderStatus::AwaitingShipment, refunds));
    assert_eq!(refused(&sent(mocks, ship()).await, NOT_ALLOWED), "订单状态不允许此操作:款项正在全部退回");
}

/// The goods are refunded and back in stock; only the freight is kept.
#[actix_web::test]
async fn an_order_whose_every_piece_went_back_is_not_shipped() {
    let restock = vec![Restock { sku_id: SkuId(4), pieces: 2 }, Restock { sku_id: SkuId(5), pieces: 1 }];
    let goods = Refund { restock, ..refund("313.91", RefundStatus::Requested) };
    let mocks = Mocks::untouched().on_record(paid_ledger(OrderStatus::AwaitingShipment, vec![goods]));
    assert_eq!(refused(&sent(mocks, ship()).await, NOT_ALLOWED), "订单状态不允许此操作:商品已全部退回库存");
}

#[actix_web::test]
async fn an_order_that_is_not_there_is_404() {
    assert_eq!(refused(&sent(Mocks::untouched(), ship()).await, ORDER_NOT_FOUND), "订单不存在");
}

#[actix_web::test]
async fn an_order_that_keeps_changing_is_a_conflict() {
    let client = paid(OrderStatus::AwaitingShipment).failing_to_append(8, changed_meanwhile).open().await;
    assert_eq!(refused(&client.send(ship()).await, CONFLICT), "订单刚刚发生了变化,请刷新后重试");
    assert_eq!(client.commits(), 0);
    client.close().await;
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
    for (error, times, code) in [(store_down as fn() -> _, 1, INTERNAL), (rows_locked, 8, CONFLICT)] {
        refused(&sent(Mocks::untouched().failing_to_lock(times, error), ship()).await, code);
    }
    let mocks = paid(OrderStatus::AwaitingShipment).failing_to_append(1, connection_lost);
    assert_eq!(refused(&sent(mocks, ship()).await, INTERNAL), "系统错误");
}

/// The clock is paused and jumps to the next timer, so this takes no time.
#[actix_web::test]
async fn a_request_that_takes_too_long_is_answered() {
    pause();
    let started = Instant::now();
    let begin_after = Duration::from_secs(25);
    let mocks = Mocks { begin_after, ..Mocks::untouched() };
    let client = mocks.open().await;
    assert_eq!(refused(&client.send(ship()).await, BUSY), "系统繁忙,请稍后重试");
    assert_eq!((started.elapsed().as_secs(), client.commits()), (REQUEST_TIMEOUT.as_secs(), 0));
    client.close().await;
}
