use async_trait::async_trait;
use domain::{Allocation, NewOrder, OrderEvent, OrderId, RepeatGuard, ShopTime};

use crate::{BoxError, CartRemoval, StoreError};

/// Begins units of work.
#[async_trait]
pub trait UnitsOfWork: Send + Sync {
    /// Begins one transaction.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
}

/// One transaction over everything that changes when orders are placed. What happens to an order afterwards is written by
/// [`crate::OrderRepo`].
///
/// Dropped without [`UnitOfWork::commit`], it MUST leave no trace. After a method gave an error, the only thing to do
/// with it is to drop it.
#[async_trait]
pub trait UnitOfWork: Send {
    /// The orders.
    fn orders(&mut self) -> &mut dyn NewOrderRepo;
    /// The stock.
    fn stock(&mut self) -> &mut dyn StockRepo;
    /// Order events.
    fn outbox(&mut self) -> &mut dyn Outbox;
    /// The repeatable requests.
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepo;
    /// The ordered lines that leave the carts.
    fn cart_removals(&mut self) -> &mut dyn CartRemovals;

    /// Makes all of it take effect at once.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`] where the connection was lost meanwhile; with any other error nothing took
    /// effect.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// New orders within a unit of work.
#[async_trait]
pub trait NewOrderRepo: Send {
    /// Writes orders with their lines and snapshots, in two statements however many there are.
    ///
    /// To be called after the stock was taken: the lines refer to the SKU rows, and a lock on these that is taken
    /// first and raised later deadlocks.
    async fn insert(&mut self, orders: &[NewOrder]) -> Result<(), InsertOrdersError>;

    /// Takes the guard off this order, so that such an order can be placed again. Another order that has it by now MUST
    /// keep it.
    async fn release_guard(&mut self, id: &OrderId, guard: &RepeatGuard) -> Result<(), StoreError>;
}

/// Why orders were not written.
#[derive(Debug, thiserror::Error)]
pub enum InsertOrdersError {
    /// One of the numbers is in use.
    #[error("an order number is in use already")]
    NumberTaken(#[source] BoxError),
    /// One of the guards is in use: such an order was placed before.
    #[error("such an order was placed before")]
    Repeated(#[source] BoxError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The stock within a unit of work.
///
/// Callers MUST pass SKUs in ascending order, and MUST touch the stock before they insert orders: then units of work
/// wait for each other in one order and do not deadlock.
#[async_trait]
pub trait StockRepo: Send {
    /// Takes the pieces from the stock, adds them to the sales, and adds one to the version of each SKU, if each is
    /// on the shelf, has enough pieces and costs what it was quoted at.
    ///
    /// The conditions MUST be part of the statements that write. With [`StockOutcome::Changed`] some of the SKUs may
    /// have been written: the caller MUST drop the unit of work.
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

/// Order events within a unit of work.
#[async_trait]
pub trait Outbox: Send {
    /// Writes events that are delivered if, and only if, the unit of work takes effect. Where nobody listens, an
    /// implementation MAY drop them.
    ///
    /// The caller MUST hold the lock on the order, or be creating it: the order of an order's events is that of these
    /// calls.
    async fn add(&mut self, events: &[OrderEvent]) -> Result<(), StoreError>;
}

/// The repeatable requests within a unit of work.
#[async_trait]
pub trait IdempotencyRepo: Send {
    /// Binds the keys of those orders that have one. False, and the unit of work is to be dropped, where one of the
    /// keys is bound already.
    async fn record(&mut self, orders: &[NewOrder], at: ShopTime) -> Result<bool, StoreError>;
}

/// The ordered lines that leave the carts, within a unit of work.
#[async_trait]
pub trait CartRemovals: Send {
    /// Lets the lines leave the carts if, and only if, the unit of work takes effect.
    ///
    /// Carts in the same database lose the lines with this transaction, each only if its stamp is still the same.
    /// For carts elsewhere the removals are recorded in this transaction, so that they outlive the process.
    async fn add(&mut self, removals: &[CartRemoval], at: ShopTime) -> Result<CartRemovalMode, StoreError>;

    /// Recorded removals that are still to be done and were recorded before `before`, the oldest first, at most
    /// `limit`; each is locked until the unit of work ends, and what others have locked is passed over.
    async fn claim(&mut self, before: ShopTime, limit: u32) -> Result<Vec<CartRemoval>, StoreError>;

    /// Forgets the recorded removals of these orders: they are done.
    async fn done(&mut self, order_ids: &[OrderId]) -> Result<(), StoreError>;
}

/// How ordered lines leave the carts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartRemovalMode {
    /// With the transaction: nothing is left to do after the commit.
    InTransaction,
    /// Recorded: after the commit, [`crate::CartStore::remove_ordered`] and then [`CartRemovals::done`] are due.
    AfterCommit,
}
