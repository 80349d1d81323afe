use async_trait::async_trait;
use domain::ShopTime;

use crate::StoreError;

/// The keys under which clients repeat requests, once they are old.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Forgets keys that were used before this moment, at most so many; says how many. A request under one of them is
    /// a new request then.
    async fn purge(&self, used_before: ShopTime, limit: u32) -> Result<u64, StoreError>;
}
