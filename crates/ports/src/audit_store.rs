use async_trait::async_trait;
use domain::audit::{AuditRecord, StoredSku};

use crate::StoreError;

/// All that is on record, for the audit.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Opens what is on record at this moment. It locks nothing, and what is written later does not show in it.
    async fn open(&self) -> Result<Box<dyn AuditSnapshot>, StoreError>;
}

/// What was on record at one moment. Each call holds no more than what it answers.
#[async_trait]
pub trait AuditSnapshot: Send {
    /// How many orders there are.
    async fn orders(&mut self) -> Result<u64, StoreError>;

    /// The next records in the order of their numbers, of at most so many orders; none behind the last one. Every row of the
    /// tables of orders MUST come once, also those of numbers that no order has.
    async fn next(&mut self, orders: u32) -> Result<Option<Vec<AuditRecord>>, StoreError>;

    /// The next SKUs, at most so many; none behind the last one.
    async fn next_skus(&mut self, limit: u32) -> Result<Vec<StoredSku>, StoreError>;
}
