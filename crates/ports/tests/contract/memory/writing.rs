use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::{Allocation, NewOrder, OrderId, RepeatGuard, ShopTime, StockMove};
use ports::{
    CartRemoval, CartRemovalMode, CartRemovals, IdempotencyRepo, InsertOrdersError, NewOrderRepo, Outbox,
    StockOutcome, StockRepo, StoreError, UnitOfWork, UnitsOfWork,
};
use tokio::sync::OwnedMutexGuard;

use super::{Defect, Due, Memory, StoredOrder, Tables, key_of, pause};

/// A copy of the tables; the guard keeps other units of work out.
pub(super) struct Unit {
    committed: Arc<Mutex<Tables>>,
    pub(super) tables: Tables,
    _writer: Option<OwnedMutexGuard<()>>,
    mode: CartRemovalMode,
    defect: Option<Defect>,
}

#[async_trait]
impl UnitsOfWork for Memory {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(Box::new(self.unit().await))
    }
}

impl Memory {
    pub(super) async fn unit(&self) -> Unit {
        let writer = self.alone().await;
        let tables = self.tables().clone();
        pause().await;
        Unit {
            committed: Arc::clone(&self.tables),
            tables,
            _writer: writer,
            mode: self.mode,
            defect: self.defect,
        }
    }
}

impl Unit {
    pub(super) fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    pub(super) async fn wrote(&self) {
        if self.has(Defect::KeepsWhatIsDropped) {
            *self.committed.lock().unwrap() = self.tables.clone();
        }
        pause().await;
    }
}

#[async_trait]
impl UnitOfWork for Unit {
    fn orders(&mut self) -> &mut dyn NewOrderRepo {
        self
    }

    fn stock(&mut self) -> &mut dyn StockRepo {
        self
    }

    fn outbox(&mut self) -> &mut dyn Outbox {
        self
    }

    fn idempotency(&mut self) -> &mut dyn IdempotencyRepo {
        self
    }

    fn cart_removals(&mut self) -> &mut dyn CartRemovals {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        pause().await;
        *self.committed.lock().unwrap() = self.tables;
        Ok(())
    }
}

#[async_trait]
impl NewOrderRepo for Unit {
    async fn insert(&mut self, orders: &[NewOrder]) -> Result<(), InsertOrdersError> {
        for new in orders {
            if self.tables.orders.contains_key(&new.order.id) && !self.has(Defect::OverwritesOrders) {
                return Err(InsertOrdersError::NumberTaken("in use".into()));
            }
            let has_guard = |stored: &StoredOrder| stored.guard.is_some() && stored.guard == new.repeat_guard;
            if self.tables.orders.values().any(has_guard) && !self.has(Defect::PlacesTwice) {
                return Err(InsertOrdersError::Repeated("in use".into()));
            }
            if !self.tables.addresses.iter().any(|(_, address, _)| address.id == new.address_id) {
                return Err(StoreError::Refused("no such address".into()).into());
            }
            let stored = StoredOrder {
                order: new.order.clone(),
                address_id: new.address_id,
                has_snapshots: true,
                guard: new.repeat_guard.clone(),
            };
            self.tables.orders.insert(new.order.id.clone(), stored);
            self.tables.set_due(&new.order.id, new.due_at);
        }
        self.wrote().await;
        Ok(())
    }

    async fn release_guard(&mut self, id: &OrderId, guard: &RepeatGuard) -> Result<(), StoreError> {
        let ignores_owner = self.has(Defect::IgnoresOwner);
        for (number, stored) in &mut self.tables.orders {
            if number == id || ignores_owner {
                stored.guard = stored.guard.take().filter(|known| known != guard);
            }
        }
        self.wrote().await;
        Ok(())
    }
}

impl Tables {
    pub(super) fn set_due(&mut self, id: &OrderId, due_at: Option<ShopTime>) {
        let attempts = self.due.get(id).map_or(0, |due| due.attempts);
        match due_at {
            Some(at) => drop(self.due.insert(id.clone(), Due { at, attempts })),
            None => drop(self.due.remove(id)),
        }
    }
}

#[async_trait]
impl StockRepo for Unit {
    async fn take(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError> {
        let quoted = |tables: &Tables, wanted: &Allocation| {
            tables
                .skus
                .get(&wanted.sku_id)
                .is_some_and(|(sku, _)| sku.is_launched && sku.price == wanted.price)
        };
        let as_quoted = allocations.iter().all(|wanted| quoted(&self.tables, wanted));
        if !as_quoted && !self.has(Defect::IgnoresPrice) {
            return Ok(StockOutcome::Changed);
        }
        self.take_any(allocations).await
    }
}

impl Tables {
    /// Whether there is a movement of this order, SKU and kind.
    pub(super) fn moved(&self, order_id: &OrderId, moved: &StockMove) -> bool {
        self.moves
            .iter()
            .any(|(id, known)| id == order_id && (known.sku_id, &known.kind) == (moved.sku_id, &moved.kind))
    }
}

impl Unit {
    pub(super) async fn take_any(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError> {
        let (oversells, forgets) = (self.has(Defect::Oversells), self.has(Defect::ForgetsVersion));
        for wanted in allocations {
            let Some((_, record)) = self.tables.skus.get_mut(&wanted.sku_id) else {
                return Ok(StockOutcome::Changed);
            };
            let pieces = i64::from(wanted.pieces);
            if record.stock < pieces && !oversells {
                return Ok(StockOutcome::Changed);
            }
            record.stock -= pieces;
            record.sales += pieces;
            record.version += i64::from(!forgets);
        }
        self.wrote().await;
        Ok(StockOutcome::Taken)
    }
}

#[async_trait]
impl IdempotencyRepo for Unit {
    async fn record(&mut self, orders: &[NewOrder], at: ShopTime) -> Result<bool, StoreError> {
        for (key, bound) in orders.iter().filter_map(key_of) {
            if self.tables.keys.contains_key(&key) && !self.has(Defect::BindsTwice) {
                return Ok(false);
            }
            self.tables.key_times.insert(key.clone(), at);
            self.tables.keys.insert(key, bound);
        }
        self.wrote().await;
        Ok(true)
    }
}

#[async_trait]
impl CartRemovals for Unit {
    async fn add(&mut self, removals: &[CartRemoval], at: ShopTime) -> Result<CartRemovalMode, StoreError> {
        match self.mode {
            CartRemovalMode::InTransaction => self.tables.remove_from_carts(removals, self.defect),
            CartRemovalMode::AfterCommit => {
                self.tables.removals.extend(removals.iter().map(|removal| (at, removal.clone())));
            }
        }
        self.wrote().await;
        Ok(self.mode)
    }

    async fn claim(&mut self, before: ShopTime, limit: u32) -> Result<Vec<CartRemoval>, StoreError> {
        let claims_young = self.has(Defect::ClaimsYoung);
        let mut old: Vec<_> = self.tables.removals.clone();
        old.retain(|(at, _)| *at < before || claims_young);
        old.sort_by_key(|(at, _)| *at);
        Ok(old.into_iter().take(usize::try_from(limit).unwrap()).map(|(_, removal)| removal).collect())
    }

    async fn done(&mut self, order_ids: &[OrderId]) -> Result<(), StoreError> {
        self.tables.removals.retain(|(_, removal)| !order_ids.contains(&removal.order_id));
        self.wrote().await;
        Ok(())
    }
}
