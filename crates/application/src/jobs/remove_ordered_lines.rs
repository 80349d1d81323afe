use std::{sync::Arc, time::Duration};

use domain::OrderId;
use ports::{CartRemoval, CartRemovalQueue, CartStore, Clock};

use super::{Job, JobError};

/// Removes ordered lines from carts that live elsewhere than the orders, from the record that was written with the
/// order, where the process that placed the order did not.
pub struct RemoveOrderedLines {
    /// Where the record is.
    pub queue: Arc<dyn CartRemovalQueue>,
    /// The carts.
    pub carts: Arc<dyn CartStore>,
    /// What is old enough to be left over.
    pub clock: Arc<dyn Clock>,
}

impl RemoveOrderedLines {
    /// What is younger is still in the hands of the process that placed the order.
    const LEFT_OVER_AFTER: Duration = Duration::from_secs(15);
    /// How many removals one pass does at most.
    const PASS: u32 = 100;
}

/// What was left over.
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

/// The orders of removals, but for those that failed.
pub(crate) fn order_ids(removals: &[CartRemoval], failed: &[OrderId]) -> Vec<OrderId> {
    removals.iter().map(|removal| &removal.order_id).filter(|id| !failed.contains(id)).cloned().collect()
}
