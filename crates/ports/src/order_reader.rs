use async_trait::async_trait;
use domain::{
    IdempotencyKey, Order, OrderId, OrderStatus, PaymentAttempt, PaymentRecord, Refund, RepeatGuard,
    RequestDigest, TimelineEntry, UserId,
};

use crate::StoreError;

/// Reads orders. No method locks or changes anything.
///
/// Orders and lines that the old back end wrote have no snapshots. For them an implementation MUST take name, picture,
/// attributes and address from the joined tables, as they are now.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrderReader: Send + Sync {
    /// One order, with its lines.
    async fn find(&self, id: &OrderId) -> Result<Option<Order>, StoreError>;

    /// A user's orders with their lines, newest first: by time of creation, then by number.
    ///
    /// MUST query the database at most three times, for any number of orders and lines. The lines of an order MAY come
    /// from a list of a few minutes before, because they never change.
    async fn list(&self, query: &OrderListQuery) -> Result<Vec<Order>, StoreError>;

    /// The recorded attempts to pay an order, oldest first. It may be empty: [`PaymentAttempt::of`] adds the first one.
    async fn attempts(&self, id: &OrderId) -> Result<Vec<PaymentAttempt>, StoreError>;

    /// All recorded payments of these orders, of any attempt, that the shop must refund
    /// ([`PaymentStatus::is_refund_due`]); those of one order in the order of recording.
    ///
    /// [`PaymentStatus::is_refund_due`]: domain::PaymentStatus::is_refund_due
    ///
    /// MUST query the database at most twice, for any number of orders.
    async fn refund_due_payments(&self, ids: &[OrderId]) -> Result<Vec<PaymentRecord>, StoreError>;

    /// All recorded refunds of this order's payments, in the order in which they were requested.
    async fn refunds(&self, id: &OrderId) -> Result<Vec<Refund>, StoreError>;

    /// All changes of the order's status, oldest first, without its creation.
    async fn timeline(&self, id: &OrderId) -> Result<Vec<TimelineEntry>, StoreError>;

    /// The used order numbers that begin with these fourteen digits.
    async fn numbers_beginning_with(&self, second: &str) -> Result<Vec<OrderId>, StoreError>;

    /// The order that was placed with this guard.
    async fn find_by_guard(&self, guard: &RepeatGuard) -> Result<Option<Order>, StoreError>;

    /// The use of this user's idempotency key.
    async fn find_by_key(
        &self,
        user_id: UserId,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StoreError>;
}

/// The use of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The digest of the request.
    pub digest: RequestDigest,
    /// The order that the request placed.
    pub order_id: OrderId,
}

/// Which orders to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderListQuery {
    /// The buyer.
    pub user_id: UserId,
    /// The status; `None` for all.
    pub status: Option<OrderStatus>,
    /// Only orders that follow this order of the same user in the list. If there is no such order, the list is empty.
    pub before: Option<OrderId>,
    /// The most orders to return.
    pub limit: u32,
}
