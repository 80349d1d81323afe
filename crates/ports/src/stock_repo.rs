use async_trait::async_trait;
use domain::Allocation;

use crate::StoreError;

/// The stock within a transaction that places orders.
///
/// Callers MUST pass SKUs in ascending order, so that transactions lock them in the same sequence and do not deadlock.
/// Callers MUST take the stock before they write orders: order lines refer to SKU rows and lock them, and raising that
/// lock later can deadlock.
#[async_trait]
pub trait StockRepo: Send {
    /// Takes the pieces from the stock, adds them to the sales, and adds one to the version of each SKU, if each SKU is
    /// on the shelf, has enough pieces and still has the quoted price.
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
    /// All stock was taken.
    Taken,
    /// At least one SKU changed since it was read: it has too few pieces, is off the shelf, or has another price.
    Changed,
}
