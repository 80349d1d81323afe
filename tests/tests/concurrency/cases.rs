//! The cases, for any kind of shop.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use tests::{Dashop, Setup};
use tokio::time::{sleep, timeout};

fn one_piece(user: i32) -> Value {
    json!({"address_id": user, "settlement_type": 1, "sku_id": 901, "buy_num": 1})
}

/// Waits until each program's database has the SKU, which a test writes last. The nodes of a cluster receive each
/// other's commits with a delay.
pub(crate) async fn on_each_node(programs: &[Dashop], sku: i32) {
    let query = format!("SELECT COUNT(*) AS n FROM DDSC_SKU WHERE id = {sku}");
    for program in programs {
        let mut database = program.database().await;
        let arrives = async {
            while database.number(&query).await == 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), arrives).await.expect("each node has the SKU");
    }
}

pub(crate) async fn two_hundred_buyers_of_fifty_pieces(setup: Setup) {
    let programs = setup.start_programs().await;
    let mut database = programs[0].database().await;
    database.add_buyers(1001, 200).await;
    database.add_sku(901, "209.00", 50).await;
    on_each_node(&programs, 901).await;
    let orders = (1001..1201).zip(programs.iter().cycle()).map(|(user, program)| {
        let buyer = program.buyer(&format!("b{user}"));
        async move { buyer.create(one_piece(user)).await }
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
    assert_eq!(database.pieces(901).await, (0, 50, 50));
    assert_eq!(database.number("SELECT COUNT(*) AS n FROM tb_order_info").await, 50);
    assert_eq!(database.half_written_orders().await, 0);
    assert!(database.number("SELECT version AS n FROM DDSC_SKU WHERE id = 901").await > 0);
}

pub(crate) async fn five_hundred_carts_over_twenty_skus(setup: Setup) {
    const SKUS: i32 = 20;
    let programs = setup.start_programs().await;
    let mut database = programs[0].database().await;
    database.add_buyers(1001, 500).await;
    let stock: BTreeMap<i32, i32> = (0..SKUS).map(|sku| (901 + sku, 20 + sku * 7 % 40)).collect();
    for (sku, pieces) in &stock {
        database.add_sku(*sku, "19.90", *pieces).await;
    }
    // Carts of one to four SKUs, distributed by two primes instead of at random, so that a failure can be reproduced.
    database.execute("BEGIN").await;
    for user in 1001..1501 {
        for line in 0..1 + user % 4 {
            let (sku, count) = (901 + (user * 13 + line * 29) % SKUS, 1 + (user + line) % 3);
            let value = format!("{{\"selected\": 1, \"count\": \"{count}\"}}");
            database.write_to_cart(user, sku, &value).await;
        }
    }
    database.execute("COMMIT").await;
    on_each_node(&programs, 900 + SKUS).await;

    let answers: Vec<_> = stream::iter((1001..1501).zip(programs.iter().cycle()))
        .map(|(user, program)| {
            let buyer = program.buyer(&format!("b{user}"));
            async move { (user, buyer.create(json!({"address_id": user, "settlement_type": 0})).await) }
        })
        .buffer_unordered(64)
        .collect()
        .await;

    let mut accepted = 0;
    for (user, answer) in &answers {
        let in_cart = database.lines_in_cart(*user).await;
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
    assert_eq!(database.number("SELECT COUNT(*) AS n FROM tb_order_info").await, accepted);
    assert_eq!(database.half_written_orders().await, 0);
    for (sku, before) in stock {
        let (left, sold, ordered) = database.pieces(sku).await;
        assert!(left >= 0);
        assert_eq!(i64::from(before), left + sold, "SKU {sku}");
        assert_eq!(sold, ordered, "SKU {sku}");
    }
}

pub(crate) async fn sixty_four_buyers_clear_one_sku_without_being_told_to_come_again(setup: Setup) {
    assert_eq!(clear_one_sku(setup).await, 0, "nobody is told to come again");
}

/// Sixty-four buyers order until the last piece is sold, and try again if asked to. Returns how often they were asked
/// to.
pub(crate) async fn clear_one_sku(setup: Setup) -> usize {
    const STOCK: i32 = 600;
    let programs = setup.start_programs().await;
    let mut database = programs[0].database().await;
    database.add_buyers(1001, 64).await;
    database.add_sku(901, "209.00", STOCK).await;
    on_each_node(&programs, 901).await;
    let buyers = (1001..1065).zip(programs.iter().cycle()).map(|(user, program)| {
        let buyer = program.buyer(&format!("b{user}"));
        async move {
            let (mut bought, mut put_off) = (0, 0);
            loop {
                let answer = buyer.create(one_piece(user)).await;
                match answer["code"].as_i64() {
                    Some(200) => bought += 1,
                    Some(50103) => return (bought, put_off),
                    Some(50104) => put_off += 1,
                    _ => panic!("{answer}"),
                }
            }
        }
    });
    let (bought, put_off): (Vec<i32>, Vec<usize>) = join_all(buyers).await.into_iter().unzip();
    assert_eq!(bought.iter().sum::<i32>(), STOCK);
    assert_eq!(database.pieces(901).await, (0, STOCK.into(), STOCK.into()));
    assert_eq!(database.half_written_orders().await, 0);
    put_off.iter().sum()
}

/// Without a key, many simultaneous clicks are one order, even if the same order was placed long before. So is a click
/// a moment later, when the stock is gone.
pub(crate) async fn clicks_on_one_button_are_one_order(setup: Setup) {
    const ROUNDS: i64 = 4;
    let programs = setup.with("DASHOP_DOUBLE_CLICK", "60").start_programs().await;
    let mut database = programs[0].database().await;
    database.add_buyers(1001, 2).await;
    database.add_sku(901, "209.00", 5).await;
    on_each_node(&programs, 901).await;
    let mut numbers = HashSet::new();
    for round in 1..=ROUNDS {
        let clicks = (0..30).zip(programs.iter().cycle()).map(|(_, program)| {
            let buyer = program.buyer("b1001");
            async move { buyer.create(one_piece(1001)).await }
        });
        let answers = join_all(clicks).await;
        assert!(answers.iter().all(|answer| answer["code"] == 200), "{answers:?}");
        numbers = answers.iter().map(|answer| answer["data"]["order_id"].to_string()).collect();
        assert_eq!(numbers.len(), 1, "{answers:?}");
        assert_eq!(database.pieces(901).await, (5 - round, round, round));
        if round < ROUNDS {
            let then = "UPDATE tb_order_info SET created_time = '2020-01-01 00:00:00.000000'";
            database.execute(then).await;
        }
    }

    assert_eq!(programs[0].buyer("b1002").create(one_piece(1002)).await["code"], 200, "another buyer");
    let last = programs[0].buyer("b1001").create(one_piece(1001)).await;
    assert!(numbers.contains(&last["data"]["order_id"].to_string()), "{last}");
    assert_eq!(database.pieces(901).await, (0, 5, 5));
}

pub(crate) async fn one_request_sent_many_times_under_one_key_is_one_order(setup: Setup) {
    let programs = setup.start_programs().await;
    let mut database = programs[0].database().await;
    database.add_buyers(1001, 1).await;
    database.add_sku(901, "209.00", 10).await;
    on_each_node(&programs, 901).await;
    let requests = (0..30).zip(programs.iter().cycle()).map(|(_, program)| {
        let buyer = program.buyer("b1001");
        async move { buyer.create_under("the-key", one_piece(1001)).await }
    });
    let answers = join_all(requests).await;
    let numbers: HashSet<_> = answers.iter().map(|answer| answer["data"]["order_id"].to_string()).collect();
    assert_eq!(numbers.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer["code"] == 200), "{answers:?}");
    assert_eq!(database.pieces(901).await, (9, 1, 1));
    let other = json!({"address_id": 1001, "settlement_type": 1, "sku_id": 901, "buy_num": 2});
    assert_eq!(programs[0].buyer("b1001").create_under("the-key", other).await["code"], 50112);
}
