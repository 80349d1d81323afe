use std::{sync::Arc, time::Duration};

use ports::{Clock, StoreError, WebhookQueue};

use super::{Job, JobError};

/// Gives order events to the webhook endpoints beside the first one.
pub struct DistributeEvents {
    /// Where the events are.
    pub queue: Arc<dyn WebhookQueue>,
    /// Which endpoints are in use.
    pub clock: Arc<dyn Clock>,
}

impl DistributeEvents {
    /// How long an endpoint that is in no process's settings any more is given events: longer than the processes take to say
    /// that it is in theirs, and longer than a restart.
    pub const SEEN_WITHIN: Duration = Duration::from_secs(24 * 3600);
    /// How many are given at a time.
    const PASS: u32 = 500;
}

impl Job for DistributeEvents {
    const NAME: &'static str = "distribute_events";

    async fn pass(&self) -> Result<usize, JobError> {
        let now = self.clock.now();
        match self.queue.distribute(now, now.before(Self::SEEN_WITHIN), Self::PASS).await {
            Ok(done) => Ok(usize::try_from(done).unwrap_or(usize::MAX)),
            // Those who hold the rows do the same: there is time.
            Err(StoreError::Busy(_)) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}
