use std::{sync::Arc, time::Duration};

use ports::{Clock, IdempotencyKeys};

use super::{Job, JobError};

/// Forgets the keys of requests that nobody repeats any more.
pub struct PurgeKeys {
    /// The keys.
    pub keys: Arc<dyn IdempotencyKeys>,
    /// How old they are.
    pub clock: Arc<dyn Clock>,
    /// For how long a request can be repeated.
    pub retention: Duration,
}

impl PurgeKeys {
    /// How many are forgotten at a time.
    const PASS: u32 = 200;
}

impl Job for PurgeKeys {
    const NAME: &'static str = "purge_idempotency_keys";

    async fn pass(&self) -> Result<usize, JobError> {
        let before = self.clock.now().before(self.retention);
        let purged = self.keys.purge(before, Self::PASS).await?;
        Ok(usize::try_from(purged).unwrap_or(usize::MAX))
    }
}
