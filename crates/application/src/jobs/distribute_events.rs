use std::{sync::Arc, time::Duration};

use ports::{Clock, StoreError, WebhookQueue};

use super::{Job, JobError};

/// Copies order events to the webhook endpoints other than the first one.
pub struct DistributeEvents {
    /// Copies the events.
    pub queue: Arc<dyn WebhookQueue>,
    /// Gives the time from which endpoints count as in use.
    pub clock: Arc<dyn Clock>,
}

impl DistributeEvents {
    /// How long an endpoint still gets events after no process has it in its settings: longer than a restart, and
    /// longer than the interval at which processes register their endpoints.
    pub const SEEN_WITHIN: Duration = Duration::from_secs(24 * 3600);
    /// How many events one pass copies.
    const PASS: u32 = 500;
}

impl Job for DistributeEvents {
    const NAME: &'static str = "distribute_events";

    async fn pass(&self) -> Result<usize, JobError> {
        let now = self.clock.now();
        match self.queue.distribute(now, now.before(Self::SEEN_WITHIN), Self::PASS).await {
            Ok(done) => Ok(usize::try_from(done).unwrap_or(usize::MAX)),
            // The processes that hold the rows do the same work, so skipping one turn does no harm.
            Err(StoreError::Busy(_)) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}
