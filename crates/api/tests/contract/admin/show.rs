//! `GET /v1/admin/orders/O`.

use domain::{Restock, Shipment, SkuId, StockMove, StockMoveKind, TimelineEntry};

use super::*;

async fn shown(file: OrderRecords) -> Value {
    done(&sent(with_file(Mocks::untouched(), file), get(&of_order(""))).await)
}

#[actix_web::test]
async fn an_order_in_each_status() {
    for status in OrderStatus::ALL {
        assert_eq!(shown(file(status)).await, details(status));
    }
}

#[actix_web::test]
async fn payments_say_what_can_be_refunded() {
    let duplicate = PaymentRecord {
        trade: Trade { trade_no: "2".to_owned(), ..trade("323.91") },
        status: PaymentStatus::Duplicate,
        source: EvidenceSource::Query,
        recorded_at: at("21:00:00"),
    };
    let refunded = Trade { refunded: money("20.01"), ..payment().trade };
    let payments = vec![PaymentRecord { trade: refunded, ..payment() }, duplicate];
    let mocks =
        [("20.01", RefundStatus::Succeeded), ("0.90", RefundStatus::Requested), ("1", RefundStatus::Failed)];
    let refunds = mocks.map(|(amount, status)| refund(amount, status)).into();
    let on_record = ledger(Some(order(OrderStatus::AwaitingShipment)), payments, refunds);
    let answer = shown(OrderRecords { ledger: on_record, ..file(OrderStatus::AwaitingShipment) }).await;
    let settled = json!({
        "trade_no": TRADE, "out_trade_no": ORDER, "status": "settled", "trade_status": "TRADE_SUCCESS", "total_amount": "323.91",
        "refunded_amount": "20.01", "refundable_amount": "303.00", "buyer": "159****1234",
        "paid_at": "2019-11-28 20:45:00", "source": "notification", "recorded_at": "2019-11-28 20:45:01"
    });
    let duplicate = json!({
        "trade_no": "2", "out_trade_no": ORDER, "status": "duplicate", "trade_status": "TRADE_SUCCESS", "total_amount": "323.91",
        "refunded_amount": "0.00", "refundable_amount": "323.91", "buyer": null, "paid_at": null,
        "source": "query", "recorded_at": "2019-11-28 21:00:00"
    });
    assert_eq!(answer["payments"], json!([settled, duplicate]));
    assert_eq!(answer["refundable_amount"], "303.00");
}

#[actix_web::test]
async fn refunds_say_who_asked_for_them_and_what_became_of_them() {
    let back = Restock { sku_id: SkuId(5), pieces: 1 };
    let succeeded = Refund { restock: vec![back], ..refund("20.01", RefundStatus::Succeeded) };
    let owed = Refund {
        out_request_no: "back-2".to_owned(),
        trade_no: "2".to_owned(),
        kind: RefundKind::Duplicate,
        cause: Cause::system(),
        failure: Some("支付宝处理中".to_owned()),
        ..refund("323.91", RefundStatus::Requested)
    };
    let movements = vec![StockMove {
        sku_id: SkuId(5),
        pieces: 1,
        kind: StockMoveKind::Refunded("shop-r1".to_owned()),
        at: noon(),
    }];
    let refunds = vec![succeeded, owed];
    let on_record = ledger(Some(order(OrderStatus::AwaitingShipment)), Vec::new(), refunds);
    let on_record = OrderLedger { movements, ..on_record };
    let answer = shown(OrderRecords { ledger: on_record, ..file(OrderStatus::AwaitingShipment) }).await;
    let mut first = refund_data("20.01", "succeeded");
    first["restock"] = json!([{"sku_id": 5, "count": 1}]);
    let mut second = refund_data("323.91", "requested");
    second["out_request_no"] = json!("back-2");
    second["trade_no"] = json!("2");
    second["kind"] = json!("duplicate");
    second["requested_by"] = json!("system");
    second["error"] = json!("支付宝处理中");
    assert_eq!(answer["refunds"], json!([first, second]));
    let returned: Vec<_> = answer["lines"].as_array().unwrap().iter().map(|line| &line["returned"]).collect();
    assert_eq!(returned, [0, 1]);
}

#[actix_web::test]
async fn the_timeline_says_who_did_what_and_by_which_request() {
    let entry = |from, to, cause, reason: &str, time| TimelineEntry {
        from: Some(from),
        to,
        cause,
        reason: reason.to_owned(),
        amendment: None,
        at: at(time),
    };
    use OrderStatus::{AwaitingPayment, AwaitingReceipt, AwaitingShipment, Completed};
    let changes = vec![
        entry(
            AwaitingPayment,
            AwaitingShipment,
            Cause::alipay(Some("r-0".to_owned())),
            "支付成功",
            "20:45:01",
        ),
        entry(
            AwaitingShipment,
            AwaitingReceipt,
            Cause::shop(STAFF.to_owned(), Some("r-1".to_owned())),
            "发货 顺丰速运 SF1",
            "21:00:00",
        ),
        entry(AwaitingReceipt, Completed, Cause::system(), "自动确认收货", "22:00:00"),
    ];
    let answer = shown(OrderRecords { changes, ..file(Completed) }).await;
    let entry =
        |from: Value, to: i16, actor: &str, by: Value, reason: &str, time: &str, request_id: Value| {
            json!({
                "from": from, "to": to, "actor": actor, "by": by, "reason": reason,
                "at": format!("2019-11-28 {time}"), "request_id": request_id
            })
        };
    let none = || Value::Null;
    let expected = json!([
        entry(none(), 1, "buyer", none(), "下单", "20:40:08", none()),
        entry(json!(1), 2, "alipay", none(), "支付成功", "20:45:01", json!("r-0")),
        entry(json!(2), 3, "shop", json!(STAFF), "发货 顺丰速运 SF1", "21:00:00", json!("r-1")),
        entry(json!(3), 4, "system", none(), "自动确认收货", "22:00:00", none()),
    ]);
    assert_eq!(answer["timeline"], expected);
}

#[actix_web::test]
async fn a_sent_order_says_how_and_an_old_one_what_is_known() {
    let shipment = Shipment::new("顺丰速运", "SF1", at("21:00:00")).unwrap();
    let mut sent_order = file(OrderStatus::AwaitingReceipt);
    sent_order.ledger.order.as_mut().unwrap().shipment = Some(shipment);
    let mut expected = details(OrderStatus::AwaitingReceipt);
    expected["shipment"] =
        json!({"carrier": "顺丰速运", "tracking_number": "SF1", "shipped_at": "2019-11-28 21:00:00"});
    assert_eq!(shown(sent_order).await, expected);

    let mut old = file(OrderStatus::Completed);
    old.username = Username(String::new());
    old.ledger.order.as_mut().unwrap().expire_at = None;
    let mut expected = details(OrderStatus::Completed);
    expected["user"]["username"] = json!("");
    expected["expire_at"] = Value::Null;
    assert_eq!(shown(old).await, expected);
}

#[actix_web::test]
async fn an_order_that_is_not_there_is_404() {
    let mut mocks = Mocks::untouched();
    mocks.admin.expect_file().times(1).returning(|_| Ok(None));
    assert_eq!(refused(&sent(mocks, get(&of_order(""))).await, ORDER_NOT_FOUND), "订单不存在");
}

#[actix_web::test]
async fn a_number_that_is_none_is_named() {
    bad_numbers(get).await;
}

#[actix_web::test]
async fn the_database_may_fail() {
    for (error, code) in [(store_down as fn() -> _, INTERNAL), (rows_locked, BUSY)] {
        let mut mocks = Mocks::untouched();
        mocks.admin.expect_file().returning(move |_| Err(error()));
        refused(&sent(mocks, get(&of_order(""))).await, code);
    }
}
