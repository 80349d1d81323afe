//! `make bench`: what the number of orders on record costs. The same questions are put to a shop with 1,000 orders and to
//! one with 100,000; quote the ratios, not the figures.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot measure says so by panicking")]

use std::time::{Duration, Instant};

use adapters::sql::{SqlConfig, SqlStore};
use domain::{NumberRange, OrderId, OrderStatus, ShopTime, UserId};
use ports::{BackOffice, OrderListQuery, OrderReader, OrderSearch, UnitsOfWork};
use tests::{Data, Setup};

const FEW: i32 = 1_000;
const MANY: i32 = 100_000;
/// Orders of one buyer, in both shops.
const OF_ONE: i32 = 20;
/// How often each question is put; the median counts.
const TIMES: usize = 200;

#[tokio::main]
async fn main() {
    let (few, many) = (measure(FEW).await, measure(MANY).await);
    println!("medians of {TIMES}, with {FEW} orders and with {MANY}, on the embedded store");
    for ((what, few), (_, many)) in few.into_iter().zip(many) {
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        println!("{what}: {few:.1?} and {many:.1?}: {ratio:.2} times as long");
    }
}

/// The median time of each question to a shop with so many orders.
async fn measure(orders: i32) -> Vec<(&'static str, Duration)> {
    let setup = Setup::embedded();
    let Data::Embedded(file) = setup.data().clone() else { return Vec::new() };
    let store = SqlStore::connect(&SqlConfig::new(format!("sqlite:{}", file.display()))).await.unwrap();
    store.migrate().await.unwrap();
    let now = ShopTime::parse("2026-06-01 12:00:00").unwrap();
    store.seed_demo(now).await.unwrap();
    fill(&setup, orders).await;

    let list = OrderListQuery { user_id: UserId(1_001), status: None, before: None, limit: 20 };
    let all = OrderSearch { numbers: NumberRange::all(), user_id: None, status: None, limit: 50 };
    let to_ship = OrderSearch { status: Some(OrderStatus::AwaitingShipment), ..all.clone() };
    let of_buyer = OrderSearch { user_id: Some(UserId(1_001)), ..all.clone() };
    let number = OrderId::parse("2026010100000500").unwrap();
    let by_number = OrderSearch { numbers: NumberRange::all().beginning_with(&number), ..all.clone() };
    vec![
        ("a buyer's list", median(async || drop(store.list(&list).await.unwrap())).await),
        ("the shop's latest", median(async || drop(store.search(&all).await.unwrap())).await),
        ("those to ship", median(async || drop(store.search(&to_ship).await.unwrap())).await),
        ("one buyer's", median(async || drop(store.search(&of_buyer).await.unwrap())).await),
        ("one number", median(async || drop(store.search(&by_number).await.unwrap())).await),
        ("a job's pass with nothing due", median(async || claim(&store, now.before(DAY)).await).await),
        ("a job's pass with 64 due", median(async || claim(&store, now).await).await),
        ("the refunds' pass", median(async || claim_refunds(&store, now).await).await),
    ]
}

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn claim(store: &SqlStore, now: ShopTime) {
    let mut unit = store.begin().await.unwrap();
    unit.orders().claim_due(now, now.after(DAY), 64).await.unwrap();
}

async fn claim_refunds(store: &SqlStore, now: ShopTime) {
    let mut unit = store.begin().await.unwrap();
    unit.refunds().claim_due(now, now.after(DAY), 20).await.unwrap();
}

async fn median(question: impl AsyncFn()) -> Duration {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let begun = Instant::now();
        question().await;
        times.push(begun.elapsed());
    }
    times.sort();
    times.get(TIMES / 2).copied().unwrap_or_default()
}

/// Orders of two lines, most of them completed; one in fifty is to be shipped, and a hundred are due.
async fn fill(setup: &Setup, orders: i32) {
    let mut database = setup.data().open().await;
    database.add_buyers(1_001, orders / OF_ONE).await;
    let each =
        format!("WITH RECURSIVE each(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each WHERE n < {orders}) ");
    let then = "'2026-01-01 00:00:00.000000'";
    database
        .execute(&format!(
            "BEGIN; {each} INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, total_amount, \
             freight, pay_method, status, address_id, user_id, ship_receiver, ship_address, due_at) \
             SELECT printf('20260101%08d', n), {then}, {then}, 2, '20.00', '10.00', 1, \
             CASE WHEN n % 50 = 0 THEN 2 ELSE 4 END, 1001 + n / {OF_ONE} % {buyers}, 1001 + n / {OF_ONE} % {buyers}, \
             '习瓜瓜', '北京市', CASE WHEN n <= 100 THEN '2026-06-01 00:00:00.000000' END FROM each; \
             {each} INSERT INTO tb_order_goods (created_time, updated_time, count, price, order_id, sku_id, sku_name, \
             sku_image_url, sku_sale_attrs) SELECT {then}, {then}, 1, '5.00', printf('20260101%08d', n), sku, 'x', 'x', \
             '[]' FROM each, (SELECT 1 AS sku UNION SELECT 2); COMMIT; ANALYZE;",
            buyers = orders / OF_ONE,
        ))
        .await;
}
