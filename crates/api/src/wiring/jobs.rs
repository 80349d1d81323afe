//! What runs beside the handlers, in every process: each job claims its rows, so that nothing is done twice.

use std::{error::Error, sync::Arc, time::Duration};

use application::{SweepCarts, TellNews};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use super::OrderLife;

/// How often left-over lines are taken out of carts.
const SWEEP_EVERY: Duration = Duration::from_secs(15);
/// How often orders and refunds that are due are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often news that are to be told are looked for.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// How often news that were told long ago are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(3600);

/// Starts the jobs; they run until the set is dropped.
pub(super) fn start(
    life: &OrderLife,
    sweep: Option<Arc<SweepCarts>>,
    tell: Option<Arc<TellNews>>,
) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    if let Some(sweep) = sweep {
        jobs.spawn(every(SWEEP_EVERY, "ordered lines that were left over in their carts", move || {
            let sweep = Arc::clone(&sweep);
            async move { sweep.sweep().await }
        }));
    }
    let watch = Arc::clone(&life.watch);
    jobs.spawn(every(LOOK_EVERY, "orders that were due", move || {
        let watch = Arc::clone(&watch);
        async move { watch.pass().await }
    }));
    let refund = Arc::clone(&life.refund);
    jobs.spawn(every(LOOK_EVERY, "refunds that were due", move || {
        let refund = Arc::clone(&refund);
        async move { refund.pass().await }
    }));
    if let Some(tell) = tell {
        let purge = Arc::clone(&tell);
        jobs.spawn(every(TELL_EVERY, "news of orders that were due", move || {
            let tell = Arc::clone(&tell);
            async move { tell.pass().await }
        }));
        jobs.spawn(every(PURGE_EVERY, "news of orders that were told long ago", move || {
            let purge = Arc::clone(&purge);
            async move { purge.purge().await }
        }));
    }
    jobs
}

/// Does passes of a job for ever, one after the other: the next one at once while there was something to do.
async fn every<F, E>(interval: Duration, what: &str, pass: impl Fn() -> F)
where
    F: Future<Output = Result<usize, E>>,
    E: Error + 'static,
{
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match pass().await {
                Ok(0) => break,
                Ok(done) => tracing::info!(done, "{what}"),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn Error, "failed to look after {what}");
                    break;
                }
            }
        }
    }
}
