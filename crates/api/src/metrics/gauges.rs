use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::{
    redis::RedisCarts,
    sql::{Backlog, PoolUse, SqlStore},
};
use application::{BatcherQueue, DistributeEvents, JobHealth, JobReport};
use domain::ShopTime;
use metrics::{counter, gauge};
use ports::{Clock, metric};
use tokio::{sync::Mutex, time::timeout};

use super::process;

/// How long the servers' answers are kept. More frequent scrapes send no queries.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// How long the servers may take. Without an answer in time, gauges keep their values.
const PATIENCE: Duration = Duration::from_secs(3);

/// Values that are not counted when they change, but looked up for each scrape.
pub(crate) struct Gauges {
    pub(crate) store: Arc<dyn SqlStore>,
    pub(crate) redis: Option<Arc<RedisCarts>>,
    pub(crate) queue: BatcherQueue,
    pub(crate) jobs: JobHealth,
    pub(crate) clock: Arc<dyn Clock>,
    /// When the servers were last queried.
    pub(crate) asked: Mutex<Option<Instant>>,
}

impl Gauges {
    /// Looks up all values, one scrape at a time. Queries the servers at most once per [`GOOD_FOR`].
    pub(crate) async fn refresh(&self) {
        process::refresh();
        gauge!(metric::QUEUE_LENGTH).set(count(self.queue.length()));
        counter!(metric::DB_STATEMENTS).absolute(self.store.statements());
        counter!(metric::PARKED_ROWS).absolute(self.store.parked());
        self.store.pools().iter().for_each(show_pool);
        self.jobs.reports().iter().for_each(show_job);
        let mut asked = self.asked.lock().await;
        if asked.is_none_or(|at| at.elapsed() >= GOOD_FOR) {
            tokio::join!(self.ask_database(), self.ask_redis());
            *asked = Some(Instant::now());
        }
    }

    async fn ask_database(&self) {
        let now = self.clock.now();
        let seen_since = now.before(DistributeEvents::SEEN_WITHIN);
        // `schema` uses a connection that requests do not use: a busy pool does not mean that the database is down.
        let (up, looked) = tokio::join!(
            timeout(PATIENCE, self.store.schema()),
            timeout(PATIENCE, self.store.backlogs(now, seen_since))
        );
        gauge!(metric::DB_UP).set(if matches!(up, Ok(Ok(_))) { 1.0 } else { 0.0 });
        match looked {
            Ok(Ok(backlogs)) => {
                // Exact up to 2^53; times are far below.
                gauge!(metric::BACKLOG_SEEN).set(now.unix_seconds() as f64);
                for Backlog { queue, rows, oldest } in backlogs {
                    let age = oldest.map_or(Duration::ZERO, |oldest| now.since(oldest));
                    gauge!(metric::BACKLOG_ROWS, "queue" => queue).set(float(rows));
                    gauge!(metric::BACKLOG_OLDEST, "queue" => queue).set(age.as_secs_f64());
                }
                self.ask_for_webhooks(now, seen_since).await;
            }
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "metrics without backlogs");
            }
            Err(_elapsed) => tracing::warn!("metrics without backlogs: no answer in time"),
        }
    }

    /// Sets the gauges of all endpoints on record, which are few. An endpoint that is in no settings any more is set to not
    /// failing and not paused, because a gauge keeps its last value.
    async fn ask_for_webhooks(&self, now: ShopTime, seen_since: ShopTime) {
        let Ok(Ok(states)) = timeout(PATIENCE, self.store.states()).await else {
            tracing::warn!("metrics without webhook endpoints: the database does not answer");
            return;
        };
        for state in states {
            let name = state.name.to_string();
            let is_in_use = state.seen_at >= seen_since;
            let failing_since = state.failing_since.filter(|_| is_in_use);
            let failing = failing_since.map_or(Duration::ZERO, |since| now.since(since));
            gauge!(metric::WEBHOOK_FAILING, "endpoint" => name.clone()).set(failing.as_secs_f64());
            let is_paused = is_in_use && state.paused_at.is_some();
            gauge!(metric::WEBHOOK_PAUSED, "endpoint" => name).set(if is_paused { 1.0 } else { 0.0 });
        }
    }

    async fn ask_redis(&self) {
        let Some(redis) = &self.redis else { return };
        let is_up = matches!(timeout(PATIENCE, redis.ping()).await, Ok(Ok(())));
        gauge!(metric::REDIS_UP).set(if is_up { 1.0 } else { 0.0 });
    }
}

fn show_pool(&PoolUse { pool, max, in_use, idle, waiting }: &PoolUse) {
    gauge!(metric::DB_POOL_MAX, "pool" => pool).set(count(max));
    gauge!(metric::DB_POOL_WAITING, "pool" => pool).set(count(waiting));
    gauge!(metric::DB_POOL_CONNECTIONS, "pool" => pool, "state" => "in_use").set(count(in_use));
    gauge!(metric::DB_POOL_CONNECTIONS, "pool" => pool, "state" => "idle").set(count(idle));
}

fn show_job(job: &JobReport) {
    gauge!(metric::JOB_SINCE_SUCCESS, "name" => job.name.clone()).set(job.since_success.as_secs_f64());
    gauge!(metric::JOB_STALLED, "name" => job.name.clone()).set(if job.is_stalled { 1.0 } else { 0.0 });
}

/// Exact up to 2^32; these numbers are far below.
fn count(number: usize) -> f64 {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}

fn float(number: u64) -> f64 {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}
