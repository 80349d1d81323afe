//! Refunds that staff make in Alipay's console: the shop learns of them by notifications.

use alipay_protocol::Params;
use serde_json::json;
use tests::Setup;

use crate::shop::{AMOUNT, Placed, Shop};

tests::on_both_stores!(
    a_part_that_went_back_is_on_record_and_is_no_payment,
    when_all_went_back_the_order_has_ended,
    a_refund_that_is_told_before_its_payment_proves_it,
    what_cannot_be_written_down_is_told_again,
    an_order_that_ran_out_before_it_was_told_of_stays_cancelled,
);

/// Refunds in the console, and takes the notification of it, which must have these fields.
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

/// Delivers the notification three times; each time it is accepted.
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
    // The last notification overtakes the first.
    is_taken(&shop, &last).await;
    assert_eq!(shop.status(&by_and_by.id).await, 2);
    is_not_shipped(&shop, &by_and_by).await;
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

/// An order that was paid and refunded at once, without any notification so far. Returns both notifications, the
/// payment's first.
async fn unheard(shop: &mut Shop, user: i32, amount: &str) -> (Placed, [String; 2]) {
    shop.sandbox.hold_notifications().await;
    let order = shop.place(user, 901).await;
    shop.pay(&order).await;
    shop.sandbox.refund_at_console(&order.id, amount).await;
    let held = shop.sandbox.take_held().await;
    let forms: Vec<String> = held.into_iter().map(|(_, form)| form).collect();
    let forms: [String; 2] = forms.try_into().unwrap();
    for (form, refund_fee) in forms.iter().zip([None, Some(amount)]) {
        assert_eq!(Params::parse(form.as_bytes()).unwrap().text("refund_fee"), refund_fee);
    }
    (order, forms)
}

async fn is_not_shipped(shop: &Shop, order: &Placed) {
    let parcel = json!({"carrier": "顺丰速运", "tracking_number": "SF1"});
    let refused = shop.dashop().staff("mei").act(&order.id, "ship", parcel).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
}

async fn a_refund_that_is_told_before_its_payment_proves_it(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let (all, [payment, refund]) = unheard(&mut shop, 904, AMOUNT).await;
    is_taken(&shop, &refund).await;
    is_not_shipped(&shop, &all).await;
    is_taken(&shop, &payment).await;
    is_not_shipped(&shop, &all).await;
    assert_eq!(shop.payments(&all.id).await, ["settled notification 219.00 219.00"]);
    assert_eq!(shop.refunds(&all.id).await, ["external succeeded 219.00"]);
    assert_eq!(shop.timeline(&all.id).await, ["1>2 alipay", "2>6 alipay"]);
    assert_eq!(shop.status(&all.id).await, 6);

    let (part, [payment, refund]) = unheard(&mut shop, 905, "50.00").await;
    is_taken(&shop, &refund).await;
    is_taken(&shop, &payment).await;
    assert_eq!(shop.payments(&part.id).await, ["settled notification 219.00 50.00"]);
    assert_eq!(shop.refunds(&part.id).await, ["external succeeded 50.00"]);
    assert_eq!(shop.timeline(&part.id).await, ["1>2 alipay"]);
    let shown = shop.dashop().buyer("b905").show(&part.id).await;
    assert_eq!((&shown["status"], &shown["refunded_amount"]), (&json!(2), &json!("50.00")));

    // The notification of the last part overtakes the others: nothing may be shipped, although not everything is
    // recorded yet.
    let (parts, [payment, first]) = unheard(&mut shop, 904, "200.00").await;
    shop.sandbox.refund_at_console(&parts.id, "19.00").await;
    let last = shop.sandbox.take_held().await.remove(0).1;
    is_taken(&shop, &last).await;
    is_taken(&shop, &payment).await;
    is_not_shipped(&shop, &parts).await;
    assert_eq!(shop.refunds(&parts.id).await, ["external succeeded 19.00"]);
    is_taken(&shop, &first).await;
    assert_eq!(shop.payments(&parts.id).await, ["settled notification 219.00 219.00"]);
    assert_eq!(shop.timeline(&parts.id).await, ["1>2 alipay", "2>6 alipay"]);
    assert_eq!(shop.stock(901).await, (9, 1), "what was not shipped goes back with the whole of its money");
}

async fn what_cannot_be_written_down_is_told_again(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let (order, [payment, refund]) = unheard(&mut shop, 904, AMOUNT).await;
    shop.sandbox
        .fault(json!({"method": "alipay.trade.fastpay.refund.query", "kind": "system_error", "moment": "before", "times": 100}))
        .await;
    assert_eq!(shop.deliver(&refund).await, "fail");
    assert_eq!(shop.status(&order.id).await, 1);
    assert!(shop.payments(&order.id).await.is_empty() && shop.refunds(&order.id).await.is_empty());
    // The notification that was sent before the refund proves the payment, and does not hide the refund.
    assert_eq!(shop.deliver(&payment).await, "success");
    assert_eq!(shop.deliver(&refund).await, "fail");
    shop.sandbox.clear_faults().await;
    is_taken(&shop, &refund).await;
    assert_eq!(shop.refunds(&order.id).await, ["external succeeded 219.00"]);
    assert_eq!(shop.timeline(&order.id).await, ["1>2 alipay", "2>6 alipay"]);
}

async fn an_order_that_ran_out_before_it_was_told_of_stays_cancelled(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let (order, [payment, refund]) = unheard(&mut shop, 904, AMOUNT).await;
    shop.expire(&order.id).await;
    shop.comes_to(&order.id, 5).await;
    is_taken(&shop, &refund).await;
    is_taken(&shop, &payment).await;
    assert_eq!(shop.payments(&order.id).await, ["late notification 219.00 219.00"]);
    assert_eq!(shop.refunds(&order.id).await, ["external succeeded 219.00"], "nothing is owed any more");
    assert_eq!(shop.timeline(&order.id).await, ["1>5 system"]);
    assert_eq!(shop.stock(901).await, (10, 0));
}
