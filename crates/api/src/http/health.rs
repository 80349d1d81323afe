use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{HttpResponse, web};
use async_trait::async_trait;

use super::Shop;

/// Whether everything is there that orders need.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// What is missing, in words without secrets; nothing where all is well. MUST end within a bounded time.
    async fn missing(&self) -> Vec<String>;
}

/// Whether the program was told to stop: it still answers, but nobody new is to come.
#[derive(Debug, Default)]
pub struct Stopping(AtomicBool);

impl Stopping {
    /// From now on.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "it is")))]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}

/// The process can serve orders.
#[utoipa::path(get, path = "/readyz", tag = "service", responses((status = 200, description = "it is"), (status = 503, description = "something is missing, which the body names")))]
pub(super) async fn readyz(shop: web::Data<Shop>) -> HttpResponse {
    let missing =
        if shop.stopping.is_set() { vec!["stopping".to_owned()] } else { shop.readiness.missing().await };
    if missing.is_empty() {
        HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
    } else {
        HttpResponse::ServiceUnavailable()
            .json(serde_json::json!({"status": "unavailable", "missing": missing}))
    }
}
