use async_trait::async_trait;
use domain::{
    Money, MoneySum, NumberRange, Order, OrderId, OrderLedger, OrderStatus, PaymentRecord, Refund, ShopDate,
    ShopTime, StockMove, TimelineEntry, UserId, Username,
};

use crate::StoreError;

/// What staff look at. Nothing here locks or changes anything.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AdminOrders: Send + Sync {
    /// The orders that are asked for, the largest number first, which is the newest.
    ///
    /// MUST find them by an index, whatever is asked for and however many orders there are, and MUST leave out orders in
    /// a status that the shop does not know.
    async fn search(&self, search: &OrderSearch) -> Result<Vec<FoundOrder>, StoreError>;

    /// Whether there are more orders than `search` is limited to. They MUST NOT be read for that.
    async fn exceeds(&self, search: &OrderSearch) -> Result<bool, StoreError>;

    /// The orders of these numbers with their goods and payments, the largest number first.
    ///
    /// The number of statements MUST NOT grow with that of the orders.
    async fn shipping_list(&self, ids: &[OrderId]) -> Result<Vec<ShippingListEntry>, StoreError>;

    /// All that is on record of one order, for staff.
    async fn file(&self, id: &OrderId) -> Result<Option<OrderRecords>, StoreError>;

    /// What each day from the first to the last brought, one entry a day, the first day first. Sums MUST be exact.
    async fn figures(&self, first: ShopDate, last: ShopDate) -> Result<Vec<DayFigures>, StoreError>;

    /// The payments that staff have to look at, the latest first by [`PaymentRecord::counts_at`], at most so many:
    /// - those that paid no order and that staff decide about (of a wrong amount, or for no order), until all of their money
    ///   went back, be it by refunds that are not on record yet;
    /// - those of which money is still to go back: late and duplicate ones until all of their refund is done,
    ///   and any with a refund that is open and was tried without success, as while the shop's balance is too low;
    /// - those with a refund that staff asked for and that failed for good on the days from the first to the last.
    async fn unmatched_payments(
        &self,
        first: ShopDate,
        last: ShopDate,
        limit: u32,
    ) -> Result<Vec<UnmatchedPayment>, StoreError>;

    /// How many orders are in this status now.
    async fn count(&self, status: OrderStatus) -> Result<u64, StoreError>;
}

/// Which orders to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSearch {
    /// With which numbers.
    pub numbers: NumberRange,
    /// Whose; none for all buyers'.
    pub user_id: Option<UserId>,
    /// In which status; none for all.
    pub status: Option<OrderStatus>,
    /// At most so many.
    pub limit: u32,
}

/// An order as a search shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundOrder {
    /// Its number.
    pub id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// The buyer's name; empty where the user is gone.
    pub username: Username,
    /// Where it stands.
    pub status: OrderStatus,
    /// Pieces in all lines.
    pub total_count: u32,
    /// Goods and freight.
    pub total_amount: Money,
    /// The freight within the total.
    pub freight: Money,
    /// What of its payment went back so far.
    pub refunded_amount: Money,
    /// When it was placed.
    pub created_at: ShopTime,
    /// Until when it must be paid; none for orders that the old back end placed.
    pub expire_at: Option<ShopTime>,
    /// Who receives the goods: as it was when the order was placed, or as the address book has it where that was not
    /// kept.
    pub receiver: String,
}

/// An order as a list shows it from which goods are sent and money is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippingListEntry {
    /// The order.
    pub order: Order,
    /// The buyer's name; empty where the user is gone.
    pub username: Username,
    /// The payment that paid it; `None` if none did.
    pub payment: Option<PaymentRecord>,
    /// What of it went back into stock, and out of it again.
    pub movements: Vec<StockMove>,
}

/// A payment that staff have to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedPayment {
    /// The payment.
    pub payment: PaymentRecord,
    /// Its refund that is not done, the one asked for last, and an open one before one that failed; `None` if there is
    /// none.
    pub refund: Option<Refund>,
}

/// All that is on record of one order, for staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecords {
    /// The order with its payments, refunds and movements of stock.
    pub ledger: OrderLedger,
    /// The buyer's name; empty if the user is gone.
    pub username: Username,
    /// Every change of its status, the first first; its creation is not among them.
    pub changes: Vec<TimelineEntry>,
}

/// What a day brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayFigures {
    /// Which day.
    pub date: ShopDate,
    /// Orders that were placed, whatever became of them.
    pub orders: u64,
    /// What they cost.
    pub order_amount: MoneySum,
    /// Payments that paid an order, by [`PaymentRecord::counts_at`].
    pub paid: u64,
    /// What was paid by them.
    pub paid_amount: MoneySum,
    /// Refunds of such payments that succeeded, by the time of success.
    pub refunded: u64,
    /// What went back with them.
    pub refunded_amount: MoneySum,
}

impl DayFigures {
    /// A day on which nothing happened.
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
