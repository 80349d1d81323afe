//! Several actors change the same order at the same moment, at three programs: it takes one way, once.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Browser, Setup};
use url::Url;

use crate::shop::{PRICE, Placed, Shop};

/// The number of contested orders.
const ORDERS: i32 = 12;

async fn shop_of_three() -> (Shop, Vec<Placed>) {
    let mut shop = Shop::of(3, Setup::on_servers().await).await;
    shop.database.add_buyers(1001, ORDERS).await;
    shop.database.add_sku(901, PRICE, ORDERS).await;
    let mut orders = Vec::new();
    for user in 1001..1001 + ORDERS {
        orders.push(shop.place(user, 901).await);
    }
    (shop, orders)
}

/// The programs receive the notification, the query of the job, the returning browser, and cancellations by buyer and
/// shop.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_paid_is_paid_once_whoever_finds_out_first() {
    let (mut shop, orders) = shop_of_three().await;
    shop.sandbox.hold_notifications().await;
    let mut ways_back = Vec::new();
    for order in &orders {
        ways_back.push(pay_at_the_cashier(&shop.browser, order).await);
    }
    let told = shop.sandbox.take_held().await;
    assert_eq!(told.len(), orders.len());
    let before = shop.sandbox.calls().await.len();
    let staff = shop.dashop().staff("mei");
    for order in &orders {
        shop.expire(&order.id).await;
    }

    let notified = shop.deliver_everywhere(&told);
    let returned = ways_back.iter().zip(shop.programs.iter().cycle()).map(|(query, program)| {
        let (browser, url) = (&shop.browser, program.url(&format!("/v1/orders/success/?{query}")));
        async move { browser.get(&url).await.json() }
    });
    let given_up = orders.iter().zip(shop.programs.iter().cycle().skip(1)).map(|(order, program)| {
        let buyer = program.buyer(&format!("b{}", order.user));
        async move { buyer.cancel(&order.id).await }
    });
    let refused = orders.iter().map(|order| staff.act(&order.id, "cancel", json!({"reason": "断货"})));
    let (notified, returned, given_up, refused) =
        tokio::join!(notified, join_all(returned), join_all(given_up), join_all(refused));
    assert!(notified.iter().all(|answer| answer == "success"), "{notified:?}");
    assert!(returned.iter().all(|answer| answer["code"] == 200), "{returned:?}");
    assert!(given_up.iter().all(|answer| answer["code"] == 50108), "{given_up:?}");
    assert!(refused.iter().all(|reply| reply.status == 409), "{refused:?}");

    for Placed { id, .. } in &orders {
        shop.is_let_be(id).await;
        assert_eq!(shop.timeline(id).await, ["1>2 alipay"], "{id}");
        let payments = shop.payments(id).await;
        assert_eq!(payments.len(), 1, "{payments:?}");
        assert!(payments[0].starts_with("settled ") && payments[0].ends_with(" 219.00 0.00"), "{payments:?}");
        assert!(shop.refunds(id).await.is_empty());
    }
    assert_eq!(shop.stock(901).await, (0, ORDERS.into()));
    let calls = shop.sandbox.calls().await.split_off(before);
    assert!(calls.iter().all(|call| call["method"] == "alipay.trade.query"), "{calls:?}");
}

/// Pays at the cashier page. Returns the query with which the browser comes back to the result page.
async fn pay_at_the_cashier(browser: &Browser, order: &Placed) -> String {
    let page = browser.get(&order.pay_url).await.text;
    let trade_no = page.split_once("name=\"trade_no\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let button = Url::parse(&order.pay_url).unwrap().join("/cashier/pay").unwrap();
    let paid = browser.post_form(button.as_str(), &format!("trade_no={trade_no}")).await;
    paid.location.unwrap().split_once('?').unwrap().1.to_owned()
}

/// Cancelled twice by the buyer, once by the shop, and once because its deadline has passed.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_everybody_gives_up_is_cancelled_once() {
    let (mut shop, orders) = shop_of_three().await;
    for order in &orders {
        shop.sandbox.arrive(&order.pay_url).await;
    }
    let staff = shop.dashop().staff("mei");
    for order in &orders {
        shop.expire(&order.id).await;
    }
    let by_buyer = orders.iter().flat_map(|order| {
        shop.programs.iter().take(2).map(move |program| {
            let buyer = program.buyer(&format!("b{}", order.user));
            async move { buyer.cancel(&order.id).await }
        })
    });
    let by_shop = orders.iter().map(|order| staff.act(&order.id, "cancel", json!({"reason": "断货"})));
    let (by_buyer, by_shop) = tokio::join!(join_all(by_buyer), join_all(by_shop));
    assert!(by_buyer.iter().all(|answer| answer["code"] == 200), "{by_buyer:?}");
    assert!(by_shop.iter().all(|reply| reply.status == 200), "{by_shop:?}");

    for Placed { id, .. } in &orders {
        shop.is_let_be(id).await;
        let timeline = shop.timeline(id).await;
        assert_eq!(timeline.len(), 1, "{timeline:?}");
        assert!(timeline[0].starts_with("1>5 "), "{timeline:?}");
        assert_eq!(shop.sandbox.trades(id).await[0]["status"], "TRADE_CLOSED");
        let moves = format!("SELECT COUNT(*) AS n FROM dashop_stock_move WHERE order_id = '{id}'");
        assert_eq!(shop.database.number(&moves).await, 1);
    }
    assert_eq!(shop.stock(901).await, (ORDERS.into(), 0), "each piece went back once");
}
