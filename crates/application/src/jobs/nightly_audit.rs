use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{ShopDate, ShopTime};
use ports::Clock;

use super::{Job, JobError, Pass};
use crate::{Audit, AuditReport};

/// Audits once a day, from a time of the day on, and says loudly what is not right.
pub struct NightlyAudit {
    audit: Audit,
    clock: Arc<dyn Clock>,
    /// How long after midnight.
    at: Duration,
    last: Arc<LastAudit>,
    /// The last day that is done, or before which nobody asked for an audit.
    done: Mutex<ShopDate>,
}

/// What the last audit of this process came to.
#[derive(Debug, Default)]
pub struct LastAudit {
    finished_at: AtomicI64,
    took_milliseconds: AtomicU64,
    orders: AtomicU64,
    differences: AtomicU64,
    runs: AtomicU64,
}

impl NightlyAudit {
    /// How many findings are logged; all of them are what `dashop audit` prints.
    const LOGGED: usize = 20;

    /// Begins at the next `at` after now, counted from midnight in Asia/Shanghai.
    pub fn new(audit: Audit, clock: Arc<dyn Clock>, at: Duration, last: Arc<LastAudit>) -> Self {
        let now = clock.now();
        let today = now.date();
        let done = if now < today.begin().after(at) { today.days_before(1) } else { today };
        Self { audit, clock, at, last, done: Mutex::new(done) }
    }

    fn due(&self, now: ShopTime) -> bool {
        let done = *self.done.lock().unwrap_or_else(PoisonError::into_inner);
        now.date() > done && now >= now.date().begin().after(self.at)
    }
}

impl Job for NightlyAudit {
    const NAME: &'static str = "audit";

    async fn pass(&self) -> Result<Pass, JobError> {
        let begun = self.clock.now();
        if !self.due(begun) {
            return Ok(Pass::default());
        }
        let report = self.audit.execute(|_, _| ()).await?;
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = begun.date();
        let ended = self.clock.now();
        self.last.note(&report, ended, ended.since(begun));
        tell(&report);
        Ok(Pass::default())
    }
}

fn tell(report: &AuditReport) {
    let (orders, differences) = (report.orders, report.differences());
    if report.is_clean() {
        tracing::info!(orders, "the audit found nothing");
        return;
    }
    for found in report.findings.iter().take(NightlyAudit::LOGGED) {
        tracing::error!(kind = found.kind.as_str(), key = found.key, what = found.what, "the audit found");
    }
    tracing::error!(orders, differences, "the records do not agree; run: dashop audit");
}

impl LastAudit {
    fn note(&self, report: &AuditReport, at: ShopTime, took: Duration) {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.took_milliseconds.store(milliseconds, Ordering::Relaxed);
        self.orders.store(report.orders, Ordering::Relaxed);
        self.differences.store(report.differences(), Ordering::Relaxed);
        self.finished_at.store(at.unix_seconds(), Ordering::Relaxed);
        self.runs.fetch_add(1, Ordering::Release);
    }

    /// How many audits this process has finished; the rest means nothing before the first.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Acquire)
    }

    /// When the last one ended, in seconds since 1970 in UTC.
    pub fn finished_at(&self) -> i64 {
        self.finished_at.load(Ordering::Relaxed)
    }

    /// How long it took.
    pub fn took(&self) -> Duration {
        Duration::from_millis(self.took_milliseconds.load(Ordering::Relaxed))
    }

    /// How many orders it looked at.
    pub fn orders(&self) -> u64 {
        self.orders.load(Ordering::Relaxed)
    }

    /// How many differences it found.
    pub fn differences(&self) -> u64 {
        self.differences.load(Ordering::Relaxed)
    }
}
