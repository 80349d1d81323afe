//! What is kept over a restart: trades, and keys.

use alipay_protocol::{Method, PrivateKey};
use alipay_sandbox::{Sandbox, SandboxConfig, SandboxKeys, StartError};
use serde_json::json;

use crate::merchant::{Merchant, ORDER};

#[actix_web::test]
async fn a_paid_trade_is_still_paid_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (key, alipay) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let config = SandboxConfig {
        state_file: Some(folder.path().join("state/trades.json")),
        ..SandboxConfig::new(key.public_key().clone(), alipay)
    };
    let first = Merchant::started(config.clone(), key.clone());
    first.pay(&Merchant::page_pay_terms()).await;
    let before = first.call(Method::TradeQuery, json!({ "out_trade_no": ORDER })).await;
    first.sandbox.pay_again(ORDER).unwrap();
    let books = first.sandbox.books();
    first.sandbox.stop().await;

    let second = Merchant::started(config, key);
    assert_eq!(second.sandbox.books(), books);
    let after = second.call(Method::TradeQuery, json!({ "trade_no": before["trade_no"] })).await;
    assert_eq!(after, before);
    assert_eq!(after["trade_status"], "TRADE_SUCCESS");
    second.sandbox.stop().await;
}

#[actix_web::test]
async fn a_state_file_that_cannot_be_read_is_a_refusal_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.json");
    let merchant = Merchant::new();
    for content in ["{", r#"{"version":99,"trades":[]}"#] {
        std::fs::write(&path, content).unwrap();
        let config = SandboxConfig {
            state_file: Some(path.clone()),
            ..SandboxConfig::new(merchant.key.public_key().clone(), merchant.key.clone())
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let refusal = Sandbox::start(config, listener, merchant.clock.clone()).err().unwrap();
        assert!(matches!(refusal, StartError::StateFile(_)));
        assert!(refusal.to_string().contains("trades.json"), "{refusal}");
    }
    merchant.sandbox.stop().await;
}

#[test]
fn keys_are_made_once_and_kept_to_their_owner() {
    let folder = tempfile::tempdir().unwrap();
    let made = SandboxKeys::load_or_generate(&folder.path().join("keys")).unwrap();
    let read = SandboxKeys::load_or_generate(&folder.path().join("keys")).unwrap();
    assert_eq!(made.app.public_key(), read.app.public_key());
    assert_eq!(made.alipay.public_key(), read.alipay.public_key());
    assert_ne!(made.app.public_key(), made.alipay.public_key());
    #[cfg(unix)]
    for file in ["app_private_key.pem", "alipay_private_key.pem"] {
        let metadata = std::fs::metadata(folder.path().join("keys").join(file)).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, 0o600);
    }
    std::fs::write(folder.path().join("keys/app_private_key.pem"), "no key").unwrap();
    let error = SandboxKeys::load_or_generate(&folder.path().join("keys")).unwrap_err();
    assert!(error.to_string().contains("app_private_key.pem"), "{error}");
}
