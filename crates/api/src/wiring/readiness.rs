use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::{
    redis::RedisCarts,
    sql::{NotWritable, SqlStore},
};
use application::{JobHealth, OrderBatcher};
use async_trait::async_trait;
use tokio::{sync::Mutex, time::timeout};

use crate::http::{Readiness, ReadinessReport};

/// How long the check that the database can be written may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the check of the carts may take, whatever the timeout of cart operations. It is shorter than the timeouts
/// of load balancers and of the database check.
const CARTS_PATIENCE: Duration = Duration::from_secs(1);
/// How long a report is kept. More frequent requests send no queries.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// Checks everything that orders need.
pub(super) struct Parts {
    store: Arc<dyn SqlStore>,
    redis: Option<Arc<RedisCarts>>,
    batcher: OrderBatcher,
    jobs: JobHealth,
    /// The latest report and its time.
    latest: Mutex<Option<(Instant, ReadinessReport)>>,
}

impl Parts {
    pub(super) fn new(
        store: Arc<dyn SqlStore>,
        redis: Option<Arc<RedisCarts>>,
        batcher: OrderBatcher,
        jobs: JobHealth,
    ) -> Self {
        Self { store, redis, batcher, jobs, latest: Mutex::default() }
    }

    async fn look(&self) -> ReadinessReport {
        let mut missing = Vec::new();
        let (database, carts) = tokio::join!(timeout(PATIENCE, self.database()), self.carts());
        missing.extend(database.unwrap_or_else(|_| Some("database: it does not answer".to_owned())));
        if !self.batcher.is_open() {
            missing.push("writers of orders".to_owned());
        }
        missing.extend(self.jobs.missing());
        ReadinessReport { missing, degraded: carts.into_iter().collect() }
    }

    /// The problem with the database, if any.
    async fn database(&self) -> Option<String> {
        match self.store.schema().await {
            Ok(schema) if schema.is_current() => {}
            Ok(schema) => return Some(format!("database schema: {}", schema.pending.join(", "))),
            Err(error) => return Some(format!("database: {error}")),
        }
        match self.store.check_writable().await {
            Ok(()) => None,
            Err(NotWritable::Obstacle(obstacle)) => {
                Some(format!("database: nothing can be written: {obstacle}"))
            }
            Err(NotWritable::Store(error)) => Some(format!("database: nothing can be written: {error}")),
        }
    }

    /// The problem with the carts in Redis. Without them the rest of the shop works: payments, direct buys, staff and jobs.
    async fn carts(&self) -> Option<&'static str> {
        let redis = self.redis.as_ref()?;
        let answered = timeout(CARTS_PATIENCE, redis.ping()).await;
        (!matches!(answered, Ok(Ok(())))).then_some("carts")
    }
}

#[async_trait]
impl Readiness for Parts {
    async fn report(&self) -> ReadinessReport {
        // Concurrent requests wait for the same check.
        let mut latest = self.latest.lock().await;
        if let Some((_, report)) = latest.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            return report.clone();
        }
        let report = self.look().await;
        *latest = Some((Instant::now(), report.clone()));
        report
    }
}
