//! [`crate::DirectBuys`].

use std::sync::Arc;

use domain::{Quantity, SkuId};

use super::{Shop, samples::micros};
use crate::DirectBuy;

/// One direct buy per user, the latest one.
pub async fn remembers_the_latest_of_each_user(shop: Arc<dyn Shop>) {
    let (user, other) = (shop.add_user("demo").await, shop.add_user("other").await);
    let buy = |sku, pieces, at| DirectBuy {
        sku_id: SkuId(sku),
        quantity: Quantity::stored(pieces).unwrap(),
        previewed_at: micros(at),
    };
    assert_eq!(shop.direct_buys().latest(user).await.unwrap(), None);
    for latest in [buy(4, 1, 5), buy(4, 1, 5), buy(7, 200, 1_000_001)] {
        shop.direct_buys().remember(user, latest).await.unwrap();
        assert_eq!(shop.direct_buys().latest(user).await.unwrap(), Some(latest));
    }
    assert_eq!(shop.direct_buys().latest(other).await.unwrap(), None);
    shop.direct_buys().forget(other).await.unwrap();
    assert!(shop.direct_buys().latest(user).await.unwrap().is_some());
    shop.direct_buys().forget(user).await.unwrap();
    assert_eq!(shop.direct_buys().latest(user).await.unwrap(), None);
}
