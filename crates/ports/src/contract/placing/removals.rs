//! The removal of ordered lines from carts: in the transaction if the carts are in the database, else from the queue of
//! removals.

use std::{collections::BTreeSet, sync::Arc};

use domain::{NewOrder, OrderId, SkuId, UserId};

use super::*;

/// A value that some program may have written.
const ODD: &str = "“\\'\"";

fn ordering(stocked: &Stocked, number: &str, user_id: UserId, lines: &[(i32, &str)]) -> NewOrder {
    let mut new = stocked.order(number);
    new.order.user_id = user_id;
    let cart_lines = lines.iter().map(|(sku_id, value)| (SkuId(*sku_id), stamp(value))).collect();
    NewOrder { cart_lines, ..new }
}

/// Changed lines and other buyers' lines stay in the carts; missing lines are no error. No removal is left over.
pub async fn takes_what_is_unchanged_out_of_carts(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    let (user, other) = (stocked.user_id, shop.add_user("other").await);
    for sku in [1, 2, 3] {
        shop.put_in_cart(user, SkuId(sku), TWO).await;
        shop.put_in_cart(other, SkuId(sku), TWO).await;
    }
    shop.put_in_cart(user, SkuId(2), THREE).await;
    let gone: Vec<(i32, &str)> = (100..1_100).map(|sku| (sku, ODD)).collect();
    let orders = [
        ordering(&stocked, "101", user, &[(1, TWO), (2, TWO)]),
        ordering(&stocked, "102", other, &[(3, TWO)]),
        ordering(&stocked, "103", user, &gone),
    ];
    stocked.place(&orders).await;
    let mut left = Vec::new();
    for user_id in [user, other] {
        assert_eq!(shop.removals().pending_of(user_id).await.unwrap(), []);
        for sku in [1, 2, 3] {
            left.push(shop.cart_value(user_id, SkuId(sku)).await);
        }
    }
    let left: Vec<_> = left.iter().map(Option::as_deref).collect();
    assert_eq!(left, [None, Some(THREE), Some(TWO), Some(TWO), Some(TWO), None]);
}

/// Each buyer's own ordered lines are returned until they are deleted.
pub async fn knows_ordered_lines_until_they_are_forgotten(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    let (user, other) = (stocked.user_id, shop.add_user("other").await);
    let many: Vec<(i32, &str)> = (4..=500).map(|sku| (sku, ODD)).collect();
    let orders = [
        ordering(&stocked, "101", user, &[(1, TWO), (2, THREE)]),
        ordering(&stocked, "102", other, &[(1, TWO)]),
        ordering(&stocked, "103", user, &many),
        ordering(&stocked, "104", user, &[]),
    ];
    stocked.place(&orders).await;
    let pending = async || {
        let mut removals = shop.removals().pending_of(user).await.unwrap();
        removals.sort_by(|a, b| a.order_id.cmp(&b.order_id));
        removals
    };
    let removal = |new| crate::CartRemoval::of(new).unwrap();
    assert_eq!(pending().await, [&orders[0], &orders[2]].map(removal));
    let taken = shop.removals().take_over(micros(200_000), micros(200_000), 9).await.unwrap();
    let taken: Vec<_> = taken.into_iter().map(|removal| (removal.user_id, removal.lines)).collect();
    let expected = [&orders[0], &orders[1], &orders[2]];
    assert_eq!(taken, expected.map(|new| (new.order.user_id, new.cart_lines.clone())));
    shop.removals().forget(&[order_id("101")]).await.unwrap();
    assert_eq!(pending().await, [removal(&orders[2])]);
}

fn removal_of(stocked: &Stocked, number: &str, recorded: u64) -> NewOrder {
    let mut new = stocked.order(number);
    new.order.created_at = micros(recorded);
    NewOrder { cart_lines: vec![(stocked.sku_id, stamp(ONE))], ..new }
}

/// The oldest removals are handed over first. A removal that was taken over counts as recorded at that moment, so that
/// no other process takes it until it is due again.
pub async fn hands_removals_over(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    for (number, recorded) in [("101", 2), ("102", 1), ("103", 3)] {
        stocked.place_group(&[removal_of(&stocked, number, recorded)]).await.unwrap();
    }
    let queue = stocked.shop.removals();
    let take_over = async |before, limit| {
        let taken = queue.take_over(micros(before), micros(100), limit).await.unwrap();
        assert!(taken.iter().all(|removal| removal.lines == [(stocked.sku_id, stamp(ONE))]));
        taken.into_iter().map(|removal| removal.order_id).collect::<Vec<_>>()
    };
    assert_eq!(take_over(1, 9).await, [], "nothing is older than the oldest");
    assert_eq!(take_over(9, 1).await, [order_id("102")]);
    assert_eq!(take_over(9, 9).await, [order_id("101"), order_id("103")], "the first one has its time");
    queue.forget(&[order_id("101"), order_id("103"), order_id("999")]).await.unwrap();
    queue.forget(&[]).await.unwrap();
    assert_eq!(take_over(101, 9).await, [order_id("102")]);
}

/// If many tasks take removals over at once, each removal goes to one of them.
pub async fn hands_each_removal_to_one(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    let orders: Vec<_> = (101..=124).map(|number| removal_of(&stocked, &number.to_string(), 0)).collect();
    stocked.place_group(&orders).await.unwrap();
    let mut removers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let stocked = Arc::clone(&stocked);
        removers.spawn(async move {
            let mut taken = Vec::new();
            for _ in 0..3 {
                taken.extend(stocked.shop.removals().take_over(micros(1), micros(100), 3).await.unwrap());
            }
            taken
        });
    }
    let mut taken: Vec<OrderId> =
        removers.join_all().await.into_iter().flatten().map(|removal| removal.order_id).collect();
    taken.extend(
        stocked
            .shop
            .removals()
            .take_over(micros(1), micros(100), 99)
            .await
            .unwrap()
            .into_iter()
            .map(|removal| removal.order_id),
    );
    assert_eq!(taken.len(), 24);
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), 24, "each once");
}
