//! `POST /v1/admin/orders/O/refunds`.

mod refused;

use domain::{Money, Restock, SkuId, StockMoveKind};
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

/// A unit of work that finds the paid order and no refund under the request's name.
fn deciding(status: OrderStatus, payments: Vec<PaymentRecord>, refunds: Vec<Refund>) -> MockUnitOfWork {
    let mut unit = books(Some(anybodys(status)), payments, refunds);
    unit.refunds.expect_find().times(1).withf(|number| number == "shop-r1").returning(|_| Ok(None));
    unit
}

/// The same, which writes this refund down.
fn recording(refund: Refund) -> MockUnitOfWork {
    let mut unit = deciding(AWAITING, vec![payment()], Vec::new());
    unit.refunds
        .expect_record()
        .times(1)
        .withf(move |recorded, due_at| *recorded == refund && *due_at == Some(at("12:02:00")))
        .returning(|_, _| Ok(true));
    unit
}

/// A unit of work that writes down what Alipay said about the refund.
fn finishing(refund: &Refund, status: RefundStatus, failure: Option<&'static str>) -> MockUnitOfWork {
    let mut unit = books(Some(anybodys(AWAITING)), vec![payment()], vec![refund.clone()]);
    unit.refunds
        .expect_finish()
        .times(1)
        .withf(move |number, end, why, now| {
            (number, *end, why.as_deref(), *now) == ("shop-r1", status, failure, noon())
        })
        .returning(|_, _, _, _| Ok(true));
    unit
}

/// The same for a refund that went through: the sums of payment and order grow.
fn succeeding(refund: &Refund) -> MockUnitOfWork {
    let mut unit = finishing(refund, RefundStatus::Succeeded, None);
    let amount = refund.amount;
    let is_amount = move |known: &Money| *known == amount;
    let of_payment = unit.payments.expect_set_refunded().times(1);
    of_payment.withf(move |trade_no, sum| trade_no == TRADE && is_amount(sum)).returning(|_, _| Ok(()));
    let of_order = unit.orders.expect_set_refunded().times(1);
    of_order.withf(move |id, sum| id.as_str() == ORDER && is_amount(sum)).returning(|_, _| Ok(()));
    unit
}

/// Alipay, which is asked once to send the refund back, and says this.
fn alipay(mut parts: Parts, refund: &Refund, said: Result<RefundOutcome, GatewayError>) -> Parts {
    let expected = RefundRequest {
        trade_no: TRADE.to_owned(),
        out_request_no: "shop-r1".to_owned(),
        amount: refund.amount,
        reason: "质量问题".to_owned(),
    };
    parts.gateway.expect_refund().times(1).withf(move |asked| *asked == expected).return_once(|_| said);
    parts
}

/// What became of a refund that was written down, when Alipay said this.
async fn told(
    said: Result<RefundOutcome, GatewayError>,
    known: Option<&str>,
    writing: MockUnitOfWork,
) -> Value {
    let refund = requested("323.91", Vec::new());
    let mut parts = alipay(Parts::untouched(), &refund, said);
    let known = known.map(money);
    parts
        .gateway
        .expect_refund_query()
        .withf(|trade_no, number| (trade_no, number) == (TRADE, "shop-r1"))
        .returning(move |_, _| Ok(known));
    let parts = with_file(parts.with_unit(recording(refund)).with_unit(writing), file(AWAITING));
    let client = parts.open().await;
    let mut answer = done(&client.send(asked(&whole())).await);
    assert_eq!(client.commits(), 2);
    assert_eq!(answer["order"].take(), dossier(AWAITING));
    answer["refund"].take()
}

/// A unit of work that leaves the refund open, for this reason.
fn leaving_open(why: &'static str) -> MockUnitOfWork {
    let refund = requested("323.91", Vec::new());
    let mut unit = books(Some(anybodys(AWAITING)), vec![payment()], vec![refund]);
    unit.refunds
        .expect_set_due()
        .times(1)
        .withf(move |number, due_at, failure| {
            (number, *due_at, failure.as_deref()) == ("shop-r1", at("12:00:10"), Some(why))
        })
        .returning(|_, _, _| Ok(()));
    unit
}

#[actix_web::test]
async fn the_whole_payment_goes_back_and_the_order_ends() {
    let refund = requested("323.91", Vec::new());
    let mut ending = succeeding(&refund);
    ending
        .orders
        .expect_change_status()
        .times(1)
        .withf(|change| {
            (change.from, change.to) == (AWAITING, OrderStatus::Refunded)
                && change.cause == Cause::shop(STAFF.to_owned(), Some("r-1".to_owned()))
                && change.reason == "质量问题"
        })
        .returning(|_| Ok(true));
    let parts = alipay(Parts::untouched(), &refund, Ok(RefundOutcome::Refunded { gone_back: None }));
    let parts = with_file(parts.with_unit(recording(refund)).with_unit(ending), file(OrderStatus::Refunded));
    let client = parts.open().await;
    let answer = done(&client.send(asked(&whole())).await);
    let refund = refund_data("323.91", "succeeded");
    assert_eq!(answer, json!({"refund": refund, "order": dossier(OrderStatus::Refunded)}));
    assert_eq!(client.commits(), 2);
}

#[actix_web::test]
async fn a_part_goes_back_with_pieces_and_the_order_goes_on() {
    let refund = requested("104.01", back());
    let mut writing = succeeding(&refund);
    writing
        .stock
        .expect_give_back()
        .times(1)
        .withf(|id, kind, pieces, now| {
            id.as_str() == ORDER
                && *kind == StockMoveKind::Refunded("shop-r1".to_owned())
                && pieces == back()
                && *now == noon()
        })
        .returning(|_, _, _, _| Ok(true));
    let parts = alipay(Parts::untouched(), &refund, Ok(RefundOutcome::Refunded { gone_back: None }));
    let client =
        with_file(parts.with_unit(recording(refund)).with_unit(writing), file(AWAITING)).open().await;
    let answer = done(&client.send(asked(&part())).await);
    let mut refund = refund_data("104.01", "succeeded");
    refund["restock"] = json!([{"sku_id": 5, "count": 1}]);
    assert_eq!(answer, json!({"refund": refund, "order": dossier(AWAITING)}));
    assert_eq!(client.commits(), 2);
}

#[actix_web::test]
async fn the_same_request_again_is_the_same_refund_and_nobody_is_asked() {
    for (status, word) in [(RefundStatus::Succeeded, "succeeded"), (RefundStatus::Failed, "failed")] {
        let known = Refund { restock: back(), ..refund("104.01", status) };
        let mut unit = books(Some(anybodys(AWAITING)), vec![payment()], vec![known.clone()]);
        unit.refunds.expect_find().times(1).return_once(|_| Ok(Some(known)));
        let client = with_file(Parts::untouched().with_unit(unit), file(AWAITING)).open().await;
        let answer = done(&client.send(asked(&part())).await);
        let mut expected = refund_data("104.01", word);
        expected["restock"] = json!([{"sku_id": 5, "count": 1}]);
        assert_eq!(answer["refund"], expected);
        assert_eq!(client.commits(), 0);
    }
}

#[actix_web::test]
async fn null_is_as_absent() {
    let known = refund("323.91", RefundStatus::Succeeded);
    let mut unit = books(Some(anybodys(AWAITING)), vec![payment()], Vec::new());
    unit.refunds.expect_find().times(1).return_once(|_| Ok(Some(known)));
    let parts = with_file(Parts::untouched().with_unit(unit), file(AWAITING));
    let body = json!({"request_id": "r1", "amount": null, "reason": "质量问题", "trade_no": null});
    assert_eq!(done(&sent(parts, asked(&body)).await)["refund"], refund_data("323.91", "succeeded"));
}

/// Zeros behind the fen change nothing.
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
        let mut unit = books(Some(anybodys(AWAITING)), vec![payment()], Vec::new());
        unit.refunds.expect_find().times(1).return_once(|_| Ok(Some(known)));
        let parts = with_file(Parts::untouched().with_unit(unit), file(AWAITING));
        let body = json!({"request_id": "r1", "amount": sent_as, "reason": "质量问题"});
        let answer = sent(parts, asked(&body)).await;
        assert_eq!(done(&answer)["refund"], refund_data(amount, "succeeded"), "{body}");
    }
}

#[actix_web::test]
async fn an_unclear_answer_leaves_it_requested() {
    let mut expected = refund_data("323.91", "requested");
    expected["error"] = json!("支付宝处理中");
    assert_eq!(told(Ok(RefundOutcome::Unclear), None, leaving_open("支付宝处理中")).await, expected);

    let why = "Alipay cannot be reached";
    let open = told(Err(alipay_down()), None, leaving_open(why)).await;
    assert_eq!((&open["status"], &open["error"]), (&json!("requested"), &json!(why)));
}

#[actix_web::test]
async fn a_refusal_of_alipay_ends_it_unless_the_money_went_back_all_the_same() {
    let refusal = || {
        let (code, message) = ("ACQ.SELLER_BALANCE_NOT_ENOUGH".to_owned(), "卖家余额不足".to_owned());
        Err(GatewayError::Refused { code, message })
    };
    let why = "ACQ.SELLER_BALANCE_NOT_ENOUGH 卖家余额不足";
    let refund = requested("323.91", Vec::new());
    let failed = told(refusal(), None, finishing(&refund, RefundStatus::Failed, Some(why))).await;
    let mut expected = refund_data("323.91", "failed");
    expected["error"] = json!(why);
    assert_eq!(failed, expected);

    let mut ending = succeeding(&refund);
    ending.orders.expect_change_status().times(1).returning(|_| Ok(true));
    assert_eq!(told(refusal(), Some("323.91"), ending).await, refund_data("323.91", "succeeded"));
}

/// Money that Alipay took under a number that is no order of ours goes back too.
#[actix_web::test]
async fn a_payment_for_no_order_goes_back_by_its_own_number() {
    let stray = || PaymentRecord { status: PaymentStatus::UnknownOrder, ..payment() };
    let refund = requested("323.91", Vec::new());
    let mut recording = books(None, vec![stray()], Vec::new());
    recording.refunds.expect_find().times(1).returning(|_| Ok(None));
    recording.refunds.expect_record().times(1).returning(|_, _| Ok(true));
    let mut writing = books(None, vec![stray()], vec![refund.clone()]);
    writing.refunds.expect_finish().times(1).returning(|_, _, _, _| Ok(true));
    writing.payments.expect_set_refunded().times(1).returning(|_, _| Ok(()));
    let mut parts = alipay(Parts::untouched(), &refund, Ok(RefundOutcome::Refunded { gone_back: None }));
    parts.office.expect_file().times(1).returning(|_| Ok(None));
    let client = parts.with_unit(recording).with_unit(writing).open().await;
    let body = json!({"request_id": "r1", "reason": "质量问题", "trade_no": TRADE});
    let answer = done(&client.send(asked(&body)).await);
    assert_eq!(answer, json!({"refund": refund_data("323.91", "succeeded"), "order": null}));
    assert_eq!(client.commits(), 2);
}
