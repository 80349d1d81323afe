//! 取消订单, which is not in the old contract: `POST` with status 3.

use std::time::Duration;

use domain::{Cause, NotAdmitted, Order, OrderStatus, Trade, TradeStatus, UserId, ledger::Event};
use ports::{CloseOutcome, mock::Ledgers};
use serde_json::{Value, json};
use tokio::time::pause;

use crate::{samples::*, support::*};

fn cancel() -> Value {
    json!({"status": 3, "order_id": ORDER})
}

fn cancelled() -> Value {
    json!({"code": 200, "base_url": BASE_URL})
}

/// The buyer's order is found in these statuses, one per read.
fn seen(states: &[OrderStatus]) -> Mocks {
    let mut mocks = Mocks::signed_in();
    let mut found: Vec<_> = states.iter().rev().map(|status| order(*status)).collect();
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

/// The order is unpaid, but Alipay reports it as paid.
fn paid_meanwhile() -> Mocks {
    let mut mocks = seen(&[OrderStatus::AwaitingPayment]);
    mocks.gateway.expect_query().times(1).returning(|_| Ok(Some(trade("323.91"))));
    mocks
}

fn waiting() -> Option<Trade> {
    Some(Trade { status: TradeStatus::WaitBuyerPay, ..trade("323.91") })
}

/// Like [`unpaid`], with the order's ledger.
fn cancellable(known: Option<Trade>) -> Mocks {
    unpaid(known).on_record(only(OrderStatus::AwaitingPayment))
}

/// Asserts that the buyer cancelled the order for this reason, and that its pieces are back in stock.
fn is_cancelled(ledgers: &Ledgers, reason: &str) {
    let after = ledgers.get(ORDER);
    assert_eq!(after.order.as_ref().map(|order| order.status), Some(OrderStatus::Cancelled));
    assert_eq!(after.movements.len(), 2);
    let events = ledgers.appended();
    let Some(Event::StatusChanged(change)) = events.last() else { panic!("{events:?}") };
    assert_eq!(change.cause, Cause::buyer(Some("r-1".to_owned())));
    assert_eq!((change.reason.as_str(), change.at), (reason, noon()));
}

/// The answer, and the number of committed transactions.
async fn answered(mocks: Mocks, body: Value) -> (Value, usize) {
    let (answer, client) = sent(mocks, body).await;
    (answer, client.commits())
}

async fn sent(mocks: Mocks, body: Value) -> (Value, Client) {
    let client = mocks.open().await;
    let answer = client.send(with_token(post_json(body)).insert_header(("x-request-id", "r-1"))).await.json();
    (answer, client)
}

/// Asserts this answer, and that nothing is committed.
async fn refused(mocks: Mocks, code: i32, text: &str) {
    assert_eq!(answered(mocks, cancel()).await, (error(code, text), 0));
}

#[actix_web::test]
async fn an_unpaid_order_is_given_up() {
    let (answer, client) = sent(cancellable(None), cancel()).await;
    assert_eq!((answer, client.commits()), (cancelled(), 1));
    is_cancelled(client.ledgers(), "买家取消");

    let mut at_the_cashier = cancellable(waiting());
    at_the_cashier.gateway.expect_close().times(1).returning(|_| Ok(CloseOutcome::Closed));
    assert_eq!(answered(at_the_cashier, cancel()).await, (cancelled(), 1));
    client.close().await;
}

#[actix_web::test]
async fn the_buyer_may_say_why() {
    let long: &'static str = "多余的一百字".repeat(17).chars().take(100).collect::<String>().leak();
    for (reason, kept) in [
        (json!("不想要了"), "不想要了"),
        (json!(" 不想要了 "), "不想要了"),
        (json!(long), long),
        (json!("  "), "买家取消"),
        (json!(""), "买家取消"),
        (json!(null), "买家取消"),
    ] {
        let body = json!({"status": 3, "order_id": ORDER, "reason": reason});
        let (answer, client) = sent(cancellable(None), body).await;
        assert_eq!(answer, cancelled());
        is_cancelled(client.ledgers(), kept);
        client.close().await;
    }
}

/// The number in the forms that an old page may pass, and all parameters in the query string.
#[actix_web::test]
async fn the_parameters_may_come_in_any_form() {
    let number: u64 = ORDER.parse().unwrap();
    for body in
        [json!({"status": "3", "order_id": number}), json!({"status": 3, "order_id": ORDER, "more": 1})]
    {
        assert_eq!(answered(cancellable(None), body).await, (cancelled(), 1));
    }
    let uri = format!("{PROCESSING}?status=3&order_id={ORDER}&reason=x");
    let client = cancellable(None).open().await;
    let request = actix_web::test::TestRequest::post().uri(&uri).insert_header(("x-request-id", "r-1"));
    assert_eq!(client.send(with_token(request)).await.json(), cancelled());
    client.close().await;
}

#[actix_web::test]
async fn again_and_again_is_once() {
    assert_eq!(answered(seen(&[OrderStatus::Cancelled]), cancel()).await, (cancelled(), 0));
    // It was cancelled while Alipay was being asked.
    let mocks = unpaid(None).on_record(only(OrderStatus::Cancelled));
    assert_eq!(answered(mocks, cancel()).await, (cancelled(), 0));
}

#[actix_web::test]
async fn a_paid_order_is_50108_and_alipay_is_not_asked() {
    use OrderStatus::{AwaitingReceipt, AwaitingShipment, Completed, Refunded};
    for status in [AwaitingShipment, AwaitingReceipt, Completed, Refunded] {
        refused(seen(&[status]), 50108, "订单状态不允许此操作").await;
    }
    let mocks = unpaid(None).on_record(only(AwaitingShipment));
    refused(mocks, 50108, "订单状态不允许此操作").await;
}

#[actix_web::test]
async fn what_turns_out_paid_is_settled_and_50108() {
    let mocks = paid_meanwhile();
    let outcome = answered(mocks.on_record(only(OrderStatus::AwaitingPayment)), cancel()).await;
    assert_eq!(outcome, (error(50108, "订单状态不允许此操作"), 1));
}

#[actix_web::test]
async fn an_order_of_another_user_does_not_exist() {
    let theirs = || Order { user_id: UserId(5), ..order(OrderStatus::AwaitingPayment) };
    for found in [None, Some(theirs())] {
        let mut mocks = Mocks::signed_in();
        mocks.orders.expect_find().times(1).return_once(|_| Ok(found));
        refused(mocks, 50107, "订单不存在").await;
    }
}

#[actix_web::test]
async fn where_alipay_cannot_be_asked_it_is_50111_and_nothing_changes() {
    let mut unasked = seen(&[OrderStatus::AwaitingPayment]);
    unasked.gateway.expect_query().times(1).returning(|_| Err(alipay_down()));
    refused(unasked, 50111, "支付渠道暂不可用").await;

    let mut unclosed = unpaid(waiting());
    unclosed.gateway.expect_close().times(1).returning(|_| Err(alipay_down()));
    refused(unclosed, 50111, "支付渠道暂不可用").await;
}

#[actix_web::test]
async fn an_order_that_keeps_changing_is_to_be_tried_again() {
    let changing = cancellable(None).failing_to_append(8, changed_meanwhile);
    refused(changing, 50104, "操作太快了,请稍后重试").await;

    let locked = cancellable(None).failing_to_lock(8, rows_locked);
    refused(locked, 50104, "操作太快了,请稍后重试").await;

    let settling = paid_meanwhile().failing_to_lock(8, rows_locked);
    refused(settling, 50104, "操作太快了,请稍后重试").await;

    let mut looking = Mocks::signed_in();
    looking.orders.expect_find().returning(|_| Err(rows_locked()));
    refused(looking, 50104, "操作太快了,请稍后重试").await;
}

#[actix_web::test]
async fn a_number_that_is_not_digits_is_of_no_order_and_one_that_is_no_number_is_50101() {
    for order_id in [
        json!("x"),
        json!("2019112820400804x"),
        json!(" 2019112820400804"),
        json!("9".repeat(65)),
        json!(-1),
        json!(1.5),
    ] {
        let answer = Mocks::signed_in().post(json!({"status": 3, "order_id": order_id})).await;
        assert_eq!(answer, error(50107, "订单不存在"), "{order_id}");
    }
    for order_id in [json!(null), json!(""), json!(true), json!([ORDER]), json!({"id": ORDER})] {
        let body = json!({"status": 3, "order_id": order_id});
        let answer = Mocks::signed_in().post(body).await;
        assert_eq!(answer["code"], 50101, "{order_id}: {answer}");
        let text = answer["errmsg"].as_str().unwrap();
        assert!(text.starts_with("请求参数错误:") && text.contains("order_id"), "{order_id}: {text}");
        assert_eq!(answer, error(50101, text));
    }
    let missing = Mocks::signed_in().post(json!({"status": 3})).await;
    assert_eq!(missing, error(50101, "请求参数错误:缺少参数 order_id"));
}

#[actix_web::test]
async fn a_reason_that_is_no_short_line_is_50101() {
    for reason in
        [json!("多".repeat(101)), json!("a\nb"), json!("a\u{0}b"), json!(1), json!(["x"]), json!(false)]
    {
        let answer = Mocks::signed_in().post(json!({"status": 3, "order_id": ORDER, "reason": reason})).await;
        assert_eq!(answer, error(50101, "请求参数错误:reason 应为不超过100字的一行文字"), "{reason}");
    }
}

#[actix_web::test]
async fn nobody_else_cancels() {
    let unsigned = Mocks::untouched().send(post_json(cancel())).await.json();
    assert_eq!(unsigned, json!({"code": 403, "error": "Please login", "errmsg": "Please login"}));
    let mut gone = Mocks::untouched();
    gone.users.expect_authenticate().times(1).returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
    let unknown = json!({"code": 208, "error": "用户名不存在", "errmsg": "用户名不存在"});
    assert_eq!(gone.post(cancel()).await, unknown);
}

/// A link must not change anything.
#[actix_web::test]
async fn it_is_not_done_by_get() {
    let mut mocks = Mocks::signed_in().with_order(OrderStatus::AwaitingPayment);
    mocks.orders.expect_timeline().times(1).returning(|_| Ok(Vec::new()));
    mocks.orders.expect_refund_due_payments().times(1).returning(|_| Ok(Vec::new()));
    mocks.orders.expect_refunds().times(1).returning(|_| Ok(Vec::new()));
    let shown = mocks.get(&format!("status=3&order_id={ORDER}&reason=x")).await;
    assert_eq!(shown["data"]["order"]["status"], 1);
}

#[actix_web::test]
async fn a_failure_is_50000_without_its_cause() {
    let mut users = Mocks::untouched();
    users.users.expect_authenticate().returning(|_| Err(store_down()));
    refused(users, 50000, "系统错误").await;

    let mut orders = Mocks::signed_in();
    orders.orders.expect_find().returning(|_| Err(store_down()));
    refused(orders, 50000, "系统错误").await;

    refused(cancellable(None).failing_to_lock(1, store_down), 50000, "系统错误").await;
    let settling = paid_meanwhile().failing_to_lock(1, store_down);
    refused(settling, 50000, "系统错误").await;
    refused(cancellable(None).failing_to_append(1, connection_lost), 50000, "系统错误").await;
}

/// The clock is paused and jumps to the next timer, so this takes no time.
#[actix_web::test]
async fn a_request_that_takes_too_long_is_answered() {
    pause();
    let mut mocks = cancellable(None);
    mocks.begin_after = REQUEST_TIMEOUT + Duration::from_secs(5);
    refused(mocks, 50000, "系统错误").await;
}
