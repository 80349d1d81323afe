//! Payments whose notification is lost: the job finds them.

use serde_json::json;
use tests::{Setup, until};

use crate::shop::{Placed, Shop};

tests::on_both_stores!(
    a_payment_whose_notification_is_lost_is_found,
    a_payment_in_the_last_minute_is_found_instead_of_cancelling_the_order,
    a_payment_while_the_program_is_dead_is_found_after_it_is_started_again,
    a_program_that_is_killed_while_it_asks_leaves_an_order_that_the_next_one_finds_paid,
);

/// An order that is paid without the shop's knowledge.
async fn paid_unheard(shop: &mut Shop) -> Placed {
    shop.sandbox.lose_notifications().await;
    let order = shop.place(904, 901).await;
    shop.pay(&order).await;
    assert_eq!(shop.status(&order.id).await, 1);
    order
}

/// Waits until the order is paid, once, because of Alipay's answer to the query.
async fn is_found_paid(shop: &mut Shop, order: &Placed) {
    shop.comes_to(&order.id, 2).await;
    assert_eq!(shop.timeline(&order.id).await, ["1>2 alipay"]);
    assert_eq!(shop.payments(&order.id).await, ["settled query 219.00 0.00"]);
    assert_eq!(shop.due_at(&order.id).await, None);
    assert_eq!(shop.stock(901).await, (9, 1));
    let buyer = shop.dashop().buyer("b904");
    assert_eq!(buyer.show(&order.id).await["status"], 2);
    assert_eq!(buyer.cancel(&order.id).await["code"], 50108);
}

async fn a_payment_whose_notification_is_lost_is_found(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = paid_unheard(&mut shop).await;
    shop.make_due(&order.id).await;
    is_found_paid(&mut shop, &order).await;
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query"]);
}

async fn a_payment_in_the_last_minute_is_found_instead_of_cancelling_the_order(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = paid_unheard(&mut shop).await;
    shop.expire(&order.id).await;
    is_found_paid(&mut shop, &order).await;
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query"], "nothing is closed that is paid");
}

async fn a_payment_while_the_program_is_dead_is_found_after_it_is_started_again(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.place(904, 901).await;
    shop.sandbox.arrive(&order.pay_url).await;
    let dead = shop.programs.remove(0).kill();
    shop.sandbox.lose_notifications().await;
    shop.sandbox.pay(&order.id).await;
    shop.expire(&order.id).await;
    assert_eq!(shop.status(&order.id).await, 1);

    shop.programs.push(dead.start().await);
    is_found_paid(&mut shop, &order).await;
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query"]);
}

async fn a_program_that_is_killed_while_it_asks_leaves_an_order_that_the_next_one_finds_paid(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = paid_unheard(&mut shop).await;
    let no_answer =
        json!({"method": "alipay.trade.query", "kind": "no_answer", "moment": "before", "times": 1});
    shop.sandbox.fault(no_answer).await;
    shop.make_due(&order.id).await;
    until("the program asks", async || !shop.sandbox.calls_about(&order.id).await.is_empty()).await;
    let dead = shop.programs.remove(0).kill();
    assert_eq!(shop.status(&order.id).await, 1);
    assert!(
        shop.due_at(&order.id).await.is_some(),
        "it is due again when the dead one's time for it is over"
    );

    shop.make_due(&order.id).await;
    shop.programs.push(dead.start().await);
    is_found_paid(&mut shop, &order).await;
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query", "query"]);
}
