//! Ledgers in memory.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::{Order, OrderLedger, PaymentRecord, Refund, ShopTime, TraceParent, ledger::Event, order_number};

use crate::{AppendError, Claimed, DueOrder, LockedOrder, OrderRepo, StoreError};

/// An [`OrderRepo`] in memory, for tests of the use cases. Clones share the records.
#[derive(Clone, Default)]
pub struct Ledgers(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    ledgers: BTreeMap<String, OrderLedger>,
    appended: Vec<Event>,
    commits: usize,
    failing_locks: VecDeque<StoreError>,
    failing_appends: VecDeque<AppendError>,
    due_orders: Vec<Claimed<DueOrder>>,
    due_refunds: Vec<Claimed<Refund>>,
    locks: usize,
}

/// A ledger with these records; seven pieces of each SKU of the order are in stock.
pub fn ledger(
    number: &str,
    order: Option<Order>,
    payments: Vec<PaymentRecord>,
    refunds: Vec<Refund>,
) -> OrderLedger {
    let in_stock = order.iter().flat_map(Order::stock).map(|line| (line.sku_id, 7)).collect();
    OrderLedger { order, payments, refunds, in_stock, ..OrderLedger::empty(number) }
}

impl Ledgers {
    /// A repository with this ledger.
    pub fn of(ledger: OrderLedger) -> Self {
        let ledgers = Self::default();
        ledgers.put(ledger);
        ledgers
    }

    /// Replaces the ledger of a number.
    pub fn put(&self, ledger: OrderLedger) {
        self.state().ledgers.insert(ledger.number.clone(), ledger);
    }

    /// The ledger of the number of an order or of an attempt to pay one.
    pub fn get(&self, number: &str) -> OrderLedger {
        let state = self.state();
        let has_attempt =
            |ledger: &&OrderLedger| ledger.attempts.iter().any(|attempt| attempt.out_trade_no == number);
        let of_attempt = || state.ledgers.get(order_number(number)).filter(|ledger| ledger.order.is_some());
        let known = state.ledgers.get(number).or_else(|| state.ledgers.values().find(has_attempt));
        let known = known.or_else(of_attempt);
        known.cloned().unwrap_or_else(|| OrderLedger::empty(number))
    }

    /// All events that were written, in their order.
    pub fn appended(&self) -> Vec<Event> {
        self.state().appended.clone()
    }

    /// How often events were written.
    pub fn commits(&self) -> usize {
        self.state().commits
    }

    /// How often a number was locked, failed calls included.
    pub fn locks(&self) -> usize {
        self.state().locks
    }

    /// Makes the next locks fail with these errors, one after the other.
    #[must_use]
    pub fn failing_to_lock(self, errors: impl IntoIterator<Item = StoreError>) -> Self {
        self.state().failing_locks.extend(errors);
        self
    }

    /// Makes the next appends fail with these errors, one after the other.
    #[must_use]
    pub fn failing_to_append(self, errors: impl IntoIterator<Item = AppendError>) -> Self {
        self.state().failing_appends.extend(errors);
        self
    }

    /// Sets the due orders.
    #[must_use]
    pub fn with_due_orders(self, due: Vec<Claimed<DueOrder>>) -> Self {
        self.state().due_orders = due;
        self
    }

    /// Sets the due refunds.
    #[must_use]
    pub fn with_due_refunds(self, due: Vec<Claimed<Refund>>) -> Self {
        self.state().due_refunds = due;
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Locked {
    ledgers: Ledgers,
    ledger: OrderLedger,
}

#[async_trait]
impl OrderRepo for Ledgers {
    async fn lock(&self, number: &str) -> Result<Box<dyn LockedOrder>, StoreError> {
        self.state().locks += 1;
        if let Some(error) = self.state().failing_locks.pop_front() {
            return Err(error);
        }
        Ok(Box::new(Locked { ledgers: self.clone(), ledger: self.get(number) }))
    }

    async fn claim_due_orders(
        &self,
        _now: ShopTime,
        _lease_until: ShopTime,
        _limit: u32,
    ) -> Result<Vec<Claimed<DueOrder>>, StoreError> {
        Ok(std::mem::take(&mut self.state().due_orders))
    }

    async fn claim_due_refunds(
        &self,
        _now: ShopTime,
        _lease_until: ShopTime,
        _limit: u32,
    ) -> Result<Vec<Claimed<Refund>>, StoreError> {
        Ok(std::mem::take(&mut self.state().due_refunds))
    }
}

#[async_trait]
impl LockedOrder for Locked {
    fn ledger(&self) -> &OrderLedger {
        &self.ledger
    }

    fn set_trace(&mut self, _trace: TraceParent) {}

    async fn append(self: Box<Self>, events: &[Event]) -> Result<(), AppendError> {
        let Self { ledgers, mut ledger } = *self;
        if let Some(error) = ledgers.state().failing_appends.pop_front() {
            return Err(error);
        }
        for event in events {
            ledger.apply(event).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        }
        ledgers.put(ledger);
        let mut state = ledgers.state();
        state.appended.extend_from_slice(events);
        state.commits += 1;
        Ok(())
    }
}
