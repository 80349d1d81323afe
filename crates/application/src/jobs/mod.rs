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

use std::borrow::Cow;

use ports::{CartError, StoreError};

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
}
