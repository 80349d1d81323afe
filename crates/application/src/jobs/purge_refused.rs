use std::{sync::Arc, time::Duration};

use ports::{Clock, RefusedMessages};

use super::{Job, JobError};

/// Forgets messages that could never be stored, once nobody will look at them any more: they name buyers.
pub struct PurgeRefused {
    /// The messages.
    pub messages: Arc<dyn RefusedMessages>,
    /// How old they are.
    pub clock: Arc<dyn Clock>,
    /// For how long they are kept.
    pub retention: Duration,
}

impl Job for PurgeRefused {
    const NAME: &'static str = "purge_refused_messages";

    async fn pass(&self) -> Result<usize, JobError> {
        self.messages.forget_refused(self.clock.now().before(self.retention)).await?;
        // There are never so many that some are left.
        Ok(0)
    }
}
