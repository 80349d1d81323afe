//! Orders that their buyers never confirm.

use std::time::Duration;

use serde_json::json;
use tests::Setup;

use crate::shop::{Placed, Shop, it, time};

tests::on_both_stores!(
    an_order_is_taken_for_received_after_the_configured_days,
    what_was_confirmed_or_refunded_meanwhile_is_left_alone,
);

async fn sent(shop: &mut Shop) -> Placed {
    let order = shop.paid(904, 901).await;
    let parcel = json!({"carrier": "顺丰速运", "tracking_number": "SF1"});
    let reply = shop.dashop().staff("mei").act(&order.id, "ship", parcel).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    order
}

async fn an_order_is_taken_for_received_after_the_configured_days(setup: Setup) {
    let mut shop = Shop::open(setup.with("DASHOP_RECEIPT_DAYS", "3")).await;
    let order = sent(&mut shop).await;
    let shipped = format!("SELECT CONCAT('', shipped_at) AS n FROM tb_order_info WHERE {}", it(&order.id));
    let shipped_at = time(&shop.database.words(&shipped).await[0]);
    let after = shop.due_at(&order.id).await.unwrap().since(shipped_at);
    // Both have whole seconds, and the second is taken later.
    let days = Duration::from_secs(3 * 24 * 3600);
    assert!((days..days + Duration::from_secs(60)).contains(&after), "{after:?}");

    shop.make_due(&order.id).await;
    shop.comes_to(&order.id, 4).await;
    assert_eq!(shop.timeline(&order.id).await, ["1>2 alipay", "2>3 shop", "3>4 system"]);
    assert_eq!(shop.due_at(&order.id).await, None);
    let buyer = shop.dashop().buyer("b904");
    let shown = buyer.show(&order.id).await;
    assert_eq!(shown["timeline"][3]["reason"], "超过期限,自动确认收货", "{shown}");
    assert_eq!(buyer.confirm(&order.id).await["code"], 200, "it is what the buyer wants");
    assert_eq!(shop.timeline(&order.id).await.len(), 3);
    assert!(shop.sandbox.calls_about(&order.id).await.is_empty(), "that is none of Alipay's business");
}

async fn what_was_confirmed_or_refunded_meanwhile_is_left_alone(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let (confirmed, refunded) = (sent(&mut shop).await, sent(&mut shop).await);
    assert_eq!(shop.dashop().buyer("b904").confirm(&confirmed.id).await["code"], 200);
    let reply = shop
        .dashop()
        .staff("mei")
        .act(&refunded.id, "refunds", json!({"request_id": "r1", "reason": "不合适"}))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    for (order, status, last) in [(&confirmed, 4, "3>4 buyer"), (&refunded, 6, "3>6 shop")] {
        assert_eq!(shop.status(&order.id).await, status);
        assert_eq!(shop.due_at(&order.id).await, None, "it waits for nothing");
        // A program that writes to the database directly could leave it due.
        shop.make_due(&order.id).await;
        shop.is_let_be(&order.id).await;
        assert_eq!(shop.status(&order.id).await, status);
        assert_eq!(shop.timeline(&order.id).await, ["1>2 alipay", "2>3 shop", last]);
    }
}
