//! Orders that [`crate::PlacingTransaction::write`] wrote.

use std::sync::Arc;

use domain::{NewOrder, Order, OrderGoods, Purchase, Quantity, RepeatGuard};

use super::{
    Shop,
    samples::{Stocked, a_sku, attributes, micros, money},
};
use crate::{PlacingOutcome, StoreError};

/// Every field is read back, to the microsecond and the fen, with lines in the order of SKU ids.
pub async fn are_read_as_they_were_written(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let plain = NewOrder { order: with_second_line(&stocked).await, ..stocked.order("2019112812000004") };
    let mut free = stocked.order("2019112812000005");
    free.order.expire_at = None;
    free.order.total_amount = money("0.01");
    free.order.freight = money("0.00");
    free.order.shipping.title = String::new();
    free.order.shipping.address = "“引号”'\"\\; -- 😀".to_owned();
    stocked.place(&[plain.clone(), free.clone()]).await;
    assert_eq!(stocked.find("2019112812000004").await, Some(plain.order));
    assert_eq!(stocked.find("2019112812000005").await, Some(free.order));
    assert_eq!(stocked.find("2019112812000006").await, None);
}

async fn with_second_line(stocked: &Stocked) -> Order {
    let second = stocked.shop.add_sku(a_sku("无", "0.01", 9)).await;
    let mut order = stocked.order("2019112812000004").order;
    order.goods.push(OrderGoods {
        sku_id: second,
        name: "无".to_owned(),
        default_image_url: String::new(),
        price: money("0.01"),
        quantity: Quantity::ONE,
        attributes: attributes(&[]),
    });
    order.total_count = 3;
    order
}

/// A whole group is written in one call.
pub async fn are_written_many_at_once(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let mut orders = Vec::new();
    for number in 0_u32..300 {
        let mut new = stocked.order(&format!("20191128120000{number:04}"));
        let line = new.order.goods[0].clone();
        new.order.goods = vec![line; 12];
        new.order.created_at = micros(u64::from(number));
        orders.push(new);
    }
    stocked.place(&orders).await;
    for number in [0, 150, 299] {
        let new = &orders[number];
        assert_eq!(stocked.find(new.order.id.as_str()).await.as_ref(), Some(&new.order));
    }
}

/// Later changes of the SKU and the address do not change orders.
pub async fn keep_what_was_bought(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let new = stocked.order("2019112812000004");
    stocked.place(std::slice::from_ref(&new)).await;
    stocked.shop.change_sku(stocked.sku_id, "另一件", "other.jpg", money("999.99")).await;
    stocked.shop.move_address(stocked.address_id, "上海市徐汇区").await;
    assert_eq!(stocked.find("2019112812000004").await, Some(new.order));
}

/// A used order number has a separate outcome, and nothing of the group is written.
pub async fn need_a_number_of_their_own(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let first = stocked.order("2019112812000004");
    stocked.place(std::slice::from_ref(&first)).await;

    let mut second = stocked.order("2019112812000004");
    second.order.total_amount = money("1.00");
    let refused = stocked.write(&[stocked.order("2019112812000005"), second]).await;
    assert_eq!(refused.unwrap(), PlacingOutcome::NumberTaken);
    assert_eq!(stocked.find("2019112812000004").await, Some(first.order));
    assert_eq!(stocked.find("2019112812000005").await, None);

    let no_such_address =
        NewOrder { address_id: domain::AddressId(999_999), ..stocked.order("2019112812000006") };
    let refused = stocked.write(&[stocked.order("2019112812000007"), no_such_address]).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(stocked.find("2019112812000006").await, None);
    assert_eq!(stocked.find("2019112812000007").await, None);
}

/// A second order with the same guard is refused, with another outcome than for a used number.
pub async fn are_not_repeated_until_their_guard_is_released(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let guard = |pieces| {
        let lines = [(stocked.sku_id, Quantity::stored(pieces).unwrap())];
        RepeatGuard::new(stocked.user_id, stocked.address_id, &Purchase::new(lines.into()).unwrap(), true)
    };
    let guarded =
        |number: &str, pieces| NewOrder { repeat_guard: Some(guard(pieces)), ..stocked.order(number) };
    let (first, other) = (guarded("2019112812000001", 1), guarded("2019112812000002", 2));
    let plain = [stocked.order("2019112812000003"), stocked.order("2019112812000004")];
    stocked.place(&[first.clone(), other.clone()]).await;
    stocked.place(&plain).await;
    let repeat = guarded("2019112812000005", 1);
    let refused = stocked.write(std::slice::from_ref(&repeat)).await;
    assert_eq!(refused.unwrap(), PlacingOutcome::ClaimTaken);
    let orders = stocked.shop.orders();
    assert_eq!(orders.find_by_guard(&guard(1)).await.unwrap(), Some(first.order.clone()));
    assert_eq!(orders.find_by_guard(&guard(3)).await.unwrap(), None);

    let placing = stocked.shop.placing();
    placing.release_guard(&other.order.id, &guard(1)).await.unwrap();
    placing.release_guard(&first.order.id, &guard(3)).await.unwrap();
    let kept = stocked.shop.orders().find_by_guard(&guard(1)).await.unwrap();
    assert_eq!(kept, Some(first.order.clone()), "neither was of that order and that guard");
    placing.release_guard(&first.order.id, &guard(1)).await.unwrap();
    assert_eq!(stocked.shop.orders().find_by_guard(&guard(1)).await.unwrap(), None);
    stocked.place(std::slice::from_ref(&repeat)).await;
    assert_eq!(stocked.shop.orders().find_by_guard(&guard(1)).await.unwrap(), Some(repeat.order));
}
