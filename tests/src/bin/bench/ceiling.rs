//! The ceiling: the least SQL that one order needs, one order a transaction, sent straight to the database.

use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tokio::task::JoinSet;

use crate::shop::{BUYERS, FIRST, SKUS};

/// Orders per second over this many connections, each of two SKUs or of the one hot SKU.
pub(crate) async fn orders_a_second(url: &str, connections: u64, hot: bool, run: u64, span: Duration) -> f64 {
    let mut clients = JoinSet::new();
    for number in 0..connections {
        let url = url.to_owned();
        clients.spawn(async move {
            let mut client = Client::connect(&url, number, hot, run).await;
            let (started, mut orders) = (Instant::now(), 0.0);
            while started.elapsed() < span {
                client.order().await;
                orders += 1.0;
            }
            orders / started.elapsed().as_secs_f64()
        });
    }
    clients.join_all().await.into_iter().sum()
}

/// The compared database must be as durable as a shop's: each commit is on disk before it is confirmed.
pub(crate) async fn check_durable(url: &str) {
    let flushed = "SELECT @@innodb_flush_log_at_trx_commit AS flushed";
    let mut database = AsyncMysqlConnection::establish(url).await.unwrap();
    let flushed: Flushed = diesel::sql_query(flushed).get_result(&mut database).await.unwrap();
    assert_eq!(flushed.flushed, 1, "innodb_flush_log_at_trx_commit");
}

#[derive(diesel::QueryableByName)]
struct Flushed {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    flushed: i64,
}

struct Client {
    database: AsyncMysqlConnection,
    prefix: String,
    orders: u64,
    hot: bool,
    random: SmallRng,
}

impl Client {
    async fn connect(url: &str, number: u64, hot: bool, run: u64) -> Self {
        let database = AsyncMysqlConnection::establish(url).await.unwrap();
        let random = SmallRng::seed_from_u64(run * 1_000 + number);
        Self { database, prefix: format!("9{run:04}{number:03}"), orders: 0, hot, random }
    }

    async fn say(&mut self, sql: &str) {
        self.database.batch_execute(sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    async fn order(&mut self) {
        self.orders += 1;
        let id = format!("{}{:08}", self.prefix, self.orders);
        let user = FIRST + self.random.random_range(0..BUYERS);
        let mut skus = vec![FIRST];
        if !self.hot {
            skus = (0..2).map(|half| FIRST + self.random.random_range(0..SKUS / 2) * 2 + half).collect();
            skus.sort_unstable();
        }
        let list = skus.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
        self.say(&format!("SELECT id, name, price, stock FROM DDSC_SKU WHERE id IN ({list})")).await;
        self.say("BEGIN").await;
        for sku in &skus {
            self.say(&format!(
                "UPDATE DDSC_SKU SET stock = stock - 1, sales = sales + 1, version = version + 1 \
                 WHERE id = {sku} AND stock >= 1"
            ))
            .await;
        }
        self.say(&format!(
            "INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, total_amount, freight, \
             pay_method, status, address_id, user_id) VALUES ('{id}', NOW(6), NOW(6), {}, 210.00, 10.00, 1, 1, {user}, {user})",
            skus.len()
        ))
        .await;
        let lines = skus.iter().map(|sku| format!("(NOW(6), NOW(6), 1, 100.00, '{id}', {sku})"));
        self.say(&format!(
            "INSERT INTO tb_order_goods (created_time, updated_time, count, price, order_id, sku_id) VALUES {}",
            lines.collect::<Vec<_>>().join(",")
        ))
        .await;
        self.say("COMMIT").await;
    }
}
