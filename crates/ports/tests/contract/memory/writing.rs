use std::sync::{Arc, Mutex};

use domain::{Allocation, NewOrder, OrderId, RepeatGuard, ShopTime, StockMove};
use ports::{CartRemoval, CartRemovalMode, PlacingOutcome, StockOutcome, StoreError};
use tokio::sync::OwnedMutexGuard;

use super::{Defect, Due, Memory, StoredOrder, Tables, key_of, pause};

/// A transaction: a copy of the tables; the lock excludes other writers.
pub(super) struct Unit {
    committed: Arc<Mutex<Tables>>,
    pub(super) tables: Tables,
    _writer: Option<OwnedMutexGuard<()>>,
    pub(super) mode: CartRemovalMode,
    defect: Option<Defect>,
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

impl Unit {
    pub(super) async fn commit(self) {
        pause().await;
        *self.committed.lock().unwrap() = self.tables;
    }

    /// Writes orders. Returns the reason if a number or a guard is in use.
    pub(super) async fn insert(&mut self, orders: &[NewOrder]) -> Result<Option<PlacingOutcome>, StoreError> {
        for new in orders {
            if self.tables.orders.contains_key(&new.order.id) && !self.has(Defect::OverwritesOrders) {
                return Ok(Some(PlacingOutcome::NumberTaken));
            }
            let has_guard = |stored: &StoredOrder| stored.guard.is_some() && stored.guard == new.repeat_guard;
            if self.tables.orders.values().any(has_guard) && !self.has(Defect::PlacesTwice) {
                return Ok(Some(PlacingOutcome::ClaimTaken));
            }
            if !self.tables.addresses.iter().any(|(_, address, _)| address.id == new.address_id) {
                return Err(StoreError::Refused("no such address".into()));
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
        Ok(None)
    }

    pub(super) async fn release_guard(&mut self, id: &OrderId, guard: &RepeatGuard) {
        let ignores_owner = self.has(Defect::IgnoresOwner);
        for (number, stored) in &mut self.tables.orders {
            if number == id || ignores_owner {
                stored.guard = stored.guard.take().filter(|known| known != guard);
            }
        }
        self.wrote().await;
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

impl Unit {
    pub(super) async fn take_as_quoted(&mut self, allocations: &[Allocation]) -> StockOutcome {
        let quoted = |tables: &Tables, wanted: &Allocation| {
            tables
                .skus
                .get(&wanted.sku_id)
                .is_some_and(|(sku, _)| sku.is_launched && sku.price == wanted.price)
        };
        let as_quoted = allocations.iter().all(|wanted| quoted(&self.tables, wanted));
        if !as_quoted && !self.has(Defect::IgnoresPrice) {
            return StockOutcome::Changed;
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
    pub(super) async fn take_any(&mut self, allocations: &[Allocation]) -> StockOutcome {
        let (oversells, forgets) = (self.has(Defect::Oversells), self.has(Defect::ForgetsVersion));
        for wanted in allocations {
            let Some((_, record)) = self.tables.skus.get_mut(&wanted.sku_id) else {
                return StockOutcome::Changed;
            };
            let pieces = i64::from(wanted.pieces);
            if record.stock < pieces && !oversells {
                return StockOutcome::Changed;
            }
            record.stock -= pieces;
            record.sales += pieces;
            record.version += i64::from(!forgets);
        }
        self.wrote().await;
        StockOutcome::Taken
    }
}

impl Unit {
    /// Binds the keys of the orders; false if one is already bound.
    pub(super) async fn bind_keys(&mut self, orders: &[NewOrder], at: ShopTime) -> bool {
        for (key, bound) in orders.iter().filter_map(key_of) {
            if self.tables.keys.contains_key(&key) && !self.has(Defect::BindsTwice) {
                return false;
            }
            self.tables.key_times.insert(key.clone(), at);
            self.tables.keys.insert(key, bound);
        }
        self.wrote().await;
        true
    }

    /// Removes ordered lines from the carts, or records that they must be removed.
    pub(super) async fn remove_lines(&mut self, removals: &[CartRemoval], at: ShopTime) {
        match self.mode {
            CartRemovalMode::InTransaction => self.tables.remove_from_carts(removals, self.defect),
            CartRemovalMode::AfterCommit => {
                self.tables.removals.extend(removals.iter().map(|removal| (at, removal.clone())));
            }
        }
        self.wrote().await;
    }
}
