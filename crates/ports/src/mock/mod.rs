//! Mocks of every port, for tests of the use cases.

mod ledgers;
pub mod samples;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use domain::{
    Allocation, NewOrder, NotAdmitted, OrderId, RepeatGuard, ShopTime, Sku, SkuId, UnpaidOrders, UserId,
};

use crate::{
    BegunPlacing, Buyer, BuyerQuery, CartRemovalMode, Obstacle, OrderClaim, PlacingOutcome, PlacingStore,
    PlacingTransaction, StockOutcome, StockRepo, StoreError,
};
pub use ledgers::{Ledgers, ledger};

pub use crate::{
    address_book::MockAddressBook,
    admin_orders::MockAdminOrders,
    cart_store::MockCartStore,
    catalog::MockCatalog,
    clock::{MockClock, MockRandomness},
    credentials::{MockCredentials, MockPasswords},
    daily_statements::MockDailyStatements,
    direct_buys::MockDirectBuys,
    idempotency_keys::MockIdempotencyKeys,
    order_reader::MockOrderReader,
    payment_gateway::MockPaymentGateway,
    placing::{MockCartRemovalQueue, MockPlacingStore},
    refused_messages::MockRefusedMessages,
    storefront_reader::MockStorefrontReader,
    users::MockUsers,
    webhook_endpoints::MockWebhookEndpoints,
    webhook_queue::{MockWebhookEndpoint, MockWebhookQueue},
};

/// A [`PlacingStore`] with given buyers. It returns prepared transactions, one per call, and records the written
/// groups.
pub struct PreparedPlacing {
    buyers: Box<BuyerAnswer>,
    prepared: Mutex<Vec<Result<PreparedTransaction, StoreError>>>,
    kept: Arc<Mutex<Kept>>,
}

/// Finds the buyer of a query.
pub type BuyerAnswer = dyn Fn(&BuyerQuery) -> Result<Result<Buyer, NotAdmitted>, StoreError> + Send + Sync;

/// A transaction with given outcomes of taking stock and writing.
pub struct PreparedTransaction {
    /// The obstacles of the claims; claims beyond the end of the list have none.
    pub obstacles: Vec<Option<Obstacle>>,
    /// The unpaid orders of the buyers.
    pub unpaid: BTreeMap<UserId, UnpaidOrders>,
    /// The answer of [`PlacingTransaction::skus`].
    pub skus: BTreeMap<SkuId, Sku>,
    /// The outcome of taking the stock.
    pub stock: Result<StockOutcome, StoreError>,
    /// The outcome of writing.
    pub outcome: Result<PlacingOutcome, StoreError>,
}

/// A group that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenGroup {
    /// The orders.
    pub orders: Vec<NewOrder>,
    /// The stock that was taken for them.
    pub taken: Vec<Allocation>,
}

#[derive(Default)]
struct Kept {
    begun: Vec<Vec<OrderClaim>>,
    committed: Vec<WrittenGroup>,
    released: Vec<OrderId>,
}

impl PreparedTransaction {
    /// A transaction without obstacles whose stock is taken and whose writing has this outcome.
    pub fn ending(outcome: Result<PlacingOutcome, StoreError>) -> Self {
        Self {
            obstacles: Vec::new(),
            unpaid: BTreeMap::new(),
            skus: BTreeMap::new(),
            stock: Ok(StockOutcome::Taken),
            outcome,
        }
    }

    /// A transaction whose stock changed since it was read.
    pub fn stock_changing() -> Self {
        Self { stock: Ok(StockOutcome::Changed), ..Self::committing() }
    }

    /// A transaction that fails when it takes the stock.
    pub fn failing_at_stock(error: StoreError) -> Self {
        Self { stock: Err(error), ..Self::committing() }
    }

    /// A transaction that commits, with the carts in the same database.
    pub fn committing() -> Self {
        Self::ending(Ok(PlacingOutcome::Committed(CartRemovalMode::InTransaction)))
    }

    /// The same with these obstacles.
    pub fn hindering(obstacles: Vec<Option<Obstacle>>) -> Self {
        Self { obstacles, ..Self::committing() }
    }
}

impl PreparedPlacing {
    /// A store with these buyers and these transactions in this order. A call without a transaction left fails.
    pub fn new(
        buyers: impl Fn(&BuyerQuery) -> Result<Result<Buyer, NotAdmitted>, StoreError> + Send + Sync + 'static,
        prepared: impl IntoIterator<Item = Result<PreparedTransaction, StoreError>>,
    ) -> Self {
        let mut prepared: Vec<_> = prepared.into_iter().collect();
        prepared.reverse();
        Self { buyers: Box::new(buyers), prepared: Mutex::new(prepared), kept: Arc::default() }
    }

    /// The number of transactions that are left.
    pub fn left(&self) -> usize {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The claims of each transaction.
    pub fn begun(&self) -> Vec<Vec<OrderClaim>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).begun.clone()
    }

    /// The committed groups.
    pub fn committed(&self) -> Vec<WrittenGroup> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).committed.clone()
    }

    /// The orders that lost their guard.
    pub fn released(&self) -> Vec<OrderId> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).released.clone()
    }
}

#[async_trait]
impl PlacingStore for PreparedPlacing {
    async fn buyers(&self, queries: &[BuyerQuery]) -> Result<Vec<Result<Buyer, NotAdmitted>>, StoreError> {
        queries.iter().map(|query| (self.buyers)(query)).collect()
    }

    async fn begin_group(
        &self,
        claims: &[OrderClaim],
        _count_unpaid: bool,
    ) -> Result<BegunPlacing, StoreError> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).begun.push(claims.to_vec());
        let next = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let none_left = || Err(StoreError::Corrupt("no more transactions".to_owned()));
        let PreparedTransaction { mut obstacles, unpaid, skus, stock, outcome } =
            next.unwrap_or_else(none_left)?;
        obstacles.resize(claims.len(), None);
        let transaction = Box::new(Writing {
            skus,
            stock: Some(stock),
            outcome,
            taken: Vec::new(),
            kept: Arc::clone(&self.kept),
        });
        Ok(BegunPlacing { transaction, obstacles, unpaid })
    }

    async fn release_guard(&self, id: &OrderId, _guard: &RepeatGuard) -> Result<(), StoreError> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).released.push(id.clone());
        Ok(())
    }
}

struct Writing {
    skus: BTreeMap<SkuId, Sku>,
    /// The outcome of taking stock, which is called once.
    stock: Option<Result<StockOutcome, StoreError>>,
    outcome: Result<PlacingOutcome, StoreError>,
    taken: Vec<Allocation>,
    kept: Arc<Mutex<Kept>>,
}

#[async_trait]
impl StockRepo for Writing {
    async fn take(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError> {
        let once = || Err(StoreError::Corrupt("the stock is taken once, and first".to_owned()));
        self.taken = allocations.to_vec();
        self.stock.take().unwrap_or_else(once)
    }
}

#[async_trait]
impl PlacingTransaction for Writing {
    async fn skus(&mut self, _ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError> {
        Ok(self.skus.clone())
    }

    async fn write(self: Box<Self>, orders: &[NewOrder]) -> Result<PlacingOutcome, StoreError> {
        if self.stock.is_some() {
            return Err(StoreError::Corrupt("no stock was taken for the orders".to_owned()));
        }
        if matches!(self.outcome, Ok(PlacingOutcome::Committed(_))) {
            let group = WrittenGroup { orders: orders.to_vec(), taken: self.taken };
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).committed.push(group);
        }
        self.outcome
    }
}

/// A clock that stands still.
pub fn clock_at(time: ShopTime) -> MockClock {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(time);
    clock
}
