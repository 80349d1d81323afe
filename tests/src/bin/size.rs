//! `make bench`: how the number of stored orders affects speed. The same queries run on a shop with 1,000 orders and on
//! one with 1,000,000, or as many as `size 100000` says; quote the ratios, not the figures.
//!
//! `size audit 1000000`: how long an audit of this many orders takes.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot measure says so by panicking")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::sql::{self, SqlConfig, SqlStore};
use application::Audit;
use domain::{NumberRange, OrderId, OrderStatus, ShopTime, UserId, audit::AuditTerms};
use futures_util::{FutureExt, future::BoxFuture};
use ports::{OrderListQuery, OrderSearch};
use serde_json::{Value, json};
use tests::{Data, Setup, built};

const FEW: i32 = 1_000;
const MANY: i32 = 1_000_000;
/// Orders per buyer, in both shops.
const OF_ONE: i32 = 20;
/// One of the buyers.
const BUYER: UserId = UserId(1_001);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How often each query runs; the median counts.
const TIMES: usize = 200;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, orders] = arguments.as_slice()
        && what == "audit"
    {
        let orders = orders.parse().unwrap();
        audit("the embedded store", Setup::embedded(), orders).await;
        return audit("MySQL", Setup::on_servers().await, orders).await;
    }
    let many = arguments.first().map_or(MANY, |orders| orders.parse().unwrap());
    println!("medians of {TIMES}, with {FEW} orders and with {many}");
    let mut rows = compare("the embedded store", many, async || Setup::embedded()).await;
    rows.extend(compare("MySQL", many, Setup::on_servers).await);
    let file = built("size.json");
    std::fs::write(&file, serde_json::to_string_pretty(&rows).unwrap()).unwrap();
    println!("written to {file}");
}

/// Runs each query on both shops in turn, so that other load on the machine affects both alike.
async fn compare(name: &str, orders: i32, empty_shop: impl AsyncFn() -> Setup) -> Vec<Value> {
    let mut rows = Vec::new();
    let (few, many) = (empty_shop().await, empty_shop().await);
    let (few, many) = (filled(&few, FEW).await, filled(&many, orders).await);
    for (what, question) in QUESTIONS {
        let (mut of_few, mut of_many) = (Vec::with_capacity(TIMES), Vec::with_capacity(TIMES));
        for _ in 0..TIMES {
            of_few.push(timed(question(&*few)).await);
            of_many.push(timed(question(&*many)).await);
        }
        let (of_few, of_many) = (median(of_few), median(of_many));
        let ratio = of_many.as_secs_f64() / of_few.as_secs_f64();
        println!("{name}, {what}: {of_few:.1?} and {of_many:.1?}: {ratio:.2} times as long");
        let millis = |span: Duration| span.as_secs_f64() * 1_000.0;
        rows.push(json!({
            "store": name, "question": what, "orders": [FEW, orders], "ms": [millis(of_few), millis(of_many)],
            "ratio": ratio,
        }));
    }
    rows
}

/// Orders as the service leaves them: paid, shipped and received, two lines each.
async fn audit(name: &str, setup: Setup, orders: i32) {
    let store = filled(&setup, orders).await;
    complete(&setup, orders).await;
    let audit = Audit { store, terms: AuditTerms::default() };
    let begun = Instant::now();
    let report = audit.execute(|_, _| ()).await.unwrap();
    let took = begun.elapsed();
    assert!(report.is_clean(), "{:?}", report.findings.first());
    println!("{name}: an audit of {} orders, 7 rows each, took {took:.1?}", report.orders);
}

type Question = for<'a> fn(&'a dyn SqlStore) -> BoxFuture<'a, ()>;

const QUESTIONS: [(&str, Question); 8] = [
    ("a buyer's list", |store| {
        let list = OrderListQuery { user_id: BUYER, status: None, before: None, limit: 20 };
        async move { drop(store.list(&list).await.unwrap()) }.boxed()
    }),
    ("the shop's latest", |store| search(store, all())),
    ("those to ship", |store| {
        search(store, OrderSearch { status: Some(OrderStatus::AwaitingShipment), ..all() })
    }),
    ("one buyer's", |store| search(store, OrderSearch { user_id: Some(BUYER), ..all() })),
    ("one number", |store| {
        let number = OrderId::parse("2026010100000500").unwrap();
        search(store, OrderSearch { numbers: NumberRange::all().beginning_with(&number), ..all() })
    }),
    ("a job's pass with nothing due", |store| claim(store, now().before(DAY))),
    ("a job's pass with 64 due", |store| claim(store, now())),
    ("the refunds' pass", |store| {
        async move {
            store.claim_due_refunds(now(), now(), 20).await.unwrap();
        }
        .boxed()
    }),
];

fn now() -> ShopTime {
    ShopTime::parse("2026-06-01 12:00:00").unwrap()
}

fn all() -> OrderSearch {
    OrderSearch { numbers: NumberRange::all(), user_id: None, status: None, limit: 50 }
}

fn search(store: &dyn SqlStore, search: OrderSearch) -> BoxFuture<'_, ()> {
    async move { drop(store.search(&search).await.unwrap()) }.boxed()
}

fn claim(store: &dyn SqlStore, now: ShopTime) -> BoxFuture<'_, ()> {
    async move {
        // They become due again at once, for the next timed pass.
        store.claim_due_orders(now, now, 64).await.unwrap();
    }
    .boxed()
}

async fn timed(question: BoxFuture<'_, ()>) -> Duration {
    let begun = Instant::now();
    question.await;
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The demo shop with this many orders.
async fn filled(setup: &Setup, orders: i32) -> Arc<dyn SqlStore> {
    let store = sql::connect(&SqlConfig::new(setup.data().database_url())).await.unwrap();
    store.migrate().await.unwrap();
    store.seed_demo(now()).await.unwrap();
    fill(setup, orders).await;
    store
}

/// Orders with two lines, most of them completed; one in ten is paid and not shipped, and a hundred are due.
async fn fill(setup: &Setup, orders: i32) {
    let mut database = setup.data().open().await;
    database.add_buyers(1_001, orders / OF_ONE).await;
    let on_mysql = matches!(setup.data(), Data::Servers { .. });
    if on_mysql {
        // Otherwise MariaDB stops counting at 1,000.
        database.execute(&format!("SET max_recursive_iterations = {orders}")).await;
    }
    let each = format!(
        "WITH RECURSIVE each_one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each_one WHERE n < {orders})"
    );
    let number = "CAST(2026010100000000 + n AS CHAR(16))";
    let user = format!("1001 + (n - n % {OF_ONE}) / {OF_ONE} % {}", orders / OF_ONE);
    let then = "'2026-01-01 00:00:00.000000'";
    let analyze = if on_mysql {
        "ANALYZE TABLE tb_order_info PERSISTENT FOR ALL; ANALYZE TABLE tb_order_goods"
    } else {
        "ANALYZE"
    };
    database
        .execute(&format!(
            "BEGIN; INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, total_amount, \
             freight, pay_method, status, address_id, user_id, ship_receiver, ship_address, due_at) {each} \
             SELECT {number}, {then}, {then}, 2, '20.00', '10.00', 1, CASE WHEN n % 10 = 0 THEN 2 ELSE 4 END, {user}, \
             {user}, '习瓜瓜', '北京市', CASE WHEN n <= 100 THEN '2026-06-01 00:00:00.000000' END FROM each_one; \
             INSERT INTO tb_order_goods (created_time, updated_time, count, price, order_id, sku_id, sku_name, \
             sku_image_url, sku_sale_attrs) {each} SELECT {then}, {then}, 1, '5.00', {number}, sku, 'x', 'x', '[]' \
             FROM each_one, (SELECT 1 AS sku UNION SELECT 2) AS skus; COMMIT; {analyze};"
        ))
        .await;
}

/// Adds the rows that complete the orders, so that every order is completed and the amounts agree.
async fn complete(setup: &Setup, orders: i32) {
    let mut database = setup.data().open().await;
    if matches!(setup.data(), Data::Servers { .. }) {
        database.execute(&format!("SET max_recursive_iterations = {orders}")).await;
    }
    let each = format!(
        "WITH RECURSIVE each_one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each_one WHERE n < {orders})"
    );
    let number = "CAST(2026010100000000 + n AS CHAR(16))";
    let then = "'2026-01-01 00:00:00.000000'";
    let steps = "(SELECT 1 AS step UNION SELECT 2 UNION SELECT 3) AS steps";
    database
        .execute(&format!(
            "BEGIN; UPDATE tb_order_info SET status = 4, expire_at = {then}, due_at = NULL; \
             INSERT INTO dashop_order_timeline (order_id, from_status, to_status, actor, reason, at) {each} \
             SELECT {number}, step, step + 1, 'system', '', {then} FROM each_one, {steps} ORDER BY n, step; \
             INSERT INTO dashop_payment (trade_no, out_trade_no, trade_status, total_amount, refunded, status, source, \
             recorded_at) {each} SELECT {number}, {number}, 'TRADE_SUCCESS', '20.00', '0.00', 'settled', 'query', {then} \
             FROM each_one; \
             UPDATE DDSC_SKU SET sales = {orders} WHERE id IN (1, 2); COMMIT;"
        ))
        .await;
}
