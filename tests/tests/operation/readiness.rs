//! The answers of `/readyz` while no order can be written, and while only the carts are unavailable.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Browser, Dashop, Server, Setup, until};

/// The status and the answer of `/readyz`.
async fn readiness(dashop: &Dashop) -> (u16, Value) {
    let reply = Browser::new().get(&dashop.url("/readyz")).await;
    (reply.status, reply.json())
}

/// Waits until `/readyz` answers 503, which must be because the database cannot be written for this reason.
async fn is_not_ready(dashop: &Dashop, reason: &str) {
    let reason = format!("database: nothing can be written: {reason}");
    let missing = json!({"status": "unavailable", "missing": [reason]});
    until("it is not ready", async || readiness(dashop).await.0 == 503).await;
    assert_eq!(readiness(dashop).await, (503, missing));
}

async fn is_ready(dashop: &Dashop) {
    until("it is ready", async || readiness(dashop).await == (200, json!({"status": "ok"}))).await;
}

/// The shop on these servers, as a user without special rights, who cannot write when the server is read-only.
async fn setup_on(mariadb: &Server, redis: &Server) -> Setup {
    Setup::on(mariadb, redis).await.as_plain_user(mariadb).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_read_only() {
    let (mariadb, redis) = (Server::mariadb().await, Server::redis().await);
    let dashop = setup_on(&mariadb, &redis).await.start().await;
    is_ready(&dashop).await;
    mariadb.execute("SET GLOBAL read_only = 1").await;
    is_not_ready(&dashop, "it is read-only").await;
    mariadb.execute("SET GLOBAL read_only = 0").await;
    is_ready(&dashop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_binary_log_takes_no_rows() {
    let (mariadb, redis) = (Server::mariadb_with(&["--log-bin"]).await, Server::redis().await);
    let dashop = setup_on(&mariadb, &redis).await.start().await;
    is_ready(&dashop).await;
    let setup = dashop.stop().await;
    mariadb.execute("SET GLOBAL binlog_format = 'STATEMENT'").await;
    // The setting applies only to new connections.
    let dashop = setup.start_unready().await;
    is_not_ready(&dashop, "binlog_format is STATEMENT; it must be ROW or MIXED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_has_no_space_left() {
    let most = "--innodb-data-file-path=ibdata1:12M:autoextend:max:24M";
    let mariadb = Server::mariadb_with(&["--innodb-file-per-table=0", most]).await;
    let redis = Server::redis().await;
    let dashop = setup_on(&mariadb, &redis).await.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 1).await;
    database.add_sku(901, "209.00", 100_000).await;
    mariadb.execute("CREATE DATABASE filler; CREATE TABLE filler.f (b VARCHAR(8000)) ENGINE = InnoDB").await;
    for rows in [100, 1] {
        let fill = format!("INSERT INTO filler.f SELECT REPEAT('x', 7900) FROM seq_1_to_{rows}");
        while database.try_execute(&fill).await {}
    }
    let buyer = dashop.buyer("b1001");
    // The pages of the orders still have room.
    until("an order is refused", async || {
        let body = json!({"address_id": 1001, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
        buyer.create(body).await["code"] != 200
    })
    .await;
    is_not_ready(&dashop, "it has no space left").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_carts_the_rest_of_the_shop_is_ready() {
    let (mariadb, mut redis) = (Server::mariadb().await, Server::redis().await);
    let dashop = Setup::on(&mariadb, &redis).await.start().await;
    is_ready(&dashop).await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 1).await;
    database.add_sku(901, "209.00", 5).await;
    redis.kill();
    let degraded = json!({"status": "ok", "degraded": ["carts"]});
    until("it says that the carts are gone", async || readiness(&dashop).await == (200, degraded.clone()))
        .await;
    let body = json!({"address_id": 1001, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
    assert_eq!(dashop.buyer("b1001").create(body).await["code"], 200, "a direct buy needs no cart");
    redis.start().await;
    is_ready(&dashop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_that_do_not_answer_hold_up_no_balancer() {
    let (mariadb, redis) = (Server::mariadb().await, Server::redis().await);
    let patient = Setup::on(&mariadb, &redis).await.with("DASHOP_REDIS_TIMEOUT", "10");
    let dashop = patient.start().await;
    is_ready(&dashop).await;
    redis.halt();
    // The result of a check is kept for a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked = Instant::now();
    assert_eq!(readiness(&dashop).await, (200, json!({"status": "ok", "degraded": ["carts"]})));
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    redis.go_on();
    is_ready(&dashop).await;
}
