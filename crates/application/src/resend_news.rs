use std::sync::Arc;

use ports::{Clock, NewsBacklog, NewsDelivery, Resend, StoreError};

/// What the shop's people do about the news of orders: tell some once more, and see what was not told.
pub struct ResendNews {
    /// Where the news are.
    pub news: Arc<dyn NewsDelivery>,
    /// When they are due again.
    pub clock: Arc<dyn Clock>,
}

impl ResendNews {
    /// Makes news due now, told before or not; says how many. They are told by the service.
    pub async fn execute(&self, which: &Resend) -> Result<u64, StoreError> {
        self.news.resend(which, self.clock.now()).await
    }

    /// What is not told.
    pub async fn backlog(&self) -> Result<NewsBacklog, StoreError> {
        self.news.backlog().await
    }
}
