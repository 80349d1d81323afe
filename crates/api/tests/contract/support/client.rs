use std::sync::{Arc, OnceLock};

use actix_http::Request;
use actix_web::{
    App,
    body::{MessageBody, to_bytes},
    dev::ServiceResponse,
    http::{StatusCode, header::HeaderMap},
    middleware::from_fn,
    test::{TestRequest, call_service, init_service},
    web::{Bytes, Data},
};
use api::configuration::Origins;
use api::http::{Shop, cors, named, routes};
use ports::mock::{Ledgers, PreparedPlacing};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{Backends, Document};

/// The running shop.
pub(crate) struct Client {
    pub(crate) shop: Data<Shop>,
    pub(super) ledgers: Ledgers,
    pub(super) placing: Arc<PreparedPlacing>,
    pub(super) origins: Origins,
    pub(super) writers: JoinSet<()>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    /// A shop over these backends, with defaults for everything else.
    pub(crate) fn of(backends: Backends) -> Self {
        let (shop, writers) = backends.shop();
        let placing = Arc::new(PreparedPlacing::new(|_| Ok(Err(domain::NotAdmitted::UnknownUser)), []));
        Self { shop: Data::new(shop), ledgers: Ledgers::default(), placing, origins: Origins::Any, writers }
    }

    /// Stops the background work, so that the test drops the mocks and fails if an expected call did not come. Dropped
    /// in a task, a mock would not fail the test.
    pub(crate) async fn close(mut self) {
        self.writers.shutdown().await;
    }

    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        self.call(request.to_request()).await
    }

    /// Sends a request, and checks that the answer matches the document of the interface.
    pub(crate) async fn call(&self, request: Request) -> Answer {
        let (method, path) = (request.method().clone(), request.path().to_owned());
        let answer = self.answer(request).await;
        if let Some(objection) = self.document().await.objection(&method, &path, &answer) {
            panic!("{method} {path} is answered otherwise than /openapi.json says: {objection}\n{answer:?}");
        }
        answer
    }

    pub(crate) async fn document(&self) -> &'static Document {
        static DOCUMENT: OnceLock<Document> = OnceLock::new();
        if let Some(document) = DOCUMENT.get() {
            return document;
        }
        let text = self.answer(TestRequest::get().uri("/openapi.json").to_request()).await.json();
        DOCUMENT.get_or_init(|| Document::new(text))
    }

    async fn answer(&self, request: Request) -> Answer {
        let response = self.response(request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("the body ended early"));
        Answer { status, headers, body }
    }

    /// Whether the answer begins successfully and is then cut off.
    pub(crate) async fn cuts_off(&self, request: TestRequest) -> bool {
        let response = self.response(request.to_request()).await;
        assert_eq!(response.status(), StatusCode::OK);
        to_bytes(response.into_body()).await.is_err()
    }

    async fn response(&self, request: Request) -> ServiceResponse<impl MessageBody> {
        let app = App::new()
            .app_data(self.shop.clone())
            .wrap(cors(&self.origins))
            .wrap(from_fn(named))
            .configure(routes);
        call_service(&init_service(app).await, request).await
    }

    /// The ledgers of placed orders.
    pub(crate) fn ledgers(&self) -> &Ledgers {
        &self.ledgers
    }

    /// How many transactions were committed.
    pub(crate) fn commits(&self) -> usize {
        self.ledgers.commits()
    }

    /// How many orders were placed.
    pub(crate) fn placed(&self) -> usize {
        self.placing.committed().iter().map(|group| group.orders.len()).sum()
    }

    /// How many of the prepared transactions did not begin.
    pub(crate) fn transactions_left(&self) -> usize {
        self.placing.left()
    }
}

impl Answer {
    /// The body as JSON, of an answer in the contract's form: HTTP 200 and `application/json`.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"), "{:?}", self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    /// The body of an answer to Alipay: HTTP 200 and plain text.
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("text/plain"), "{content_type}");
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
