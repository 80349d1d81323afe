use std::sync::Arc;

use ports::{Clock, OutboxBacklog, Resend, StoreError, WebhookQueue};

/// What staff do about order events: deliver some once more, and see what was not delivered.
pub struct ResendEvents {
    /// Where the events are.
    pub queue: Arc<dyn WebhookQueue>,
    /// When they are due again.
    pub clock: Arc<dyn Clock>,
}

impl ResendEvents {
    /// Makes events due now, delivered before or not; gives how many. The service delivers them.
    pub async fn execute(&self, which: &Resend) -> Result<u64, StoreError> {
        self.queue.resend(which, self.clock.now()).await
    }

    /// What is not delivered.
    pub async fn backlog(&self) -> Result<OutboxBacklog, StoreError> {
        self.queue.backlog().await
    }
}
