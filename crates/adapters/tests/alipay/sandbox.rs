//! A whole payment against the sandbox, over HTTP.

use std::{net::TcpListener, sync::Arc};

use adapters::alipay::AlipayGateway;
use alipay_protocol::{Method, PrivateKey};
use alipay_sandbox::{Sandbox, SandboxConfig};
use domain::{Money, ShopTime, TradeStatus};
use ports::{GatewayError, PaymentGateway as _, PaymentRequest};

use crate::shop::{NOW, StandingClock, config, gateway, order, payment};

fn start() -> (Sandbox, AlipayGateway) {
    let (key, alipay) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox_config = SandboxConfig::new(key.public_key().clone(), alipay.clone());
    let sandbox = Sandbox::start(sandbox_config, listener, Arc::new(StandingClock)).unwrap();
    let mut config = config(&sandbox.gateway_url(), key, alipay.public_key().clone());
    config.notify_url = None;
    (sandbox, gateway(config))
}

fn browser() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// Opens the cashier page and presses a button. Returns the target of the redirect.
async fn press(sandbox: &Sandbox, pay_url: &str, button: &str) -> String {
    let page = browser().get(pay_url).send().await.unwrap().text().await.unwrap();
    let trade_no = page.split_once(r#"name="trade_no" value=""#).unwrap_or_else(|| panic!("{page}")).1;
    let body = format!("trade_no={}", trade_no.split('"').next().unwrap());
    let request = browser().post(format!("http://{}/cashier/{button}", sandbox.addr())).body(body);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    answer.headers().get("location").unwrap().to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_and_asked_about() {
    let (sandbox, shop) = start();
    assert_eq!(shop.query(order().as_str()).await.unwrap(), None);

    let pay_url = shop.pay_url(&payment()).await.unwrap();
    let page = browser().get(&pay_url).send().await.unwrap().text().await.unwrap();
    for shown in ["323.91", "红袖添香 A＆B＝C／D &lt;b&gt;", "2019112820400804", "2019-11-28 21:10:08"]
    {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    let waiting = shop.query(order().as_str()).await.unwrap().unwrap();
    assert_eq!((waiting.status, waiting.paid_at), (TradeStatus::WaitBuyerPay, None));

    let back = press(&sandbox, &pay_url, "pay").await;
    let query = back.strip_prefix("http://shop.example/v1/orders/return/?from=alipay&").unwrap();
    let returned = shop.verify_return(query).unwrap();
    assert_eq!(returned.out_trade_no, order().as_str());

    let paid = shop.query(order().as_str()).await.unwrap().unwrap();
    assert_eq!(paid.status, TradeStatus::Success);
    assert_eq!((paid.total_amount, paid.refunded), (payment().total_amount, Money::ZERO));
    assert_eq!((paid.paid_at, paid.trade_no), (ShopTime::parse(NOW), waiting.trade_no));
    assert_eq!(sandbox.requests().count(Method::TradeQuery), 3);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pay_url_made_again_goes_on_with_the_same_trade() {
    let (sandbox, shop) = start();
    let first = shop.pay_url(&payment()).await.unwrap();
    press(&sandbox, &first, "cancel").await;
    let later = PaymentRequest { now: ShopTime::parse("2019-11-28 20:59:00").unwrap(), ..payment() };
    let second = shop.pay_url(&later).await.unwrap();
    assert_ne!(first, second);
    press(&sandbox, &second, "pay").await;
    assert_eq!(shop.query(order().as_str()).await.unwrap().unwrap().status, TradeStatus::Success);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_does_not_know_the_shop_is_not_believed_nor_asked_again() {
    let (sandbox, _) = start();
    let (key, stranger) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let shop = gateway(config(&sandbox.gateway_url(), key, stranger.public_key().clone()));
    let answer = shop.query(order().as_str()).await;
    assert!(matches!(answer, Err(GatewayError::Nonsense(_))), "{answer:?}");
    assert_eq!(sandbox.requests().count(Method::TradeQuery), 1);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_urls_at_once_are_all_signed() {
    let (sandbox, shop) = start();
    let shop = Arc::new(shop);
    let signing: Vec<_> = (0..64)
        .map(|_| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { shop.pay_url(&payment()).await.unwrap() })
        })
        .collect();
    for url in signing {
        assert_eq!(url.await.unwrap(), shop.pay_url(&payment()).await.unwrap());
    }
    sandbox.stop().await;
}
