//! Refunds that are refused, or that are stored and not known to be done.

use domain::TradeStatus;
use ports::AppendError;

use super::*;

/// Asserts that the request is refused with this code, and that nothing is written.
async fn refused_in(mocks: Mocks, body: &Value, code: Code) -> String {
    let client = mocks.open().await;
    let message = refused(&client.send(asked(body)).await, code);
    assert_eq!(client.commits(), 0);
    client.close().await;
    message
}

#[actix_web::test]
async fn more_than_is_left_is_422_and_says_what_is_left() {
    let body = json!({"request_id": "r1", "amount": "304.01", "reason": "质量问题"});
    for status in [RefundStatus::Succeeded, RefundStatus::Requested] {
        let refunds = vec![Refund { out_request_no: "shop-r0".to_owned(), ..refund("19.91", status) }];
        let message = refused_in(awaiting(refunds), &body, AMOUNT_EXCEEDS_PAYMENT).await;
        assert_eq!(message, "退款金额超过可退金额304.00");
    }
}

#[actix_web::test]
async fn where_nothing_is_left_it_is_422() {
    let whole_back = || {
        let refund = Refund { out_request_no: "shop-r0".to_owned(), ..requested("323.91", Vec::new()) };
        awaiting(vec![refund])
    };
    assert_eq!(refused_in(whole_back(), &whole(), NOTHING_TO_REFUND).await, "没有可退的款项");

    let other = json!({"request_id": "r1", "reason": "质量问题", "trade_no": "2"});
    assert_eq!(refused_in(whole_back(), &other, NOTHING_TO_REFUND).await, "没有可退的款项");

    let unpaid = Mocks::untouched().on_record(only(OrderStatus::AwaitingPayment));
    assert_eq!(refused_in(unpaid, &whole(), NOTHING_TO_REFUND).await, "没有可退的款项");
}

/// An order as the old back end left it: Alipay is asked for the payment.
#[actix_web::test]
async fn an_order_that_is_paid_without_a_record_is_asked_about() {
    let mocks = |known: Result<Option<Trade>, GatewayError>| {
        let mut mocks = Mocks::untouched().on_record(only(AWAITING));
        mocks.gateway.expect_query().times(1).withf(|number| number == ORDER).return_once(|_| known);
        mocks
    };
    let down = sent(mocks(Err(alipay_down())), asked(&whole())).await;
    assert_eq!(refused(&down, ALIPAY_UNAVAILABLE), "支付宝暂不可用,请稍后重试");
    let waiting = Trade { status: TradeStatus::WaitBuyerPay, ..trade("323.91") };
    for known in [None, Some(waiting)] {
        let answer = sent(mocks(Ok(known)), asked(&whole())).await;
        assert_eq!(refused(&answer, NOTHING_TO_REFUND), "没有可退的款项");
    }
    let lost = mocks(Ok(Some(trade("323.91")))).failing_to_append(1, connection_lost);
    refused_in(lost, &whole(), INTERNAL).await;
    let busy = mocks(Ok(Some(trade("323.91")))).failing_to_append(8, changed_meanwhile);
    refused_in(busy, &whole(), CONFLICT).await;
}

#[actix_web::test]
async fn an_order_that_is_not_paid_or_all_paid_back_is_409() {
    for status in [OrderStatus::AwaitingPayment, OrderStatus::Cancelled, OrderStatus::Refunded] {
        let mocks = Mocks::untouched().on_record(paid_ledger(status, Vec::new()));
        let message = refused_in(mocks, &whole(), NOT_ALLOWED).await;
        assert_eq!(message, format!("订单状态不允许此操作:{}", status.label()));
    }
}

#[actix_web::test]
async fn more_pieces_than_the_order_holds_are_422() {
    for (sku_id, count) in [(5, 2), (6, 1)] {
        let mut body = part();
        body["restock"] = json!([{"sku_id": sku_id, "count": count}]);
        let message = refused_in(awaiting(Vec::new()), &body, RESTOCK_EXCEEDS_ORDER).await;
        assert_eq!(message, format!("商品[{sku_id}]退回库存的件数超过订单中的件数"));
    }
    let mut twice = part();
    twice["restock"] = json!([{"sku_id": 5, "count": 1}, {"sku_id": 5, "count": 4294967295_u32}]);
    refused_in(awaiting(Vec::new()), &twice, RESTOCK_EXCEEDS_ORDER).await;
}

#[actix_web::test]
async fn a_request_id_stands_for_one_request() {
    let other_amount = refund("104.02", RefundStatus::Succeeded);
    let other_pieces = refund("104.01", RefundStatus::Succeeded);
    for known in [other_amount, other_pieces] {
        let message = refused_in(awaiting(vec![known]), &part(), REQUEST_ID_REUSED).await;
        assert_eq!(message, "该 request_id 已用于另一个请求");
    }
    let elsewhere = awaiting(Vec::new()).failing_to_append(1, || AppendError::RequestNumberInUse);
    refused_in(elsewhere, &part(), REQUEST_ID_REUSED).await;
}

#[actix_web::test]
async fn an_order_that_is_not_there_is_404() {
    assert_eq!(refused_in(Mocks::untouched(), &whole(), ORDER_NOT_FOUND).await, "订单不存在");
}

#[actix_web::test]
async fn an_order_that_keeps_changing_is_a_conflict() {
    let mocks = awaiting(Vec::new()).failing_to_append(8, changed_meanwhile);
    assert_eq!(refused_in(mocks, &whole(), CONFLICT).await, "订单刚刚发生了变化,请刷新后重试");
}

#[actix_web::test]
async fn a_number_that_is_none_is_named() {
    for number in ["%00", "a%0Ab", "%7F", &"9".repeat(65)] {
        bad_parameter(post(&format!("{ORDERS}/{number}/refunds"), &whole()), "订单编号").await;
    }
    // Numbers from elsewhere, without a payment here.
    for number in ["OLD-7", "%E8%AE%A2", "%FF", "%27"] {
        let answer = sent(Mocks::untouched(), post(&format!("{ORDERS}/{number}/refunds"), &whole())).await;
        refused(&answer, ORDER_NOT_FOUND);
    }
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    let long = "x".repeat(49);
    for (name, values) in [
        (
            "request_id",
            vec![json!(""), json!(long), json!("a b"), json!("退"), json!("a/b"), json!(1), json!(null)],
        ),
        (
            "amount",
            ["", "0", "0.00", "-1", "+1", "1.234", "1e2", "1,00", " 1", "x", "100000000.00"]
                .map(Value::from)
                .into_iter()
                .chain([json!(0), json!(-1), json!(1.234), json!(1e30), json!(true), json!([1]), json!({})])
                .collect(),
        ),
        (
            "reason",
            vec![json!(""), json!(" "), json!("多".repeat(201)), json!("a\nb"), json!(1), json!(null)],
        ),
        (
            "restock",
            vec![
                json!(1),
                json!({}),
                json!([1]),
                json!([{"sku_id": 5}]),
                json!([{"count": 1}]),
                json!([{"sku_id": 5, "count": 0}]),
                json!([{"sku_id": 5, "count": -1}]),
                json!([{"sku_id": 5, "count": 4294967296_u64}]),
                json!([{"sku_id": 2147483648_i64, "count": 1}]),
                json!([{"sku_id": "5", "count": 1}]),
                json!([{"sku_id": 5, "count": 1, "price": 1}]),
            ],
        ),
        ("trade_no", vec![json!(""), json!("1".repeat(65)), json!("a\nb"), json!(1)]),
    ] {
        for value in values {
            let mut body = part();
            body[name] = value;
            bad_parameter(asked(&body), name).await;
        }
    }
    for name in ["request_id", "reason"] {
        let mut body = part();
        body.as_object_mut().unwrap().remove(name);
        bad_parameter(asked(&body), name).await;
    }
    let mut more = part();
    more["force"] = json!(true);
    bad_parameter(asked(&more), "force").await;
    bad_bodies(&of_order("/refunds"), &part()).await;
}

#[actix_web::test]
async fn as_many_skus_as_may_go_back_at_once_and_no_more() {
    let body = |skus: i32| {
        let restock: Vec<_> = (1..=skus).map(|sku_id| json!({"sku_id": sku_id, "count": 1})).collect();
        json!({"request_id": "r1", "reason": "质量问题", "restock": restock})
    };
    let mocks = Mocks { body_limit: 64 * 1024, ..Mocks::untouched() };
    let message = refused(&sent(mocks, asked(&body(501))).await, BAD_REQUEST);
    assert_eq!(message, "请求参数错误:restock 最多500项");

    let mocks = Mocks { body_limit: 64 * 1024, ..awaiting(Vec::new()) };
    refused(&sent(mocks, asked(&body(500))).await, RESTOCK_EXCEEDS_ORDER);
}

#[actix_web::test]
async fn the_database_may_fail() {
    let mocks = Mocks::untouched().failing_to_lock(1, store_down);
    assert_eq!(refused_in(mocks, &whole(), INTERNAL).await, "系统错误");
    refused_in(Mocks::untouched().failing_to_lock(8, rows_locked), &whole(), CONFLICT).await;
    let mocks = awaiting(Vec::new()).failing_to_append(1, connection_lost);
    assert_eq!(refused_in(mocks, &whole(), INTERNAL).await, "系统错误", "Alipay is not asked");

    let mut mocks = awaiting(Vec::new());
    let down = mocks.ledgers.clone();
    mocks.gateway.expect_refund().times(1).returning(move |_| {
        let _shared = down.clone().failing_to_lock([store_down()]);
        Ok(RefundOutcome::Refunded { gone_back: None })
    });
    let client = mocks.open().await;
    assert_eq!(
        refused(&client.send(asked(&whole())).await, INTERNAL),
        "系统错误",
        "it is on record as requested"
    );
    assert_eq!(client.commits(), 1);
    client.close().await;
}
