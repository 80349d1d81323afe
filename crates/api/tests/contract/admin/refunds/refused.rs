//! Refunds that are refused, or that are on record and not known to be done.

use domain::TradeStatus;
use ports::StoreError;

use super::*;

/// Asserts that the request is refused so after it was decided in this unit of work, and nothing is committed.
async fn refused_in(units: Vec<MockUnitOfWork>, body: &Value, code: Code) -> String {
    let parts = Parts { units: units.into_iter().map(Ok).collect(), ..Parts::untouched() };
    let client = parts.open().await;
    let message = refused(&client.send(asked(body)).await, code);
    assert_eq!((client.commits(), client.units_left()), (0, 0));
    message
}

#[actix_web::test]
async fn more_than_is_left_is_422_and_says_what_is_left() {
    let body = json!({"request_id": "r1", "amount": "304.01", "reason": "质量问题"});
    for status in [RefundStatus::Succeeded, RefundStatus::Requested] {
        let refunds = vec![Refund { out_request_no: "shop-r0".to_owned(), ..refund("19.91", status) }];
        let unit = deciding(AWAITING, vec![payment()], refunds);
        let message = refused_in(vec![unit], &body, AMOUNT_EXCEEDS_PAYMENT).await;
        assert_eq!(message, "退款金额超过可退金额304.00");
    }
}

#[actix_web::test]
async fn where_nothing_is_left_it_is_422() {
    let refunds = || vec![Refund { out_request_no: "shop-r0".to_owned(), ..requested("323.91", Vec::new()) }];
    let units = || {
        vec![
            deciding(AWAITING, vec![payment()], refunds()),
            books(Some(anybodys(AWAITING)), vec![payment()], refunds()),
        ]
    };
    assert_eq!(refused_in(units(), &whole(), NOTHING_TO_REFUND).await, "没有可退的款项");

    let other = json!({"request_id": "r1", "reason": "质量问题", "trade_no": "2"});
    assert_eq!(refused_in(units(), &other, NOTHING_TO_REFUND).await, "没有可退的款项");

    let unpaid = OrderStatus::AwaitingPayment;
    let units =
        vec![deciding(unpaid, Vec::new(), Vec::new()), books(Some(order(unpaid)), Vec::new(), Vec::new())];
    assert_eq!(refused_in(units, &whole(), NOTHING_TO_REFUND).await, "没有可退的款项");
}

/// As the old back end left them: Alipay is asked what was paid.
#[actix_web::test]
async fn an_order_that_is_paid_without_a_record_is_asked_about() {
    let units = || {
        let nothing = || (Vec::new(), Vec::new());
        let ((payments, refunds), (none, no_refunds)) = (nothing(), nothing());
        vec![Ok(deciding(AWAITING, payments, refunds)), Ok(books(Some(order(AWAITING)), none, no_refunds))]
    };
    let parts = |known: Result<Option<Trade>, GatewayError>| {
        let mut parts = Parts { units: units(), ..Parts::untouched() };
        parts.gateway.expect_query().times(1).withf(|id| id.as_str() == ORDER).return_once(|_| known);
        parts
    };
    let down = sent(parts(Err(alipay_down())), asked(&whole())).await;
    assert_eq!(refused(&down, ALIPAY_UNAVAILABLE), "支付宝暂不可用,请稍后重试");
    let waiting = Trade { status: TradeStatus::WaitBuyerPay, ..trade("323.91") };
    for known in [None, Some(waiting)] {
        let answer = sent(parts(Ok(known)), asked(&whole())).await;
        assert_eq!(refused(&answer, NOTHING_TO_REFUND), "没有可退的款项");
    }
    for (error, times, code) in [(store_down as fn() -> _, 1, INTERNAL), (rows_locked, 8, CONFLICT)] {
        let mut parts = parts(Ok(Some(trade("323.91"))));
        parts.units.extend((0..times).map(|_| Err(error())));
        let client = parts.open().await;
        refused(&client.send(asked(&whole())).await, code);
        assert_eq!((client.commits(), client.units_left()), (0, 0));
    }
}

#[actix_web::test]
async fn an_order_that_is_not_paid_or_all_paid_back_is_409() {
    for status in [OrderStatus::AwaitingPayment, OrderStatus::Cancelled, OrderStatus::Refunded] {
        let unit = deciding(status, vec![payment()], Vec::new());
        let message = refused_in(vec![unit], &whole(), NOT_ALLOWED).await;
        assert_eq!(message, format!("订单状态不允许此操作:{}", status.label()));
    }
}

#[actix_web::test]
async fn more_pieces_than_the_order_holds_are_422() {
    for (sku_id, count) in [(5, 2), (6, 1)] {
        let mut body = part();
        body["restock"] = json!([{"sku_id": sku_id, "count": count}]);
        let unit = deciding(AWAITING, vec![payment()], Vec::new());
        let message = refused_in(vec![unit], &body, RESTOCK_EXCEEDS_ORDER).await;
        assert_eq!(message, format!("商品[{sku_id}]退回库存的件数超过订单中的件数"));
    }
    let mut twice = part();
    twice["restock"] = json!([{"sku_id": 5, "count": 1}, {"sku_id": 5, "count": 4294967295_u32}]);
    let unit = deciding(AWAITING, vec![payment()], Vec::new());
    refused_in(vec![unit], &twice, RESTOCK_EXCEEDS_ORDER).await;
}

#[actix_web::test]
async fn a_request_id_stands_for_one_request() {
    let elsewhere = Refund { out_trade_no: "1".to_owned(), ..refund("104.01", RefundStatus::Succeeded) };
    let other_amount = refund("104.02", RefundStatus::Succeeded);
    let other_pieces = refund("104.01", RefundStatus::Succeeded);
    for known in [elsewhere, other_amount, other_pieces] {
        let mut unit = books(Some(anybodys(AWAITING)), vec![payment()], Vec::new());
        unit.refunds.expect_find().times(1).return_once(|_| Ok(Some(known)));
        let message = refused_in(vec![unit], &part(), REQUEST_ID_REUSED).await;
        assert_eq!(message, "该 request_id 已用于另一个退款请求");
    }
}

#[actix_web::test]
async fn an_order_that_is_not_there_is_404() {
    let unit = books(None, Vec::new(), Vec::new());
    assert_eq!(refused_in(vec![unit], &whole(), ORDER_NOT_FOUND).await, "订单不存在");
}

#[actix_web::test]
async fn an_order_that_keeps_changing_is_a_conflict() {
    let units = (0..8).map(|_| {
        let mut unit = deciding(AWAITING, vec![payment()], Vec::new());
        unit.refunds.expect_record().returning(|_, _| Ok(false));
        unit
    });
    let message = refused_in(units.collect(), &whole(), CONFLICT).await;
    assert_eq!(message, "订单刚刚发生了变化,请刷新后重试");
}

#[actix_web::test]
async fn a_number_that_is_none_is_named() {
    bad_numbers(|order| post(&format!("{order}/refunds"), &whole())).await;
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
                json!(null),
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
    let parts = Parts { body_limit: 64 * 1024, ..Parts::untouched() };
    let message = refused(&sent(parts, asked(&body(501))).await, BAD_REQUEST);
    assert_eq!(message, "请求参数错误:restock 最多500项");

    let unit = deciding(AWAITING, vec![payment()], Vec::new());
    let parts = Parts { body_limit: 64 * 1024, ..Parts::untouched() }.with_unit(unit);
    refused(&sent(parts, asked(&body(500))).await, RESTOCK_EXCEEDS_ORDER);
}

#[actix_web::test]
async fn the_database_may_fail() {
    let parts = Parts { units: vec![Err(store_down())], ..Parts::untouched() };
    assert_eq!(refused(&sent(parts, asked(&whole())).await, INTERNAL), "系统错误");
    let parts = Parts { units: (0..8).map(|_| Err(rows_locked())).collect(), ..Parts::untouched() };
    refused(&sent(parts, asked(&whole())).await, CONFLICT);

    let mut unit = recording(requested("323.91", Vec::new()));
    unit.commit_error = Some(StoreError::OutcomeUnknown(SECRET_CAUSE.into()));
    let parts = Parts::untouched().with_unit(unit);
    assert_eq!(refused(&sent(parts, asked(&whole())).await, INTERNAL), "系统错误", "Alipay is not asked");

    let refund = requested("323.91", Vec::new());
    let parts = alipay(Parts::untouched(), &refund, Ok(RefundOutcome::Refunded { gone_back: None }));
    let mut parts = parts.with_unit(recording(refund));
    parts.units.push(Err(store_down()));
    let client = parts.open().await;
    assert_eq!(
        refused(&client.send(asked(&whole())).await, INTERNAL),
        "系统错误",
        "it is on record as requested"
    );
    assert_eq!(client.commits(), 1);
}
