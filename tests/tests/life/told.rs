//! Refunds that the shop's people make in Alipay's console: the shop learns of them by notifications.

use alipay_protocol::Params;
use serde_json::json;
use tests::Setup;

use crate::shop::{AMOUNT, Placed, Shop};

tests::on_both_stores!(
    a_part_that_went_back_is_on_record_and_is_no_payment,
    when_all_went_back_the_order_has_ended,
);

/// Gives money back in the console, and takes the notification of it, which must have these fields.
async fn refunded_at_console(
    shop: &Shop,
    order: &Placed,
    amount: &str,
    told: [(&str, &str); 2],
) -> (String, String) {
    let number = shop.sandbox.refund_at_console(&order.id, amount).await;
    let mut held = shop.sandbox.take_held().await;
    assert_eq!(held.len(), 1);
    let form = held.remove(0).1;
    let params = Params::parse(form.as_bytes()).unwrap();
    for (name, value) in told.into_iter().chain([("out_biz_no", number.as_str())]) {
        assert_eq!(params.text(name), Some(value), "{form}");
    }
    (number, form)
}

/// Delivers it, again and again.
async fn is_taken(shop: &Shop, form: &str) {
    for _ in 0..3 {
        assert_eq!(shop.deliver(form).await, "success");
    }
}

async fn a_part_that_went_back_is_on_record_and_is_no_payment(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.paid(904, 901).await;
    shop.sandbox.hold_notifications().await;
    let part = [("trade_status", "TRADE_SUCCESS"), ("refund_fee", "50.01")];
    let (number, form) = refunded_at_console(&shop, &order, "50.01", part).await;
    is_taken(&shop, &form).await;

    assert_eq!(shop.payments(&order.id).await, ["settled notification 219.00 50.01"]);
    assert_eq!(shop.refunds(&order.id).await, ["external succeeded 50.01"]);
    assert_eq!(shop.timeline(&order.id).await, ["1>2 alipay"]);
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["fastpay.refund.query"], "how much it was");
    let shown = shop.dashop().buyer("b904").show(&order.id).await;
    assert_eq!((&shown["status"], &shown["refunded_amount"]), (&json!(2), &json!("50.01")));
    let shown = shop.dashop().staff("mei").order(&order.id).await;
    assert_eq!(shown["refunds"][0]["out_request_no"], number.as_str());
    assert_eq!(shown["refundable_amount"], "168.99");
    assert_eq!(shop.stock(901).await, (9, 1), "where the pieces are, Alipay does not know");
}

async fn when_all_went_back_the_order_has_ended(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let (at_once, by_and_by) = (shop.paid(904, 901).await, shop.paid(905, 901).await);
    shop.sandbox.hold_notifications().await;
    let all = [("trade_status", "TRADE_CLOSED"), ("refund_fee", AMOUNT)];
    let (_, form) = refunded_at_console(&shop, &at_once, AMOUNT, all).await;
    is_taken(&shop, &form).await;
    assert_eq!(shop.refunds(&at_once.id).await, ["external succeeded 219.00"]);

    let part = [("trade_status", "TRADE_SUCCESS"), ("refund_fee", "200.00")];
    let (_, first) = refunded_at_console(&shop, &by_and_by, "200.00", part).await;
    let (_, last) = refunded_at_console(&shop, &by_and_by, "19.00", all).await;
    // The last one overtakes the first.
    is_taken(&shop, &last).await;
    assert_eq!(shop.status(&by_and_by.id).await, 2);
    is_taken(&shop, &first).await;
    assert_eq!(shop.refunds(&by_and_by.id).await, ["external succeeded 19.00", "external succeeded 200.00"]);

    for (order, user) in [(&at_once, "b904"), (&by_and_by, "b905")] {
        assert_eq!(shop.payments(&order.id).await, ["settled notification 219.00 219.00"]);
        assert_eq!(shop.timeline(&order.id).await, ["1>2 alipay", "2>6 alipay"]);
        let shown = shop.dashop().buyer(user).show(&order.id).await;
        assert_eq!((&shown["status"], &shown["refunded_amount"]), (&json!(6), &json!(AMOUNT)));
        let shipped = shop.dashop().setup().run(&["ship", &order.id]);
        assert_eq!(shipped.status.code(), Some(1), "nothing is sent for nothing: {shipped:?}");
    }
}
