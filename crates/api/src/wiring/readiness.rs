use std::sync::Arc;

use adapters::{redis::RedisCarts, sql::SqlStore};
use application::{JobHealth, OrderDesk};
use async_trait::async_trait;

use crate::http::Readiness;

/// What orders need.
pub(super) struct Parts {
    pub(super) store: Arc<SqlStore>,
    pub(super) redis: Option<Arc<RedisCarts>>,
    pub(super) desk: OrderDesk,
    pub(super) jobs: JobHealth,
}

#[async_trait]
impl Readiness for Parts {
    async fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        match self.store.schema().await {
            Ok(schema) if schema.is_current() => {}
            Ok(schema) => missing.push(format!("database schema: {}", schema.pending.join(", "))),
            Err(error) => missing.push(format!("database: {error}")),
        }
        if !self.desk.is_open() {
            missing.push("writers of orders".to_owned());
        }
        missing.extend(self.jobs.missing());
        if let Some(redis) = &self.redis
            && let Err(error) = redis.ping().await
        {
            missing.push(format!("redis: {error}"));
        }
        missing
    }
}
