use std::{sync::Arc, time::Duration};

use domain::EndpointName;
use ports::{Clock, IdempotencyKeys, RefusedMessages, WebhookEndpoints, WebhookQueue};

use super::{DistributeEvents, Job, JobError};

/// Deletes idempotency keys whose requests are no longer repeated.
pub struct PurgeKeys {
    /// Deletes the keys.
    pub keys: Arc<dyn IdempotencyKeys>,
    /// Gives the current time.
    pub clock: Arc<dyn Clock>,
    /// How long a request can be repeated.
    pub retention: Duration,
}

impl PurgeKeys {
    /// How many keys one pass deletes.
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

/// Deletes refused messages when they are too old to be of use: they contain personal data.
pub struct PurgeRefused {
    /// Deletes the messages.
    pub messages: Arc<dyn RefusedMessages>,
    /// Gives the current time.
    pub clock: Arc<dyn Clock>,
    /// How long messages are kept.
    pub retention: Duration,
}

impl Job for PurgeRefused {
    const NAME: &'static str = "purge_refused_messages";

    async fn pass(&self) -> Result<usize, JobError> {
        self.messages.forget_refused(self.clock.now().before(self.retention)).await?;
        // One call deletes all old messages.
        Ok(0)
    }
}

/// Deletes events that were delivered long ago, old attempts in the delivery log, and endpoints that are in no settings
/// any more. Before that, it registers the endpoints in this process's settings.
pub struct PurgeOutbox {
    /// Deletes the events.
    pub queue: Arc<dyn WebhookQueue>,
    /// Registers endpoints and deletes attempts.
    pub endpoints: Arc<dyn WebhookEndpoints>,
    /// The endpoints in the settings.
    pub names: Vec<EndpointName>,
    /// Gives the current time.
    pub clock: Arc<dyn Clock>,
    /// How long events are kept after they were delivered.
    pub retention: Duration,
    /// How long attempts are kept.
    pub log_retention: Duration,
}

impl PurgeOutbox {
    /// How many events of each endpoint, and how many attempts, one pass deletes.
    const PASS: u32 = 500;
    /// How many attempts are kept at most, regardless of their age.
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
