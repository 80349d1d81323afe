//! [`crate::UnitOfWork`].

use std::sync::Arc;

use domain::NewOrder;

use super::{
    Shop, StockRecord,
    samples::{Stocked, allocation, key, noon},
};
use crate::{StockOutcome, UnitOfWork};

const NUMBER: &str = "2019112812000004";

/// A purchase in all repositories.
async fn buy(stocked: &Stocked, unit: &mut dyn UnitOfWork) {
    let new = NewOrder { idempotency: key("k1", "digest"), ..stocked.order(NUMBER) };
    let taken = unit.stock().take(&[allocation(stocked.sku_id, 2, "104.95")]).await.unwrap();
    assert_eq!(taken, StockOutcome::Taken);
    unit.orders().insert(std::slice::from_ref(&new)).await.unwrap();
    assert!(unit.idempotency().record(std::slice::from_ref(&new), noon()).await.unwrap());
}

/// What is stored of that purchase: pieces sold, the order, its key.
async fn traces(stocked: &Stocked) -> (i64, bool, bool) {
    let StockRecord { stock, sales, version } = stocked.shop.stock_record(stocked.sku_id).await;
    assert_eq!((stock + sales, version), (50, sales / 2));
    let (key, _) = key("k1", "").unwrap();
    let bound = stocked.shop.orders().find_by_key(stocked.user_id, &key).await.unwrap().is_some();
    (sales, stocked.find(NUMBER).await.is_some(), bound)
}

const NOTHING: (i64, bool, bool) = (0, false, false);
const EVERYTHING: (i64, bool, bool) = (2, true, true);

/// Dropped, even in the middle of a call, it is as if it had never been.
pub async fn leaves_no_trace_without_commit(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    let mut unit = stocked.begin().await;
    buy(&stocked, &mut *unit).await;
    assert_eq!(stocked.find(NUMBER).await, None, "not seen before it is committed");
    drop(unit);
    assert_eq!(traces(&stocked).await, NOTHING);

    let given_up = Arc::clone(&stocked);
    let task = tokio::spawn(async move {
        let mut unit = given_up.begin().await;
        buy(&given_up, &mut *unit).await;
    });
    tokio::task::yield_now().await;
    task.abort();
    let _ended_or_aborted = task.await;
    assert_eq!(traces(&stocked).await, NOTHING);
}

/// Committed, all of it is there.
pub async fn takes_effect_at_once(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let mut unit = stocked.begin().await;
    buy(&stocked, &mut *unit).await;
    unit.commit().await.unwrap();
    assert_eq!(traces(&stocked).await, EVERYTHING);
}

/// However many were dropped, the next one can be begun, and what they wrote is free for others.
pub async fn gives_back_what_it_held(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    for _ in 0..60 {
        let mut unit = stocked.begin().await;
        buy(&stocked, &mut *unit).await;
    }
    let mut unit = stocked.begin().await;
    buy(&stocked, &mut *unit).await;
    unit.commit().await.unwrap();
    assert_eq!(traces(&stocked).await, EVERYTHING);
}
