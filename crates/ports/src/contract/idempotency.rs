//! The keys of requests: [`crate::PlacingTransaction::write`], [`crate::IdempotencyKeys`] and
//! [`crate::OrderReader::find_by_key`].

use std::sync::Arc;

use domain::{IdempotencyKey, NewOrder, UserId};

use super::{
    Shop,
    samples::{Stocked, how_many, key, noon, until_let_through},
};
use crate::{IdempotencyRecord, PlacingOutcome, StoreError};

async fn find(stocked: &Stocked, user_id: UserId, text: &str) -> Option<(String, String)> {
    let found =
        stocked.shop.orders().find_by_key(user_id, &IdempotencyKey::parse(text).unwrap()).await.unwrap();
    found.map(|IdempotencyRecord { digest, order_id }| (digest.0, order_id.to_string()))
}

/// Places orders; false where one of their keys is another order's.
async fn bind(stocked: &Stocked, orders: &[NewOrder]) -> Result<bool, StoreError> {
    match stocked.write(orders).await? {
        PlacingOutcome::Committed(_) => Ok(true),
        PlacingOutcome::ClaimTaken => Ok(false),
        PlacingOutcome::NumberTaken => panic!("each order has a number of its own"),
    }
}

fn with_key(stocked: &Stocked, number: &str, text: &str) -> NewOrder {
    NewOrder { idempotency: key(text, &format!("digest of {number}")), ..stocked.order(number) }
}

/// A key belongs to one user; orders without a key are not affected.
pub async fn binds_a_key_to_its_order(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let other = stocked.shop.add_user("other").await;
    let mut others = with_key(&stocked, "103", "k1");
    others.order.user_id = other;
    let orders =
        [stocked.order("100"), with_key(&stocked, "101", "k1"), with_key(&stocked, "102", "K1"), others];
    assert!(bind(&stocked, &orders).await.unwrap());
    assert!(bind(&stocked, &[stocked.order("104")]).await.unwrap(), "no keys at all");

    let found = |number: &str| Some((format!("digest of {number}"), number.to_owned()));
    assert_eq!(find(&stocked, stocked.user_id, "k1").await, found("101"));
    assert_eq!(find(&stocked, stocked.user_id, "K1").await, found("102"));
    assert_eq!(find(&stocked, other, "k1").await, found("103"));
    assert_eq!(find(&stocked, stocked.user_id, "k2").await, None);
    assert_eq!(find(&stocked, other, "K1").await, None);
    let longest = "k".repeat(IdempotencyKey::MAX_LEN);
    assert!(bind(&stocked, &[with_key(&stocked, "105", &longest)]).await.unwrap());
    assert_eq!(find(&stocked, stocked.user_id, &longest).await, found("105"));
}

/// A second order with the same key is refused.
pub async fn binds_a_key_once(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    assert!(bind(&stocked, &[with_key(&stocked, "101", "k1")]).await.unwrap());
    assert!(
        !bind(&stocked, &[with_key(&stocked, "102", "k2"), with_key(&stocked, "103", "k1")]).await.unwrap()
    );
    assert_eq!(find(&stocked, stocked.user_id, "k1").await.map(|found| found.1).as_deref(), Some("101"));
    assert_eq!(find(&stocked, stocked.user_id, "k2").await, None);
    assert_eq!(stocked.find("102").await, None);
}

/// Of twenty orders with the same key at once, one is placed.
pub async fn binds_a_key_once_however_many_try(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    let placed = how_many(20, |number| {
        let stocked = Arc::clone(&stocked);
        async move {
            let orders = [with_key(&stocked, &format!("1{number:02}"), "k1")];
            until_let_through(|| bind(&stocked, &orders)).await
        }
    });
    assert_eq!(placed.await, 1);
    let (_, order_id) = find(&stocked, stocked.user_id, "k1").await.unwrap();
    let query = crate::OrderListQuery { user_id: stocked.user_id, status: None, before: None, limit: 200 };
    let orders = stocked.shop.orders().list(&query).await.unwrap();
    assert_eq!(orders.iter().map(|order| order.id.to_string()).collect::<Vec<_>>(), [order_id]);
}

/// Keys that were used before a moment are deleted, up to the limit. Other keys and the orders stay.
pub async fn forgets_old_keys(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let second = std::time::Duration::from_secs(1);
    for (number, at) in [("101", noon().before(second)), ("102", noon().before(second)), ("103", noon())] {
        let mut new = with_key(&stocked, number, number);
        new.order.created_at = at;
        stocked.place(&[new]).await;
    }
    let keys = stocked.shop.idempotency_keys();
    assert_eq!(keys.purge(noon().before(second), 9).await.unwrap(), 0);
    assert_eq!(keys.purge(noon(), 1).await.unwrap(), 1);
    assert_eq!(keys.purge(noon(), 9).await.unwrap(), 1);
    assert_eq!(keys.purge(noon(), 9).await.unwrap(), 0);
    for (number, is_known) in [("101", false), ("102", false), ("103", true)] {
        assert_eq!(find(&stocked, stocked.user_id, number).await.is_some(), is_known, "{number}");
        assert!(stocked.find(number).await.is_some(), "{number}");
    }
}
