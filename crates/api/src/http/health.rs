use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{HttpResponse, web};
use async_trait::async_trait;
use serde::Serialize;

use super::Shop;

/// Checks whether everything that orders need is available.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// The state now or a moment ago. MUST return within a bounded time.
    async fn report(&self) -> ReadinessReport;
}

/// The problems, as texts without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadinessReport {
    /// Problems that prevent orders; empty if there are none.
    pub missing: Vec<String>,
    /// Problems that do not prevent orders.
    pub degraded: Vec<&'static str>,
}

/// The response body.
#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    degraded: &'a [&'static str],
}

/// Whether the program is stopping. It still answers, but accepts no new connections.
#[derive(Debug, Default)]
pub struct Stopping(AtomicBool);

impl Stopping {
    /// Sets it.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "the process runs")))]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}

/// The process can serve orders.
#[utoipa::path(get, path = "/readyz", tag = "service", responses((status = 200, description = "orders can be written; `degraded` names what else does not work"), (status = 503, description = "orders cannot be written; the body gives the reason")))]
pub(super) async fn readyz(shop: web::Data<Shop>) -> HttpResponse {
    let ReadinessReport { mut missing, degraded } =
        if shop.stopping.is_set() { ReadinessReport::default() } else { shop.readiness.report().await };
    if shop.stopping.is_set() {
        missing = vec!["stopping".to_owned()];
    }
    let (mut answer, status) = if missing.is_empty() {
        (HttpResponse::Ok(), "ok")
    } else {
        (HttpResponse::ServiceUnavailable(), "unavailable")
    };
    answer.json(Health { status, missing: &missing, degraded: &degraded })
}
