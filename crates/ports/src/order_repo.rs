use async_trait::async_trait;
use domain::{
    OrderId, OrderStatus, Refund, ShopTime, TraceParent,
    ledger::{Event, OrderLedger},
};

use crate::StoreError;

/// All records under each order number. The only way to change them after the order was placed is to lock, decide and
/// append.
#[async_trait]
pub trait OrderRepo: Send + Sync {
    /// Begins a transaction, locks everything under the number and reads it. If nothing is on record, the ledger is
    /// empty. The number may be that of an attempt to pay an order, recorded or not ([`domain::order_number`]). If
    /// there is such an order, that order MUST be locked and read, with all records under numbers of that form.
    ///
    /// Two transactions MUST NOT lock the same number at the same time, once an order, or payments without an order,
    /// are on record under it.
    async fn lock(&self, number: &str) -> Result<Box<dyn LockedOrder>, StoreError>;

    /// Takes at most `limit` orders whose timers went off before `now`, the longest due first. Their timers go off
    /// again at `lease_until`, with one more attempt counted, so that no other process takes them meanwhile and none is
    /// lost if this process dies. Orders that others are taking at the same moment are skipped.
    async fn claim_due_orders(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<DueOrder>>, StoreError>;

    /// Takes at most `limit` refunds that were due before `now`, as [`OrderRepo::claim_due_orders`] does.
    async fn claim_due_refunds(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Refund>>, StoreError>;
}

/// An order number that is locked. Dropped without [`LockedOrder::append`], it MUST leave no trace.
#[async_trait]
pub trait LockedOrder: Send {
    /// The records under the number.
    fn ledger(&self) -> &OrderLedger;

    /// Sets the trace of the request that causes the next events: their webhook events carry it.
    fn set_trace(&mut self, trace: TraceParent);

    /// Writes the events in their order, with the webhook events that follow from them ([`OrderLedger::notices`]), and
    /// commits.
    ///
    /// Each event MUST be written by a statement that contains its guard. [`Event::Shipped`], [`Event::TradeClosed`]
    /// and the sums of [`Event::RefundSucceeded`] have no guard: they are written under the lock.
    ///
    /// # Errors
    /// Nothing was written, except as [`StoreError::OutcomeUnknown`] says.
    async fn append(self: Box<Self>, events: &[Event]) -> Result<(), AppendError>;
}

/// Why events were not written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The guard of an event failed, because the records changed since they were read. The caller must decide again.
    #[error("what is on record changed meanwhile")]
    GuardLost,
    /// A refund's request number is on record under another order number.
    #[error("the refund's request number is in use under another order number")]
    RequestNumberInUse,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An order whose timer went off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueOrder {
    /// Its number.
    pub id: OrderId,
    /// The status that the timer is for. If the order's status has changed, its timer has changed too. `None` if this
    /// program does not know the status.
    pub status: Option<OrderStatus>,
}

/// A due item that one process has taken for the time of its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed<T> {
    /// The item.
    pub item: T,
    /// How often it was taken before.
    pub attempts: u32,
}
