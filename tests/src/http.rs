use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::Value;

/// A plain HTTP client that shows redirects instead of following them.
#[derive(Clone)]
pub struct Browser {
    client: Client,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The target of a redirect.
    pub location: Option<String>,
    /// Content type.
    pub content_type: String,
    /// The body.
    pub text: String,
}

/// A buyer's browser with a token, for the operations of the contract.
#[derive(Clone)]
pub struct Buyer {
    browser: Browser,
    base: String,
    token: String,
    traceparent: Option<String>,
}

/// A member of staff, for the operations of the shop side.
#[derive(Clone)]
pub struct Staff {
    browser: Browser,
    base: String,
    token: String,
}

impl Browser {
    /// A client that gives up after 30 seconds.
    #[expect(clippy::new_without_default, reason = "it opens connections")]
    pub fn new() -> Self {
        Self::with_patience(Duration::from_secs(30))
    }

    fn with_patience(patience: Duration) -> Self {
        let client = Client::builder().redirect(Policy::none()).timeout(patience).no_proxy().build().unwrap();
        Self { client }
    }

    /// The status with which a URL answers; `None` if there is no answer.
    pub async fn status(&self, url: &str) -> Option<u16> {
        self.client.get(url).send().await.ok().map(|response| response.status().as_u16())
    }

    /// Gets a page.
    pub async fn get(&self, url: &str) -> Reply {
        reply(self.client.get(url)).await.unwrap()
    }

    /// Gets a page with an additional header.
    pub async fn get_with(&self, url: &str, name: &str, value: &str) -> Reply {
        reply(self.client.get(url).header(name, value)).await.unwrap()
    }

    /// Sends a request of any method.
    pub async fn with_method(&self, method: &str, url: &str) -> Reply {
        reply(self.client.request(method.parse().unwrap(), url)).await.unwrap()
    }

    /// Posts a body with an additional header.
    pub async fn post_with(&self, url: &str, name: &str, value: &str, body: &str) -> Reply {
        reply(self.client.post(url).header(name, value).body(body.to_owned())).await.unwrap()
    }

    /// Posts a form body.
    pub async fn post_form(&self, url: &str, form: &str) -> Reply {
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded");
        reply(request.body(form.to_owned())).await.unwrap()
    }

    /// Posts a JSON body; the answer is JSON with status 200.
    pub async fn post_json(&self, url: &str, body: &Value) -> Value {
        answer(self.client.post(url).body(body.to_string())).await.unwrap()
    }
}

impl Buyer {
    pub(crate) fn new(browser: Browser, base: String, token: String) -> Self {
        Self { browser, base, token, traceparent: None }
    }

    /// The same buyer with requests that are part of this trace.
    pub fn in_trace(mut self, traceparent: &str) -> Self {
        self.traceparent = Some(traceparent.to_owned());
        self
    }

    /// The same buyer, who waits at most this long for an answer.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.browser = Browser::with_patience(patience);
        self
    }

    /// The same buyer, who uses another base URL.
    pub fn through(mut self, base: String) -> Self {
        self.base = base;
        self
    }

    /// Operation 1, with these query parameters.
    pub async fn preview(&self, query: &str) -> Value {
        self.processing(Method::GET, &format!("?status=0&{query}"), None).await.unwrap()
    }

    /// Operation 2, with this JSON body.
    pub async fn create(&self, body: Value) -> Value {
        self.try_create(body).await.unwrap()
    }

    /// Like [`Self::create`], for tests in which the program may be killed meanwhile.
    ///
    /// # Errors
    /// No answer came.
    pub async fn try_create(&self, mut body: Value) -> Result<Value, reqwest::Error> {
        body["status"] = 0.into();
        self.processing(Method::POST, "", Some(body)).await
    }

    /// Operation 2 under an idempotency key.
    pub async fn create_under(&self, key: &str, mut body: Value) -> Value {
        body["status"] = 0.into();
        let request = self.request(Method::POST, "", Some(body)).header("idempotency-key", key);
        answer(request).await.unwrap()
    }

    /// Operation 3: all pages together, newest first.
    pub async fn list(&self, order_status: i32) -> Vec<Value> {
        let mut orders = Vec::new();
        let mut before = String::new();
        loop {
            let query = format!("?status=1&order_status={order_status}&limit=200{before}");
            let page = self.processing(Method::GET, &query, None).await.unwrap();
            assert_eq!(page["code"], 200, "{page}");
            orders.extend(page["data"]["orders_list"].as_array().unwrap().iter().cloned());
            match page["data"]["next"].as_str() {
                Some(next) => before = format!("&before={next}"),
                None => return orders,
            }
        }
    }

    /// Operation 4.
    pub async fn confirm(&self, order_id: &str) -> Value {
        self.processing(Method::GET, &format!("?status=2&order_id={order_id}"), None).await.unwrap()
    }

    /// Operation 5.
    pub async fn pay(&self, order_id: &str) -> Value {
        let body = serde_json::json!({"status": 1, "order_id": order_id});
        self.processing(Method::POST, "", Some(body)).await.unwrap()
    }

    /// Operation 5, with these additional parameters.
    pub async fn pay_with(&self, order_id: &str, mut body: Value) -> Value {
        body["status"] = 1.into();
        body["order_id"] = order_id.into();
        self.processing(Method::POST, "", Some(body)).await.unwrap()
    }

    /// Cancels an unpaid order.
    pub async fn cancel(&self, order_id: &str) -> Value {
        let body = serde_json::json!({"status": 3, "order_id": order_id});
        self.processing(Method::POST, "", Some(body)).await.unwrap()
    }

    /// Changes the address of an unpaid order to another one of the buyer's.
    pub async fn change_address(&self, order_id: &str, address_id: i64) -> Value {
        let body = serde_json::json!({"status": 4, "order_id": order_id, "address_id": address_id});
        self.processing(Method::POST, "", Some(body)).await.unwrap()
    }

    /// One order with its timeline.
    pub async fn show(&self, order_id: &str) -> Value {
        let shown =
            self.processing(Method::GET, &format!("?status=3&order_id={order_id}"), None).await.unwrap();
        assert_eq!(shown["code"], 200, "{shown}");
        shown["data"]["order"].clone()
    }

    async fn processing(
        &self,
        method: Method,
        query: &str,
        body: Option<Value>,
    ) -> Result<Value, reqwest::Error> {
        answer(self.request(method, query, body)).await
    }

    fn request(&self, method: Method, query: &str, body: Option<Value>) -> RequestBuilder {
        let url = format!("{}/v1/orders/processing/{query}", self.base);
        let mut request = self.browser.client.request(method, url).header("authorization", &self.token);
        if let Some(traceparent) = &self.traceparent {
            request = request.header("traceparent", traceparent);
        }
        match body {
            // As the old pages post it: JSON text under the wrong content type.
            Some(body) => {
                request.header("content-type", "application/x-www-form-urlencoded").body(body.to_string())
            }
            None => request,
        }
    }
}

impl Staff {
    pub(crate) fn new(browser: Browser, base: String, token: String) -> Self {
        Self { browser, base, token }
    }

    /// An order in full, as staff see it.
    pub async fn order(&self, order_id: &str) -> Value {
        let url = format!("{}/v1/admin/orders/{order_id}", self.base);
        let shown = reply(self.browser.client.get(url).header("authorization", &self.token)).await.unwrap();
        assert_eq!(shown.status, 200, "{}", shown.text);
        shown.json()
    }

    /// Gets a page of the shop side.
    pub async fn get(&self, path: &str) -> Value {
        let url = format!("{}/v1/admin/{path}", self.base);
        let shown = reply(self.browser.client.get(url).header("authorization", &self.token)).await.unwrap();
        assert_eq!(shown.status, 200, "{}", shown.text);
        shown.json()
    }

    /// Posts to the shop side.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        let url = format!("{}/v1/admin/{path}", self.base);
        let request = self.browser.client.post(url).header("authorization", &self.token);
        reply(request.header("content-type", "application/json").body(body.to_string())).await.unwrap()
    }

    /// Acts on an order: `ship`, `cancel`, `amount`, `address` or `refunds`.
    pub async fn act(&self, order_id: &str, what: &str, body: Value) -> Reply {
        let url = format!("{}/v1/admin/orders/{order_id}/{what}", self.base);
        let request = self.browser.client.post(url).header("authorization", &self.token);
        reply(request.header("content-type", "application/json").body(body.to_string())).await.unwrap()
    }
}

async fn answer(request: RequestBuilder) -> Result<Value, reqwest::Error> {
    let reply = reply(request).await?;
    assert_eq!(reply.status, 200, "{}", reply.text);
    Ok(reply.json())
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }
}

async fn reply(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = request.send().await?;
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    Ok(Reply {
        status: response.status().as_u16(),
        location: header("location"),
        content_type: header("content-type").unwrap_or_default(),
        text: response.text().await?,
    })
}
