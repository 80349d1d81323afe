use async_trait::async_trait;
use domain::ShopTime;

use crate::StoreError;

/// Old idempotency keys of clients.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Deletes at most `limit` keys that were used before `used_before`; returns how many. A later request with a
    /// deleted key is a new request.
    async fn purge(&self, used_before: ShopTime, limit: u32) -> Result<u64, StoreError>;
}
