//! What runs beside the handlers, in every process, and how.

use std::{sync::Arc, time::Duration};

use adapters::system::SystemRandomness;
use application::{
    DueRefunds, NightlyAudit, OrderService, OrderTimers, PurgeKeys, PurgeRefused, RemoveOrderedLines,
    Schedule, Supervisor,
};

use super::events::EventJobs;

/// Left-over lines are taken out of carts. Where that fails the carts are away, which readiness tells on its own.
const ORDERED_LINES: Schedule = schedule(15_000, 60, false);
/// Orders that are due, and refunds. A pass is cut off when what it has taken is due again.
const ORDER_TIMERS: Schedule = schedule(2_000, 300, true);
const DUE_REFUNDS: Schedule = schedule(2_000, 120, true);
/// Events on their way to webhooks.
const WEBHOOKS: Schedule = schedule(500, 120, true);
/// Events that were delivered long ago, keys of requests that nobody repeats any more, and messages that nobody looks at. A
/// shop that forgets nothing goes on selling.
const PURGE_OUTBOX: Schedule = schedule(600_000, 60, false);
const PURGE_KEYS: Schedule = schedule(3_600_000, 60, false);

/// Looks whether it is time; an audit of a large shop may take long.
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
