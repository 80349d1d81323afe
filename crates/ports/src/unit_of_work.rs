use async_trait::async_trait;
use domain::{
    Allocation, Money, NewOrder, Order, OrderId, OrderNews, OrderStatus, PaymentRecord, Refund, RefundStatus,
    RepeatGuard, Restock, Shipment, ShopTime, StatusChange, StockMove, StockMoveKind,
};

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
    /// The refunds.
    fn refunds(&mut self) -> &mut dyn RefundRepo;
    /// The news of orders.
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

    /// Changes the order's status if it is still [`StatusChange::from`], sets when it is due next, and writes the
    /// timeline.
    ///
    /// False, and nothing changed, where it is not. The comparison MUST be part of the statement that writes.
    async fn change_status(&mut self, change: &StatusChange) -> Result<bool, StoreError>;

    /// Takes the guard off this order, so that such an order can be placed again. Another order that has it by now MUST
    /// keep it.
    async fn release_guard(&mut self, id: &OrderId, guard: &RepeatGuard) -> Result<(), StoreError>;

    /// Writes down how the order was sent.
    async fn record_shipment(&mut self, id: &OrderId, shipment: &Shipment) -> Result<(), StoreError>;

    /// Writes down how much of the order's payment went back.
    async fn set_refunded(&mut self, id: &OrderId, amount: Money) -> Result<(), StoreError>;

    /// Takes at most `limit` orders that were due before `now`, the longest due first: they become due again at
    /// `lease_until`, one attempt later, so that no other process takes them meanwhile and none is lost if this one
    /// dies. What others are taking at the same moment is passed over.
    async fn claim_due(
        &mut self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<OrderId>>, StoreError>;

    /// Sets when the order is due next, if it is in this status. Where it is none, attempts begin anew.
    async fn set_due(
        &mut self,
        id: &OrderId,
        status: OrderStatus,
        due_at: Option<ShopTime>,
    ) -> Result<(), StoreError>;
}

/// Something that was due, taken by one process for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed<T> {
    /// What.
    pub item: T,
    /// How often it was taken before.
    pub attempts: u32,
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
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait StockRepo: Send {
    /// Takes the pieces from the stock, adds them to the sales, and adds one to the version of each SKU, if each is
    /// on the shelf, has enough pieces and costs what it was quoted at.
    ///
    /// The conditions MUST be part of the statements that write. With [`StockOutcome::Changed`] some of the SKUs may
    /// have been written: the caller MUST drop the unit of work.
    async fn take(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError>;

    /// As [`StockRepo::take`], for a cancelled order that turned out paid: whatever the SKUs cost now, on the shelf or
    /// not. Writes the stock ledger.
    async fn retake(
        &mut self,
        order_id: &OrderId,
        allocations: &[Allocation],
        at: ShopTime,
    ) -> Result<StockOutcome, StoreError>;

    /// Puts an order's pieces back: into the stock, off the sales, and one more to the version of each SKU. Writes the
    /// stock ledger, in which order, SKU and kind are unique.
    ///
    /// False, and the unit of work is to be dropped, where pieces of one of these SKUs went back for that reason before.
    async fn give_back(
        &mut self,
        order_id: &OrderId,
        kind: &StockMoveKind,
        pieces: &[Restock],
        at: ShopTime,
    ) -> Result<bool, StoreError>;

    /// Where the order's pieces went after it was placed, the oldest first.
    async fn moves_of(&mut self, order_id: &OrderId) -> Result<Vec<StockMove>, StoreError>;
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

    /// Writes down how much of the trade went back.
    async fn set_refunded(&mut self, trade_no: &str, amount: Money) -> Result<(), StoreError>;

    /// Writes down that the trade is [`domain::TradeStatus::Closed`].
    async fn close(&mut self, trade_no: &str) -> Result<(), StoreError>;
}

/// The refunds within a unit of work.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RefundRepo: Send {
    /// All refunds of the order's number, the first asked for first.
    async fn of_order(&mut self, out_trade_no: &str) -> Result<Vec<Refund>, StoreError>;

    /// The refund of this request number.
    async fn find(&mut self, out_request_no: &str) -> Result<Option<Refund>, StoreError>;

    /// Records a refund that is due at `due_at`; none for one that is finished. False, and nothing changed, where its
    /// request number is on record already.
    async fn record(&mut self, refund: &Refund, due_at: Option<ShopTime>) -> Result<bool, StoreError>;

    /// Ends a refund that is still [`RefundStatus::Requested`]; nothing is due after it.
    ///
    /// False, and nothing changed, where it is not. The comparison MUST be part of the statement that writes.
    async fn finish(
        &mut self,
        out_request_no: &str,
        status: RefundStatus,
        failure: Option<String>,
        at: ShopTime,
    ) -> Result<bool, StoreError>;

    /// Writes down that a refund which is [`RefundStatus::Failed`] on record happened after all: its status, amount,
    /// pieces, end and failure become those of `refund`.
    ///
    /// False, and nothing changed, where it is not failed. The comparison MUST be part of the statement that writes.
    async fn correct(&mut self, refund: &Refund) -> Result<bool, StoreError>;

    /// Takes at most `limit` refunds that were due before `now`, as [`OrderRepo::claim_due`] does.
    async fn claim_due(
        &mut self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Refund>>, StoreError>;

    /// Sets when a refund that is still [`RefundStatus::Requested`] is due next, and why it was not done so far.
    async fn set_due(
        &mut self,
        out_request_no: &str,
        due_at: ShopTime,
        failure: Option<String>,
    ) -> Result<(), StoreError>;
}

/// The news of orders within a unit of work.
#[async_trait]
pub trait Outbox: Send {
    /// Writes news that are to be told if, and only if, the unit of work takes effect. Where nobody listens, an
    /// implementation MAY drop them.
    ///
    /// The caller MUST hold the lock on the order, or be creating it: the order of an order's news is that of these
    /// calls.
    async fn add(&mut self, news: &[OrderNews]) -> Result<(), StoreError>;
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
