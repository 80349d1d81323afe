//! Payments from any device and in several attempts, with the real program and the sandbox.

use serde_json::{Value, json};
use tests::{Browser, Buyer, Dashop, Sandbox, Setup, until};
use url::Url;

tests::on_both_stores!(
    a_purchase_begun_on_a_pc_is_finished_on_a_phone,
    a_phone_pays_in_one_attempt_from_the_start,
    the_second_of_two_paid_attempts_goes_back,
    a_closed_trade_does_not_end_the_order,
    nothing_changes_while_alipay_is_away,
);

struct Shop {
    sandbox: Sandbox,
    dashop: Dashop,
    buyer: Buyer,
}

async fn open(setup: Setup) -> Shop {
    let sandbox = Sandbox::start().await;
    let dashop = setup.paying_at_sandbox(&sandbox).start().await;
    let mut database = dashop.database().await;
    database.add_buyers(904, 1).await;
    database.add_sku(901, "104.95", 10).await;
    let buyer = dashop.buyer("b904");
    Shop { sandbox, dashop, buyer }
}

impl Shop {
    /// A direct buy with these additional parameters. Returns the order's number and its URL.
    async fn order(&self, more: Value) -> (String, String) {
        let mut body = json!({"address_id": 904, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        started(&self.buyer.create(body).await)
    }

    async fn pay(&self, order_id: &str, more: Value) -> String {
        started(&self.buyer.pay_with(order_id, more).await).1
    }

    async fn status(&self, order_id: &str) -> Value {
        self.buyer.show(order_id).await["status"].clone()
    }

    /// The attempts as staff see them: number and state.
    async fn attempts(&self, order_id: &str) -> Vec<(String, String)> {
        let order = self.dashop.staff("w").order(order_id).await;
        let text = |attempt: &Value, name: &str| attempt[name].as_str().unwrap().to_owned();
        let attempts = order["data"]["attempts"].as_array().or(order["attempts"].as_array()).unwrap();
        attempts.iter().map(|one| (text(one, "out_trade_no"), text(one, "state"))).collect()
    }
}

fn started(answer: &Value) -> (String, String) {
    assert_eq!(answer["code"], 200, "{answer}");
    let text = |name: &str| answer["data"][name].as_str().unwrap().to_owned();
    (text("order_id"), text("pay_url"))
}

/// What the URL requests from Alipay: the method, and its `biz_content`.
fn asked(pay_url: &str) -> (String, Value) {
    let url = Url::parse(pay_url).unwrap();
    let get = |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).unwrap().1.into_owned();
    (get("method"), serde_json::from_str(&get("biz_content")).unwrap())
}

fn attempt(number: &str, state: &str) -> (String, String) {
    (number.to_owned(), state.to_owned())
}

async fn a_purchase_begun_on_a_pc_is_finished_on_a_phone(setup: Setup) {
    let shop = open(setup).await;
    let (order, on_pc) = shop.order(json!({})).await;
    let (method, biz) = asked(&on_pc);
    assert_eq!((method.as_str(), &biz["out_trade_no"]), ("alipay.trade.page.pay", &json!(order)));
    assert_eq!(asked(&shop.pay(&order, json!({"device": "pc"})).await).1, biz, "the same attempt");
    shop.sandbox.arrive(&on_pc).await;
    let unknown = shop.buyer.pay_with(&order, json!({"device": "tv"})).await;
    assert_eq!(unknown["code"], 50101, "{unknown}");

    let on_phone = shop.pay(&order, json!({"device": "wap"})).await;
    let second = format!("{order}_2");
    let (method, biz) = asked(&on_phone);
    assert_eq!((method.as_str(), &biz["out_trade_no"]), ("alipay.trade.wap.pay", &json!(second)));
    assert_eq!(biz["product_code"], "QUICK_WAP_WAY");
    let quit_url = biz["quit_url"].as_str().unwrap();
    assert!(quit_url.ends_with(&format!("?order_id={order}")), "{quit_url}");
    assert_eq!(shop.sandbox.calls_about(&order).await, ["query", "close"]);
    assert_eq!(shop.attempts(&order).await, [attempt(&order, "closed"), attempt(&second, "open")]);
    assert_eq!(asked(&shop.pay(&order, json!({"device": "wap"})).await).1, biz);
    assert_eq!(shop.sandbox.calls().await.len(), 2, "nobody is asked again");

    let browser = Browser::new();
    let cashier = browser.get(&on_phone).await.text;
    assert!(cashier.contains("class=\"phone\"") && cashier.contains("114.95"), "{cashier}");
    shop.sandbox.pay(&second).await;
    until("the order is paid", async || shop.status(&order).await == 2).await;
    assert_eq!(shop.attempts(&order).await, [attempt(&order, "closed"), attempt(&second, "paid")]);
    let back = shop.dashop.url(&format!("/v1/orders/return/?out_trade_no={second}&sign=x"));
    let location = browser.get(&back).await.location.unwrap();
    assert!(location.contains(&format!("?order_id={order}&out_trade_no={second}&")), "{location}");
}

async fn a_phone_pays_in_one_attempt_from_the_start(setup: Setup) {
    let shop = open(setup).await;
    let (order, pay_url) = shop.order(json!({"device": "wap"})).await;
    let second = format!("{order}_2");
    assert_eq!(asked(&pay_url).1["out_trade_no"], json!(second));
    assert_eq!(asked(&shop.pay(&order, json!({"device": "wap"})).await), asked(&pay_url));
    assert_eq!(shop.sandbox.calls().await.len(), 0, "nobody has the URL of the first attempt");
    shop.sandbox.arrive(&pay_url).await;
    shop.sandbox.lose_notifications().await;
    shop.sandbox.pay(&second).await;
    // Starting to pay on another device discovers the payment.
    let paid = shop.pay(&order, json!({"device": "pc"})).await;
    assert!(!paid.contains("gateway.do"), "{paid}");
    assert_eq!(shop.status(&order).await, 2);
}

/// The buyer had both cashier pages open; Alipay had no trade of the first one to close when the second was opened.
async fn the_second_of_two_paid_attempts_goes_back(setup: Setup) {
    let shop = open(setup).await;
    let (order, first) = shop.order(json!({})).await;
    let another = shop.pay(&order, json!({"new_attempt": 1})).await;
    let second = format!("{order}_2");
    assert_eq!(asked(&another).0, "alipay.trade.page.pay");
    assert_eq!(shop.attempts(&order).await, [attempt(&order, "given_up"), attempt(&second, "open")]);
    shop.sandbox.arrive(&first).await;
    shop.sandbox.arrive(&another).await;
    shop.sandbox.pay(&second).await;
    until("the order is paid", async || shop.status(&order).await == 2).await;
    shop.sandbox.pay(&order).await;
    until("the second payment is back", async || {
        shop.sandbox.trades(&order).await.iter().all(|book| book["refunded"] == book["total_amount"])
    })
    .await;
    assert_eq!(shop.sandbox.trades(&second).await[0]["refunded"], "0.00");
    assert_eq!(shop.status(&order).await, 2, "the first payment keeps the order");
    let told = shop.buyer.show(&order).await;
    assert_eq!(shop.attempts(&order).await, [attempt(&order, "paid"), attempt(&second, "paid")], "{told}");
}

/// The trade was closed at Alipay, as by a cancellation that then loses a race.
async fn a_closed_trade_does_not_end_the_order(setup: Setup) {
    let shop = open(setup).await;
    let (order, first) = shop.order(json!({})).await;
    shop.sandbox.arrive(&first).await;
    let another = shop.pay(&order, json!({"new_attempt": 1})).await;
    assert_eq!(shop.sandbox.refuses_to_be_paid(&order).await, "ACQ.TRADE_HAS_CLOSE");
    let second = format!("{order}_2");
    shop.sandbox.arrive(&another).await;
    shop.sandbox.pay(&second).await;
    until("the order is paid", async || shop.status(&order).await == 2).await;
}

async fn nothing_changes_while_alipay_is_away(setup: Setup) {
    let shop = open(setup).await;
    let (order, _) = shop.order(json!({})).await;
    shop.sandbox
        .fault(
            json!({"method": "alipay.trade.query", "kind": "system_error", "moment": "before", "times": 20}),
        )
        .await;
    let refused = shop.buyer.pay_with(&order, json!({"device": "wap"})).await;
    assert_eq!(refused["code"], 50111, "{refused}");
    shop.sandbox.clear_faults().await;
    assert_eq!(shop.attempts(&order).await, [attempt(&order, "open")]);
    assert_eq!(asked(&shop.pay(&order, json!({})).await).1["out_trade_no"], json!(order));
}
