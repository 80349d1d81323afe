//! Carts that are broken, changed or unavailable at the wrong moment.

use serde_json::json;
use tests::{Dashop, Database, Server, Setup, until};

tests::on_both_stores!(a_line_that_cannot_be_read_hides_only_itself);

async fn a_line_that_cannot_be_read_hides_only_itself(setup: Setup) {
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(904, 1).await;
    for sku in 901..907 {
        database.add_sku(sku, "10.00", 10).await;
    }
    let malformed = ["", "2", "{\"count\": 2", "{\"count\": 2}", "{\"count\": null, \"selected\": 1}"];
    for (sku, value) in (901..).zip(malformed) {
        database.write_to_cart(904, sku, value).await;
    }
    database.write_to_cart(904, 906, "{\"selected\": \"1\", \"count\": \"3\"}").await;
    let buyer = dashop.buyer("b904");
    let preview = buyer.preview("settlement_type=0").await;
    assert_eq!((preview["code"].as_i64(), preview["data"]["total_count"].as_i64()), (Some(200), Some(3)));
    let created = buyer.create(json!({"address_id": 904, "settlement_type": 0})).await;
    assert_eq!(created["data"]["total_amount"], "40.00", "{created}");
    assert_eq!(database.lines_in_cart(904).await, 5, "what nobody can read, nobody ordered");
    assert!(dashop.log().contains("cannot be read"), "the operator is told: {}", dashop.log());
}

/// An order of one cart line. The line is already read from the cart, but the order cannot be written yet, because the
/// test holds a lock on the row of the SKU.
struct HeldOrder {
    holder: Database,
    answer: tokio::task::JoinHandle<serde_json::Value>,
}

impl HeldOrder {
    async fn of_cart_line(dashop: &Dashop, database: &mut Database) -> Self {
        database.add_buyers(904, 1).await;
        database.add_sku(901, "209.00", 10).await;
        database.put_in_cart(904, 901, 2).await;
        let mut holder = dashop.database().await;
        holder.execute("BEGIN; SELECT stock FROM DDSC_SKU WHERE id = 901 FOR UPDATE").await;
        let buyer = dashop.buyer("b904");
        let answer =
            tokio::spawn(async move { buyer.create(json!({"address_id": 904, "settlement_type": 0})).await });
        // While the row is locked, a statement that changes it waits.
        until("the order waits for the row", async || {
            let waiting = "SELECT COUNT(*) AS n FROM information_schema.processlist \
                 WHERE db = DATABASE() AND info LIKE 'UPDATE%DDSC_SKU%' AND id <> CONNECTION_ID()";
            database.number(waiting).await == 1
        })
        .await;
        Self { holder, answer }
    }

    /// Releases the row, and returns the answer to the order.
    async fn let_go(mut self) -> serde_json::Value {
        self.holder.execute("ROLLBACK").await;
        self.answer.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_changed_while_it_is_ordered_stays() {
    let dashop = Setup::on_servers().await.start().await;
    let mut database = dashop.database().await;
    let order = HeldOrder::of_cart_line(&dashop, &mut database).await;
    database.put_in_cart(904, 901, 3).await;
    database.put_in_cart(904, 1, 1).await;
    assert_eq!(order.let_go().await["data"]["total_amount"], "428.00");
    assert_eq!(database.pieces(901).await, (8, 2, 2));
    assert_eq!(database.lines_in_cart(904).await, 2, "the changed one and the new one");
    until("it is done with", async || {
        database.number("SELECT COUNT(*) AS n FROM dashop_cart_removal").await == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_that_are_gone_when_the_order_is_written_are_tidied_up_after_a_restart() {
    let (mariadb, mut redis) = (Server::mariadb().await, Server::redis().await);
    let setup = Setup::on(&mariadb, &redis).await.with("DASHOP_REDIS_TIMEOUT", "1");
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    let order = HeldOrder::of_cart_line(&dashop, &mut database).await;
    redis.kill();
    let answer = order.let_go().await;
    assert_eq!(answer["code"], 200, "the order stands: {answer}");
    assert_eq!(database.pieces(901).await, (8, 2, 2));

    let setup = dashop.kill();
    redis.start().await;
    let mut database = setup.data().open().await;
    assert_eq!(database.lines_in_cart(904).await, 1, "nobody could take it out");
    // Recent rows are left to the process that placed the order: this makes them a minute older.
    database.execute("UPDATE dashop_cart_removal SET recorded_at = recorded_at - INTERVAL 1 MINUTE").await;
    let _dashop = setup.start().await;
    until("the line has left the cart", async || database.lines_in_cart(904).await == 0).await;
    until("it is done with", async || {
        database.number("SELECT COUNT(*) AS n FROM dashop_cart_removal").await == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_that_are_gone_before_the_order_leave_everything_as_it_was() {
    let (mariadb, mut redis) = (Server::mariadb().await, Server::redis().await);
    let setup = Setup::on(&mariadb, &redis).await.with("DASHOP_REDIS_TIMEOUT", "1");
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(904, 1).await;
    database.add_sku(901, "209.00", 10).await;
    database.put_in_cart(904, 901, 2).await;
    redis.kill();

    let buyer = dashop.buyer("b904");
    let preview = buyer.preview("settlement_type=0").await;
    assert_eq!(preview["code"], 50000, "{preview}");
    assert!(preview["data"]["sku_list"].is_array() && preview["data"]["addresses"].is_array(), "{preview}");
    let refused = buyer.create(json!({"address_id": 904, "settlement_type": 0})).await;
    assert_eq!((refused["code"].as_i64(), refused["errmsg"].as_str()), (Some(50000), Some("系统错误")));
    assert_eq!(database.pieces(901).await, (10, 0, 0));
    assert_eq!(database.number("SELECT COUNT(*) AS n FROM tb_order_info").await, 0);
    assert!(dashop.log().contains("the carts are not available"), "the operator is told: {}", dashop.log());

    let direct = json!({"address_id": 904, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
    assert_eq!(buyer.create(direct).await["code"], 200, "what needs no cart goes on");
    assert_eq!(buyer.list(0).await.len(), 1);

    redis.start().await;
    let created = buyer.create(json!({"address_id": 904, "settlement_type": 0})).await;
    assert_eq!(created["code"], 200, "and the carts are found again: {created}");
}
