use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{ShopDate, ShopTime};
use metrics::gauge;
use ports::{Clock, metric};

use super::{Job, JobError};
use crate::{Audit, AuditReport};

/// Audits once a day, after a given time, and logs differences as errors.
pub struct NightlyAudit {
    audit: Audit,
    clock: Arc<dyn Clock>,
    /// The time of the audit, counted from midnight.
    at: Duration,
    /// The last audited day, or the day before the first audit that this process does.
    done: Mutex<ShopDate>,
}

impl NightlyAudit {
    /// How many findings are logged. `dashop audit` prints more.
    const LOGGED: usize = 20;

    /// A process that starts within this time after `at` still does the audit: it may have been restarted at that
    /// moment.
    const CATCHES_UP_FOR: Duration = Duration::from_secs(2 * 3600);

    /// The first audit is at the next `at`, counted from midnight in Asia/Shanghai, or at once if `at` has just passed.
    pub fn new(audit: Audit, clock: Arc<dyn Clock>, at: Duration) -> Self {
        let now = clock.now();
        let latest = latest(now, at);
        let is_made_up_for = now.since(latest.begin().after(at)) < Self::CATCHES_UP_FOR;
        let done = if is_made_up_for { latest.days_before(1) } else { latest };
        Self { audit, clock, at, done: Mutex::new(done) }
    }

    fn is_due(&self, now: ShopTime) -> bool {
        latest(now, self.at) > *self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The day of the latest due audit: the day before if it is earlier than `at`.
fn latest(now: ShopTime, at: Duration) -> ShopDate {
    now.before(at).date()
}

impl Job for NightlyAudit {
    const NAME: &'static str = "audit";

    async fn pass(&self) -> Result<usize, JobError> {
        let begun = self.clock.now();
        if !self.is_due(begun) {
            return Ok(0);
        }
        let report = self.audit.execute(|_, _| ()).await?;
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = latest(begun, self.at);
        let ended = self.clock.now();
        show(&report, ended, ended.since(begun));
        tell(&report);
        Ok(0)
    }
}

fn show(report: &AuditReport, ended: ShopTime, took: Duration) {
    // Exact up to 2^53; these values are far below.
    gauge!(metric::AUDIT_DIFFERENCES).set(report.differences() as f64);
    gauge!(metric::AUDIT_ORDERS).set(report.orders as f64);
    gauge!(metric::AUDIT_DURATION).set(took);
    gauge!(metric::AUDIT_FINISHED).set(ended.unix_seconds() as f64);
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
