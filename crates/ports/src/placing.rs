use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    Address, AddressId, Caller, CartStamp, IdempotencyKey, NewOrder, NotAdmitted, OrderId, RepeatGuard,
    ShopTime, Sku, SkuId, UnpaidOrders, UserId,
};

use crate::{CartRemoval, StockRepo, StoreError};

/// Places groups of orders: everything that the members of a group need is asked for and written together.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PlacingStore: Send + Sync {
    /// The buyers whom tokens name, and where each order goes; an answer for each query, in their order. Names are
    /// compared letter for letter, and [`Caller::admitted`] says who is let in.
    ///
    /// MUST ask the database once, however many there are.
    async fn buyers(&self, queries: &[BuyerQuery]) -> Result<Vec<Result<Buyer, NotAdmitted>>, StoreError>;

    /// Begins the transaction that places a group, locks its buyers against each other, and only then looks at what
    /// else may stand in the way: two transactions that place orders of one buyer see each other's orders, whichever
    /// processes they are of.
    ///
    /// The unpaid orders of the buyers are counted if `count_unpaid` says so; those of the old back end, which no
    /// deadline ends, do not count.
    async fn begin_group(
        &self,
        claims: &[OrderClaim],
        count_unpaid: bool,
    ) -> Result<BegunPlacing, StoreError>;

    /// Takes the guard off this order, so that such an order can be placed again. Another order that has it by now MUST
    /// keep it.
    async fn release_guard(&self, id: &OrderId, guard: &RepeatGuard) -> Result<(), StoreError>;
}

/// The transaction that places a group: first the stock is taken, then the orders are written.
///
/// Dropped without [`PlacingTransaction::write`], it MUST leave no trace, nor of the stock that was taken. After a method
/// gave an error, the only thing to do with it is to drop it.
#[async_trait]
pub trait PlacingTransaction: StockRepo {
    /// The SKUs of these ids as [`crate::Catalog::skus`] gives them, with what others have committed since the transaction
    /// began.
    async fn skus(&mut self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError>;

    /// Writes the orders with everything that belongs to them, and commits them together with the stock that was taken;
    /// all of it or nothing. Without orders, the stock alone is committed.
    ///
    /// What belongs to an order: its lines and snapshots, its event `created`, the key of its request, and the lines of
    /// the cart that it was made of. Where nobody listens to events, an implementation MAY drop them. Carts in the same
    /// database lose the lines with this transaction, each only if its stamp is still the same; for carts elsewhere the
    /// removals are recorded in this transaction, so that they outlive the process.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`] where the commit failed otherwise than by [`StoreError::Busy`]; with any other error nothing was
    /// written.
    async fn write(self: Box<Self>, orders: &[NewOrder]) -> Result<PlacingOutcome, StoreError>;
}

/// Whose order it is, as the request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyerQuery {
    /// Who the token says the buyer is.
    pub caller: Caller,
    /// The entry of the address book to which the order goes.
    pub address_id: AddressId,
}

/// A buyer who is about to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// Who.
    pub user_id: UserId,
    /// The address, if it is a valid one of this buyer.
    pub address: Option<Address>,
    /// Lines that were ordered and have not left the buyer's cart yet.
    pub ordered_lines: Vec<(SkuId, CartStamp)>,
    /// When the buyer's latest order was placed; `None` where there is none.
    pub latest_order_at: Option<ShopTime>,
}

/// What one order of a group lays claim to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderClaim {
    /// The buyer.
    pub user_id: UserId,
    /// Whether it consists of lines of the buyer's cart.
    pub is_of_cart: bool,
    /// What [`Buyer::latest_order_at`] was before the cart was read.
    pub latest_order_at: Option<ShopTime>,
    /// The key of the request.
    pub key: Option<IdempotencyKey>,
    /// What keeps a second click from becoming a second order.
    pub guard: Option<RepeatGuard>,
}

/// A transaction that has begun.
pub struct BegunPlacing {
    /// Writes the orders.
    pub transaction: Box<dyn PlacingTransaction>,
    /// What stands in the way of each claim, in their order.
    pub obstacles: Vec<Option<Obstacle>>,
    /// What the buyers have not paid yet; empty where it was not to be counted.
    pub unpaid: BTreeMap<UserId, UnpaidOrders>,
}

/// Why a member of a group cannot be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Its key belongs to another order.
    KeyInUse,
    /// Its guard belongs to another order.
    GuardInUse,
    /// It is of the cart, and the buyer has placed an order since the cart was read, which may have taken its lines.
    CartOrdered,
}

/// How writing a group ended, where the database did not fail. Nothing was written but with
/// [`PlacingOutcome::Committed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacingOutcome {
    /// All orders were written.
    Committed(CartRemovalMode),
    /// An order number is in use.
    NumberTaken,
    /// A program that does not lock the buyers has taken a key or a guard meanwhile.
    ClaimTaken,
}

/// How ordered lines leave the carts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartRemovalMode {
    /// With the transaction: nothing is left to do after the commit.
    InTransaction,
    /// Recorded: after the commit, [`crate::CartStore::remove_ordered`] and then [`CartRemovalQueue::forget`] are due.
    AfterCommit,
}

/// Ordered lines that must still leave carts outside of the database.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CartRemovalQueue: Send + Sync {
    /// Takes over at most `limit` removals that were recorded before `before`, the oldest first. They count as recorded
    /// at `now`, so that no other process takes them over meanwhile and none is lost if this one dies.
    ///
    /// A row that cannot be read MUST be set aside, with an error in the log, and MUST NOT hide the others.
    async fn take_over(
        &self,
        before: ShopTime,
        now: ShopTime,
        limit: u32,
    ) -> Result<Vec<CartRemoval>, StoreError>;

    /// The removals of this user that are still to be done, whoever does them.
    async fn pending_of(&self, user_id: UserId) -> Result<Vec<CartRemoval>, StoreError>;

    /// Forgets the removals of these orders: they are done. In one statement.
    async fn forget(&self, order_ids: &[OrderId]) -> Result<(), StoreError>;
}
