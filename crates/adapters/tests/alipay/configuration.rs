//! Configurations that cannot work are refused at the start.

use std::sync::Arc;

use adapters::alipay::{AlipayConfig, AlipayConfigError, AlipayGateway, AlipayMode};
use alipay_protocol::PrivateKey;

use crate::shop::{StandingClock, config};

const GATEWAY: &str = "https://openapi.alipay.com/gateway.do";

fn refusal(change: impl FnOnce(&mut AlipayConfig)) -> AlipayConfigError {
    let alipay = PrivateKey::generate().unwrap().public_key().clone();
    let mut config = config(GATEWAY, PrivateKey::generate().unwrap(), alipay);
    change(&mut config);
    AlipayGateway::new(config, Arc::new(StandingClock)).err().unwrap()
}

#[test]
fn the_applications_own_public_key_is_recognised() {
    let own = |config: &AlipayConfig| config.app_private_key.public_key().clone();
    let alipays = PrivateKey::generate().unwrap().public_key().clone();
    for error in [
        refusal(|config| config.mode = AlipayMode::PublicKey { current: own(config), previous: None }),
        refusal(|config| {
            config.mode = AlipayMode::PublicKey { current: alipays.clone(), previous: Some(own(config)) };
        }),
    ] {
        assert!(matches!(error, AlipayConfigError::OwnPublicKey));
        assert!(error.to_string().contains("支付宝公钥"), "{error}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let named = |change: fn(&mut AlipayConfig)| refusal(change).to_string();
    assert!(named(|config| config.app_id = String::new()).contains("app_id"));
    assert!(named(|config| config.app_id = "2021 ".to_owned()).contains("app_id"));
    assert!(named(|config| config.gateway_url = "openapi.alipay.com".to_owned()).contains("gateway_url"));
    assert!(named(|config| config.gateway_url.push_str("?a=1")).contains("gateway_url"));
    assert!(named(|config| config.notify_url = Some("/notify".to_owned())).contains("notify_url"));
    assert!(
        named(|config| config.return_url = Some("javascript:alert(1)".to_owned())).contains("return_url")
    );
    let long = |config: &mut AlipayConfig| config.return_url = Some(format!("http://a/{}", "a".repeat(256)));
    assert!(refusal(long).to_string().contains("256"));
}

#[test]
fn no_key_shows_in_debug() {
    let key = PrivateKey::generate().unwrap();
    let secret = key.to_pkcs8_pem().unwrap();
    let shown = format!("{:?}", config(GATEWAY, key.clone(), key.public_key().clone()));
    assert!(secret.lines().skip(1).all(|line| line.starts_with('-') || !shown.contains(line)), "{shown}");
}
