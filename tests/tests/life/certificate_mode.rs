//! A shop in certificate mode: it pays, gets notifications, and continues when Alipay's key changes.

use tests::{Sandbox, Setup};

use crate::shop::Shop;

async fn open() -> Shop {
    let mut shop = Shop::paying_at(Sandbox::start_with_certificates().await, 1, Setup::embedded()).await;
    shop.database.add_buyers(904, 2).await;
    shop.database.add_sku(901, crate::shop::PRICE, 10).await;
    shop
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_by_a_notification() {
    let mut shop = open().await;
    let order = shop.paid(904, 901).await;
    assert_eq!(shop.payments(&order.id).await, ["settled notification 219.00 0.00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_under_a_new_key_is_refused_and_a_query_brings_the_certificate() {
    let mut shop = open().await;
    shop.sandbox.hold_notifications().await;
    let order = shop.place(904, 901).await;
    shop.sandbox.change_key().await;
    shop.pay(&order).await;
    let held = shop.sandbox.take_held().await;
    let notify = shop.dashop().url("/v1/orders/success/");
    let refused = shop.browser.post_form(&notify, &held[0].1).await;
    assert_ne!(refused.text, "success");
    assert_eq!(shop.status(&order.id).await, 1);
    assert_eq!(shop.sandbox.calls().await.len(), 0, "a notification causes no call");

    shop.make_due(&order.id).await;
    shop.comes_to(&order.id, 2).await;
    assert_eq!(shop.payments(&order.id).await, ["settled query 219.00 0.00"]);
    let methods: Vec<_> = shop.sandbox.calls().await.iter().map(|call| call["method"].clone()).collect();
    assert_eq!(methods, ["alipay.trade.query", "alipay.open.app.alipaycert.download"]);
    // Alipay sends it again.
    let again = shop.browser.post_form(&notify, &held[0].1).await;
    assert_eq!(again.text, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_used_are_named_without_their_content() {
    let sandbox = Sandbox::start_with_certificates().await;
    let files = sandbox.certificate_files();
    let path = |setting: &str| files.iter().find(|(name, _)| name == setting).unwrap().1.clone();
    let said = |setting: &str, file: &str| {
        let output = Setup::embedded().paying_at_sandbox(&sandbox).with(setting, file).run(&["serve"]);
        assert!(!output.status.success(), "{setting} {file}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let (app, alipay, root) = (
        path("DASHOP_ALIPAY_APP_CERT_FILE"),
        path("DASHOP_ALIPAY_CERT_FILE"),
        path("DASHOP_ALIPAY_ROOT_CERT_FILE"),
    );
    let key = path("DASHOP_ALIPAY_APP_PRIVATE_KEY_FILE");
    for (setting, file, reason) in [
        (
            "DASHOP_ALIPAY_APP_CERT_FILE",
            &alipay,
            "no certificate in it belongs to the application's private key",
        ),
        ("DASHOP_ALIPAY_CERT_FILE", &app, "it is the application's own certificate"),
        ("DASHOP_ALIPAY_ROOT_CERT_FILE", &alipay, "there is no root certificate with an RSA signature in it"),
        ("DASHOP_ALIPAY_ROOT_CERT_FILE", &key, "there is a private key in it"),
        ("DASHOP_ALIPAY_CERT_FILE", &root, "there are only issuers' certificates in it"),
    ] {
        let said = said(setting, file);
        assert!(said.contains(setting) && said.contains(file.as_str()) && said.contains(reason), "{said}");
        assert!(!said.contains("-----END") && !said.contains("MII"), "{said}");
    }
    let wrong_key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&wrong_key, sandbox.alipay.platform.to_pkcs8_pem().unwrap()).unwrap();
    let said = said("DASHOP_ALIPAY_APP_PRIVATE_KEY_FILE", wrong_key.path().to_str().unwrap());
    assert!(said.contains(&app) && said.contains("belongs to the application's private key"), "{said}");
}
