//! Limits on a buyer's unpaid orders, and a cart that is ordered more than once.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::Setup;

tests::on_both_stores!(one_buyer_cannot_hold_the_shop, one_cart_under_many_keys_is_one_order);

fn pieces(user: i32, pieces: i32) -> Value {
    json!({"address_id": user, "settlement_type": 1, "sku_id": 901, "buy_num": pieces})
}

/// One buyer sends forty orders at once, to all programs with several writers each; ten may stay unpaid. Another buyer
/// is not affected, and after a cancellation the buyer may order again.
async fn one_buyer_cannot_hold_the_shop(setup: Setup) {
    let setup = setup.with("DASHOP_UNPAID_ORDERS", "10").with("DASHOP_UNPAID_PIECES", "15");
    let setup = setup.with("DASHOP_BATCH_WRITERS", "4").with("DASHOP_BATCH_SIZE", "3");
    let programs = setup.start_programs().await;
    let mut database = programs[0].database().await;
    database.add_buyers(1001, 2).await;
    database.add_sku(901, "209.00", 100).await;
    let orders = (0..40).zip(programs.iter().cycle()).map(|(_, program)| {
        let buyer = program.buyer("b1001");
        async move { buyer.create(pieces(1001, 1)).await }
    });
    let (placed, refused): (Vec<_>, Vec<_>) =
        join_all(orders).await.into_iter().partition(|answer| answer["code"] == 200);
    assert_eq!(placed.len(), 10, "{refused:?}");
    for answer in &refused {
        assert_eq!(answer["code"], 50114, "{answer}");
        assert_eq!(answer["errmsg"], "未付款订单过多(最多10个),请先付款或取消");
    }
    assert_eq!(database.pieces(901).await, (90, 10, 10));
    assert_eq!(programs[0].buyer("b1002").create(pieces(1002, 15)).await["code"], 200, "another buyer");
    let too_many = programs[0].buyer("b1002").create(pieces(1002, 1)).await;
    assert_eq!(too_many["errmsg"], "商品[901]的未付款数量过多(最多15件),请先付款或取消,或减少购买数量");

    let buyer = programs[0].buyer("b1001");
    let cancelled = buyer.cancel(placed[0]["data"]["order_id"].as_str().unwrap()).await;
    assert_eq!(cancelled["code"], 200, "{cancelled}");
    assert_eq!(buyer.create(pieces(1001, 1)).await["code"], 200);
    assert_eq!(buyer.create(pieces(1001, 1)).await["code"], 50114);
}

/// Thirty tabs at all programs, each with its own key.
async fn one_cart_under_many_keys_is_one_order(setup: Setup) {
    let programs = setup.start_programs().await;
    let mut database = programs[0].database().await;
    database.add_buyers(1001, 1).await;
    database.add_sku(901, "209.00", 100).await;
    database.put_in_cart(1001, 901, 2).await;
    let orders = (0..30).zip(programs.iter().cycle()).map(|(tab, program)| {
        let buyer = program.buyer("b1001");
        let body = json!({"address_id": 1001, "settlement_type": 0});
        async move { buyer.create_under(&format!("tab-{tab}"), body).await }
    });
    let answers = join_all(orders).await;
    let numbers: HashSet<_> = answers
        .iter()
        .filter(|answer| answer["code"] == 200)
        .map(|answer| answer["data"]["order_id"].to_string())
        .collect();
    assert_eq!(numbers.len(), 1, "{answers:?}");
    assert!(
        answers.iter().all(|answer| [200, 50106].contains(&answer["code"].as_i64().unwrap())),
        "{answers:?}"
    );
    assert_eq!(database.pieces(901).await, (98, 2, 2));
}
