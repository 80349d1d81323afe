//! [`crate::OrderReader`] and [`crate::OrderRepo`] on rows that the old back end wrote.

use std::sync::Arc;

use domain::{Order, OrderGoods, OrderStatus, Quantity, ledger::Event};

use super::{
    OldOrder, Shop,
    samples::{Stocked, attributes, change, money, noon, order_id, shipping},
};
use crate::OrderListQuery;

fn an_old_order(stocked: &Stocked, number: &str) -> OldOrder {
    OldOrder {
        id: order_id(number),
        user_id: stocked.user_id,
        address_id: stocked.address_id,
        status: 3,
        total_amount: money("323.91"),
        created_at: noon(),
        lines: vec![(stocked.sku_id, 3, money("104.00"))],
    }
}

async fn list(stocked: &Stocked) -> Vec<Order> {
    let query = OrderListQuery { user_id: stocked.user_id, status: None, before: None, limit: 200 };
    stocked.shop.orders().list(&query).await.unwrap()
}

/// The price comes from the order line; name, picture, attributes and address are the present ones.
pub async fn are_read_from_the_joined_tables(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.shop.add_old_order(an_old_order(&stocked, "2019112720400804")).await;
    let new = stocked.order("2019112812000004");
    stocked.place(std::slice::from_ref(&new)).await;
    stocked.shop.move_address(stocked.address_id, "上海市徐汇区").await;

    let line = OrderGoods {
        sku_id: stocked.sku_id,
        name: "红袖添香".to_owned(),
        default_image_url: "红袖添香.jpg".to_owned(),
        price: money("104.00"),
        quantity: Quantity::stored(3).unwrap(),
        attributes: attributes(&[("颜色", "红色"), ("尺寸", "18寸")]),
    };
    let old = Order {
        id: order_id("2019112720400804"),
        user_id: stocked.user_id,
        status: OrderStatus::AwaitingReceipt,
        total_count: 3,
        total_amount: money("323.91"),
        freight: money("10.00"),
        discount: money("0.00"),
        amendments: 0,
        shipping: shipping("上海市徐汇区"),
        created_at: noon(),
        expire_at: None,
        shipment: None,
        refunded_amount: money("0.00"),
        goods: vec![line],
    };
    assert_eq!(stocked.find("2019112720400804").await.as_ref(), Some(&old));
    assert_eq!(list(&stocked).await, [new.order, old]);
}

/// The old back end wrote orders without lines, and lines with zero or fewer pieces. They do not hide other orders.
pub async fn without_lines_are_listed(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let empty = OldOrder {
        lines: Vec::new(),
        total_amount: money("10.00"),
        ..an_old_order(&stocked, "2019112720400804")
    };
    let none = OldOrder {
        lines: vec![(stocked.sku_id, 0, money("104.00")), (stocked.sku_id, 1, money("104.00"))],
        ..an_old_order(&stocked, "2019112720400805")
    };
    let below_zero = OldOrder {
        lines: vec![(stocked.sku_id, -3, money("104.00"))],
        ..an_old_order(&stocked, "2019112720400806")
    };
    stocked.shop.add_old_order(empty).await;
    stocked.shop.add_old_order(none).await;
    stocked.shop.add_old_order(below_zero).await;
    let listed = list(&stocked).await;
    let summary: Vec<_> = listed.iter().map(|order| (order.total_count, order.goods.len())).collect();
    assert_eq!(summary, [(0, 0), (1, 1), (0, 0)]);
    assert_eq!(listed[2].shipping, shipping("北京市东城区珍贝大厦"));
}

/// Old orders are locked, read and changed like any other order.
pub async fn change_status_as_others_do(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.shop.add_old_order(an_old_order(&stocked, "2019112720400804")).await;
    let number = "2019112720400804";
    let locked = stocked.shop.ledgers().lock(number).await.unwrap();
    assert_eq!(locked.ledger().order.as_ref().map(|order| order.goods.len()), Some(1));
    let received = change(number, OrderStatus::AwaitingReceipt, OrderStatus::Completed, "买家确认收货");
    locked.append(&[Event::StatusChanged(received)]).await.unwrap();
    assert_eq!(
        stocked.find("2019112720400804").await.map(|order| order.status),
        Some(OrderStatus::Completed)
    );
}
