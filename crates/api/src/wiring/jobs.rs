//! The background jobs of each process and their schedules.

use std::{sync::Arc, time::Duration};

use adapters::system::SystemRandomness;
use application::{
    DueRefunds, NightlyAudit, OrderService, OrderTimers, PurgeKeys, PurgeRefused, RemoveOrderedLines,
    Schedule, Supervisor,
};

use super::events::EventJobs;

/// Removes left-over lines from carts. If that fails, the carts cannot be reached, which readiness reports separately.
const ORDERED_LINES: Schedule = schedule(15_000, 60, false);
/// Due orders and due refunds. The limit of a pass is its lease.
const ORDER_TIMERS: Schedule = schedule(2_000, 300, true);
const DUE_REFUNDS: Schedule = schedule(2_000, 120, true);
/// Distribution and delivery of webhook events.
const WEBHOOKS: Schedule = schedule(500, 120, true);
/// Deletes old events, idempotency keys and refused messages. These jobs are not essential: the shop can sell without them.
const PURGE_OUTBOX: Schedule = schedule(600_000, 60, false);
const PURGE_KEYS: Schedule = schedule(3_600_000, 60, false);

/// Checks whether the audit is due. An audit of a large shop may take long.
const AUDIT: Schedule = schedule(30_000, 3600, false);

const fn schedule(every_milliseconds: u64, limit_seconds: u64, is_essential: bool) -> Schedule {
    Schedule {
        every: Duration::from_millis(every_milliseconds),
        limit: Duration::from_secs(limit_seconds),
        is_essential,
    }
}

/// Starts the jobs.
pub(super) fn start(
    orders: &Arc<OrderService>,
    remover: Option<Arc<RemoveOrderedLines>>,
    events: EventJobs,
    keys: PurgeKeys,
    refused: PurgeRefused,
    audit: Option<NightlyAudit>,
    stalled_after: Duration,
) -> Supervisor {
    let mut jobs = Supervisor::new(stalled_after, Arc::new(SystemRandomness));
    if let Some(remover) = remover {
        jobs.start(remover, ORDERED_LINES);
    }
    jobs.start(Arc::new(OrderTimers(Arc::clone(orders))), ORDER_TIMERS);
    jobs.start(Arc::new(DueRefunds(Arc::clone(orders))), DUE_REFUNDS);
    jobs.start(Arc::new(keys), PURGE_KEYS);
    jobs.start(Arc::new(refused), PURGE_KEYS);
    if let Some(audit) = audit {
        jobs.start(Arc::new(audit), AUDIT);
    }
    let EventJobs { deliver, distribute, purge, webhooks: _ } = events;
    for deliver in deliver {
        jobs.start(Arc::new(deliver), WEBHOOKS);
    }
    if let Some(distribute) = distribute {
        jobs.start(Arc::new(distribute), WEBHOOKS);
    }
    jobs.start(Arc::new(purge), PURGE_OUTBOX);
    jobs
}
