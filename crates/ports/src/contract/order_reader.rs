//! [`crate::OrderReader`].

use std::sync::Arc;

use domain::{NewOrder, OrderId, OrderStatus, PaymentStatus, UserId, ledger::Event};

use super::{
    Shop,
    samples::{Stocked, an_address, append, change, micros, order_id, payment, record},
};
use crate::OrderListQuery;

fn all_of(user_id: UserId) -> OrderListQuery {
    OrderListQuery { user_id, status: None, before: None, limit: 200 }
}

async fn numbers(shop: &dyn Shop, query: &OrderListQuery) -> Vec<String> {
    let orders = shop.orders().list(query).await.unwrap();
    orders.iter().map(|order| order.id.to_string()).collect()
}

/// Orders 1, 2, 3…, two created in each microsecond.
async fn place_in_pairs(stocked: &Stocked, count: u64) {
    let order = |number: u64| {
        let mut new = stocked.order(&number.to_string());
        new.order.created_at = micros(number / 2);
        new
    };
    // They are placed in another sequence than they are listed.
    let orders: Vec<NewOrder> = (1..=count).rev().map(order).collect();
    stocked.place(&orders).await;
}

/// Orders are sorted by time of creation, to the microsecond, then by number; each has its lines.
pub async fn lists_newest_first_and_own_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    place_in_pairs(&stocked, 7).await;
    let other =
        Stocked { shop: Arc::clone(&stocked.shop), user_id: stocked.shop.add_user("other").await, ..stocked };
    other.place(&[other.order("99")]).await;
    let shop = &*other.shop;
    assert_eq!(numbers(shop, &all_of(stocked.user_id)).await, ["7", "6", "5", "4", "3", "2", "1"]);
    assert_eq!(numbers(shop, &all_of(other.user_id)).await, ["99"]);
    assert_eq!(numbers(shop, &all_of(UserId(999_999))).await, [""; 0]);
    let listed = shop.orders().list(&all_of(other.user_id)).await.unwrap();
    assert_eq!(listed, [other.order("99").order]);
}

/// Orders in that status and no others.
pub async fn lists_one_status(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    place_in_pairs(&stocked, 5).await;
    for number in ["2", "4"] {
        let paid = change(number, OrderStatus::AwaitingPayment, OrderStatus::AwaitingShipment, "");
        append(&*stocked.shop, number, &[Event::StatusChanged(paid)]).await.unwrap();
    }
    let of = |status| OrderListQuery { status: Some(status), ..all_of(stocked.user_id) };
    let shop = &*stocked.shop;
    assert_eq!(numbers(shop, &of(OrderStatus::AwaitingPayment)).await, ["5", "3", "1"]);
    assert_eq!(numbers(shop, &of(OrderStatus::AwaitingShipment)).await, ["4", "2"]);
    assert_eq!(numbers(shop, &of(OrderStatus::Refunded)).await, [""; 0]);
    let before = OrderListQuery { before: Some(order_id("4")), ..of(OrderStatus::AwaitingPayment) };
    assert_eq!(numbers(shop, &before).await, ["3", "1"], "before an order in another status");
}

/// The pages contain every order once, even if several orders were created at the same moment.
pub async fn lists_page_by_page(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    place_in_pairs(&stocked, 11).await;
    for limit in [1, 2, 3, 10, 11] {
        let mut listed: Vec<String> = Vec::new();
        loop {
            let before = listed.last().map(|number| order_id(number));
            let page =
                numbers(&*stocked.shop, &OrderListQuery { before, limit, ..all_of(stocked.user_id) }).await;
            assert!(page.len() <= usize::try_from(limit).unwrap());
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert_eq!(listed, ["11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"], "limit {limit}");
    }
}

/// The list after another user's order, or after a missing order, is empty.
pub async fn follows_no_order_of_another_user(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let other = stocked.shop.add_user("other").await;
    stocked.shop.add_address(other, an_address("别人家")).await;
    place_in_pairs(&stocked, 3).await;
    let mut others = stocked.order("99");
    others.order.user_id = other;
    others.order.created_at = micros(1_000);
    stocked.place(&[others]).await;
    for before in ["99", "12345"] {
        let query = OrderListQuery { before: Some(order_id(before)), ..all_of(stocked.user_id) };
        assert_eq!(numbers(&*stocked.shop, &query).await, [""; 0], "before {before}");
    }
}

/// Numbers of sixteen and of twenty-two digits, and none of another second.
pub async fn knows_the_numbers_of_a_second(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let of_the_second = ["2019112812000000", "2019112812000099", "2019112812000011345678", "20191128120000"];
    let of_others = ["2019112811595999", "2019112812000100", "201911281200", "30"];
    let orders: Vec<_> = of_the_second.iter().chain(&of_others).map(|number| stocked.order(number)).collect();
    stocked.place(&orders).await;
    let mut found = stocked.shop.orders().numbers_beginning_with("20191128120000").await.unwrap();
    found.sort();
    let mut expected: Vec<OrderId> = of_the_second.iter().map(|number| order_id(number)).collect();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(stocked.shop.orders().numbers_beginning_with("20991128120000").await.unwrap(), []);
}

/// The payments of all requested orders and of no others; none that the shop keeps.
pub async fn knows_the_refund_due_payments_of_several_orders(shop: Arc<dyn Shop>) {
    let recorded = [
        payment("A1", "2019112812000004", PaymentStatus::Settled),
        payment("A2", "2019112812000005", PaymentStatus::Late),
        payment("A3", "2019112812000004", PaymentStatus::Duplicate),
        payment("A4", "2019112812000006", PaymentStatus::Late),
    ];
    record(&*shop, &recorded, &[]).await;
    let of = async |numbers: &[&str]| {
        let ids: Vec<OrderId> = numbers.iter().map(|number| order_id(number)).collect();
        let mut found = shop.orders().refund_due_payments(&ids).await.unwrap();
        found.sort_by(|a, b| a.trade.trade_no.cmp(&b.trade.trade_no));
        found
    };
    assert_eq!(of(&["2019112812000004", "2019112812000005"]).await, recorded[1..3]);
    assert_eq!(of(&["2019112812000007", "2019112812000006"]).await, recorded[3..]);
    assert_eq!(of(&[]).await, []);
}
