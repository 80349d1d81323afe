//! `POST /v1/admin/orders/O/returns`.

use domain::{Restock, SkuId, StockMoveKind};

use super::*;

fn body() -> Value {
    json!({"request_id": "r1", "restock": [{"sku_id": 4, "count": 1}]})
}

fn asked(body: &Value) -> TestRequest {
    post(&of_order("/returns"), body)
}

fn paid(status: OrderStatus) -> Mocks {
    Mocks::untouched().on_record(paid_ledger(status, Vec::new()))
}

#[actix_web::test]
async fn pieces_come_back_without_money_and_again_is_once() {
    use OrderStatus::{AwaitingReceipt, AwaitingShipment, Completed, Refunded};
    for status in [AwaitingShipment, AwaitingReceipt, Completed, Refunded] {
        let mut mocks = paid(status);
        mocks.admin.expect_file().times(2).returning(move |_| Ok(Some(file(status))));
        let client = mocks.open().await;
        for _ in 0..2 {
            assert_eq!(done(&client.send(asked(&body())).await), details(status));
        }
        assert_eq!(client.commits(), 1);
        let movements = client.ledgers().get(ORDER).movements;
        assert_eq!((movements[0].sku_id, movements[0].pieces), (SkuId(4), 1));
        assert_eq!(movements[0].kind, StockMoveKind::Returned("shop-r1".to_owned()));
        client.close().await;
    }
}

#[actix_web::test]
async fn a_request_id_stands_for_one_return() {
    let mocks = with_file(paid(OrderStatus::Completed), file(OrderStatus::Completed));
    let client = mocks.open().await;
    done(&client.send(asked(&body())).await);
    let other = json!({"request_id": "r1", "restock": [{"sku_id": 4, "count": 2}]});
    refused(&client.send(asked(&other)).await, REQUEST_ID_REUSED);
    client.close().await;
}

#[actix_web::test]
async fn what_is_not_out_does_not_come_back() {
    for status in [OrderStatus::AwaitingPayment, OrderStatus::Cancelled] {
        refused(&sent(paid(status), asked(&body())).await, NOT_ALLOWED);
    }
    for (sku_id, count) in [(4, 3), (6, 1)] {
        let more = json!({"request_id": "r1", "restock": [{"sku_id": sku_id, "count": count}]});
        refused(&sent(paid(OrderStatus::Completed), asked(&more)).await, RESTOCK_EXCEEDS_ORDER);
    }
    let restock = vec![Restock { sku_id: SkuId(4), pieces: 2 }];
    let open = Refund { restock, ..refund("1.00", RefundStatus::Requested) };
    let mocks = Mocks::untouched().on_record(paid_ledger(OrderStatus::AwaitingShipment, vec![open]));
    refused(&sent(mocks, asked(&body())).await, RESTOCK_EXCEEDS_ORDER);
    refused(&sent(Mocks::untouched(), asked(&body())).await, ORDER_NOT_FOUND);
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    for (name, values) in [
        ("request_id", vec![json!(""), json!("a b"), json!(1), json!(null)]),
        ("restock", vec![json!([]), json!(null), json!([{"sku_id": 4, "count": 0}]), json!([{"sku_id": 4}])]),
    ] {
        for value in values {
            let mut bad = body();
            bad[name] = value;
            bad_parameter(asked(&bad), name).await;
        }
    }
    bad_numbers(|order| post(&format!("{order}/returns"), &body())).await;
    bad_bodies(&of_order("/returns"), &body()).await;
}
