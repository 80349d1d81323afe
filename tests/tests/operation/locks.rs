//! Rows that another program of the shop has locked and keeps locked.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::Setup;

fn one_piece(user: i32, sku: i32) -> Value {
    json!({"address_id": user, "settlement_type": 1, "sku_id": sku, "buy_num": 1})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_that_is_held_puts_off_its_own_buyers_alone() {
    let setup = Setup::on_servers().await.with("DASHOP_DATABASE_LOCK_TIMEOUT", "2");
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 20).await;
    database.add_sku(901, "209.00", 100).await;
    database.add_sku(902, "209.00", 100).await;
    let mut holder = dashop.database().await;
    holder.execute("BEGIN; SELECT stock FROM DDSC_SKU WHERE id = 901 FOR UPDATE").await;

    let orders = (1001..1021).map(|user| {
        let buyer = dashop.buyer(&format!("b{user}"));
        async move { (user, buyer.create(one_piece(user, 901 + user % 2)).await) }
    });
    for (user, answer) in join_all(orders).await {
        let expected = if user % 2 == 0 { 50104 } else { 200 };
        assert_eq!(answer["code"], expected, "{answer}");
    }
    assert_eq!(database.pieces(902).await, (90, 10, 10));

    holder.execute("ROLLBACK").await;
    assert_eq!(dashop.buyer("b1002").create(one_piece(1002, 901)).await["code"], 200);
    assert_eq!(database.pieces(901).await, (99, 1, 1), "and of those who were put off nothing was written");
}
