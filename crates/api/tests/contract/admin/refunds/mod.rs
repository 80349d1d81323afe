//! `POST /v1/admin/orders/O/refunds`.

mod refused;

use domain::{Restock, SkuId, StockMoveKind, ledger::Event};
use ports::{GatewayError, RefundOutcome, RefundRequest};

use super::*;

const AWAITING: OrderStatus = OrderStatus::AwaitingShipment;

fn whole() -> Value {
    json!({"request_id": "r1", "reason": "质量问题"})
}

fn part() -> Value {
    json!({
        "request_id": "r1", "amount": "104.01", "reason": "质量问题", "restock": [{"sku_id": 5, "count": 1}],
        "trade_no": TRADE
    })
}

fn asked(body: &Value) -> TestRequest {
    post(&of_order("/refunds"), body)
}

fn back() -> Vec<Restock> {
    vec![Restock { sku_id: SkuId(5), pieces: 1 }]
}

fn requested(amount: &str, restock: Vec<Restock>) -> Refund {
    Refund { restock, ..refund(amount, RefundStatus::Requested) }
}

/// The paid order before shipment, with these refunds.
fn awaiting(refunds: Vec<Refund>) -> Mocks {
    Mocks::untouched().on_record(paid_ledger(AWAITING, refunds))
}

/// All pieces of the order.
fn all_pieces() -> Vec<Restock> {
    vec![Restock { sku_id: SkuId(4), pieces: 2 }, Restock { sku_id: SkuId(5), pieces: 1 }]
}

/// The refund of the whole payment on the wire; the unshipped pieces go back with it.
fn whole_data(status: &str) -> Value {
    let mut data = refund_data("323.91", status);
    data["restock"] = json!([{"sku_id": 4, "count": 2}, {"sku_id": 5, "count": 1}]);
    data
}

/// Alipay gets one refund request, and gives this answer.
fn alipay(mut mocks: Mocks, refund: &Refund, said: Result<RefundOutcome, GatewayError>) -> Mocks {
    let expected = RefundRequest {
        trade_no: TRADE.to_owned(),
        out_request_no: "shop-r1".to_owned(),
        amount: refund.amount,
        reason: "质量问题".to_owned(),
    };
    mocks.gateway.expect_refund().times(1).withf(move |asked| *asked == expected).return_once(|_| said);
    mocks
}

/// The result of a stored refund after this answer from Alipay.
async fn told(said: Result<RefundOutcome, GatewayError>, known: Option<&str>) -> (Value, Client) {
    let mut mocks = alipay(awaiting(Vec::new()), &requested("323.91", all_pieces()), said);
    let known = known.map(money);
    mocks
        .gateway
        .expect_refund_query()
        .withf(|trade_no, number| (trade_no, number) == (TRADE, "shop-r1"))
        .returning(move |_, _| Ok(known));
    let client = with_file(mocks, file(AWAITING)).open().await;
    let mut answer = done(&client.send(asked(&whole())).await);
    assert_eq!(client.commits(), 2);
    assert_eq!(answer["order"].take(), details(AWAITING));
    (answer["refund"].take(), client)
}

/// When the refund that Alipay left open is due again, and the reason.
fn postponed(client: &Client) -> (ShopTime, String) {
    match client.ledgers().appended().last() {
        Some(Event::RefundPostponed { out_request_no, due_at, failure: Some(why) })
            if out_request_no == "shop-r1" =>
        {
            (*due_at, why.clone())
        }
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn the_whole_payment_goes_back_with_what_was_not_shipped_and_the_order_ends() {
    let refund = requested("323.91", all_pieces());
    let mocks = alipay(awaiting(Vec::new()), &refund, Ok(RefundOutcome::Refunded { gone_back: None }));
    let client = with_file(mocks, file(OrderStatus::Refunded)).open().await;
    let answer = done(&client.send(asked(&whole())).await);
    assert_eq!(answer, json!({"refund": whole_data("succeeded"), "order": details(OrderStatus::Refunded)}));
    assert_eq!((client.commits(), status_of(&client)), (2, OrderStatus::Refunded));
    let events = client.ledgers().appended();
    let Event::RefundRequested { refund: recorded, due_at } = &events[0] else { panic!("{events:?}") };
    assert_eq!((recorded, *due_at), (&refund, at("12:02:00")));
    let Some(Event::StatusChanged(change)) = events.last() else { panic!("{events:?}") };
    assert_eq!(change.cause, Cause::shop(STAFF.to_owned(), Some("r-1".to_owned())));
    assert_eq!(change.reason, "质量问题");
    assert_eq!(client.ledgers().get(ORDER).movements.len(), 2);
    client.close().await;
}

#[actix_web::test]
async fn staff_may_keep_the_pieces_out_of_stock() {
    let refund = requested("323.91", Vec::new());
    let mocks = alipay(awaiting(Vec::new()), &refund, Ok(RefundOutcome::Refunded { gone_back: None }));
    let client = with_file(mocks, file(OrderStatus::Refunded)).open().await;
    let body = json!({"request_id": "r1", "reason": "质量问题", "restock": []});
    assert_eq!(done(&client.send(asked(&body)).await)["refund"], refund_data("323.91", "succeeded"));
    assert_eq!(client.ledgers().get(ORDER).movements.len(), 0);
    client.close().await;
}

#[actix_web::test]
async fn a_part_goes_back_with_pieces_and_the_order_goes_on() {
    let refund = requested("104.01", back());
    let mocks = alipay(awaiting(Vec::new()), &refund, Ok(RefundOutcome::Refunded { gone_back: None }));
    let client = with_file(mocks, file(AWAITING)).open().await;
    let answer = done(&client.send(asked(&part())).await);
    let mut refund = refund_data("104.01", "succeeded");
    refund["restock"] = json!([{"sku_id": 5, "count": 1}]);
    assert_eq!(answer, json!({"refund": refund, "order": details(AWAITING)}));
    assert_eq!((client.commits(), status_of(&client)), (2, AWAITING));
    let after = client.ledgers().get(ORDER);
    assert_eq!(after.order.unwrap().refunded_amount, money("104.01"));
    assert_eq!(after.movements[0].kind, StockMoveKind::Refunded("shop-r1".to_owned()));
    client.close().await;
}

#[actix_web::test]
async fn the_same_request_again_is_the_same_refund_and_nobody_is_asked() {
    let known = Refund { restock: back(), ..refund("104.01", RefundStatus::Succeeded) };
    let client = with_file(awaiting(vec![known]), file(AWAITING)).open().await;
    let answer = done(&client.send(asked(&part())).await);
    let mut expected = refund_data("104.01", "succeeded");
    expected["restock"] = json!([{"sku_id": 5, "count": 1}]);
    assert_eq!(answer["refund"], expected);
    assert_eq!(client.commits(), 0);
    client.close().await;
}

#[actix_web::test]
async fn the_same_request_again_tries_what_failed_under_its_number() {
    let known = Refund { restock: back(), ..refund("104.01", RefundStatus::Failed) };
    let mut mocks = with_file(awaiting(vec![known]), file(AWAITING));
    mocks.gateway.expect_refund_query().times(1).returning(|_, _| Ok(None));
    mocks
        .gateway
        .expect_refund()
        .times(1)
        .withf(|request| request.out_request_no == "shop-r1")
        .returning(|_| Ok(RefundOutcome::Refunded { gone_back: None }));
    let client = mocks.open().await;
    let answer = done(&client.send(asked(&part())).await);
    assert_eq!((&answer["refund"]["status"], client.commits()), (&json!("succeeded"), 2));
    client.close().await;
}

#[actix_web::test]
async fn null_is_as_absent() {
    let known = refund("323.91", RefundStatus::Succeeded);
    let mocks = with_file(awaiting(vec![known]), file(AWAITING));
    let body = json!({"request_id": "r1", "amount": null, "reason": "质量问题", "trade_no": null});
    assert_eq!(done(&sent(mocks, asked(&body)).await)["refund"], refund_data("323.91", "succeeded"));
}

/// Zeros after the fen change nothing.
#[actix_web::test]
async fn an_amount_is_a_text_or_a_number() {
    for (sent_as, amount) in [
        (json!("104.0100"), "104.01"),
        (json!(104.01), "104.01"),
        (json!(104.5), "104.50"),
        (json!(104.0), "104.00"),
        (json!(1), "1.00"),
    ] {
        let known = refund(amount, RefundStatus::Succeeded);
        let mocks = with_file(awaiting(vec![known]), file(AWAITING));
        let body = json!({"request_id": "r1", "amount": sent_as, "reason": "质量问题"});
        let answer = sent(mocks, asked(&body)).await;
        assert_eq!(done(&answer)["refund"], refund_data(amount, "succeeded"), "{body}");
    }
}

#[actix_web::test]
async fn an_unclear_answer_leaves_it_requested() {
    for (said, why) in
        [(Ok(RefundOutcome::Unclear), "支付宝处理中"), (Err(alipay_down()), "暂时无法连接支付宝")]
    {
        let mut expected = whole_data("requested");
        expected["error"] = json!(why);
        let (told, client) = told(said, None).await;
        assert_eq!(told, expected);
        assert_eq!(postponed(&client), (at("12:00:10"), why.to_owned()));
        client.close().await;
    }
}

#[actix_web::test]
async fn a_refusal_of_alipay_ends_it_unless_the_money_went_back_all_the_same() {
    let refusal = || {
        let (code, message) = ("ACQ.TRADE_HAS_FINISHED".to_owned(), "交易已完结".to_owned());
        Err(GatewayError::Refused { is_final: code.starts_with("ACQ."), code, message })
    };
    let mut expected = whole_data("failed");
    expected["error"] = json!("ACQ.TRADE_HAS_FINISHED 交易已完结");
    let (failed, client) = told(refusal(), None).await;
    assert_eq!((failed, status_of(&client)), (expected, AWAITING));
    let (succeeded, client) = told(refusal(), Some("323.91")).await;
    assert_eq!((succeeded, status_of(&client)), (whole_data("succeeded"), OrderStatus::Refunded));
    client.close().await;
}

/// A payment that Alipay took under an unknown number is refunded too.
#[actix_web::test]
async fn a_payment_for_no_order_goes_back_by_its_own_number() {
    let stray = PaymentRecord { status: PaymentStatus::UnknownOrder, ..payment() };
    let mocks = Mocks::untouched().on_record(ledger(None, vec![stray], Vec::new()));
    let refund = requested("323.91", Vec::new());
    let mut mocks = alipay(mocks, &refund, Ok(RefundOutcome::Refunded { gone_back: None }));
    mocks.admin.expect_file().times(1).returning(|_| Ok(None));
    let client = mocks.open().await;
    let body = json!({"request_id": "r1", "reason": "质量问题", "trade_no": TRADE});
    let answer = done(&client.send(asked(&body)).await);
    assert_eq!(answer, json!({"refund": refund_data("323.91", "succeeded"), "order": null}));
    assert_eq!(client.commits(), 2);
    client.close().await;
}

/// Not every number is ours: another program of the shop may take payments under its own numbers.
#[actix_web::test]
async fn a_payment_of_other_origin_goes_back_whatever_its_number_is() {
    for (number, in_path) in [("OLD-7", "OLD-7"), ("旧 a/7%", "%E6%97%A7%20a%2F7%25"), ("OLD+7", "OLD+7")] {
        let mut stray = PaymentRecord { status: PaymentStatus::UnknownOrder, ..payment() };
        stray.trade.out_trade_no = number.to_owned();
        let on_record = OrderLedger { number: number.to_owned(), ..ledger(None, vec![stray], Vec::new()) };
        let mocks = Mocks::untouched().on_record(on_record);
        let refund = requested("323.91", Vec::new());
        let client = alipay(mocks, &refund, Ok(RefundOutcome::Refunded { gone_back: None })).open().await;
        let body = json!({"request_id": "r1", "reason": "质量问题", "trade_no": TRADE});
        let answer = done(&client.send(post(&format!("{ORDERS}/{in_path}/refunds"), &body)).await);
        assert_eq!(answer, json!({"refund": refund_data("323.91", "succeeded"), "order": null}), "{number}");
        client.close().await;
    }
}
