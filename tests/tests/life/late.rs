//! Payments that arrive too late, or twice.

use serde_json::json;
use tests::{Setup, until};

use crate::shop::{AMOUNT, PRICE, Placed, Shop};

tests::on_both_stores!(
    a_cancelled_order_that_is_paid_after_all_gets_its_stock_again,
    a_late_payment_that_nobody_told_of_is_found_at_the_last_look,
    a_late_payment_of_what_others_bought_goes_back_to_the_fen,
    a_refund_that_is_owed_is_tried_until_alipay_takes_it,
    a_second_payment_goes_back_and_the_first_one_stays,
);

/// An order that its buyer cancelled before opening the cashier page; `pay_url` still works.
async fn cancelled(shop: &mut Shop, sku_id: i32) -> Placed {
    let order = shop.place(904, sku_id).await;
    shop.cancel(&order).await;
    assert_eq!(shop.status(&order.id).await, 5);
    order
}

/// The same for the last piece, which another buyer has ordered since.
async fn cancelled_and_gone(shop: &mut Shop) -> Placed {
    shop.database.add_sku(902, PRICE, 1).await;
    let order = cancelled(shop, 902).await;
    shop.place(905, 902).await;
    assert_eq!(shop.stock(902).await, (0, 1));
    order
}

async fn a_cancelled_order_that_is_paid_after_all_gets_its_stock_again(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = cancelled(&mut shop, 901).await;
    assert_eq!(shop.stock(901).await, (10, 0));
    shop.pay(&order).await;
    shop.comes_to(&order.id, 2).await;
    assert_eq!(shop.timeline(&order.id).await, ["1>5 buyer", "5>2 alipay"]);
    assert_eq!(shop.payments(&order.id).await, ["settled notification 219.00 0.00"]);
    assert_eq!(shop.stock(901).await, (9, 1));
    assert_eq!(shop.dashop().buyer("b904").show(&order.id).await["status"], 2);
    assert!(shop.refunds(&order.id).await.is_empty());
}

async fn a_late_payment_that_nobody_told_of_is_found_at_the_last_look(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = cancelled(&mut shop, 901).await;
    shop.sandbox.lose_notifications().await;
    shop.pay(&order).await;
    assert!(shop.due_at(&order.id).await.is_some(), "it will be looked at once more");
    shop.make_due(&order.id).await;
    shop.comes_to(&order.id, 2).await;
    assert_eq!(shop.payments(&order.id).await, ["settled query 219.00 0.00"]);
    assert_eq!(shop.stock(901).await, (9, 1));
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query", "query"], "one of them to cancel it");
}

async fn a_late_payment_of_what_others_bought_goes_back_to_the_fen(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = cancelled_and_gone(&mut shop).await;
    shop.sandbox.hold_notifications().await;
    let trade_no = shop.pay(&order).await["trade_no"].clone();
    let told = shop.sandbox.take_held().await.remove(0).1;
    assert_eq!(shop.deliver(&told).await, "success");
    shop.is_wholly_refunded_at_alipay(&order.id, &trade_no).await;
    until("the refund is written down", async || shop.refunds(&order.id).await == ["late succeeded 219.00"])
        .await;
    let trades = shop.sandbox.trades(&order.id).await;
    assert_eq!(trades.len(), 1);
    assert_eq!((&trades[0]["status"], &trades[0]["refunded"]), (&json!("TRADE_CLOSED"), &json!(AMOUNT)));
    assert_eq!(trades[0]["refunds"].as_array().unwrap().len(), 1, "{trades:?}");
    assert_eq!(shop.payments(&order.id).await, ["late notification 219.00 219.00"]);
    assert_eq!(shop.timeline(&order.id).await, ["1>5 buyer"]);
    assert_eq!(shop.stock(902).await, (0, 1));
    assert_eq!(shop.dashop().buyer("b904").show(&order.id).await["status"], 5);
    assert_eq!(shop.dashop().buyer("b904").list(5).await.len(), 1);
    let shown = shop.dashop().staff("mei").order(&order.id).await;
    assert_eq!(shown["refunds"][0]["out_request_no"], format!("back-{}", trade_no.as_str().unwrap()));
    assert_eq!(shown["payments"][0]["refunded_amount"], AMOUNT);

    // The notification of the payment, repeated, and the one of the refund.
    let mut again = vec![told];
    again.extend(shop.sandbox.take_held().await.into_iter().map(|(_, form)| form));
    assert_eq!(again.len(), 2);
    for form in again {
        assert_eq!(shop.deliver(&form).await, "success");
    }
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query", "refund"]);
    assert_eq!(shop.status(&order.id).await, 5);
}

async fn a_refund_that_is_owed_is_tried_until_alipay_takes_it(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = cancelled_and_gone(&mut shop).await;
    // Alipay refunds, but all three answers are lost.
    let lost = json!({"method": "alipay.trade.refund", "kind": "dropped", "moment": "after", "times": 3});
    shop.sandbox.fault(lost).await;
    shop.sandbox.hold_notifications().await;
    let trade_no = shop.pay(&order).await["trade_no"].clone();
    let told = shop.sandbox.take_held().await.remove(0).1;
    assert_eq!(shop.deliver(&told).await, "success");
    shop.is_wholly_refunded_at_alipay(&order.id, &trade_no).await;
    until("the answer is given up", async || {
        let failed =
            "SELECT COUNT(*) AS n FROM dashop_refund WHERE status = 'requested' AND failure IS NOT NULL";
        shop.database.number(failed).await == 1
    })
    .await;
    // Ten seconds later the job asks Alipay for the result.
    until("it is known", async || shop.refunds(&order.id).await == ["late succeeded 219.00"]).await;
    let trades = shop.sandbox.trades(&order.id).await;
    assert_eq!(trades[0]["refunds"].as_array().unwrap().len(), 1, "the money went once: {trades:?}");
    let calls = shop.sandbox.calls_about(&order.id).await;
    assert_eq!(calls, ["query", "refund", "refund", "refund", "fastpay.refund.query"]);
}

async fn a_second_payment_goes_back_and_the_first_one_stays(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.paid(904, 901).await;
    let trade_no = shop.sandbox.pay_again(&order.id).await["trade_no"].clone();
    shop.is_wholly_refunded_at_alipay(&order.id, &trade_no).await;
    until("the refund is written down", async || {
        shop.refunds(&order.id).await == ["duplicate succeeded 219.00"]
    })
    .await;
    let trades = shop.sandbox.trades(&order.id).await;
    assert_eq!(trades.len(), 2);
    assert_eq!(trades[0]["refunded"], "0.00", "{trades:?}");
    assert_eq!(trades[1]["refunds"].as_array().unwrap().len(), 1, "{trades:?}");
    let payments = ["settled notification 219.00 0.00", "duplicate notification 219.00 219.00"];
    assert_eq!(shop.payments(&order.id).await, payments);
    assert_eq!(shop.timeline(&order.id).await, ["1>2 alipay"]);
    let shown = shop.dashop().buyer("b904").show(&order.id).await;
    assert_eq!((&shown["status"], &shown["refunded_amount"]), (&json!(2), &json!("0.00")));
    assert_eq!(shop.stock(901).await, (9, 1));
}
