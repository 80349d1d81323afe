//! Time limits. The clock is paused and jumps to the next timer, so these tests take no time.

use std::time::Duration;

use actix_http::Payload;
use actix_web::{error::PayloadError, test::TestRequest, web::Bytes};
use domain::OrderStatus;
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::time::{Instant, pause};

use crate::{samples::*, support::*};

/// Longer than a request may take.
const TOO_LONG: Duration = Duration::from_secs(25);

#[actix_web::test]
async fn a_body_that_does_not_come_to_its_end_is_not_waited_for_for_ever() {
    pause();
    let started = Instant::now();
    let client = Mocks::untouched().open().await;
    let beginning = stream::once(async { Ok::<_, PayloadError>(Bytes::from_static(b"{\"status\":")) });
    let (request, _) = with_token(TestRequest::post().uri(PROCESSING))
        .to_request()
        .replace_payload(Payload::from(beginning.chain(stream::pending()).boxed_local()));
    assert_eq!(client.call(request).await.json(), error(50000, "系统错误"));
    assert_eq!(started.elapsed().as_secs(), REQUEST_TIMEOUT.as_secs());
    client.close().await;
}

#[actix_web::test]
async fn a_request_that_takes_too_long_is_answered() {
    pause();
    let started = Instant::now();
    let mut mocks = Mocks::signed_in().on_record(only(OrderStatus::Completed));
    mocks.begin_after = TOO_LONG;
    let answer = mocks.get("status=2&order_id=2019112820400804").await;
    assert_eq!(answer, error(50000, "系统错误"));
    assert_eq!(started.elapsed().as_secs(), REQUEST_TIMEOUT.as_secs());
}

#[actix_web::test]
async fn a_notification_that_takes_too_long_is_to_be_sent_again() {
    pause();
    let mut mocks = Mocks::untouched();
    mocks.gateway.expect_verify_notification().returning(|_| {
        let trade = trade("323.91");
        Ok(ports::VerifiedNotification { addressee: this_shop(), trade: Ok(trade) })
    });
    mocks.begin_after = TOO_LONG;
    let answer = mocks.send(TestRequest::post().uri(SUCCESS).set_payload("the form")).await;
    assert_eq!(answer.text(), "fail");
}

/// The buyer is told that the order exists: a writer is still working on it, so it will be there and can be paid.
#[actix_web::test]
async fn an_order_that_is_being_written_is_waited_for() {
    pause();
    let started = Instant::now();
    let mut mocks = Mocks::ordering().selling([sku(4, "104.95", 9)]).placing();
    mocks.begin_after = TOO_LONG;
    mocks.gateway.expect_pay_url().returning(|_| Ok(PAY_URL.to_owned()));
    let body = json!({"status": 0, "address_id": 7, "settlement_type": 1, "sku_id": 4, "buy_num": 2});
    let answer = mocks.post(body).await;
    assert_eq!(answer["code"], 200, "{answer}");
    assert_eq!(answer["data"]["order_id"], NEW_ORDER);
    assert!(started.elapsed() >= TOO_LONG);
}
