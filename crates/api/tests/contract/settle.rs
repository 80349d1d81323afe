//! Operations 6 and 7, and Alipay's return: requests that come from Alipay, or claim to.

use actix_web::{http::StatusCode, test::TestRequest};
use domain::{Addressee, OrderStatus, PaymentRecord, PaymentStatus, Trade, TradeStatus};
use metrics_exporter_prometheus::PrometheusBuilder;
use ports::{NotVerified, VerifiedNotification, VerifiedReturn};
use serde_json::{Value, json};

use crate::{samples::*, support::*};

const FORBIDDEN: &str = "非法访问";

fn data() -> Value {
    json!({"order_id": ORDER, "total_amount": "323.91"})
}

fn with_data(code: i32, text: &str) -> Value {
    let mut answer = error(code, text);
    answer["data"] = data();
    answer
}

fn other_shops() -> [Addressee; 3] {
    [
        Addressee { app_id: "2021000000000002".to_owned(), ..this_shop() },
        Addressee { seller_id: Some("2088000000000000".to_owned()), ..this_shop() },
        Addressee { seller_id: None, ..this_shop() },
    ]
}

// Operation 6.

const RETURN: &str = "out_trade_no=2019112820400804&total_amount=323.91&sign=a%2Bb%3D&charset=utf-8";

/// A query string that Alipay signed for this shop.
fn returning() -> Mocks {
    returning_for(this_shop())
}

fn returning_for(addressee: Addressee) -> Mocks {
    let mut mocks = Mocks::untouched();
    mocks.gateway.expect_verify_return().times(1).withf(|query| query == RETURN).returning(move |_| {
        let out_trade_no = ORDER.to_owned();
        Ok(VerifiedReturn { addressee: addressee.clone(), out_trade_no })
    });
    mocks
}

async fn result(mocks: Mocks) -> Value {
    mocks.send(TestRequest::get().uri(&format!("{SUCCESS}?{RETURN}"))).await.json()
}

#[actix_web::test]
async fn a_paid_order_is_paid_and_nobody_needs_a_token() {
    use OrderStatus::{AwaitingReceipt, AwaitingShipment, Cancelled, Completed, Refunded};
    for status in [AwaitingShipment, AwaitingReceipt, Completed, Refunded] {
        assert_eq!(result(returning().with_order(status)).await, json!({"code": 200, "data": data()}));
    }
    assert_eq!(result(returning().with_order(Cancelled)).await, with_data(50105, "支付未完成"));
    let no_slash = TestRequest::get().uri(&format!("/v1/orders/success?{RETURN}"));
    let answer = returning().with_order(OrderStatus::Completed).send(no_slash).await;
    assert_eq!(answer.json()["code"], 200);
}

/// The result page forwards its own query string, which has our `order_id` in front.
#[actix_web::test]
async fn the_number_that_our_return_added_is_not_part_of_the_signature() {
    let uri = format!("{SUCCESS}?order_id={ORDER}&{RETURN}");
    let mocks = returning().with_order(OrderStatus::AwaitingShipment);
    assert_eq!(mocks.send(TestRequest::get().uri(&uri)).await.json()["code"], 200);
}

#[actix_web::test]
async fn an_order_that_alipay_does_not_know_as_paid_is_50105() {
    let waiting = Trade { status: TradeStatus::WaitBuyerPay, ..trade("323.91") };
    for known in [None, Some(waiting)] {
        let mut mocks = returning().with_order(OrderStatus::AwaitingPayment);
        mocks.gateway.expect_query().times(1).returning(move |_| Ok(known.clone()));
        assert_eq!(result(mocks).await, with_data(50105, "支付未完成"));
    }
}

#[actix_web::test]
async fn a_payment_that_alipay_tells_of_is_settled_on_the_way() {
    let mut mocks = returning();
    let mut paid = false;
    mocks.orders.expect_find().times(2).returning(move |_| {
        let status = if paid { OrderStatus::AwaitingShipment } else { OrderStatus::AwaitingPayment };
        paid = true;
        Ok(Some(order(status)))
    });
    mocks.gateway.expect_query().times(1).returning(|_| Ok(Some(trade("323.91"))));
    let mocks = mocks.on_record(only(OrderStatus::AwaitingPayment));
    assert_eq!(result(mocks).await, json!({"code": 200, "data": data()}));
}

#[actix_web::test]
async fn alipay_failing_is_50111_with_data() {
    let mut mocks = returning().with_order(OrderStatus::AwaitingPayment);
    mocks.gateway.expect_query().returning(|_| Err(alipay_down()));
    assert_eq!(result(mocks).await, with_data(50111, "支付渠道暂不可用"));
}

#[actix_web::test]
async fn a_payment_that_cannot_be_written_down_is_told_by_its_cause() {
    let busy = error(50104, "操作太快了,请稍后重试");
    let unforeseen = error(50000, "系统错误");
    for (failing, times, expected) in [(rows_locked as fn() -> _, 8, busy), (store_down, 1, unforeseen)] {
        let mut mocks = returning().with_order(OrderStatus::AwaitingPayment);
        mocks.gateway.expect_query().times(1).returning(|_| Ok(Some(trade("323.91"))));
        assert_eq!(result(mocks.failing_to_lock(times, failing)).await, expected);
    }
}

/// Defect 10: a bad signature was an HTTP 500 page.
#[actix_web::test]
async fn a_return_that_alipay_did_not_sign_for_us_is_forbidden() {
    let mut unsigned = Mocks::untouched();
    unsigned.gateway.expect_verify_return().returning(|_| Err(NotVerified::Signature));
    let others = other_shops().into_iter().map(returning_for);
    for mocks in others.chain([unsigned]) {
        let answer = mocks.send(TestRequest::get().uri(&format!("{SUCCESS}?{RETURN}"))).await;
        assert_eq!(answer.text(), FORBIDDEN);
    }
}

#[actix_web::test]
async fn a_return_for_no_order_of_ours_is_50107_and_a_failure_50000() {
    let mut unknown = returning();
    unknown.orders.expect_find().returning(|_| Ok(None));
    assert_eq!(result(unknown).await, error(50107, "订单不存在"));
    let mut store = returning();
    store.orders.expect_find().returning(|_| Err(store_down()));
    assert_eq!(result(store).await, error(50000, "系统错误"));
}

// Operation 7.

fn notifying(addressee: Addressee, trade: Trade) -> Mocks {
    let mut mocks = Mocks::untouched();
    mocks.gateway.expect_verify_notification().withf(|form| form == b"the form").returning(move |_| {
        let (addressee, trade) = (addressee.clone(), trade.clone());
        Ok(VerifiedNotification { addressee, trade: Ok(trade) })
    });
    mocks
}

fn notification() -> TestRequest {
    TestRequest::post()
        .uri(SUCCESS)
        .insert_header(("content-type", "application/x-www-form-urlencoded; charset=GBK"))
        .set_payload("the form")
}

fn recorded() -> PaymentRecord {
    PaymentRecord {
        trade: trade("323.91"),
        status: PaymentStatus::Settled,
        source: domain::EvidenceSource::Notification,
        recorded_at: noon(),
    }
}

/// Defect 6: the answer was `seccess`, and Alipay kept resending.
#[actix_web::test]
async fn the_right_notification_pays_and_is_answered_with_seven_bytes() {
    let unpaid = only(OrderStatus::AwaitingPayment);
    let client = notifying(this_shop(), trade("323.91")).on_record(unpaid).open().await;
    let answer = client.send(notification()).await;
    assert_eq!(answer.text(), "success");
    assert_eq!(answer.body.as_ref(), b"success");
    let after = client.ledgers().get(ORDER);
    assert_eq!(after.order.as_ref().map(|order| order.status), Some(OrderStatus::AwaitingShipment));
    assert_eq!(after.settled_payment().map(|payment| payment.trade.total_amount), Some(money("323.91")));
    client.close().await;
}

/// Defect 7: a replay reset a shipped or completed order.
#[actix_web::test]
async fn a_replay_changes_nothing_and_is_dealt_with() {
    for status in OrderStatus::ALL {
        let known = ledger(Some(order(status)), vec![recorded()], Vec::new());
        let client = notifying(this_shop(), trade("323.91")).on_record(known).open().await;
        assert_eq!(client.send(notification()).await.text(), "success", "{status:?}");
        assert_eq!(client.commits(), 0, "{status:?}");
        client.close().await;
    }
}

/// Defect 5: 219.00 paid an order of 323.91.
#[actix_web::test]
async fn a_wrong_amount_is_put_on_record_and_pays_nothing() {
    for amount in ["219.00", "323.00", "323.92"] {
        let unpaid = only(OrderStatus::AwaitingPayment);
        let client = notifying(this_shop(), trade(amount)).on_record(unpaid).open().await;
        assert_eq!(client.send(notification()).await.text(), "success", "{amount}");
        let after = client.ledgers().get(ORDER);
        assert_eq!(after.order.as_ref().map(|order| order.status), Some(OrderStatus::AwaitingPayment));
        assert_eq!(after.payments[0].status, PaymentStatus::WrongAmount);
        client.close().await;
    }
}

#[actix_web::test]
async fn a_notification_that_tells_of_no_payment_is_dealt_with() {
    let waiting = Trade { status: TradeStatus::WaitBuyerPay, ..trade("323.91") };
    let mocks = notifying(this_shop(), waiting).on_record(only(OrderStatus::AwaitingPayment));
    assert_eq!(mocks.send(notification()).await.text(), "success");
}

/// A refund without its number cannot be queried. It must be notified again, because it may be stored by then.
#[actix_web::test]
async fn a_notification_of_a_refund_without_its_number_changes_nothing_and_is_to_be_sent_again() {
    let refund = Trade { refunded: money("1.00"), ..trade("323.91") };
    let known = ledger(Some(order(OrderStatus::AwaitingShipment)), vec![recorded()], Vec::new());
    let client = notifying(this_shop(), refund).on_record(known).open().await;
    assert_eq!(client.send(notification()).await.text(), "fail");
    assert_eq!(client.commits(), 0);
    client.close().await;
}

/// Defect 5: neither `app_id` nor `seller_id` was checked.
#[actix_web::test]
async fn a_notification_that_is_not_for_us_begins_nothing() {
    let mut unsigned = Mocks::untouched();
    unsigned.gateway.expect_verify_notification().returning(|_| Err(NotVerified::Signature));
    let mut unreadable = Mocks::untouched();
    unreadable
        .gateway
        .expect_verify_notification()
        .returning(|_| Err(NotVerified::Unreadable { field: "trade_no" }));
    let others = other_shops().into_iter().map(|addressee| notifying(addressee, trade("323.91")));
    for mocks in others.chain([unsigned, unreadable]) {
        assert_eq!(mocks.send(notification()).await.text(), FORBIDDEN);
    }
}

#[actix_web::test]
async fn what_could_not_be_dealt_with_is_to_be_sent_again() {
    for (error, times) in [(store_down as fn() -> _, 1), (rows_locked, 20)] {
        let mocks = notifying(this_shop(), trade("323.91")).failing_to_lock(times, error);
        assert_eq!(mocks.send(notification()).await.text(), "fail");
    }
}

#[actix_web::test]
async fn a_notification_larger_than_any_of_alipays_is_not_read_to_its_end() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let request = TestRequest::post().uri(SUCCESS).set_payload(vec![b'a'; BODY_LIMIT + 1]);
    assert_eq!(Mocks::untouched().send(request).await.text(), FORBIDDEN);
    let shown = recorder.handle().render();
    for counter in [
        "notifications_total{verdict=\"unreadable\"} 1",
        "security_events_total{event=\"notification_refused\"} 1",
    ] {
        assert!(shown.contains(&format!("dashop_{counter}")), "{shown}");
    }
}

// The return.

async fn returned(result_page: &'static str, uri: &str) -> String {
    let mut mocks = Mocks::untouched();
    mocks.result_page = result_page;
    let answer = mocks.send(TestRequest::get().uri(uri)).await;
    assert_eq!(answer.status, StatusCode::FOUND);
    answer.header("location").unwrap().to_owned()
}

#[actix_web::test]
async fn the_return_leads_to_the_result_page_with_alipays_parameters_byte_for_byte() {
    let page = "http://shop.example/pay_success.html";
    let alipays = "charset=utf-8&out_trade_no=2019112820400804&method=a.b.c&total_amount=323.91&sign=a%2Bb%2f%3D%3d&x=1+2";
    for path in ["/v1/orders/return/", "/v1/orders/return"] {
        let location = returned(page, &format!("{path}?{alipays}")).await;
        assert_eq!(location, format!("{page}?order_id={ORDER}&{alipays}"));
    }
    let location = returned("http://shop.example/?page=paid", &format!("/v1/orders/return/?{alipays}")).await;
    assert_eq!(location, format!("http://shop.example/?page=paid&order_id={ORDER}&{alipays}"));
}

/// Input goes into a header: it must not be able to make another header, another page, or an error.
#[actix_web::test]
async fn a_return_with_anything_in_it_still_leads_to_the_result_page() {
    let page = "http://shop.example/pay_success.html";
    for query in [
        "",
        "out_trade_no=",
        "out_trade_no=a%0d%0aSet-Cookie:x=1",
        "out_trade_no=%E4%B8%AD",
        "out_trade_no=1&out_trade_no=2",
        "out_trade_no=%26b%3D%23",
        "%",
        "&&=&",
    ] {
        let location = returned(page, &format!("/v1/orders/return/?{query}")).await;
        assert!(location.starts_with(&format!("{page}?order_id=")), "{query}: {location}");
        assert!(!location.contains(['\r', '\n', '#']), "{query}: {location}");
        assert!(location.ends_with(query), "{query}: {location}");
    }
}
