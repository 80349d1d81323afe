//! What survives a restart: trades and keys.

use std::sync::{Arc, Mutex};

use actix_web::HttpResponse;
use alipay_protocol::{Method, PrivateKey};
use alipay_sandbox::{Sandbox, SandboxCertificates, SandboxConfig, SandboxKeys, StartError, TradeRecord};
use domain::ShopTime;
use serde_json::json;

use crate::{
    merchant::{Merchant, ORDER},
    shop::Shop,
};

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
    let trades = first.sandbox.trades();
    first.sandbox.stop().await;

    let second = Merchant::started(config, key);
    assert_eq!(second.sandbox.trades(), trades);
    let after = second.call(Method::TradeQuery, json!({ "trade_no": before["trade_no"] })).await;
    assert_eq!(after, before);
    assert_eq!(after["trade_status"], "TRADE_SUCCESS");
    second.sandbox.stop().await;
}

/// The trades in a sandbox that starts with a copy of this state file, as after a SIGKILL of the first one.
async fn found_by_another(config: &SandboxConfig, key: &PrivateKey) -> Vec<TradeRecord> {
    let file = config.state_file.clone().unwrap();
    let copy = file.with_extension("copy");
    std::fs::copy(file, &copy).unwrap();
    let another = Merchant::started(SandboxConfig { state_file: Some(copy), ..config.clone() }, key.clone());
    let trades = another.sandbox.trades();
    another.sandbox.stop().await;
    trades
}

#[actix_web::test]
async fn what_is_answered_or_notified_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate().unwrap();
    let config = SandboxConfig {
        state_file: Some(folder.path().join("trades.json")),
        ..SandboxConfig::new(key.public_key().clone(), PrivateKey::generate().unwrap())
    };
    let (told, file) = (Arc::new(Mutex::new(Vec::new())), config.state_file.clone().unwrap());
    let shop = {
        let told = Arc::clone(&told);
        Shop::answering(move |_| {
            told.lock().unwrap().push(std::fs::read_to_string(&file).unwrap());
            HttpResponse::Ok().body("success")
        })
    };
    let mut merchant = Merchant::started(config.clone(), key.clone());
    merchant.notify_url = Some(shop.notify_url.clone());

    let page = merchant.visit(&Merchant::page_pay_terms()).await;
    assert_eq!(found_by_another(&config, &key).await, merchant.sandbox.trades(), "a trade");
    merchant.press(&page, "/cashier/pay").await;
    let paid = found_by_another(&config, &key).await;
    assert_eq!(paid, merchant.sandbox.trades());
    assert!(paid[0].paid_at.is_some(), "{paid:?}");
    let refund = json!({ "out_trade_no": ORDER, "refund_amount": "1.00", "out_request_no": "r1" });
    merchant.call(Method::TradeRefund, refund).await;
    let refunded = found_by_another(&config, &key).await;
    assert_eq!(refunded, merchant.sandbox.trades());
    assert_eq!(refunded[0].refunds.len(), 1, "{refunded:?}");

    shop.received(2, &merchant.alipay).await;
    let told = told.lock().unwrap().clone();
    assert!(told[0].contains(r#""status":"Success""#) && told[1].contains(r#""r1""#), "{told:?}");
    merchant.sandbox.stop().await;
    shop.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_kept_is_not_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let merchant = Merchant::with(|config| config.state_file = Some(state.join("trades.json")));
    let page = merchant.visit(&Merchant::page_pay_terms()).await;
    // A file replaces the folder: nothing can be written there. A write in progress may create the folder again.
    let has_file_in_its_place = (0..100).any(|number| {
        let moved = std::fs::rename(&state, folder.path().join(format!("moved{number}")));
        moved.is_ok() && std::fs::write(&state, "").is_ok()
    });
    assert!(has_file_in_its_place);
    assert_eq!(merchant.press(&page, "/cashier/pay").await.status(), 500);

    std::fs::remove_file(&state).unwrap();
    let query = merchant.call(Method::TradeQuery, json!({ "out_trade_no": ORDER })).await;
    assert_eq!(query["trade_status"], "TRADE_SUCCESS", "it was paid all the same");
    assert!(std::fs::read_to_string(state.join("trades.json")).unwrap().contains(r#""status":"Success""#));
    merchant.sandbox.stop().await;
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
fn all_that_begin_at_once_have_the_same_keys_and_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("keys");
    let begin = || {
        let keys = SandboxKeys::load_or_generate(&folder).unwrap();
        let app = keys.app.public_key().clone();
        let config = SandboxConfig::new(app.clone(), keys.alipay);
        let now = ShopTime::parse("2019-11-28 12:00:00").unwrap();
        (app, SandboxCertificates::load_or_generate(&folder, &config, now).unwrap().app)
    };
    let all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(begin)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (app, certificates) in &all {
        assert_eq!(app, &all[0].0);
        assert_eq!(certificates, &all[0].1);
    }
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
