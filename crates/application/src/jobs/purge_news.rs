use std::{sync::Arc, time::Duration};

use ports::{Clock, NewsDelivery};

use super::{Job, JobError, Pass};

/// Forgets news that were delivered long ago.
pub struct PurgeNews {
    /// Where the news are.
    pub news: Arc<dyn NewsDelivery>,
    /// What is long ago.
    pub clock: Arc<dyn Clock>,
    /// How long news are kept after they were delivered.
    pub retention: Duration,
}

impl PurgeNews {
    /// How many are forgotten at a time.
    const PASS: u32 = 500;
}

impl Job for PurgeNews {
    const NAME: &'static str = "purge_events";

    async fn pass(&self) -> Result<Pass, JobError> {
        let before = self.clock.now().before(self.retention);
        let purged = self.news.purge(before, Self::PASS).await?;
        Ok(Pass { done: usize::try_from(purged).unwrap_or(usize::MAX) })
    }
}
