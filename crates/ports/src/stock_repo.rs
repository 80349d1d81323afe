use async_trait::async_trait;
use domain::Allocation;

use crate::StoreError;

/// The stock within a transaction that places orders.
///
/// Callers MUST pass SKUs in ascending order, and MUST take the stock before they write orders: the lines refer to the
/// SKU rows, and a lock on these that is taken first and raised later deadlocks. Then transactions wait for each other
/// in one order and do not deadlock.
#[async_trait]
pub trait StockRepo: Send {
    /// Takes the pieces from the stock, adds them to the sales, and adds one to the version of each SKU, if each is
    /// on the shelf, has enough pieces and costs what it was quoted at.
    ///
    /// The conditions MUST be part of the statements that write. With [`StockOutcome::Changed`] some of the SKUs may
    /// have been written: the caller MUST drop the transaction.
    ///
    /// # Errors
    /// Nothing is committed yet, so it is never [`StoreError::OutcomeUnknown`]. The caller MUST drop the transaction.
    async fn take(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError>;
}

/// Whether stock could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockOutcome {
    /// All of it.
    Taken,
    /// At least one SKU is not as it was when it was read: short, off the shelf, or at another price.
    Changed,
}
