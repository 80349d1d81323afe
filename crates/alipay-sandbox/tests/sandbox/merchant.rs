//! A merchant with its own keys, a clock that moves only when set, and its sandbox.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use alipay_protocol::{Method, Params, PrivateKey, PublicKey, answer, message, request};
use alipay_sandbox::{NotificationBehaviour, Sandbox, SandboxConfig};
use domain::ShopTime;
use ports::Clock;
use reqwest::{Client, Response, redirect};
use serde_json::{Value, json};

pub(crate) const ORDER: &str = "2019112820400804";

/// A clock that the test sets.
pub(crate) struct TestClock(Mutex<ShopTime>);

impl TestClock {
    pub(crate) fn pass(&self, span: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.after(span);
    }
}

impl Clock for TestClock {
    fn now(&self) -> ShopTime {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct Merchant {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) alipay: PublicKey,
    pub(crate) key: PrivateKey,
    pub(crate) notify_url: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) client: Client,
}

impl Merchant {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(configure: impl FnOnce(&mut SandboxConfig)) -> Self {
        let (key, alipay) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
        let mut config = SandboxConfig::new(key.public_key().clone(), alipay.clone());
        configure(&mut config);
        Self::started(config, key)
    }

    pub(crate) fn started(config: SandboxConfig, key: PrivateKey) -> Self {
        let clock = Arc::new(TestClock(Mutex::new(ShopTime::parse("2019-11-28 20:40:08").unwrap())));
        let alipay = config.alipay_private_key.public_key().clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sandbox = Sandbox::start(config, listener, Arc::<TestClock>::clone(&clock)).unwrap();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build()
            .unwrap();
        let return_url = Some("http://shop.example/return?from=alipay".to_owned());
        Self { sandbox, clock, alipay, key, notify_url: None, return_url, client }
    }

    /// The common parameters of a call, not yet signed.
    pub(crate) fn common(&self, method: Method) -> Params {
        Params::new()
            .with("app_id", SandboxConfig::DEFAULT_APP_ID)
            .with("method", method.name())
            .with("format", "JSON")
            .with("charset", "utf-8")
            .with("timestamp", self.clock.now().to_string())
            .with("version", "1.0")
    }

    pub(crate) fn page_pay_terms() -> Value {
        json!({
            "out_trade_no": ORDER,
            "total_amount": "323.91",
            "subject": "红袖添香",
            "product_code": "FAST_INSTANT_TRADE_PAY",
            "time_expire": "2019-11-28 21:10:08",
        })
    }

    pub(crate) fn page_pay(&self, biz: &Value) -> Params {
        let mut params = self.common(Method::TradePagePay).with("biz_content", biz.to_string());
        for (name, url) in [("notify_url", &self.notify_url), ("return_url", &self.return_url)] {
            if let Some(url) = url {
                params.set(name, url.as_str());
            }
        }
        request::sign(params, &self.key).unwrap()
    }

    pub(crate) async fn get(&self, params: &Params) -> String {
        let url = format!("{}?{}", self.sandbox.gateway_url(), params.to_form());
        let response = self.client.get(url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.text().await.unwrap()
    }

    /// Goes to the cashier page for these terms.
    pub(crate) async fn visit(&self, biz: &Value) -> String {
        self.get(&self.page_pay(biz)).await
    }

    /// Submits the form that posts to `action`.
    pub(crate) async fn press(&self, page: &str, action: &str) -> Response {
        let form = page.split_once(&format!(r#"action="{action}""#)).map(|(_, rest)| rest);
        let trade_no =
            form.and_then(|form| form.split_once(r#"name="trade_no" value=""#)).map(|(_, rest)| rest);
        let trade_no =
            trade_no.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("no button in {page}"));
        let url = format!("http://{}{action}", self.sandbox.addr());
        let body = Params::new().with("trade_no", trade_no).to_form();
        let header = ("content-type", "application/x-www-form-urlencoded");
        self.client.post(url).header(header.0, header.1).body(body).send().await.unwrap()
    }

    /// Visits the page, confirms, and returns the target of the redirect.
    pub(crate) async fn pay(&self, biz: &Value) -> String {
        let page = self.visit(biz).await;
        location(&self.press(&page, "/cashier/pay").await)
    }

    /// The verified parameters of the return URL.
    pub(crate) fn returned(&self, url: &str) -> message::VerifiedMessage {
        let query = url.split_once("?from=alipay&").unwrap().1;
        message::verify(query.as_bytes(), &self.alipay).unwrap()
    }

    /// Calls a method and returns the node of its verified answer.
    pub(crate) async fn call(&self, method: Method, biz: Value) -> Value {
        let params = self.common(method).with("biz_content", biz.to_string());
        let params = request::sign(params, &self.key).unwrap();
        self.call_signed(method, &params).await
    }

    pub(crate) async fn call_signed(&self, method: Method, params: &Params) -> Value {
        let text = self.get(params).await;
        let answer = answer::verify(text.as_bytes(), method, &self.alipay).unwrap();
        serde_json::from_str(answer.json()).unwrap()
    }

    pub(crate) async fn fetch(&self, url: &str) -> Response {
        self.try_fetch(url).await.unwrap()
    }

    pub(crate) async fn try_fetch(&self, url: &str) -> reqwest::Result<Response> {
        self.client.get(url).send().await
    }

    pub(crate) async fn post(&self, query: &str, body: String) -> String {
        let url = format!("{}?{query}", self.sandbox.gateway_url());
        self.client.post(url).body(body).send().await.unwrap().text().await.unwrap()
    }

    pub(crate) fn behave(&self, behaviour: NotificationBehaviour) {
        self.sandbox.set_notifications(behaviour);
    }
}

pub(crate) fn location(response: &Response) -> String {
    assert_eq!(response.status(), 303);
    response.headers().get("location").unwrap().to_str().unwrap().to_owned()
}
