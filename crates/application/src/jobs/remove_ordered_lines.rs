use std::{sync::Arc, time::Duration};

use domain::OrderId;
use ports::{CartRemoval, CartRemovalQueue, CartStore, Clock};

use super::{Job, JobError};

/// Removes ordered lines from carts that are not in the database of the orders. Each order is written with a record of
/// the removal; this job does the removals that the process which placed the order has not done.
pub struct RemoveOrderedLines {
    /// Reads the records.
    pub queue: Arc<dyn CartRemovalQueue>,
    /// The carts.
    pub carts: Arc<dyn CartStore>,
    /// Tells which records are old enough.
    pub clock: Arc<dyn Clock>,
}

impl RemoveOrderedLines {
    /// The process that placed the order may still be at work on younger removals.
    const LEFT_OVER_AFTER: Duration = Duration::from_secs(15);
    /// How many removals one pass does at most.
    const PASS: u32 = 100;
}

/// Does the removals that were left over.
impl Job for RemoveOrderedLines {
    const NAME: &'static str = "cart_removals";

    async fn pass(&self) -> Result<usize, JobError> {
        let now = self.clock.now();
        let removals = self.queue.take_over(now.before(Self::LEFT_OVER_AFTER), now, Self::PASS).await?;
        if removals.is_empty() {
            return Ok(0);
        }
        let failed = self.carts.remove_ordered(&removals).await?;
        let removed = order_ids(&removals, &failed);
        self.queue.forget(&removed).await?;
        Ok(removed.len())
    }
}

/// The orders of these removals, except those in `failed`.
pub(crate) fn order_ids(removals: &[CartRemoval], failed: &[OrderId]) -> Vec<OrderId> {
    removals.iter().map(|removal| &removal.order_id).filter(|id| !failed.contains(id)).cloned().collect()
}
