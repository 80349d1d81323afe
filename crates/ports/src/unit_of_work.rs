use async_trait::async_trait;
use domain::{Allocation, NewOrder, Order, OrderId, PaymentRecord, ShopTime, StatusChange};

use crate::{BoxError, CartRemoval, StoreError};

/// Begins units of work.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UnitsOfWork: Send + Sync {
    /// Begins one transaction.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
}

/// One transaction over everything that must change together.
///
/// Dropped without [`UnitOfWork::commit`], it MUST leave no trace. After a method gave an error, the only thing to do
/// with it is to drop it.
#[async_trait]
pub trait UnitOfWork: Send {
    /// The orders.
    fn orders(&mut self) -> &mut dyn OrderRepo;
    /// The stock.
    fn stock(&mut self) -> &mut dyn StockRepo;
    /// The payments.
    fn payments(&mut self) -> &mut dyn PaymentRepo;
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

/// The orders within a unit of work.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrderRepo: Send {
    /// Writes orders with their lines and snapshots, in two statements however many there are.
    ///
    /// To be called after the stock was taken: the lines refer to the SKU rows, and a lock on these that is taken
    /// first and raised later deadlocks.
    async fn insert(&mut self, orders: &[NewOrder]) -> Result<(), InsertOrdersError>;

    /// The order with its lines, locked until the unit of work ends. Everything that changes an order starts here.
    async fn find_for_update(&mut self, id: &OrderId) -> Result<Option<Order>, StoreError>;

    /// Changes the order's status if it is still [`StatusChange::from`], and writes the timeline.
    ///
    /// False, and nothing changed, where it is not. The comparison MUST be part of the statement that writes.
    async fn change_status(&mut self, change: &StatusChange) -> Result<bool, StoreError>;
}

/// Why orders were not written.
#[derive(Debug, thiserror::Error)]
pub enum InsertOrdersError {
    /// One of the numbers is in use.
    #[error("an order number is in use already")]
    NumberTaken(#[source] BoxError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The stock within a unit of work.
///
/// Callers MUST pass SKUs in ascending order, and MUST touch the stock before they insert orders: then units of work
/// wait for each other in one order and do not deadlock.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait StockRepo: Send {
    /// Takes the pieces from the stock, adds them to the sales, and adds one to the version of each SKU, if each is
    /// on the shelf, has enough pieces and costs what it was quoted at.
    ///
    /// The conditions MUST be part of the statements that write. With [`StockOutcome::Changed`] some of the SKUs may
    /// have been written: the caller MUST drop the unit of work.
    async fn take(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError>;

    /// As [`StockRepo::take`], for an order that was placed before: whatever the SKUs cost now, on the shelf or not.
    async fn retake(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError>;
}

/// Whether stock could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockOutcome {
    /// All of it.
    Taken,
    /// At least one SKU is not as it was when it was read: short, off the shelf, or at another price.
    Changed,
}

/// The payments within a unit of work.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PaymentRepo: Send {
    /// All payments of the order's number, the first recorded first.
    async fn of_order(&mut self, out_trade_no: &str) -> Result<Vec<PaymentRecord>, StoreError>;

    /// Records a payment. False, and nothing changed, where the trade is on record already.
    async fn record(&mut self, payment: &PaymentRecord) -> Result<bool, StoreError>;
}

/// The repeatable requests within a unit of work.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdempotencyRepo: Send {
    /// Binds the keys of those orders that have one. False, and the unit of work is to be dropped, where one of the
    /// keys is bound already.
    async fn record(&mut self, orders: &[NewOrder], at: ShopTime) -> Result<bool, StoreError>;
}

/// The ordered lines that leave the carts, within a unit of work.
#[cfg_attr(feature = "mock", mockall::automock)]
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
