use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::{Allocation, NewOrder, Order, OrderId, PaymentRecord, ShopTime, StatusChange};
use ports::{
    CartRemoval, CartRemovalMode, CartRemovals, IdempotencyRepo, InsertOrdersError, OrderRepo, PaymentRepo,
    StockOutcome, StockRepo, StoreError, UnitOfWork, UnitsOfWork, contract::TimelineRow,
};
use tokio::sync::OwnedMutexGuard;

use super::{Defect, Memory, StoredOrder, Tables, key_of, pause};

/// A copy of the tables; the guard keeps other units of work out.
struct Unit {
    committed: Arc<Mutex<Tables>>,
    tables: Tables,
    _writer: Option<OwnedMutexGuard<()>>,
    mode: CartRemovalMode,
    defect: Option<Defect>,
}

#[async_trait]
impl UnitsOfWork for Memory {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let writer = match self.defect {
            Some(Defect::LosesUpdates) => None,
            Some(_) | None => Some(Arc::clone(&self.writer).lock_owned().await),
        };
        let tables = self.tables().clone();
        pause().await;
        Ok(Box::new(Unit {
            committed: Arc::clone(&self.tables),
            tables,
            _writer: writer,
            mode: self.mode,
            defect: self.defect,
        }))
    }
}

impl Unit {
    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    async fn wrote(&self) {
        if self.has(Defect::KeepsWhatIsDropped) {
            *self.committed.lock().unwrap() = self.tables.clone();
        }
        pause().await;
    }
}

#[async_trait]
impl UnitOfWork for Unit {
    fn orders(&mut self) -> &mut dyn OrderRepo {
        self
    }

    fn stock(&mut self) -> &mut dyn StockRepo {
        self
    }

    fn payments(&mut self) -> &mut dyn PaymentRepo {
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
impl OrderRepo for Unit {
    async fn insert(&mut self, orders: &[NewOrder]) -> Result<(), InsertOrdersError> {
        for new in orders {
            if self.tables.orders.contains_key(&new.order.id) && !self.has(Defect::OverwritesOrders) {
                return Err(InsertOrdersError::NumberTaken("in use".into()));
            }
            if !self.tables.addresses.iter().any(|(_, address, _)| address.id == new.address_id) {
                return Err(StoreError::Refused("no such address".into()).into());
            }
            let stored =
                StoredOrder { order: new.order.clone(), address_id: new.address_id, has_snapshots: true };
            self.tables.orders.insert(new.order.id.clone(), stored);
        }
        self.wrote().await;
        Ok(())
    }

    async fn find_for_update(&mut self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        Ok(self.tables.order(id, self.defect))
    }

    async fn change_status(&mut self, change: &StatusChange) -> Result<bool, StoreError> {
        let ignores_old = self.has(Defect::IgnoresOldStatus);
        let Some(stored) = self.tables.orders.get_mut(&change.order_id) else { return Ok(false) };
        if stored.order.status != change.from && !ignores_old {
            return Ok(false);
        }
        stored.order.status = change.to;
        let row = TimelineRow {
            from: change.from.code().into(),
            to: change.to.code().into(),
            actor: change.actor.as_str().to_owned(),
            reason: change.reason.chars().take(200).collect(),
        };
        self.tables.timeline.push((change.order_id.clone(), row));
        self.wrote().await;
        Ok(true)
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
        self.retake(allocations).await
    }

    async fn retake(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError> {
        let (oversells, forgets) = (self.has(Defect::Oversells), self.has(Defect::ForgetsVersion));
        for wanted in allocations {
            let Some((_, books)) = self.tables.skus.get_mut(&wanted.sku_id) else {
                return Ok(StockOutcome::Changed);
            };
            let pieces = i64::from(wanted.pieces);
            if books.stock < pieces && !oversells {
                return Ok(StockOutcome::Changed);
            }
            books.stock -= pieces;
            books.sales += pieces;
            books.version += i64::from(!forgets);
        }
        self.wrote().await;
        Ok(StockOutcome::Taken)
    }
}

#[async_trait]
impl PaymentRepo for Unit {
    async fn of_order(&mut self, out_trade_no: &str) -> Result<Vec<PaymentRecord>, StoreError> {
        let of_order = |payment: &&PaymentRecord| payment.trade.out_trade_no == out_trade_no;
        Ok(self.tables.payments.iter().filter(of_order).cloned().collect())
    }

    async fn record(&mut self, payment: &PaymentRecord) -> Result<bool, StoreError> {
        let is_known =
            self.tables.payments.iter().any(|known| known.trade.trade_no == payment.trade.trade_no);
        if is_known && !self.has(Defect::RecordsTwice) {
            return Ok(false);
        }
        self.tables.payments.push(payment.clone());
        self.wrote().await;
        Ok(true)
    }
}

#[async_trait]
impl IdempotencyRepo for Unit {
    async fn record(&mut self, orders: &[NewOrder], _at: ShopTime) -> Result<bool, StoreError> {
        for (key, bound) in orders.iter().filter_map(key_of) {
            if self.tables.keys.contains_key(&key) && !self.has(Defect::BindsTwice) {
                return Ok(false);
            }
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
