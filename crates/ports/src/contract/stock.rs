//! [`crate::StockRepo`].

use std::sync::Arc;

use domain::SkuId;

use super::{
    NewSku, Shop, StockRecord,
    samples::{self, a_sku, allocation, how_many, until_let_through},
};
use crate::StoreError;

async fn take(shop: &dyn Shop, wanted: &[(SkuId, u32)], price: &str) -> Result<bool, StoreError> {
    let allocations: Vec<_> = wanted.iter().map(|(id, pieces)| allocation(*id, *pieces, price)).collect();
    samples::take(shop, &allocations).await
}

/// Stock, sales and version change together, only for the taken SKUs.
pub async fn is_taken_sold_and_counted(shop: Arc<dyn Shop>) {
    let first = shop.add_sku(a_sku("甲", "1.50", 10)).await;
    let second = shop.add_sku(a_sku("乙", "1.50", 4)).await;
    let third = shop.add_sku(a_sku("丙", "1.50", 5)).await;
    assert!(take(&*shop, &[(first, 3), (second, 4)], "1.50").await.unwrap(), "the last piece too");
    assert!(take(&*shop, &[(first, 1)], "1.50").await.unwrap());
    assert_eq!(shop.stock_record(first).await, StockRecord { stock: 6, sales: 4, version: 2 });
    assert_eq!(shop.stock_record(second).await, StockRecord { stock: 0, sales: 4, version: 1 });
    assert_eq!(shop.stock_record(third).await, StockRecord { stock: 5, sales: 0, version: 0 });
    assert!(take(&*shop, &[], "1.50").await.unwrap(), "nothing is always there");
}

/// If a SKU has too few pieces or another price, is off the shelf or does not exist, no SKU of the call is taken.
pub async fn is_not_taken_on_other_terms(shop: Arc<dyn Shop>) {
    let good = shop.add_sku(a_sku("甲", "1.50", 10)).await;
    let short = shop.add_sku(a_sku("乙", "1.50", 2)).await;
    let dearer = shop.add_sku(a_sku("丙", "1.51", 10)).await;
    let off_shelf = shop.add_sku(NewSku { is_launched: false, ..a_sku("丁", "1.50", 10) }).await;
    for (what, sku) in
        [("short", short), ("dearer", dearer), ("off the shelf", off_shelf), ("unknown", SkuId(999_999))]
    {
        assert!(!take(&*shop, &[(good, 1), (sku, 3)], "1.50").await.unwrap(), "{what}");
    }
    assert!(!take(&*shop, &[(good, u32::MAX)], "1.50").await.unwrap(), "more than can be counted");
    for (sku, stock) in [(good, 10), (short, 2), (dearer, 10), (off_shelf, 10)] {
        assert_eq!(shop.stock_record(sku).await, StockRecord { stock, sales: 0, version: 0 });
    }
}

/// Forty buyers at once, twenty-five pieces: twenty-five are served.
pub async fn is_never_oversold(shop: Arc<dyn Shop>) {
    let sku = shop.add_sku(a_sku("甲", "1.50", 25)).await;
    let served = how_many(40, |_| {
        let shop = Arc::clone(&shop);
        async move { until_let_through(|| async { take(&*shop, &[(sku, 1)], "1.50").await }).await }
    });
    assert_eq!(served.await, 25);
    assert_eq!(shop.stock_record(sku).await, StockRecord { stock: 0, sales: 25, version: 25 });
}

/// Many buyers take overlapping SKUs: the taken pieces of each SKU add up.
pub async fn is_taken_by_many_without_loss(shop: Arc<dyn Shop>) {
    let mut skus = Vec::new();
    for name in ["甲", "乙", "丙"] {
        skus.push(shop.add_sku(a_sku(name, "1.50", 20)).await);
    }
    let pairs = [(skus[0], skus[1]), (skus[1], skus[2]), (skus[0], skus[2])];
    let served = how_many(36, |number| {
        let shop = Arc::clone(&shop);
        let (one, two) = pairs[number % pairs.len()];
        async move { until_let_through(|| async { take(&*shop, &[(one, 1), (two, 2)], "1.50").await }).await }
    })
    .await;
    let mut sold = 0;
    for sku in skus {
        let record = shop.stock_record(sku).await;
        assert!(record.stock >= 0, "{record:?}");
        assert_eq!(record.stock + record.sales, 20);
        sold += record.sales;
    }
    assert_eq!(sold, i64::try_from(served * 3).unwrap());
}
