//! What runs beside the requests, in every process: the supervisor, and the jobs that are no use cases of their own.
//!
//! Each job takes what is due with a lease, so that several processes never do the same, and what a process that died had
//! taken is taken again.

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

/// Something that is done again and again.
pub trait Job: Send + Sync + 'static {
    /// What it is called in the log and in reports.
    const NAME: &'static str;

    /// The same with what tells several jobs of one kind apart.
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(Self::NAME)
    }

    /// Does what is due, as much as fits into one pass, and says how much was done or tried: where it is something, there may be
    /// more, and the next pass follows at once. It may be cut off anywhere: what it had taken MUST be found again.
    fn pass(&self) -> impl Future<Output = Result<usize, JobError>> + Send;

    /// The process stops: a pass that is under way ends with what it has, and takes on nothing more. None follows.
    fn wind_down(&self) {}
}

/// Why a pass came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The carts failed.
    #[error(transparent)]
    Carts(#[from] CartError),
    /// The work on some of what was due panicked. All else was done.
    #[error("the work on {panicked} of {due} panicked")]
    Panicked {
        /// On how many.
        panicked: usize,
        /// How many were due.
        due: usize,
    },
}

/// Does the work on each that is due, at most so many at once, and says how many they were. Each has a task of its own, so that a
/// panic over one keeps no other from being done; it is due again when its lease ends.
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
