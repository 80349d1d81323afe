//! A whole purchase, as a browser makes it, with the real program and its sandbox.

use serde_json::json;
use tests::{Browser, Dashop, Setup};
use url::Url;

tests::on_both_stores!(
    from_the_cart_to_the_confirmed_receipt,
    a_direct_buy_leaves_the_cart_alone_and_needs_no_sku_the_second_time,
    what_costs_nothing_is_not_sold,
);

async fn from_the_cart_to_the_confirmed_receipt(setup: Setup) {
    let dashop = setup.start().await;
    let (browser, mut database) = (Browser::new(), dashop.database().await);
    database.add_buyers(904, 1).await;
    database.add_sku(901, "104.95", 10).await;
    database.add_sku(902, "104.01", 10).await;
    database.put_in_cart(904, 901, 2).await;
    database.put_in_cart(904, 902, 1).await;
    let buyer = dashop.buyer("b904");

    let preview = buyer.preview("settlement_type=0").await;
    assert_eq!(preview["code"], 200, "{preview}");
    assert_eq!(preview["data"]["total_amount"], "313.91");
    assert_eq!(preview["data"]["payment_amount"], "323.91");
    assert_eq!(preview["data"]["addresses"][0]["id"], 904);

    let created = buyer.create(json!({"address_id": "904", "settlement_type": 0})).await;
    assert_eq!(created["code"], 200, "{created}");
    assert_eq!(created["data"]["saller"], "达达商城");
    assert_eq!(created["data"]["total_amount"], "323.91");
    let order_id = created["data"]["order_id"].as_str().unwrap().to_owned();
    assert_eq!(order_id.len(), 16);
    assert!(order_id.ends_with("04"), "the user id modulo 100: {order_id}");
    assert_eq!(database.pieces(901).await, (8, 2, 2));
    assert_eq!(buyer.preview("settlement_type=0").await["code"], 50106, "the cart is empty");

    let unpaid = buyer.list(1).await;
    assert_eq!(unpaid[0]["order_id"], order_id.as_str());
    assert_eq!(unpaid[0]["order_total_amount"], "323.91");
    assert_eq!(buyer.confirm(&order_id).await["code"], 50108, "an unpaid order is not confirmed");

    let result_query = pay(&browser, created["data"]["pay_url"].as_str().unwrap(), "323.91", &order_id).await;
    let result = browser.get(&dashop.url(&format!("/v1/orders/success/?{result_query}"))).await.json();
    assert_eq!(result, json!({"code": 200, "data": {"order_id": order_id, "total_amount": "323.91"}}));
    let unsigned = browser.get(&dashop.url(&format!("/v1/orders/success/?out_trade_no={order_id}"))).await;
    assert_eq!(unsigned.text, "非法访问");

    assert_eq!(buyer.list(2).await[0]["order_id"], order_id.as_str());
    let again = buyer.pay(&order_id).await;
    assert_eq!(again["code"], 200, "{again}");
    assert!(!again["data"]["pay_url"].as_str().unwrap().contains("gateway.do"), "nobody pays twice: {again}");

    for (parcel, succeeds) in [("SF1", true), ("SF1", true), ("SF2", false)] {
        ship(&dashop, &order_id, parcel, succeeds);
    }
    assert_eq!(buyer.list(3).await.len(), 1);
    assert_eq!(dashop.buyer("b905").confirm(&order_id).await["code"], 208);
    for _ in 0..2 {
        assert_eq!(buyer.confirm(&order_id).await["code"], 200, "confirming twice is one confirmation");
    }
    assert_eq!(buyer.list(4).await[0]["status"], 4);
    let changes = database
        .words(&format!(
            "SELECT CONCAT(from_status, '>', to_status, ' ', actor) AS n FROM dashop_order_timeline \
             WHERE order_id = '{order_id}' ORDER BY id"
        ))
        .await;
    assert_eq!(changes, ["1>2 alipay", "2>3 shop", "3>4 buyer"]);
}

/// Pays at the sandbox's cashier. Returns the query string with which the browser opens the result page.
async fn pay(browser: &Browser, pay_url: &str, amount: &str, order_id: &str) -> String {
    let cashier = browser.get(pay_url).await;
    assert_eq!(cashier.status, 200, "{}", cashier.text);
    for shown in [amount, order_id, "达达商城", "SKU 901", "确认付款"] {
        assert!(cashier.text.contains(shown), "{shown} is not on the page: {}", cashier.text);
    }
    let trade_no = between(&cashier.text, "name=\"trade_no\" value=\"", "\"");
    let form = Url::parse(pay_url).unwrap().join("/cashier/pay").unwrap();
    let paid = browser.post_form(form.as_str(), &format!("trade_no={trade_no}")).await;
    let returned = browser.get(&paid.location.expect("the cashier leads back to the shop")).await;
    let result_page = returned.location.expect("the return URL leads to the result page");
    let query = result_page.split_once('?').unwrap().1.to_owned();
    assert!(query.starts_with(&format!("order_id={order_id}&")), "{query}");
    query.split_once('&').unwrap().1.to_owned()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("{before} is not in {text}")).1;
    rest.split_once(after).unwrap().0
}

/// Ships the order on the command line, which must succeed or fail as expected.
fn ship(dashop: &Dashop, order_id: &str, parcel: &str, succeeds: bool) {
    let output = dashop.setup().run(&["ship", order_id, "--tracking-number", parcel]);
    assert_eq!(output.status.success(), succeeds, "{output:?}");
}

async fn a_direct_buy_leaves_the_cart_alone_and_needs_no_sku_the_second_time(setup: Setup) {
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(904, 1).await;
    database.add_sku(901, "209.00", 10).await;
    database.put_in_cart(904, 901, 5).await;
    let buyer = dashop.buyer("b904");
    let without_sku = json!({"address_id": 904, "settlement_type": 1});
    assert_eq!(buyer.create(without_sku.clone()).await["code"], 50101, "nothing was previewed");

    let preview = buyer.preview("settlement_type=1&sku_id=901&buy_num=2").await;
    assert_eq!(preview["data"]["payment_amount"], "428.00", "{preview}");
    let created = buyer.create(without_sku).await;
    assert_eq!(created["data"]["total_amount"], "428.00", "{created}");
    assert_eq!(database.pieces(901).await, (8, 2, 2));
    assert_eq!(buyer.preview("settlement_type=0").await["data"]["total_count"], 5);
}

/// Alipay accepts no payment of 0.00.
async fn what_costs_nothing_is_not_sold(setup: Setup) {
    let dashop = setup.with("DASHOP_FREIGHT", "0").start().await;
    let mut database = dashop.database().await;
    database.add_buyers(904, 1).await;
    database.add_sku(901, "0.00", 10).await;
    let buyer = dashop.buyer("b904");
    let preview = buyer.preview("settlement_type=1&sku_id=901&buy_num=2").await;
    assert_eq!(preview["code"], 50116, "{preview}");
    assert_eq!(preview["data"]["addresses"][0]["id"], 904);
    let direct = json!({"address_id": 904, "settlement_type": 1, "sku_id": 901, "buy_num": 2});
    let refused = buyer.create(direct).await;
    assert_eq!(refused["code"], 50116, "{refused}");
    assert_eq!(database.pieces(901).await, (10, 0, 0));
}
