//! Orders that nobody pays.

use std::time::Duration;

use adapters::system::SystemClock;
use ports::Clock;
use serde_json::json;
use tests::{Setup, until};

use crate::shop::Shop;

tests::on_both_stores!(
    an_order_whose_buyer_left_the_cashier_is_closed_there_and_cancelled,
    an_order_whose_buyer_never_came_is_looked_at_once_more_after_its_end,
    an_order_that_still_has_time_is_asked_about_and_left_alone,
    an_order_is_not_given_up_while_alipay_does_not_say_whether_it_is_paid,
);

async fn an_order_whose_buyer_left_the_cashier_is_closed_there_and_cancelled(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.place(904, 901).await;
    shop.sandbox.arrive(&order.pay_url).await;
    assert_eq!(shop.stock(901).await, (9, 1));

    shop.expire(&order.id).await;
    shop.comes_to(&order.id, 5).await;
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query", "close"]);
    assert_eq!(shop.sandbox.trades(&order.id).await[0]["status"], "TRADE_CLOSED");
    assert_eq!(shop.sandbox.refuses_to_be_paid(&order.id).await, "ACQ.TRADE_HAS_CLOSE");
    assert_eq!(shop.stock(901).await, (10, 0));
    assert_eq!(shop.timeline(&order.id).await, ["1>5 system"]);
    assert_eq!(shop.due_at(&order.id).await, None, "it cannot be paid any more");

    let buyer = shop.dashop().buyer("b904");
    let shown = buyer.show(&order.id).await;
    assert_eq!(shown["status"], 5);
    assert_eq!(shown["timeline"][1]["reason"], "超过支付期限,自动取消", "{shown}");
    assert_eq!(buyer.pay(&order.id).await["code"], 50108);
    assert_eq!(buyer.cancel(&order.id).await["code"], 200, "it is what the buyer wants");
    assert_eq!(shop.timeline(&order.id).await.len(), 1);
}

async fn an_order_whose_buyer_never_came_is_looked_at_once_more_after_its_end(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.place(904, 901).await;
    shop.expire(&order.id).await;
    shop.comes_to(&order.id, 5).await;
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query"], "there is nothing to close");
    assert_eq!(shop.stock(901).await, (10, 0));
    let last_look = shop.due_at(&order.id).await.expect("it may be paid in this moment");
    assert!(last_look > SystemClock.now());

    shop.make_due(&order.id).await;
    shop.is_let_be(&order.id).await;
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query", "query"]);
    assert_eq!(shop.timeline(&order.id).await, ["1>5 system"]);
    assert_eq!(shop.stock(901).await, (10, 0), "what went back does not go back again");
}

async fn an_order_that_still_has_time_is_asked_about_and_left_alone(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.place(904, 901).await;
    shop.sandbox.arrive(&order.pay_url).await;
    shop.make_due(&order.id).await;
    let before = SystemClock.now();
    // The next check is two minutes later; a lease would set it to five minutes.
    until("the next look is set", async || {
        let next = shop.due_at(&order.id).await.unwrap();
        next > before && next < SystemClock.now().after(Duration::from_secs(180))
    })
    .await;
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query"]);
    assert_eq!(shop.status(&order.id).await, 1);
    assert_eq!(shop.stock(901).await, (9, 1));
    assert!(shop.timeline(&order.id).await.is_empty());
    shop.sandbox.pay(&order.id).await;
    shop.comes_to(&order.id, 2).await;
}

async fn an_order_is_not_given_up_while_alipay_does_not_say_whether_it_is_paid(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.place(904, 901).await;
    shop.sandbox.lose_notifications().await;
    shop.pay(&order).await;
    let unavailable =
        json!({"method": "alipay.trade.query", "kind": "unavailable", "moment": "before", "times": 1000});
    shop.sandbox.fault(unavailable).await;

    shop.expire(&order.id).await;
    let before = SystemClock.now();
    until("it is put off", async || {
        let next = shop.due_at(&order.id).await.unwrap();
        next > before && next < SystemClock.now().after(Duration::from_secs(180))
    })
    .await;
    assert!(!shop.sandbox.calls_about(&order.id).await.is_empty(), "Alipay was asked");
    assert_eq!(shop.status(&order.id).await, 1);
    assert_eq!(shop.stock(901).await, (9, 1));
    assert_eq!(
        shop.dashop().buyer("b904").cancel(&order.id).await["code"],
        50111,
        "nor may the buyer cancel it"
    );

    shop.sandbox.clear_faults().await;
    shop.make_due(&order.id).await;
    shop.comes_to(&order.id, 2).await;
    assert_eq!(shop.timeline(&order.id).await, ["1>2 alipay"]);
}
