//! Certificate mode: the fields of requests and answers, and the downloadable certificates.

use alipay_protocol::{
    CertSn, MerchantCertificates, Method, Params, PrivateKey, answer, certificates::CertificateFiles,
    message, request,
};
use alipay_sandbox::{NotificationBehaviour, SandboxCertificates, SandboxConfig};
use domain::ShopTime;
use serde_json::{Value, json};

use crate::merchant::{Merchant, ORDER};

fn now() -> ShopTime {
    ShopTime::parse("2019-11-28 20:40:08").unwrap()
}

/// A merchant in certificate mode, and its configuration.
fn merchant() -> (Merchant, MerchantCertificates) {
    let (key, alipay) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let mut config = SandboxConfig::new(key.public_key().clone(), alipay);
    config.notifications = NotificationBehaviour { hold: true, ..NotificationBehaviour::default() };
    let made = SandboxCertificates::generate(&config, now()).unwrap();
    let certificates = read(&made, &key);
    config.certificates = Some(made);
    (Merchant::started(config, key), certificates)
}

fn read(made: &SandboxCertificates, key: &PrivateKey) -> MerchantCertificates {
    let files = CertificateFiles { app: &made.app, alipay: &made.alipay, root: &made.root };
    MerchantCertificates::read(files, key.public_key()).unwrap()
}

/// A call in certificate mode, not yet signed.
fn call(merchant: &Merchant, certificates: &MerchantCertificates, method: Method, biz: &Value) -> Params {
    merchant
        .common(method)
        .with("app_cert_sn", certificates.app_cert_sn().as_str())
        .with("alipay_root_cert_sn", certificates.alipay_root_cert_sn())
        .with("biz_content", biz.to_string())
}

async fn answered(merchant: &Merchant, params: Params) -> String {
    merchant.get(&request::sign(params, &merchant.key).unwrap()).await
}

fn query(merchant: &Merchant, certificates: &MerchantCertificates) -> Params {
    call(merchant, certificates, Method::TradeQuery, &json!({ "out_trade_no": ORDER }))
}

#[actix_web::test]
async fn a_merchant_can_use_what_is_made() {
    let (_, certificates) = merchant();
    assert!(certificates.warnings(now().unix_seconds()).is_empty());
    // Two of the five are roots, of which one counts for `alipay_root_cert_sn`.
    assert_eq!(certificates.all().count(), 5);
    assert_eq!(certificates.alipay_root_cert_sn().len(), 32);
}

#[actix_web::test]
async fn a_request_must_carry_both_serial_numbers() {
    let (merchant, certificates) = merchant();
    let sub_code = |text: &str| {
        let answer: Value = serde_json::from_str(text).unwrap();
        assert!(answer.get("sign").is_none(), "{text}");
        answer["alipay_trade_query_response"]["sub_code"].as_str().unwrap().to_owned()
    };
    for (name, value, expected) in [
        ("app_cert_sn", "", "isv.missing-app-cert-sn"),
        ("app_cert_sn", "0123456789abcdef0123456789abcdef", "isv.app-cert-not-exist"),
        ("alipay_root_cert_sn", "", "isv.missing-alipay-root-cert-sn"),
        ("alipay_root_cert_sn", "0123456789abcdef0123456789abcdef", "isv.invalid-alipay-root-cert-sn"),
    ] {
        let params = query(&merchant, &certificates).with(name, value);
        assert_eq!(sub_code(&answered(&merchant, params).await), expected);
    }
    let sound = answered(&merchant, query(&merchant, &certificates)).await;
    assert!(sound.contains("ACQ.TRADE_NOT_EXIST"), "{sound}");
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn an_answer_names_the_certificate_and_notifications_do_not() {
    let (merchant, certificates) = merchant();
    let text = answered(&merchant, query(&merchant, &certificates)).await;
    let answer = answer::verify(text.as_bytes(), Method::TradeQuery, &merchant.alipay).unwrap();
    assert_eq!(answer.cert_sn(), Some(&certificates.alipay_certificate().sn));
    let terms = Merchant::page_pay_terms();
    let page_pay = call(&merchant, &certificates, Method::TradePagePay, &terms);
    let page_pay = request::sign(page_pay.with("notify_url", "http://shop.example/"), &merchant.key).unwrap();
    merchant.sandbox.arrive(&format!("{}?{}", merchant.sandbox.gateway_url(), page_pay.to_form())).unwrap();
    merchant.sandbox.pay(ORDER).unwrap();
    let held = merchant.sandbox.take_held();
    let notification = message::verify(&held[0].form, &merchant.alipay).unwrap();
    assert_eq!(notification.get("alipay_cert_sn"), None);
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn a_new_key_or_certificate_can_be_downloaded_and_is_trusted() {
    let (merchant, certificates) = merchant();
    let mut known = vec![certificates.alipay_certificate()];
    for new_key in [None, Some(PrivateKey::generate().unwrap())] {
        let key = new_key.as_ref().map_or_else(|| merchant.alipay.clone(), |key| key.public_key().clone());
        let sn = merchant.sandbox.change_key(new_key).unwrap().unwrap();
        let text = answered(&merchant, query(&merchant, &certificates)).await;
        let answer = answer::verify(text.as_bytes(), Method::TradeQuery, &key).unwrap();
        assert_eq!(answer.cert_sn(), Some(&sn));
        let biz = json!({ "alipay_cert_sn": sn.as_str() });
        let download = call(&merchant, &certificates, Method::OpenAppAlipaycertDownload, &biz);
        let text = answered(&merchant, download).await;
        let trusted = certificates.accept_download(&sn, text.as_bytes(), now().unix_seconds()).unwrap();
        assert_eq!((&trusted.sn, &trusted.key), (&sn, &key));
        known.push(trusted);
    }
    let serials: std::collections::BTreeSet<&CertSn> = known.iter().map(|one| &one.sn).collect();
    assert_eq!(serials.len(), 3);
    for unknown in ["0123456789abcdef0123456789abcdef", "x"] {
        let biz = json!({ "alipay_cert_sn": unknown });
        let download = call(&merchant, &certificates, Method::OpenAppAlipaycertDownload, &biz);
        assert!(answered(&merchant, download).await.contains("isv.alipay-cert-not-exist"));
    }
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn in_key_mode_a_new_key_signs_and_no_certificate_can_be_downloaded() {
    let merchant = Merchant::new();
    let new = PrivateKey::generate().unwrap();
    assert_eq!(merchant.sandbox.change_key(Some(new.clone())).unwrap(), None);
    let params =
        merchant.common(Method::TradeQuery).with("biz_content", json!({ "out_trade_no": ORDER }).to_string());
    let text = answered(&merchant, params).await;
    assert!(answer::verify(text.as_bytes(), Method::TradeQuery, &merchant.alipay).is_err());
    let answer = answer::verify(text.as_bytes(), Method::TradeQuery, new.public_key()).unwrap();
    assert_eq!(answer.cert_sn(), None);
    let biz = json!({ "alipay_cert_sn": "0123456789abcdef0123456789abcdef" });
    let download = merchant.common(Method::OpenAppAlipaycertDownload).with("biz_content", biz.to_string());
    assert!(answered(&merchant, download).await.contains("isv.alipay-cert-not-exist"));
    merchant.sandbox.stop().await;
}

#[test]
fn certificates_are_kept_until_they_do_not_fit_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let (key, alipay) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let config = SandboxConfig::new(key.public_key().clone(), alipay);
    let load = |config: &SandboxConfig, now| {
        SandboxCertificates::load_or_generate(folder.path(), config, ShopTime::parse(now).unwrap()).unwrap()
    };
    let made = load(&config, "2019-11-28 20:40:08");
    let kept = load(&config, "2020-11-28 20:40:08");
    assert_eq!((&kept.app, &kept.alipay, &kept.root), (&made.app, &made.alipay, &made.root));
    // The certificates expire at the end of 2023.
    let renewed = load(&config, "2023-12-01 00:00:00");
    assert_ne!(renewed.app, made.app);
    let other_key = SandboxConfig::new(key.public_key().clone(), PrivateKey::generate().unwrap());
    assert_ne!(load(&other_key, "2023-12-01 00:00:00").alipay, renewed.alipay);
    #[cfg(unix)]
    {
        let metadata = std::fs::metadata(folder.path().join("issuer_private_key.pem")).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, 0o600);
    }
}
