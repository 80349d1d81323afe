use async_trait::async_trait;
use domain::{
    OrderId, OrderStatus, Refund, ShopTime, TraceParent,
    ledger::{Event, OrderLedger},
};

use crate::StoreError;

/// What is on record under each order number, and the one way to change it after the order was placed: lock, decide, append.
#[async_trait]
pub trait OrderRepo: Send + Sync {
    /// Begins a transaction, locks everything under the number and reads it. Nothing on record is an empty ledger. The number
    /// may be that of an attempt to pay an order, on record or not ([`domain::order_number`]): if there is such an order, it
    /// MUST be the order that is locked and read, with all that is on record under numbers of that form.
    ///
    /// Two transactions MUST NOT have the same number locked at the same time, once anything is on record under it: an
    /// order, or payments without one.
    async fn lock(&self, number: &str) -> Result<Box<dyn LockedOrder>, StoreError>;

    /// Takes at most `limit` orders whose timers went off before `now`, the longest due first: they go off again at
    /// `lease_until`, one attempt later, so that no other process takes them meanwhile and none is lost if this one
    /// dies. What others are taking at the same moment is passed over.
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
    /// What is on record.
    fn ledger(&self) -> &OrderLedger;

    /// Names the trace of the request that asked for what is going to be appended: the webhook events have it.
    fn set_trace(&mut self, trace: TraceParent);

    /// Writes the events in their order, with the webhook events that follow from them ([`OrderLedger::notices`]), and commits.
    ///
    /// Each event MUST be written by a statement that has its guard in it. [`Event::Shipped`], [`Event::TradeClosed`] and the sums of
    /// [`Event::RefundSucceeded`] have none: they are written under the lock.
    ///
    /// # Errors
    /// Nothing was written, except as [`StoreError::OutcomeUnknown`] says.
    async fn append(self: Box<Self>, events: &[Event]) -> Result<(), AppendError>;
}

/// Why events were not written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The guard of an event failed: what is on record is not what was read. The decision is to be made anew.
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
    /// The status that the timer is for: an order that has another one by now has another timer. `None` if this program does
    /// not know the status.
    pub status: Option<OrderStatus>,
}

/// Something that was due, taken by one process for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed<T> {
    /// What.
    pub item: T,
    /// How often it was taken before.
    pub attempts: u32,
}
