//! Mocks of every port, for tests of the use cases.

mod ledgers;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use domain::{OrderNews, ShopTime};

use crate::{
    CartRemovals, IdempotencyRepo, NewOrderRepo, Outbox, StockRepo, StoreError, UnitOfWork, UnitsOfWork,
};
pub use ledgers::Ledgers;

pub use crate::{
    address_editor::MockAddressEditor,
    back_office::MockBackOffice,
    cart_store::MockCartStore,
    catalog::MockCatalog,
    clock::{MockClock, MockRandomness},
    credentials::{MockCredentials, MockPasswords},
    day_ledger::MockDayLedger,
    direct_buys::MockDirectBuys,
    news_delivery::{MockNewsDelivery, MockNewsListener},
    order_reader::MockOrderReader,
    payment_gateway::MockPaymentGateway,
    people::{MockAddressBook, MockUsers},
    refused_messages::MockRefusedMessages,
    showcase::MockShowcase,
    unit_of_work::{MockCartRemovals, MockIdempotencyRepo, MockNewOrderRepo, MockStockRepo, MockUnitsOfWork},
};

/// A unit of work over mocked repositories. What is not expected on them fails the test.
#[derive(Default)]
pub struct MockUnitOfWork {
    /// What the use case does to the orders.
    pub orders: MockNewOrderRepo,
    /// What the use case does to the stock.
    pub stock: MockStockRepo,
    /// The news that the use case writes.
    pub news: WrittenNews,
    /// What the use case does to the repeatable requests.
    pub idempotency: MockIdempotencyRepo,
    /// What the use case does to the carts.
    pub cart_removals: MockCartRemovals,
    /// How committing fails, if it does.
    pub commit_error: Option<StoreError>,
    commits: Arc<AtomicUsize>,
}

#[async_trait]
impl UnitOfWork for MockUnitOfWork {
    fn orders(&mut self) -> &mut dyn NewOrderRepo {
        &mut self.orders
    }

    fn stock(&mut self) -> &mut dyn StockRepo {
        &mut self.stock
    }

    fn outbox(&mut self) -> &mut dyn Outbox {
        &mut self.news
    }

    fn idempotency(&mut self) -> &mut dyn IdempotencyRepo {
        &mut self.idempotency
    }

    fn cart_removals(&mut self) -> &mut dyn CartRemovals {
        &mut self.cart_removals
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        match self.commit_error {
            Some(error) => Err(error),
            None => {
                self.commits.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        }
    }
}

/// An outbox that takes whatever it is given, for a test to look at.
#[derive(Debug, Clone, Default)]
pub struct WrittenNews(Arc<Mutex<Vec<OrderNews>>>);

impl WrittenNews {
    /// What was written so far, committed or not.
    pub fn all(&self) -> Vec<OrderNews> {
        self.0.lock().map(|news| news.clone()).unwrap_or_default()
    }
}

#[async_trait]
impl Outbox for WrittenNews {
    async fn add(&mut self, news: &[OrderNews]) -> Result<(), StoreError> {
        let mut written = self.0.lock().map_err(|_| StoreError::Corrupt("a test panicked".to_owned()))?;
        written.extend_from_slice(news);
        Ok(())
    }
}

/// Hands out prepared units of work, one a call, and counts those that were committed.
#[derive(Default)]
pub struct PreparedUnits {
    prepared: Mutex<Vec<Result<MockUnitOfWork, StoreError>>>,
    commits: Arc<AtomicUsize>,
}

impl PreparedUnits {
    /// With these, to be handed out in their order; one more than there are fails the call.
    pub fn new(prepared: impl IntoIterator<Item = Result<MockUnitOfWork, StoreError>>) -> Self {
        let mut prepared: Vec<_> = prepared.into_iter().collect();
        prepared.reverse();
        Self { prepared: Mutex::new(prepared), commits: Arc::default() }
    }

    /// How many were committed.
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    /// How many were not asked for.
    pub fn left(&self) -> usize {
        self.prepared.lock().map_or(0, |prepared| prepared.len())
    }
}

#[async_trait]
impl UnitsOfWork for PreparedUnits {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let next = self.prepared.lock().ok().and_then(|mut prepared| prepared.pop());
        let mut unit =
            next.unwrap_or_else(|| Err(StoreError::Corrupt("no more units of work".to_owned())))?;
        unit.commits = Arc::clone(&self.commits);
        Ok(Box::new(unit))
    }
}

/// A clock that stands still.
pub fn clock_at(time: ShopTime) -> MockClock {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(time);
    clock
}
