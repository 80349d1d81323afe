//! A shop with throw-away keys.

use std::sync::Arc;

use adapters::alipay::{AlipayConfig, AlipayGateway, AlipayMode, AlipayTimeouts};
use alipay_protocol::{PrivateKey, PublicKey};
use domain::{OrderId, ShopTime};
use ports::{Clock, PaymentRequest};

pub(crate) const APP_ID: &str = "2021000000000001";
pub(crate) const NOW: &str = "2019-11-28 20:40:08";

/// A clock that never moves.
pub(crate) struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> ShopTime {
        ShopTime::parse(NOW).unwrap()
    }
}

pub(crate) fn config(gateway_url: &str, key: PrivateKey, alipay: PublicKey) -> AlipayConfig {
    AlipayConfig {
        gateway_url: gateway_url.to_owned(),
        app_id: APP_ID.to_owned(),
        app_private_key: key,
        mode: AlipayMode::PublicKey { current: alipay, previous: None },
        notify_url: Some("http://shop.example/v1/orders/success/".to_owned()),
        return_url: Some("http://shop.example/v1/orders/return/?from=alipay".to_owned()),
        quit_url: Some("http://shop.example/pay_success.html".to_owned()),
        subject: None,
        timeouts: AlipayTimeouts::default(),
    }
}

pub(crate) fn gateway(config: AlipayConfig) -> AlipayGateway {
    AlipayGateway::new(config, Arc::new(StandingClock)).unwrap()
}

pub(crate) fn order() -> OrderId {
    OrderId::parse("2019112820400804").unwrap()
}

pub(crate) fn payment() -> PaymentRequest {
    PaymentRequest {
        order_id: order(),
        out_trade_no: "2019112820400804".to_owned(),
        product: domain::PaymentProduct::Page,
        as_code: false,
        total_amount: "323.91".parse().unwrap(),
        subject: "红袖添香 A&B=C/D <b>".to_owned(),
        now: ShopTime::parse(NOW).unwrap(),
        time_expire: ShopTime::parse("2019-11-28 21:10:08"),
    }
}
