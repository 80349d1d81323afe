//! `make bench`: what placing orders in groups is worth. Each pair of figures comes from one run on one machine; quote
//! their ratio, not the figures.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot measure says so by panicking"
)]

use std::time::Instant;

use futures_util::{StreamExt, stream};
use serde_json::json;
use tests::Setup;

/// Orders of one measurement, and how many are under way at once.
const ORDERS: i32 = 4000;
const BUYERS: i32 = 128;
/// The pairs of measurements; their median ratio is printed.
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() {
    println!("orders a second over HTTP on the embedded store, {BUYERS} at once, medians of {ROUNDS} rounds");
    for (what, skus) in [("one hot SKU", 1), ("a hundred SKUs", 100)] {
        let (mut alone, mut grouped, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (one, many) = (measure("1", skus).await, measure("64", skus).await);
            alone.push(one);
            grouped.push(many);
            ratios.push(many / one);
        }
        let (alone, grouped, ratio) = (median(alone), median(grouped), median(ratios));
        println!("{what}: one by one {alone:.0}, in groups {grouped:.0}: {ratio:.1} times as many");
    }
}

/// Orders a second with groups of at most this size.
async fn measure(group: &str, skus: i32) -> f64 {
    let dashop =
        Setup::embedded().with("DASHOP_DESK_GROUP", group).with("DASHOP_LOG_LEVEL", "warn").start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, BUYERS).await;
    for sku in 0..skus {
        database.add_sku(901 + sku, "209.00", 1_000_000).await;
    }
    let buyers: Vec<_> = (0..BUYERS).map(|user| dashop.buyer(&format!("b{}", 1001 + user))).collect();
    let started = Instant::now();
    let orders = stream::iter(0..ORDERS).map(|n| {
        let user = n % BUYERS;
        let buyer = &buyers[usize::try_from(user).unwrap()];
        let body =
            json!({"address_id": 1001 + user, "settlement_type": 1, "sku_id": 901 + n % skus, "buy_num": 1});
        async move { assert_eq!(buyer.create(body).await["code"], 200) }
    });
    let under_way = usize::try_from(BUYERS).unwrap();
    orders.buffer_unordered(under_way).collect::<Vec<()>>().await;
    f64::from(ORDERS) / started.elapsed().as_secs_f64()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
