use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    Address, AddressId, Caller, CartStamp, IdempotencyKey, NewOrder, NotAdmitted, OrderId, RepeatGuard,
    ShopTime, Sku, SkuId, UnpaidOrders, UserId,
};

use crate::{CartRemoval, StockRepo, StoreError};

/// Places groups of orders: the data of all members of a group are read and written together.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PlacingStore: Send + Sync {
    /// The buyers that tokens name, and the address of each order: one answer per query, in the same order. Names are
    /// compared letter for letter, and [`Caller::admitted`] decides who is admitted.
    ///
    /// MUST query the database once, for any number of queries.
    async fn buyers(&self, queries: &[BuyerQuery]) -> Result<Vec<Result<Buyer, NotAdmitted>>, StoreError>;

    /// Begins the transaction that places a group, locks its buyers, and only then looks for obstacles: two
    /// transactions that place orders of one buyer see each other's orders, even if they are of different processes.
    ///
    /// If `count_unpaid` is true, the unpaid orders of the buyers are counted, without those of the old back end, which
    /// have no deadline.
    async fn begin_group(
        &self,
        claims: &[OrderClaim],
        count_unpaid: bool,
    ) -> Result<BegunPlacing, StoreError>;

    /// Removes the guard from this order, so that the buyer can place the same order again. Another order that has the
    /// guard by now MUST keep it.
    async fn release_guard(&self, id: &OrderId, guard: &RepeatGuard) -> Result<(), StoreError>;
}

/// The transaction that places a group: first the stock is taken, then the orders are written.
///
/// If it is dropped without [`PlacingTransaction::write`], it MUST leave no trace, neither of orders nor of taken
/// stock. After a method returned an error, the caller must drop it.
#[async_trait]
pub trait PlacingTransaction: StockRepo {
    /// The SKUs of these ids like [`crate::Catalog::skus`], including changes that others have committed since the
    /// transaction began.
    async fn skus(&mut self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError>;

    /// Writes the orders with everything that belongs to them, and commits them together with the taken stock: all of
    /// it or nothing. Without orders, only the stock is committed.
    ///
    /// An order's lines and snapshots belong to it, its event `created`, the key of its request, and the cart lines
    /// that it consists of. If there is no receiver of events, an implementation MAY drop the events. Carts in the same
    /// database lose the lines in this transaction, each line only if its stamp is still the same. For carts elsewhere
    /// this transaction records the removals, so that they are done even if the process dies.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`] if the commit failed otherwise than by [`StoreError::Busy`]; with any other error
    /// nothing was written.
    async fn write(self: Box<Self>, orders: &[NewOrder]) -> Result<PlacingOutcome, StoreError>;
}

/// The buyer and the address of an order, as the request names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyerQuery {
    /// The buyer, as the token says.
    pub caller: Caller,
    /// The entry of the address book to which the order goes.
    pub address_id: AddressId,
}

/// A buyer who is about to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// The user.
    pub user_id: UserId,
    /// The address, if it is a valid one of this buyer.
    pub address: Option<Address>,
    /// Lines that were ordered and have not left the buyer's cart yet.
    pub ordered_lines: Vec<(SkuId, CartStamp)>,
    /// When the buyer's latest order was placed; `None` if there is no order.
    pub latest_order_at: Option<ShopTime>,
}

/// The claim of one order of a group: what must be free or unchanged so that the order can be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderClaim {
    /// The buyer.
    pub user_id: UserId,
    /// Whether it consists of lines of the buyer's cart.
    pub is_of_cart: bool,
    /// The value of [`Buyer::latest_order_at`] before the cart was read.
    pub latest_order_at: Option<ShopTime>,
    /// The key of the request.
    pub key: Option<IdempotencyKey>,
    /// The guard that keeps a second click from becoming a second order.
    pub guard: Option<RepeatGuard>,
}

/// A transaction that has begun.
pub struct BegunPlacing {
    /// The transaction, which writes the orders.
    pub transaction: Box<dyn PlacingTransaction>,
    /// The obstacle of each claim, in the order of the claims; `None` if there is none.
    pub obstacles: Vec<Option<Obstacle>>,
    /// The buyers' unpaid orders; empty if they were not to be counted.
    pub unpaid: BTreeMap<UserId, UnpaidOrders>,
}

/// Why a member of a group cannot be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Its key belongs to another order.
    KeyInUse,
    /// Its guard belongs to another order.
    GuardInUse,
    /// Its lines are the cart's, and the buyer placed another order since the cart was read, which may have taken them.
    CartOrdered,
}

/// The outcome of writing a group, if the database did not fail. Only with [`PlacingOutcome::Committed`] something was
/// written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacingOutcome {
    /// All orders were written.
    Committed(CartRemovalMode),
    /// An order number is in use.
    NumberTaken,
    /// A program that does not lock the buyers took a key or a guard meanwhile.
    ClaimTaken,
}

/// How ordered lines leave the carts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartRemovalMode {
    /// In the transaction: nothing is left to do after the commit.
    InTransaction,
    /// Recorded: after the commit, the caller calls [`crate::CartStore::remove_ordered`] and then
    /// [`CartRemovalQueue::forget`].
    AfterCommit,
}

/// Ordered lines that must still be removed from carts outside the database.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CartRemovalQueue: Send + Sync {
    /// Takes over at most `limit` removals that were recorded before `before`, the oldest first. They then count as
    /// recorded at `now`, so that no other process takes them over meanwhile and none is lost if this process dies.
    ///
    /// A row that cannot be read MUST be parked, with an error in the log, and MUST NOT hide the others.
    async fn take_over(
        &self,
        before: ShopTime,
        now: ShopTime,
        limit: u32,
    ) -> Result<Vec<CartRemoval>, StoreError>;

    /// The removals of this user that are not done yet, including those that a process has taken over.
    async fn pending_of(&self, user_id: UserId) -> Result<Vec<CartRemoval>, StoreError>;

    /// Deletes the removals of these orders, which are done, in one statement.
    async fn forget(&self, order_ids: &[OrderId]) -> Result<(), StoreError>;
}
