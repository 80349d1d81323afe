use async_trait::async_trait;
use domain::{
    IdempotencyKey, Order, OrderId, OrderStatus, PaymentAttempt, PaymentRecord, Refund, RepeatGuard,
    RequestDigest, TimelineEntry, UserId,
};

use crate::StoreError;

/// Orders to look at. Nothing here locks or changes anything.
///
/// Orders and lines that the old back end wrote have no snapshots; for them an implementation MUST fill in name,
/// picture, attributes and address as the joined tables have them now.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrderReader: Send + Sync {
    /// One order, with its lines.
    async fn find(&self, id: &OrderId) -> Result<Option<Order>, StoreError>;

    /// A user's orders with their lines, newest first: by time of creation, then by number.
    ///
    /// MUST ask the database no more than three times, whatever the number of orders and lines. The lines of an order MAY
    /// be those of a list a few minutes before: nothing changes them.
    async fn list(&self, query: &OrderListQuery) -> Result<Vec<Order>, StoreError>;

    /// The attempts to pay an order that are on record, the first opened first; none while there is only the first one.
    async fn attempts(&self, id: &OrderId) -> Result<Vec<PaymentAttempt>, StoreError>;

    /// Every payment on record of these orders whose money goes back ([`PaymentStatus::is_refund_due`]), in whichever
    /// attempt, those of one order in the order of recording.
    ///
    /// [`PaymentStatus::is_refund_due`]: domain::PaymentStatus::is_refund_due
    ///
    /// MUST ask the database twice at most, whatever the number of orders.
    async fn refund_due_payments(&self, ids: &[OrderId]) -> Result<Vec<PaymentRecord>, StoreError>;

    /// Every refund on record of this order's payments, the first asked for first.
    async fn refunds(&self, id: &OrderId) -> Result<Vec<Refund>, StoreError>;

    /// Every change of the order's status, the first first; its creation is not among them.
    async fn timeline(&self, id: &OrderId) -> Result<Vec<TimelineEntry>, StoreError>;

    /// Which of the numbers that begin with these fourteen digits are in use.
    async fn numbers_beginning_with(&self, second: &str) -> Result<Vec<OrderId>, StoreError>;

    /// The order that was placed with this guard.
    async fn find_by_guard(&self, guard: &RepeatGuard) -> Result<Option<Order>, StoreError>;

    /// What this user's idempotency key was used for.
    async fn find_by_key(
        &self,
        user_id: UserId,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StoreError>;
}

/// What an idempotency key was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// What was asked for.
    pub digest: RequestDigest,
    /// The order that came of it.
    pub order_id: OrderId,
}

/// Which orders to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderListQuery {
    /// Whose.
    pub user_id: UserId,
    /// In which status; none for all.
    pub status: Option<OrderStatus>,
    /// Only what follows this order of the same user in the list. Where there is no such order, the list is empty.
    pub before: Option<OrderId>,
    /// At most so many.
    pub limit: u32,
}
