use async_trait::async_trait;
use domain::{
    Money, MoneySum, NumberRange, Order, OrderId, OrderLedger, OrderStatus, PaymentRecord, Refund, ShopDate,
    ShopTime, StockMove, TimelineEntry, UserId, Username,
};

use crate::StoreError;

/// Orders and payments for staff. No method locks or changes anything.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AdminOrders: Send + Sync {
    /// The orders that match the search, the largest number first, which is the newest.
    ///
    /// MUST find them by an index, for every search and any number of orders, and MUST leave out orders in a status
    /// that the shop does not know.
    async fn search(&self, search: &OrderSearch) -> Result<Vec<FoundOrder>, StoreError>;

    /// Whether more orders match than the limit of `search`. The orders MUST NOT be read for that.
    async fn exceeds(&self, search: &OrderSearch) -> Result<bool, StoreError>;

    /// The orders with these numbers, with their lines and payments, the largest number first.
    ///
    /// The number of statements MUST NOT grow with the number of orders.
    async fn shipping_list(&self, ids: &[OrderId]) -> Result<Vec<ShippingListEntry>, StoreError>;

    /// All records of one order.
    async fn file(&self, id: &OrderId) -> Result<Option<OrderRecords>, StoreError>;

    /// The figures of each day from the first to the last, in this order. Sums MUST be exact.
    async fn figures(&self, first: ShopDate, last: ShopDate) -> Result<Vec<DayFigures>, StoreError>;

    /// The payments that need the attention of staff, the latest first by [`PaymentRecord::counts_at`], at most `limit`.
    /// If there are more, the last two kinds take precedence:
    /// - payments that staff decide about (of a wrong amount, or without an order), until they are wholly refunded,
    ///   even by refunds that are not on record yet;
    /// - payments with money that must still go back: late and duplicate payments until their refund is done, and any
    ///   payment with an open refund that was tried without success, for example because the balance is too low;
    /// - payments with a refund that staff requested and that failed for good on the days from the first to the last.
    async fn unmatched_payments(
        &self,
        first: ShopDate,
        last: ShopDate,
        limit: u32,
    ) -> Result<Vec<UnmatchedPayment>, StoreError>;

    /// How many orders are in this status now.
    async fn count(&self, status: OrderStatus) -> Result<u64, StoreError>;
}

/// The criteria of a search for orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSearch {
    /// The range of order numbers.
    pub numbers: NumberRange,
    /// The buyer; `None` for all buyers.
    pub user_id: Option<UserId>,
    /// The status; `None` for all.
    pub status: Option<OrderStatus>,
    /// The most orders to return.
    pub limit: u32,
}

/// An order as a search shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundOrder {
    /// Its number.
    pub id: OrderId,
    /// The buyer.
    pub user_id: UserId,
    /// The buyer's name; empty if the user no longer exists.
    pub username: Username,
    /// Its status.
    pub status: OrderStatus,
    /// The number of pieces in all lines.
    pub total_count: u32,
    /// Its amount, freight included.
    pub total_amount: Money,
    /// The freight within the total.
    pub freight: Money,
    /// How much of its payment was refunded so far.
    pub refunded_amount: Money,
    /// When it was placed.
    pub created_at: ShopTime,
    /// The payment deadline; `None` for orders that the old back end placed.
    pub expire_at: Option<ShopTime>,
    /// The receiver from the order's own address, or from the address book if the order has no copy of its address.
    pub receiver: String,
}

/// An order in a list for shipping and for comparing payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippingListEntry {
    /// The order.
    pub order: Order,
    /// The buyer's name; empty if the user no longer exists.
    pub username: Username,
    /// The payment that settled it; `None` if there is none.
    pub payment: Option<PaymentRecord>,
    /// The movements of its pieces back into stock and out of it again.
    pub movements: Vec<StockMove>,
}

/// A payment that needs the attention of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedPayment {
    /// The payment.
    pub payment: PaymentRecord,
    /// Its latest refund that is not done, where an open refund takes precedence over a failed one; `None` if there is
    /// none.
    pub refund: Option<Refund>,
}

/// All records of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecords {
    /// The order with its payments, refunds and movements of stock.
    pub ledger: OrderLedger,
    /// The buyer's name; empty if the user no longer exists.
    pub username: Username,
    /// All changes of its status, oldest first, without its creation.
    pub changes: Vec<TimelineEntry>,
}

/// The figures of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayFigures {
    /// The day.
    pub date: ShopDate,
    /// The number of orders placed, in any status now.
    pub orders: u64,
    /// The sum of their amounts.
    pub order_amount: MoneySum,
    /// The number of payments that settled an order, by [`PaymentRecord::counts_at`].
    pub paid: u64,
    /// The sum of these payments.
    pub paid_amount: MoneySum,
    /// The number of succeeded refunds of such payments, by the time of success.
    pub refunded: u64,
    /// The sum of these refunds.
    pub refunded_amount: MoneySum,
}

impl DayFigures {
    /// The figures of a day without orders, payments and refunds.
    pub fn of_nothing(date: ShopDate) -> Self {
        Self {
            date,
            orders: 0,
            order_amount: MoneySum::default(),
            paid: 0,
            paid_amount: MoneySum::default(),
            refunded: 0,
            refunded_amount: MoneySum::default(),
        }
    }
}
