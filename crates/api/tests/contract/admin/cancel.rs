//! `POST /v1/admin/orders/O/cancel`.

use domain::{TradeStatus, ledger::Event};
use ports::CloseOutcome;

use super::*;

fn cancel() -> TestRequest {
    post(&of_order("/cancel"), &json!({"reason": " 买家来电 "}))
}

/// The order is found in these statuses, one per read.
fn seen(states: &[OrderStatus]) -> Mocks {
    let mut mocks = Mocks::untouched();
    let mut found: Vec<_> = states.iter().rev().map(|status| anybodys(*status)).collect();
    mocks
        .orders
        .expect_find()
        .times(states.len())
        .withf(|id| id.as_str() == ORDER)
        .returning(move |_| Ok(found.pop()));
    mocks
}

/// The order is unpaid, and Alipay returns this trade for it.
fn unpaid(known: Option<Trade>) -> Mocks {
    let mut mocks = seen(&[OrderStatus::AwaitingPayment]);
    mocks.gateway.expect_query().times(1).withf(|number| number == ORDER).return_once(|_| Ok(known));
    mocks
}

/// Like [`unpaid`], with the order's ledger.
fn cancellable(known: Option<Trade>) -> Mocks {
    unpaid(known).on_record(ledger(Some(anybodys(OrderStatus::AwaitingPayment)), Vec::new(), Vec::new()))
}

/// Asserts that the request is refused with this code, and that nothing is committed.
async fn refused_with(mocks: Mocks, code: Code) -> String {
    let client = mocks.open().await;
    let message = refused(&client.send(cancel()).await, code);
    assert_eq!(client.commits(), 0);
    client.close().await;
    message
}

#[actix_web::test]
async fn an_unpaid_order_is_given_up_and_shown() {
    let waiting = Trade { status: TradeStatus::WaitBuyerPay, ..trade("323.91") };
    for known in [None, Some(waiting)] {
        let mut mocks = cancellable(known.clone());
        if known.is_some() {
            mocks.gateway.expect_close().times(1).returning(|_| Ok(CloseOutcome::Closed));
        }
        let client = with_file(mocks, file(OrderStatus::Cancelled)).open().await;
        assert_eq!(done(&client.send(cancel()).await), details(OrderStatus::Cancelled));
        assert_eq!(client.commits(), 1);
        let events = client.ledgers().appended();
        let [Event::StockReturned { pieces, .. }, Event::StatusChanged(change)] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(
            pieces.iter().map(|back| (back.sku_id.0, back.pieces)).collect::<Vec<_>>(),
            [(4, 2), (5, 1)]
        );
        assert_eq!(change.cause, Cause::shop(STAFF.to_owned(), Some("r-1".to_owned())));
        assert_eq!((change.to, change.reason.as_str()), (OrderStatus::Cancelled, "买家来电"));
        client.close().await;
    }
}

#[actix_web::test]
async fn twice_is_once() {
    let mocks = with_file(seen(&[OrderStatus::Cancelled]), file(OrderStatus::Cancelled));
    assert_eq!(done(&sent(mocks, cancel()).await), details(OrderStatus::Cancelled));
}

#[actix_web::test]
async fn a_paid_order_is_not_given_up() {
    use OrderStatus::{AwaitingReceipt, AwaitingShipment, Completed, Refunded};
    for status in [AwaitingShipment, AwaitingReceipt, Completed, Refunded] {
        let message = refused_with(seen(&[status]), NOT_ALLOWED).await;
        assert_eq!(message, format!("订单状态不允许此操作:{}", status.label()));
    }
}

#[actix_web::test]
async fn what_turns_out_paid_is_settled_and_not_given_up() {
    let mut mocks = seen(&[OrderStatus::AwaitingPayment]);
    mocks.gateway.expect_query().times(1).returning(|_| Ok(Some(trade("323.91"))));
    let client = mocks.on_record(only(OrderStatus::AwaitingPayment)).open().await;
    assert_eq!(refused(&client.send(cancel()).await, NOT_ALLOWED), "订单状态不允许此操作:待发货");
    assert_eq!(client.commits(), 1);
    client.close().await;
}

#[actix_web::test]
async fn an_order_that_is_not_there_is_404() {
    let mut mocks = Mocks::untouched();
    mocks.orders.expect_find().times(1).returning(|_| Ok(None));
    assert_eq!(refused_with(mocks, ORDER_NOT_FOUND).await, "订单不存在");
}

#[actix_web::test]
async fn where_alipay_cannot_be_asked_it_is_502_and_nothing_changes() {
    let mut unasked = seen(&[OrderStatus::AwaitingPayment]);
    unasked.gateway.expect_query().returning(|_| Err(alipay_down()));
    assert_eq!(refused_with(unasked, ALIPAY_UNAVAILABLE).await, "支付宝暂不可用,请稍后重试");

    let mut unclosed = unpaid(Some(Trade { status: TradeStatus::WaitBuyerPay, ..trade("323.91") }));
    unclosed.gateway.expect_close().returning(|_| Err(alipay_down()));
    assert_eq!(refused_with(unclosed, ALIPAY_UNAVAILABLE).await, "支付宝暂不可用,请稍后重试");
}

#[actix_web::test]
async fn an_order_that_keeps_changing_is_a_conflict() {
    let mocks = cancellable(None).failing_to_append(8, changed_meanwhile);
    assert_eq!(refused_with(mocks, CONFLICT).await, "订单刚刚发生了变化,请刷新后重试");

    let mut settling = seen(&[OrderStatus::AwaitingPayment]);
    settling.gateway.expect_query().returning(|_| Ok(Some(trade("323.91"))));
    let settling = settling.failing_to_lock(8, rows_locked);
    assert_eq!(refused_with(settling, CONFLICT).await, "订单刚刚发生了变化,请刷新后重试");
}

#[actix_web::test]
async fn a_number_that_is_none_is_named() {
    bad_numbers(|order| post(&format!("{order}/cancel"), &json!({"reason": "买家来电"}))).await;
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    for reason in
        [json!(""), json!(" "), json!("多".repeat(201)), json!("a\nb"), json!(1), json!(null), json!(["x"])]
    {
        bad_parameter(post(&of_order("/cancel"), &json!({"reason": reason})), "reason").await;
    }
    bad_parameter(post(&of_order("/cancel"), &json!({})), "reason").await;
    bad_parameter(post(&of_order("/cancel"), &json!({"reason": "x", "refund": true})), "refund").await;
    bad_bodies(&of_order("/cancel"), &json!({"reason": "买家来电"})).await;
}

#[actix_web::test]
async fn the_database_may_fail() {
    for (error, code) in [(store_down as fn() -> _, INTERNAL), (rows_locked, BUSY)] {
        let mut mocks = Mocks::untouched();
        mocks.orders.expect_find().returning(move |_| Err(error()));
        refused_with(mocks, code).await;
    }
    assert_eq!(refused_with(cancellable(None).failing_to_lock(1, store_down), INTERNAL).await, "系统错误");

    let mut settling = seen(&[OrderStatus::AwaitingPayment]);
    settling.gateway.expect_query().returning(|_| Ok(Some(trade("323.91"))));
    assert_eq!(refused_with(settling.failing_to_lock(1, store_down), INTERNAL).await, "系统错误");

    let lost = cancellable(None).failing_to_append(1, connection_lost);
    assert_eq!(refused_with(lost, INTERNAL).await, "系统错误");
}
