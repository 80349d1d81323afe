use async_trait::async_trait;
use domain::audit::{AuditRecord, StoredSku};

use crate::StoreError;

/// All records, for the audit.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Opens a snapshot of all records at this moment. It locks nothing, and later writes do not appear in it.
    async fn open(&self) -> Result<Box<dyn AuditSnapshot>, StoreError>;
}

/// A snapshot of all records at one moment. Each call holds no more in memory than its answer.
#[async_trait]
pub trait AuditSnapshot: Send {
    /// The number of orders.
    async fn orders(&mut self) -> Result<u64, StoreError>;

    /// The next records in the order of their numbers, of at most `orders` orders; `None` after the last one. Every row
    /// of the tables of orders MUST be returned once, including rows of numbers that no order has.
    async fn next(&mut self, orders: u32) -> Result<Option<Vec<AuditRecord>>, StoreError>;

    /// The next SKUs, at most `limit`; empty after the last one.
    async fn next_skus(&mut self, limit: u32) -> Result<Vec<StoredSku>, StoreError>;
}
