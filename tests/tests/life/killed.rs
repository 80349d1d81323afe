//! Programs that are killed while a refund is in progress.

use adapters::system::SystemClock;
use ports::Clock;
use serde_json::json;
use tests::{Setup, until};

use crate::shop::{AMOUNT, PRICE, Placed, Shop, sql};

const ORDERS: i32 = 9;

#[tokio::test(flavor = "multi_thread")]
async fn all_programs_are_killed_while_money_goes_back_and_it_goes_back_once() {
    let mut shop = Shop::of(3, Setup::on_servers().await).await;
    shop.database.add_buyers(1001, ORDERS).await;
    shop.database.add_sku(901, PRICE, ORDERS).await;
    let mut orders = Vec::new();
    for user in 1001..1001 + ORDERS {
        orders.push(shop.paid(user, 901).await);
    }
    shop.sandbox.hold_notifications().await;
    for order in &orders {
        shop.sandbox.pay_again(&order.id).await;
    }
    let told = shop.sandbox.take_held().await;
    // Alipay refunds, but its answer never arrives.
    let no_answer =
        json!({"method": "alipay.trade.refund", "kind": "no_answer", "moment": "after", "times": 1000});
    shop.sandbox.fault(no_answer).await;
    assert!(shop.deliver_everywhere(&told).await.iter().all(|answer| answer == "success"));
    until("Alipay is asked", async || !shop.sandbox.calls().await.is_empty()).await;
    let dead: Vec<Setup> = shop.programs.drain(..).map(|program| program.kill()).collect();
    let open = "SELECT COUNT(*) AS n FROM dashop_refund WHERE status = 'requested'";
    assert_eq!(shop.database.number(open).await, i64::from(ORDERS), "nobody could write an outcome down");

    shop.sandbox.clear_faults().await;
    let now = sql(SystemClock.now());
    shop.database
        .execute(&format!("UPDATE dashop_refund SET due_at = '{now}' WHERE status = 'requested'"))
        .await;
    for setup in dead {
        shop.programs.push(setup.start().await);
    }
    until("all refunds are known", async || shop.database.number(open).await == 0).await;
    let mut asked_before = 0;
    for Placed { id, .. } in &orders {
        assert_eq!(shop.refunds(id).await, ["duplicate succeeded 219.00"]);
        let trades = shop.sandbox.trades(id).await;
        let gone_back: Vec<_> = trades.iter().map(|trade| trade["refunded"].as_str().unwrap()).collect();
        assert_eq!(gone_back, ["0.00", AMOUNT]);
        assert_eq!(trades[1]["refunds"].as_array().unwrap().len(), 1, "{trades:?}");
        let calls = shop.sandbox.calls_about(id).await;
        let sent = calls.iter().filter(|call| *call == "refund").count();
        assert_eq!(sent, 1, "{calls:?}");
        asked_before += usize::from(calls[0] == "refund" && calls.len() > 1);
        assert_eq!(shop.timeline(id).await, ["1>2 alipay"]);
    }
    assert!(asked_before > 0, "somebody was killed while Alipay was asked");
    assert_eq!(shop.stock(901).await, (0, ORDERS.into()));
}
