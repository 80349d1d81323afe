//! Operation 5: 订单支付.

use std::time::Duration;

use domain::{Order, OrderStatus, PaymentProduct, UserId};
use serde_json::{Value, json};

use crate::{samples::*, support::*};

fn pay() -> Value {
    json!({"status": 1, "order_id": ORDER})
}

fn answered(pay_url: &str) -> Value {
    let data = json!({"saller": "达达商城", "total_amount": "323.91", "order_id": ORDER, "pay_url": pay_url});
    json!({"code": 200, "base_url": BASE_URL, "data": data})
}

/// An unpaid order that can still be paid at noon, charged in full.
fn unpaid() -> Mocks {
    let mut mocks = Mocks::signed_in();
    let expire_at = Some(noon().after(Duration::from_secs(60)));
    mocks
        .orders
        .expect_find()
        .withf(|id| id.as_str() == ORDER)
        .returning(move |_| Ok(Some(Order { expire_at, ..order(OrderStatus::AwaitingPayment) })));
    mocks
        .gateway
        .expect_pay_url()
        .withf(move |request| request.total_amount == money("323.91") && request.time_expire == expire_at)
        .returning(|_| Ok(PAY_URL.to_owned()));
    mocks
}

/// Defect 4: the payment in the list showed freight twice, and charged it once or not at all.
#[actix_web::test]
async fn an_unpaid_order_shows_what_is_charged() {
    assert_eq!(unpaid().post(pay()).await, answered(PAY_URL));
}

/// The old page reads the number from its URL and may pass it as a JavaScript number.
#[actix_web::test]
async fn the_number_may_be_a_number() {
    let number: u64 = ORDER.parse().unwrap();
    assert_eq!(unpaid().post(json!({"status": 1, "order_id": number})).await, answered(PAY_URL));
}

#[actix_web::test]
async fn a_number_that_is_not_digits_is_of_no_order() {
    let strange = [
        json!(2019112820400804.5),
        json!(-1),
        json!(1e30),
        json!("2019112820400804x"),
        json!(" "),
        json!("１"),
        json!("1".repeat(65)),
    ];
    for order_id in strange {
        for status in [1, 3] {
            let answer = Mocks::signed_in().post(json!({"status": status, "order_id": order_id})).await;
            assert_eq!(answer, error(50107, "订单不存在"), "{status} {order_id}");
        }
    }
}

#[actix_web::test]
async fn what_is_neither_a_number_nor_a_text_is_50101() {
    for order_id in [json!([ORDER]), json!({"id": ORDER}), json!(true), json!(null), json!("")] {
        let answer = Mocks::signed_in().post(json!({"status": 1, "order_id": order_id})).await;
        assert_eq!(answer["code"], 50101, "{order_id}: {answer}");
        assert!(answer["errmsg"].as_str().unwrap().contains("order_id"), "{answer}");
    }
    assert_eq!(Mocks::signed_in().post(json!({"status": 1})).await["code"], 50101);
}

#[actix_web::test]
async fn a_paid_order_leads_to_the_result_page() {
    for status in [OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt, OrderStatus::Completed] {
        let mocks = Mocks::signed_in().with_order(status);
        let page = format!("http://shop.example/pay_success.html?order_id={ORDER}");
        assert_eq!(mocks.post(pay()).await, answered(&page), "{status:?}");
    }
    let mut mocks = Mocks::signed_in().with_order(OrderStatus::Completed);
    mocks.result_page = "http://shop.example/page?lang=zh";
    let page = format!("http://shop.example/page?lang=zh&order_id={ORDER}");
    assert_eq!(mocks.post(pay()).await, answered(&page));
}

#[actix_web::test]
async fn a_cancelled_refunded_or_overdue_order_is_50108() {
    let not_allowed = error(50108, "订单状态不允许此操作");
    for status in [OrderStatus::Cancelled, OrderStatus::Refunded] {
        assert_eq!(Mocks::signed_in().with_order(status).post(pay()).await, not_allowed, "{status:?}");
    }
    let mut overdue = Mocks::signed_in();
    overdue
        .orders
        .expect_find()
        .returning(|_| Ok(Some(Order { expire_at: Some(noon()), ..order(OrderStatus::AwaitingPayment) })));
    assert_eq!(overdue.post(pay()).await, not_allowed);
}

/// Defect 2: anybody could pay another buyer's order.
#[actix_web::test]
async fn an_order_of_another_user_does_not_exist() {
    let mut mocks = Mocks::signed_in();
    let theirs = || Order { user_id: UserId(5), ..order(OrderStatus::AwaitingPayment) };
    mocks.orders.expect_find().returning(move |_| Ok(Some(theirs())));
    assert_eq!(mocks.post(pay()).await, error(50107, "订单不存在"));

    let mut mocks = Mocks::signed_in();
    mocks.orders.expect_find().returning(|_| Ok(None));
    assert_eq!(mocks.post(pay()).await, error(50107, "订单不存在"));
}

#[actix_web::test]
async fn alipay_failing_is_50111_and_the_database_50000() {
    let mut alipay = Mocks::signed_in();
    let expire_at = Some(noon().after(Duration::from_secs(60)));
    alipay
        .orders
        .expect_find()
        .returning(move |_| Ok(Some(Order { expire_at, ..order(OrderStatus::AwaitingPayment) })));
    alipay.gateway.expect_pay_url().returning(|_| Err(alipay_down()));
    assert_eq!(alipay.post(pay()).await, error(50111, "支付渠道暂不可用"));

    let mut store = Mocks::signed_in();
    store.orders.expect_find().returning(|_| Err(store_down()));
    assert_eq!(store.post(pay()).await, error(50000, "系统错误"));
}

#[actix_web::test]
async fn a_device_or_a_wish_that_is_not_known_is_50101() {
    for (name, value) in [
        ("device", json!("tv")),
        ("device", json!("PC")),
        ("device", json!(1)),
        ("new_attempt", json!(2)),
        ("new_attempt", json!("yes")),
    ] {
        let mut body = pay();
        body[name] = value;
        let answer = Mocks::signed_in().post(body.clone()).await;
        assert_eq!(answer["code"], 50101, "{body}: {answer}");
        assert!(answer["errmsg"].as_str().unwrap().contains(name), "{answer}");
    }
    for (name, value) in [("device", json!("pc")), ("device", json!("")), ("new_attempt", json!("0"))] {
        let mut body = pay();
        body[name] = value;
        assert_eq!(unpaid().post(body).await, answered(PAY_URL));
    }
}

#[actix_web::test]
async fn a_phone_and_another_account_pay_in_another_attempt() {
    for (name, value, method) in
        [("device", json!("wap"), PaymentProduct::Wap), ("new_attempt", json!(1), PaymentProduct::Page)]
    {
        let mut mocks = Mocks::signed_in();
        let unpaid = || Order {
            expire_at: Some(noon().after(Duration::from_secs(60))),
            ..order(OrderStatus::AwaitingPayment)
        };
        mocks.orders.expect_find().returning(move |_| Ok(Some(unpaid())));
        mocks.gateway.expect_query().times(1).withf(|number| number == ORDER).returning(|_| Ok(None));
        let wanted = (format!("{ORDER}_2"), method);
        mocks
            .gateway
            .expect_pay_url()
            .times(1)
            .withf(move |request| (request.out_trade_no.clone(), request.product) == wanted)
            .returning(|_| Ok(PAY_URL.to_owned()));
        let mut body = pay();
        body[name] = value;
        let mocks = mocks.on_record(ledger(Some(unpaid()), Vec::new(), Vec::new()));
        assert_eq!(mocks.post(body).await, answered(PAY_URL));
    }
}

/// The old back end could place an order of 0.00. No channel accepts a payment of 0.00, so no payment begins.
#[actix_web::test]
async fn an_order_of_nothing_is_50116_and_nothing_is_written() {
    let of_nothing =
        || Order { total_amount: money("0.00"), expire_at: None, ..order(OrderStatus::AwaitingPayment) };
    for device in ["pc", "wap"] {
        let mut mocks = Mocks::signed_in();
        mocks.orders.expect_find().returning(move |_| Ok(Some(of_nothing())));
        let mocks = mocks.on_record(ledger(Some(of_nothing()), Vec::new(), Vec::new()));
        let ledgers = mocks.ledgers.clone();
        let mut body = pay();
        body["device"] = json!(device);
        assert_eq!(mocks.post(body).await, error(50116, "订单金额无法支付"), "{device}");
        assert_eq!(ledgers.locks(), 0, "{device}");
    }
}

#[actix_web::test]
async fn an_order_that_costs_something_else_than_was_seen_is_50113() {
    let expecting = |amount: &str| json!({"status": 1, "order_id": ORDER, "expected_amount": amount});
    assert_eq!(unpaid().post(expecting("323.91")).await, answered(PAY_URL));
    let mut mocks = Mocks::signed_in();
    mocks.orders.expect_find().returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
    assert_eq!(mocks.post(expecting("400.00")).await, error(50113, "商品价格已变动"));
    let unreadable = Mocks::signed_in().post(expecting("4,00")).await;
    assert_eq!(unreadable, error(50101, "请求参数错误:expected_amount 应为金额"));
}
