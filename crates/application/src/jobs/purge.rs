use std::{sync::Arc, time::Duration};

use domain::EndpointName;
use ports::{Clock, IdempotencyKeys, RefusedMessages, WebhookEndpoints, WebhookQueue};

use super::{DistributeEvents, Job, JobError};

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

/// Forgets events that were delivered long ago, old attempts of the delivery log, and endpoints that are in no settings any
/// more. Says before that which ones are in the settings of this process.
pub struct PurgeOutbox {
    /// Where the events are.
    pub queue: Arc<dyn WebhookQueue>,
    /// Where the endpoints and the delivery log are.
    pub endpoints: Arc<dyn WebhookEndpoints>,
    /// The endpoints of the settings.
    pub names: Vec<EndpointName>,
    /// What is long ago.
    pub clock: Arc<dyn Clock>,
    /// How long events are kept after they were delivered.
    pub retention: Duration,
    /// How long attempts are kept.
    pub log_retention: Duration,
}

impl PurgeOutbox {
    /// How many are forgotten at a time.
    const PASS: u32 = 500;
    /// How many attempts are kept at most, however young they are.
    const ATTEMPTS_KEPT: u64 = 1_000_000;
}

impl Job for PurgeOutbox {
    const NAME: &'static str = "purge_events";

    async fn pass(&self) -> Result<usize, JobError> {
        let now = self.clock.now();
        self.endpoints.register(&self.names, now, DistributeEvents::SEEN_WITHIN).await?;
        let purged = self.queue.purge(now.before(self.retention), Self::PASS).await?;
        let before = now.before(self.log_retention);
        let attempts = self.endpoints.purge_attempts(before, Self::ATTEMPTS_KEPT, Self::PASS).await?;
        Ok(usize::try_from(purged + attempts).unwrap_or(usize::MAX))
    }
}
