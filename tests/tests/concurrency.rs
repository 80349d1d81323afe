//! Many buyers at once: nothing is oversold, nothing is lost, everybody gets an answer of the contract.

use std::collections::{BTreeMap, HashSet};

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::json;
use tests::Dashop;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_buyers_of_fifty_pieces() {
    let dashop = Dashop::embedded().await;
    let mut database = dashop.database();
    database.add_buyers(1001, 200);
    database.add_sku(901, "209.00", 50);
    let orders = (1001..1201).map(|user| {
        let buyer = dashop.buyer(&format!("b{user}"));
        async move {
            buyer.create(json!({"address_id": user, "settlement_type": 1, "sku_id": 901, "buy_num": 1})).await
        }
    });
    let answers = join_all(orders).await;

    let mut numbers = HashSet::new();
    for answer in &answers {
        match answer["code"].as_i64() {
            Some(200) => assert!(numbers.insert(answer["data"]["order_id"].as_str().unwrap().to_owned())),
            Some(50103) => assert_eq!(answer["errmsg"], "商品[901]库存不足"),
            _ => panic!("{answer}"),
        }
    }
    assert_eq!(numbers.len(), 50);
    assert_eq!(database.pieces(901), (0, 50, 50));
    assert_eq!(database.number("SELECT COUNT(*) AS n FROM tb_order_info"), 50);
    assert!(database.number("SELECT version AS n FROM DDSC_SKU WHERE id = 901") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_carts_over_twenty_skus() {
    const SKUS: i32 = 20;
    let dashop = Dashop::embedded().await;
    let mut database = dashop.database();
    database.add_buyers(1001, 500);
    let stock: BTreeMap<i32, i32> = (0..SKUS).map(|sku| (901 + sku, 20 + sku * 7 % 40)).collect();
    for (sku, pieces) in &stock {
        database.add_sku(*sku, "19.90", *pieces);
    }
    // Carts of one to four SKUs, spread by two primes instead of chance, so that a failure can be repeated.
    let mut lines = String::from("BEGIN;");
    for user in 1001..1501 {
        for line in 0..1 + user % 4 {
            lines.push_str(&format!(
                "INSERT OR IGNORE INTO dashop_cart_line (user_id, sku_id, value) VALUES ({user}, {}, \
                 '{{\"selected\": 1, \"count\": \"{}\"}}');",
                901 + (user * 13 + line * 29) % SKUS,
                1 + (user + line) % 3,
            ));
        }
    }
    database.execute(&(lines + "COMMIT;"));

    let answers: Vec<_> = stream::iter(1001..1501)
        .map(|user| {
            let buyer = dashop.buyer(&format!("b{user}"));
            async move { (user, buyer.create(json!({"address_id": user, "settlement_type": 0})).await) }
        })
        .buffer_unordered(64)
        .collect()
        .await;

    let mut accepted = 0;
    for (user, answer) in &answers {
        let in_cart =
            database.number(&format!("SELECT COUNT(*) AS n FROM dashop_cart_line WHERE user_id = {user}"));
        match answer["code"].as_i64() {
            Some(200) => {
                accepted += 1;
                assert_eq!(in_cart, 0, "what was ordered has left the cart");
            }
            Some(50103) => assert!(in_cart > 0, "what was not ordered is still in the cart"),
            _ => panic!("{answer}"),
        }
    }
    assert!(accepted > 0 && accepted < 500, "some are served and some are not: {accepted}");
    assert_eq!(database.number("SELECT COUNT(*) AS n FROM tb_order_info"), accepted);
    for (sku, before) in stock {
        let (left, sold, ordered) = database.pieces(sku);
        assert!(left >= 0);
        assert_eq!(i64::from(before), left + sold, "SKU {sku}");
        assert_eq!(sold, ordered, "SKU {sku}");
    }
}
