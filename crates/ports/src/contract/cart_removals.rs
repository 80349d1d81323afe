//! [`crate::CartRemovals`]. What is checked depends on where the carts are: see [`Shop::removal_mode`].

use std::sync::Arc;

use domain::{SkuId, UserId};

use super::{
    Shop,
    samples::{micros, noon, order_id, stamp},
};
use crate::{CartRemoval, CartRemovalMode, UnitOfWork};

const TWO: &str = r#"{"count": 2, "selected": 1}"#;
const THREE: &str = r#"{"selected": 1, "count": "3"}"#;

fn removal(number: u64, user_id: UserId, lines: &[(i32, &str)]) -> CartRemoval {
    CartRemoval {
        order_id: order_id(&number.to_string()),
        user_id,
        lines: lines.iter().map(|(sku_id, value)| (SkuId(*sku_id), stamp(value))).collect(),
    }
}

async fn begin(shop: &dyn Shop) -> Box<dyn UnitOfWork> {
    shop.units().begin().await.unwrap()
}

/// What is recorded and not done; as of `before`.
async fn recorded(shop: &dyn Shop, before: u64) -> Vec<CartRemoval> {
    begin(shop).await.cart_removals().claim(micros(before), 1_000).await.unwrap()
}

/// With the commit, and not without it.
pub async fn take_effect_with_the_unit_of_work(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let mode = shop.removal_mode();
    if mode == CartRemovalMode::InTransaction {
        shop.put_in_cart(user, SkuId(1), TWO).await;
    }
    let removals = [removal(101, user, &[(1, TWO)])];
    for commits in [false, true] {
        let mut unit = begin(&*shop).await;
        assert_eq!(unit.cart_removals().add(&removals, noon()).await.unwrap(), mode);
        if commits {
            unit.commit().await.unwrap();
        } else {
            drop(unit);
        }
        match mode {
            CartRemovalMode::InTransaction => {
                assert_eq!(shop.cart_value(user, SkuId(1)).await.is_none(), commits);
                assert_eq!(recorded(&*shop, 1).await, []);
            }
            CartRemovalMode::AfterCommit => {
                let expected: &[CartRemoval] = if commits { &removals } else { &[] };
                assert_eq!(recorded(&*shop, 1).await, expected);
            }
        }
    }
}

/// Lines that changed, and those of others, stay; those that are gone are no error.
pub async fn leave_what_was_changed(shop: Arc<dyn Shop>) {
    if shop.removal_mode() == CartRemovalMode::AfterCommit {
        return;
    }
    let (user, other) = (shop.add_user("demo").await, shop.add_user("other").await);
    for sku in [1, 2, 3] {
        shop.put_in_cart(user, SkuId(sku), TWO).await;
        shop.put_in_cart(other, SkuId(sku), TWO).await;
    }
    shop.put_in_cart(user, SkuId(2), THREE).await;
    let gone: Vec<(i32, &str)> = (100..1_100).map(|sku| (sku, TWO)).collect();
    let removals = [
        removal(101, user, &[(1, TWO), (2, TWO)]),
        removal(102, other, &[(3, TWO)]),
        removal(103, user, &gone),
    ];
    let mut unit = begin(&*shop).await;
    unit.cart_removals().add(&removals, noon()).await.unwrap();
    unit.commit().await.unwrap();
    let mut left = Vec::new();
    for user_id in [user, other] {
        for sku in [1, 2, 3] {
            left.push(shop.cart_value(user_id, SkuId(sku)).await);
        }
    }
    let left: Vec<_> = left.iter().map(Option::as_deref).collect();
    assert_eq!(left, [None, Some(THREE), Some(TWO), Some(TWO), Some(TWO), None]);
}

/// Each user's own, until they are done; carts in the same database have none.
pub async fn are_known_until_they_are_done(shop: Arc<dyn Shop>) {
    let (user, other) = (shop.add_user("demo").await, shop.add_user("other").await);
    let removals = [
        removal(101, user, &[(1, TWO), (2, THREE)]),
        removal(102, other, &[(1, TWO)]),
        removal(103, user, &[(3, TWO)]),
    ];
    let mut unit = begin(&*shop).await;
    unit.cart_removals().add(&removals, noon()).await.unwrap();
    unit.commit().await.unwrap();
    let known = async || {
        let mut lines = shop.orders().ordered_lines(user).await.unwrap();
        lines.sort_by_key(|(sku_id, _)| *sku_id);
        lines
    };
    if shop.removal_mode() == CartRemovalMode::InTransaction {
        assert_eq!(known().await, []);
        return;
    }
    let line = |sku, value| (SkuId(sku), stamp(value));
    assert_eq!(known().await, [line(1, TWO), line(2, THREE), line(3, TWO)]);
    let mut unit = begin(&*shop).await;
    unit.cart_removals().done(&[removals[0].order_id.clone()]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(known().await, [line(3, TWO)]);
}

/// No more than asked for, none that is younger, and those that are done never again.
pub async fn are_claimed_oldest_first(shop: Arc<dyn Shop>) {
    if shop.removal_mode() == CartRemovalMode::InTransaction {
        return;
    }
    let user = shop.add_user("demo").await;
    let many: Vec<(i32, &str)> = (1..=500).map(|sku| (sku, THREE)).collect();
    let removals = [removal(101, user, &many), removal(102, user, &[]), removal(103, user, &[(1, "“\\'\"")])];
    for (number, age) in [(1, 2), (0, 1), (2, 3)] {
        let mut unit = begin(&*shop).await;
        unit.cart_removals().add(&removals[number..=number], micros(age)).await.unwrap();
        unit.commit().await.unwrap();
    }
    // Committed, so that the locks are gone when the next one claims.
    let claim = async |before, limit| {
        let mut unit = begin(&*shop).await;
        let claimed = unit.cart_removals().claim(micros(before), limit).await.unwrap();
        unit.commit().await.unwrap();
        claimed
    };
    assert_eq!(claim(1, 9).await, [], "nothing is older than the oldest");
    assert_eq!(claim(3, 9).await, &removals[..2]);
    assert_eq!(claim(9, 1).await, &removals[..1]);

    let mut unit = begin(&*shop).await;
    let ids = [removals[0].order_id.clone(), removals[2].order_id.clone(), order_id("999")];
    unit.cart_removals().done(&ids).await.unwrap();
    unit.cart_removals().done(&[]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(recorded(&*shop, 9).await, &removals[1..2]);
}

/// While one unit of work holds a removal, no other gets it.
pub async fn are_claimed_by_one_alone(shop: Arc<dyn Shop>) {
    if shop.removal_mode() == CartRemovalMode::InTransaction {
        return;
    }
    let user = shop.add_user("demo").await;
    let removals: Vec<_> = (101..=140).map(|number| removal(number, user, &[(1, TWO)])).collect();
    let mut unit = begin(&*shop).await;
    unit.cart_removals().add(&removals, noon()).await.unwrap();
    unit.commit().await.unwrap();

    let mut removers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let shop = Arc::clone(&shop);
        removers.spawn(async move {
            let mut done = Vec::new();
            for _ in 0..5 {
                let mut unit = begin(&*shop).await;
                let claimed = unit.cart_removals().claim(micros(1), 3).await.unwrap();
                let ids: Vec<_> = claimed.into_iter().map(|removal| removal.order_id).collect();
                tokio::task::yield_now().await;
                unit.cart_removals().done(&ids).await.unwrap();
                unit.commit().await.unwrap();
                done.extend(ids);
            }
            done
        });
    }
    let mut done: Vec<_> = removers.join_all().await.into_iter().flatten().collect();
    done.extend(recorded(&*shop, 1).await.into_iter().map(|removal| removal.order_id));
    done.sort();
    let expected: Vec<_> = removals.into_iter().map(|removal| removal.order_id).collect();
    assert_eq!(done, expected, "each once");
}
