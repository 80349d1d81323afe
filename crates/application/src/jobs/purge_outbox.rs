use std::{sync::Arc, time::Duration};

use ports::{Clock, WebhookQueue};

use super::{Job, JobError, Pass};

/// Forgets events that were delivered long ago.
pub struct PurgeOutbox {
    /// Where the events are.
    pub queue: Arc<dyn WebhookQueue>,
    /// What is long ago.
    pub clock: Arc<dyn Clock>,
    /// How long events are kept after they were delivered.
    pub retention: Duration,
}

impl PurgeOutbox {
    /// How many are forgotten at a time.
    const PASS: u32 = 500;
}

impl Job for PurgeOutbox {
    const NAME: &'static str = "purge_events";

    async fn pass(&self) -> Result<Pass, JobError> {
        let before = self.clock.now().before(self.retention);
        let purged = self.queue.purge(before, Self::PASS).await?;
        Ok(Pass { done: usize::try_from(purged).unwrap_or(usize::MAX) })
    }
}
