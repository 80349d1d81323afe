//! Background jobs, which run in every process: the supervisor, and the jobs that belong to no use case.
//!
//! Each job claims due work with a lease, so that two processes never do the same work, and work that a dead process had
//! claimed is claimed again.

mod deliver_webhooks;
mod distribute_events;
mod nightly_audit;
mod purge;
mod remove_ordered_lines;
mod supervisor;

pub use deliver_webhooks::DeliverWebhooks;
pub use distribute_events::DistributeEvents;
pub use nightly_audit::NightlyAudit;
pub use purge::{PurgeKeys, PurgeOutbox, PurgeRefused};
pub use remove_ordered_lines::RemoveOrderedLines;
pub(crate) use remove_ordered_lines::order_ids;
pub use supervisor::{JobHealth, JobReport, Schedule, Supervisor};

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use ports::{CartError, StoreError};
use tokio::{sync::Semaphore, task::JoinSet};
use tracing::Instrument;

/// Work that is repeated in passes.
pub trait Job: Send + Sync + 'static {
    /// The job's name in the log and in reports.
    const NAME: &'static str;

    /// The name that distinguishes several jobs of the same kind.
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(Self::NAME)
    }

    /// Does the due work that fits into one pass. Returns how many items it did or tried; if more than 0, the next pass
    /// follows at once. A pass may be cut off anywhere: the work that it had claimed MUST be found again.
    fn pass(&self) -> impl Future<Output = Result<usize, JobError>> + Send;

    /// The process is stopping: a running pass finishes the work it has begun and claims no more. No further pass
    /// follows.
    fn wind_down(&self) {}
}

/// Why a pass failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The carts failed.
    #[error(transparent)]
    Carts(#[from] CartError),
    /// The work on some items panicked. The other items were done.
    #[error("the work on {panicked} of {due} panicked")]
    Panicked {
        /// How many items panicked.
        panicked: usize,
        /// How many items were due.
        due: usize,
    },
}

/// Runs the work on each due item, at most `at_once` concurrently, and returns the number of items. Each item has its
/// own task: a panic does not affect the others, and the item is due again when its lease ends.
pub(crate) async fn each<W>(
    work: impl Iterator<Item = (String, W)>,
    at_once: usize,
) -> Result<usize, JobError>
where
    W: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(at_once));
    let (mut tasks, mut numbers) = (JoinSet::new(), HashMap::new());
    for (number, work) in work {
        let places = Arc::clone(&places);
        let task = async move {
            let _place = places.acquire_owned().await;
            work.await;
        };
        numbers.insert(tasks.spawn(task.in_current_span()).id(), number);
    }
    let mut panicked = 0;
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            panicked += 1;
            let number = numbers.get(&error.id());
            tracing::error!(
                number,
                error = &error as &dyn std::error::Error,
                "the work on one that was due panicked"
            );
        }
    }
    let due = numbers.len();
    if panicked == 0 { Ok(due) } else { Err(JobError::Panicked { panicked, due }) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[tokio::test]
    async fn no_more_are_done_at_once_than_may_be() {
        for most in [1, 3] {
            let (at_work, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let work = (0..10).map(|number: u32| {
                let (at_work, seen) = (Arc::clone(&at_work), Arc::clone(&seen));
                let work = async move {
                    seen.fetch_max(at_work.fetch_add(1, SeqCst) + 1, SeqCst);
                    tokio::task::yield_now().await;
                    at_work.fetch_sub(1, SeqCst);
                };
                (number.to_string(), work)
            });
            assert!(matches!(each(work, most).await, Ok(10)));
            assert_eq!(seen.load(SeqCst), most);
        }
    }
}
