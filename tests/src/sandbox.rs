use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    process::{Child, Stdio},
    time::Duration,
};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Alipay,
    child::{binary, free_address, kill, killed_with_parent, until},
};

/// The file of the application's private key, for a shop that reads the key from a file.
const APP_PRIVATE_KEY: &str = "app_private_key.pem";

/// The sandbox as its own program in place of Alipay, with its controls for tests.
pub struct Sandbox {
    /// The keys with which it and the shop sign.
    pub alipay: Alipay,
    base: String,
    client: Client,
    child: Child,
    keys: TempDir,
}

impl Sandbox {
    /// Starts it without any trades, and waits until it answers.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts it in certificate mode.
    pub async fn start_with_certificates() -> Self {
        Self::start_with(&["--certificates"]).await
    }

    async fn start_with(options: &[&str]) -> Self {
        let (alipay, keys, listen) = (Alipay::new(), tempfile::tempdir().unwrap(), free_address());
        let [app_public_key, alipay_private_key] =
            ["app_public_key", "alipay_private_key"].map(|name| keys.path().join(name));
        let app_private_key = keys.path().join(APP_PRIVATE_KEY);
        fs::write(&app_private_key, alipay.application.to_pkcs8_pem().unwrap()).unwrap();
        // The program refuses a secret that others can read.
        fs::set_permissions(&app_private_key, Permissions::from_mode(0o600)).unwrap();
        fs::write(&app_public_key, alipay.application.public_key().to_spki_pem().unwrap()).unwrap();
        fs::write(&alipay_private_key, alipay.platform.to_pkcs8_pem().unwrap()).unwrap();
        let child = killed_with_parent(binary("alipay-sandbox"))
            .env_clear()
            .env("ALIPAY_SANDBOX_LOG", "off")
            .args(["--listen", &listen.to_string(), "--app-id", &alipay.app_id])
            .args(["--seller-id", &alipay.seller_id])
            .arg("--app-public-key")
            .arg(app_public_key)
            .arg("--alipay-private-key")
            .arg(alipay_private_key)
            .arg("--keys")
            .arg(keys.path())
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the sandbox is built: cargo build --bin alipay-sandbox");
        let client = Client::builder().timeout(Duration::from_secs(30)).no_proxy().build().unwrap();
        let sandbox = Self { alipay, base: format!("http://{listen}"), client, child, keys };
        until("the sandbox answers", async || {
            let url = format!("{}/control/faults", sandbox.base);
            sandbox.client.get(url).send().await.is_ok()
        })
        .await;
        sandbox
    }

    /// The settings of a shop in certificate mode, with their files; empty in key mode.
    pub fn certificate_files(&self) -> Vec<(String, String)> {
        let app = format!("appCertPublicKey_{}.crt", self.alipay.app_id);
        let files = [
            ("DASHOP_ALIPAY_APP_PRIVATE_KEY_FILE", APP_PRIVATE_KEY),
            ("DASHOP_ALIPAY_APP_CERT_FILE", app.as_str()),
            ("DASHOP_ALIPAY_CERT_FILE", "alipayCertPublicKey_RSA2.crt"),
            ("DASHOP_ALIPAY_ROOT_CERT_FILE", "alipayRootCert.crt"),
        ];
        let paths = files.map(|(setting, name)| (setting, self.keys.path().join(name)));
        if !paths.iter().all(|(_, path)| path.exists()) {
            return Vec::new();
        }
        paths.map(|(setting, path)| (setting.to_owned(), path.to_str().unwrap().to_owned())).into()
    }

    /// Makes it sign with another key, under another certificate, from now on.
    pub async fn change_key(&self) {
        self.done("key", json!({"new_key": true})).await;
    }

    /// The URL of its gateway.
    pub fn gateway_url(&self) -> String {
        format!("{}/gateway.do", self.base)
    }

    /// A buyer opens the shop's `pay_url` and sees the cashier page.
    pub async fn arrive(&self, pay_url: &str) {
        let page = self.client.get(pay_url).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("确认付款"), "{page}");
    }

    /// The buyer at the cashier pays. Returns the trade.
    pub async fn pay(&self, order_id: &str) -> Value {
        self.done("pay", json!({"out_trade_no": order_id})).await
    }

    /// The buyer pays the same order in a second trade.
    pub async fn pay_again(&self, order_id: &str) -> Value {
        self.done("pay-again", json!({"out_trade_no": order_id})).await
    }

    /// The buyer at the cashier can no longer pay. Returns Alipay's code for that.
    pub async fn refuses_to_be_paid(&self, order_id: &str) -> String {
        let (status, answer) = self.control(Method::POST, "pay", json!({"out_trade_no": order_id})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    /// Refunds in Alipay's console. Returns the number that Alipay gave the refund.
    pub async fn refund_at_console(&self, order_id: &str, amount: &str) -> String {
        let refunded = self.done("refund", json!({"out_trade_no": order_id, "amount": amount})).await;
        refunded["out_request_no"].as_str().unwrap().to_owned()
    }

    /// Ends the period in which the order's trade can be refunded.
    pub async fn finish(&self, order_id: &str) -> Value {
        self.done("finish", json!({"out_trade_no": order_id})).await
    }

    /// Makes the next calls of a method fail, as defined by `/control/faults`.
    pub async fn fault(&self, fault: Value) {
        self.done("faults", fault).await;
    }

    /// Removes the faults that have not occurred yet.
    pub async fn clear_faults(&self) {
        let (status, answer) = self.control(Method::DELETE, "faults", Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    /// From now on every notification is lost, however often it is sent.
    pub async fn lose_notifications(&self) {
        self.notify(json!({"lose_first": 1, "resend_after_ms": []})).await;
    }

    /// From now on notifications are held back, for [`Sandbox::take_held`].
    pub async fn hold_notifications(&self) {
        self.notify(json!({"hold": true})).await;
    }

    async fn notify(&self, behaviour: Value) {
        let (status, answer) = self.control(Method::POST, "notifications", behaviour).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    }

    /// The bodies of the notifications that were held back, each with its order's number.
    pub async fn take_held(&self) -> Vec<(String, String)> {
        let held = self.done("notifications/held", json!({})).await;
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        held.as_array().unwrap().iter().map(|one| (text(one, "out_trade_no"), text(one, "form"))).collect()
    }

    /// The trades of an order, oldest first.
    pub async fn trades(&self, order_id: &str) -> Vec<Value> {
        let path = format!("trades?out_trade_no={order_id}");
        let (status, trades) = self.control(Method::GET, &path, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{trades}");
        trades.as_array().unwrap().clone()
    }

    /// The calls of the gateway so far, oldest first, without those of buyers' browsers.
    pub async fn calls(&self) -> Vec<Value> {
        let (status, calls) = self.control(Method::GET, "requests", Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{calls}");
        let calls = calls.as_array().unwrap();
        assert!(calls.len() < 10_000, "the sandbox remembers no more");
        let by_browser = ["alipay.trade.page.pay", "alipay.trade.wap.pay"].map(Value::from);
        calls.iter().filter(|call| !by_browser.contains(&call["method"])).cloned().collect()
    }

    /// The calls about an order so far, in order: `query`, `close`, `refund`, …
    pub async fn calls_about(&self, order_id: &str) -> Vec<String> {
        let calls = self.calls().await;
        let about = calls.iter().filter(|call| call["out_trade_no"] == order_id);
        about.map(|call| call["method"].as_str().unwrap().replace("alipay.trade.", "")).collect()
    }

    async fn done(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.control(Method::POST, path, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}/control/{path}", self.base));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}
