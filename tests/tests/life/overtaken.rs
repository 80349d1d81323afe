//! Alipay notifies of a refund before it answers the request for it: another program gets the notification, queries the
//! refund and records it while the first program still waits.

use futures_util::future::join_all;
use serde_json::json;
use tests::Setup;

use crate::shop::{PRICE, Placed, Shop};

/// How many orders are refunded at once, by three programs.
const ORDERS: i32 = 9;

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_notification_overtakes_its_answer_is_booked_once() {
    let mut shop = Shop::of(3, Setup::on_servers().await).await;
    shop.database.add_buyers(1001, ORDERS).await;
    shop.database.add_sku(901, PRICE, ORDERS).await;
    let mut orders = Vec::new();
    for user in 1001..1001 + ORDERS {
        orders.push(shop.paid(user, 901).await);
    }
    assert_eq!(shop.stock(901).await, (0, ORDERS.into()));
    // The jobs run every two seconds; one attempt may take five.
    shop.sandbox
        .fault(json!({"method": "alipay.trade.refund", "kind": "slow", "moment": "after", "milliseconds": 1500, "times": ORDERS}))
        .await;

    let requests = orders.iter().zip(shop.programs.iter().cycle()).map(|(order, program)| {
        let staff = program.staff("mei");
        let back = json!([{"sku_id": 901, "count": 1}]);
        let all = json!({"request_id": format!("r{}", order.id), "reason": "不合适", "restock": back});
        async move { staff.act(&order.id, "refunds", all).await }
    });
    for reply in join_all(requests).await {
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.json()["refund"]["status"], "succeeded", "{}", reply.text);
    }

    let mut overtaken = 0;
    for Placed { id, .. } in &orders {
        shop.comes_to(id, 6).await;
        assert_eq!(shop.timeline(id).await, ["1>2 alipay", "2>6 shop"]);
        assert_eq!(shop.refunds(id).await, ["shop succeeded 219.00"]);
        assert_eq!(shop.payments(id).await, ["settled notification 219.00 219.00"]);
        let trades = shop.sandbox.trades(id).await;
        assert_eq!(trades[0]["refunds"].as_array().map(Vec::len), Some(1), "{trades:?}");
        let mut calls = shop.sandbox.calls_about(id).await;
        assert_eq!(calls.remove(0), "refund");
        assert!(calls.is_empty() || calls == ["fastpay.refund.query"], "{calls:?}");
        overtaken += calls.len();
    }
    assert!(overtaken > 0, "no notification overtook its answer");
    assert_eq!(shop.stock(901).await, (ORDERS.into(), 0), "each piece came back once");
    let open = "SELECT COUNT(*) AS n FROM dashop_refund WHERE due_at IS NOT NULL";
    assert_eq!(shop.database.number(open).await, 0);
}
