//! 修改收货地址, which is not in the old contract: `POST` with status 4.

use domain::{
    Address, AddressId, Amendment, Cause, Order, OrderStatus, ShippingAddress, UserId, ledger::Event,
};
use serde_json::{Value, json};

use crate::{samples::*, support::*};

fn change() -> Value {
    json!({"status": 4, "order_id": ORDER, "address_id": 8})
}

fn elsewhere() -> Address {
    let shipping = ShippingAddress::checked("公司", "王小二", "13800000000", "上海市").unwrap();
    Address { id: AddressId(8), is_default: false, shipping }
}

/// The buyer has this address, and the order is stored like this.
fn on_record(order: Order) -> Mocks {
    Mocks::ordering_to(Some(elsewhere())).on_record(ledger(Some(order), Vec::new(), Vec::new()))
}

async fn answered(mocks: Mocks, body: Value) -> (Value, Client) {
    let client = mocks.open().await;
    let answer = client.send(with_token(post_json(body)).insert_header(("x-request-id", "r-1"))).await.json();
    (answer, client)
}

async fn refused(mocks: Mocks, body: Value, code: i32, text: &str) {
    let (answer, client) = answered(mocks, body).await;
    assert_eq!((answer, client.commits()), (error(code, text), 0));
    client.close().await;
}

#[actix_web::test]
async fn an_unpaid_order_goes_to_another_of_the_buyers_addresses() {
    let (answer, client) = answered(on_record(order(OrderStatus::AwaitingPayment)), change()).await;
    assert_eq!(answer, json!({"code": 200, "base_url": BASE_URL}));
    let events = client.ledgers().appended();
    let [Event::AddressChanged { before, after, address_id, cause, reason, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((before, after, *address_id), (&shipping(), &elsewhere().shipping, Some(AddressId(8))));
    assert_eq!((cause, reason.as_str()), (&Cause::buyer(Some("r-1".to_owned())), "买家修改收货地址"));
    // A repetition changes nothing.
    let again = client.send(with_token(post_json(change()))).await.json();
    assert_eq!((again["code"].as_i64(), client.commits()), (Some(200), 1));
    client.close().await;
}

#[actix_web::test]
async fn what_is_paid_goes_where_it_did() {
    for status in OrderStatus::ALL.into_iter().filter(|status| *status != OrderStatus::AwaitingPayment) {
        refused(on_record(order(status)), change(), 50108, "订单状态不允许此操作").await;
    }
    let worn = Order { amendments: 10, ..order(OrderStatus::AwaitingPayment) };
    refused(on_record(worn), change(), 50108, "订单状态不允许此操作:修改次数已用完").await;
}

#[actix_web::test]
async fn nobody_redirects_anothers_order_or_to_anothers_address() {
    let others = Order { user_id: UserId(5), ..order(OrderStatus::AwaitingPayment) };
    refused(on_record(others), change(), 50107, "订单不存在").await;
    refused(Mocks::ordering_to(Some(elsewhere())), change(), 50107, "订单不存在").await;
    let nowhere = || {
        let unpaid = order(OrderStatus::AwaitingPayment);
        Mocks::ordering_to(None).on_record(ledger(Some(unpaid), Vec::new(), Vec::new()))
    };
    for id in [json!(9), json!("9"), json!(-1), json!(9_999_999_999_i64)] {
        let body = json!({"status": 4, "order_id": ORDER, "address_id": id});
        refused(nowhere(), body, 50102, "收货地址无效").await;
    }
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    let text = "请求参数错误:缺少参数 address_id";
    refused(Mocks::signed_in(), json!({"status": 4, "order_id": ORDER}), 50101, text).await;
    let text = "请求参数错误:缺少参数 order_id";
    refused(Mocks::signed_in(), json!({"status": 4, "address_id": 8}), 50101, text).await;
    let text = "请求参数错误:address_id 应为整数";
    let body = json!({"status": 4, "order_id": ORDER, "address_id": "x"});
    refused(Mocks::signed_in(), body, 50101, text).await;
}

/// The data for the order's page.
#[actix_web::test]
async fn the_order_tells_what_was_changed() {
    let mut mocks = Mocks::signed_in();
    let lowered = Order {
        total_amount: money("300.00"),
        discount: money("23.91"),
        ..order(OrderStatus::AwaitingPayment)
    };
    mocks.orders.expect_find().returning(move |_| Ok(Some(lowered.clone())));
    mocks.orders.expect_refunds().returning(|_| Ok(Vec::new()));
    mocks.orders.expect_refund_due_payments().returning(|_| Ok(Vec::new()));
    let entry = |cause, amendment| domain::TimelineEntry {
        from: Some(OrderStatus::AwaitingPayment),
        to: OrderStatus::AwaitingPayment,
        cause,
        reason: "老客户".to_owned(),
        amendment: Some(amendment),
        at: noon(),
    };
    let changes = vec![
        entry(
            Cause::shop("小王".to_owned(), None),
            Amendment::Amount { before: money("323.91"), after: money("300.00") },
        ),
        entry(Cause::buyer(None), Amendment::Address { before: elsewhere().shipping }),
    ];
    mocks.orders.expect_timeline().returning(move |_| Ok(changes.clone()));
    let shown = mocks.get(&format!("status=3&order_id={ORDER}")).await;
    let order = &shown["data"]["order"];
    assert_eq!((&order["order_total_amount"], &order["order_discount"]), (&json!("300.00"), &json!("23.91")));
    let time = noon().to_string();
    let lowered = json!({
        "from": 1, "to": 1, "actor": "shop", "reason": "老客户", "time": time,
        "amount": {"from": "323.91", "to": "300.00"}
    });
    let redirected = json!({
        "from": 1, "to": 1, "actor": "buyer", "reason": "老客户", "time": time,
        "old_address": {"title": "公司", "address": "上海市", "mobile": "13800000000", "receiver": "王小二"}
    });
    assert_eq!((&order["timeline"][1], &order["timeline"][2]), (&lowered, &redirected));
}
