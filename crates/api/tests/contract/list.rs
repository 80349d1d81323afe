//! Operation 3: 订单查询.

use domain::{EvidenceSource, OrderStatus, PaymentRecord, PaymentStatus};
use serde_json::{Value, json};

use crate::{samples::*, support::*};

fn listing(orders: Vec<domain::Order>) -> Mocks {
    let mut mocks = Mocks::signed_in();
    mocks.orders.expect_list().withf(|query| query.user_id == USER).returning(move |_| Ok(orders.clone()));
    mocks.orders.expect_refund_due_payments().returning(|_| Ok(Vec::new()));
    mocks
}

/// Defect 11: it showed today's price, name and address. The list shows the data of the order itself: the mocked
/// catalogue and address book would not answer.
#[actix_web::test]
async fn an_order_in_each_status() {
    for (status, code, text) in [
        (OrderStatus::AwaitingPayment, 1, "待付款"),
        (OrderStatus::AwaitingShipment, 2, "待发货"),
        (OrderStatus::AwaitingReceipt, 3, "待收货"),
        (OrderStatus::Completed, 4, "已完成"),
        (OrderStatus::Cancelled, 5, "已取消"),
        (OrderStatus::Refunded, 6, "已退款"),
    ] {
        let data = json!({"orders_list": [order_data(code, text)], "next": null});
        let expected = json!({"code": 200, "base_url": BASE_URL, "data": data});
        assert_eq!(listing(vec![order(status)]).get("status=1&order_status=0").await, expected);
    }
}

#[actix_web::test]
async fn an_order_of_the_old_back_end_has_no_deadline() {
    let old = domain::Order { expire_at: None, ..order(OrderStatus::AwaitingPayment) };
    let answer = listing(vec![old]).get("status=1&order_status=1").await;
    assert_eq!(answer["data"]["orders_list"][0]["expire_at"], Value::Null);
}

/// A buyer who paid too late sees that the payment is refunded.
#[actix_web::test]
async fn an_order_has_what_was_paid_in_vain() {
    let mut mocks = Mocks::signed_in();
    mocks.orders.expect_list().returning(|_| Ok(vec![order(OrderStatus::Cancelled)]));
    mocks.orders.expect_refund_due_payments().withf(|ids| *ids == [order_id(ORDER)]).returning(|_| {
        let source = EvidenceSource::Query;
        Ok(vec![PaymentRecord {
            trade: trade("323.91"),
            status: PaymentStatus::Late,
            source,
            recorded_at: noon(),
        }])
    });
    let answer = mocks.get("status=1&order_status=0").await;
    let expected = json!({"amount": "323.91", "refunded_amount": "0.00"});
    assert_eq!(answer["data"]["orders_list"][0]["unkept_payment"], expected);
}

#[actix_web::test]
async fn nothing_is_an_empty_list() {
    let expected = json!({"code": 200, "base_url": BASE_URL, "data": {"orders_list": [], "next": null}});
    assert_eq!(listing(Vec::new()).get("status=1&order_status=0").await, expected);
}

#[actix_web::test]
async fn the_query_says_which_orders() {
    for (query, status, before, limit) in [
        ("order_status=0", None, None, 100),
        ("order_status=3", Some(OrderStatus::AwaitingReceipt), None, 100),
        ("order_status=6&limit=1", Some(OrderStatus::Refunded), None, 1),
        ("order_status=0&limit=200&before=2019112820400804", None, Some(ORDER), 200),
    ] {
        let mut mocks = Mocks::signed_in();
        mocks
            .orders
            .expect_list()
            .times(1)
            .withf(move |asked| {
                let is_before = asked.before.as_ref().map(|id| id.as_str()) == before;
                // One more row than shown tells whether there is a next page.
                asked.status == status && is_before && asked.limit == limit + 1
            })
            .returning(|_| Ok(Vec::new()));
        assert_eq!(mocks.get(&format!("status=1&{query}")).await["code"], 200, "{query}");
    }
}

/// The old pages ask like this if their `baseUrl` ends in a slash.
#[actix_web::test]
async fn a_second_slash_in_front_changes_nothing() {
    for uri in
        ["//v1/orders/processing/?status=1&order_status=0", "//v1/orders/processing?status=1&order_status=0"]
    {
        let answer = listing(Vec::new()).answer(actix_web::test::TestRequest::get().uri(uri)).await;
        assert_eq!(answer.json()["code"], 200, "{uri}");
    }
}

#[actix_web::test]
async fn a_page_says_where_the_next_one_begins() {
    let numbered = |number: &str| domain::Order { id: order_id(number), ..order(OrderStatus::Completed) };
    let three =
        || vec![numbered("2019112820400803"), numbered("2019112820400802"), numbered("2019112820400801")];
    let page = listing(three()).get("status=1&order_status=0&limit=2").await;
    assert_eq!(page["data"]["orders_list"].as_array().unwrap().len(), 2);
    assert_eq!(page["data"]["next"], "2019112820400802");
    let last = listing(three()).get("status=1&order_status=0&limit=3").await;
    assert_eq!(last["data"]["orders_list"].as_array().unwrap().len(), 3);
    assert_eq!(last["data"]["next"], Value::Null);
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    for (query, named) in [
        ("", "order_status"),
        ("&order_status=7", "order_status"),
        ("&order_status=-1", "order_status"),
        ("&order_status=all", "order_status"),
        ("&order_status=0&limit=0", "limit"),
        ("&order_status=0&limit=201", "limit"),
        ("&order_status=0&limit=4294967297", "limit"),
        ("&order_status=0&before=x", "before"),
    ] {
        let answer = Mocks::signed_in().get(&format!("status=1{query}")).await;
        assert_eq!(answer["code"], 50101, "{query}: {answer}");
        let text = answer["errmsg"].as_str().unwrap();
        assert!(text.starts_with("请求参数错误:") && text.contains(named), "{query}: {text}");
    }
}

#[actix_web::test]
async fn a_failure_is_50000_without_its_cause() {
    let mut mocks = Mocks::signed_in();
    mocks.orders.expect_list().returning(|_| Err(store_down()));
    assert_eq!(mocks.get("status=1&order_status=0").await, error(50000, "系统错误"));
}
