use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::{
    Allocation, Money, NewOrder, Order, OrderId, OrderStatus, PaymentRecord, RepeatGuard, Restock, Shipment,
    ShopTime, StatusChange, StockMove, StockMoveKind, TimelineEntry, TradeStatus,
};
use ports::{
    CartRemoval, CartRemovalMode, CartRemovals, Claimed, IdempotencyRepo, InsertOrdersError, OrderRepo,
    Outbox, PaymentRepo, RefundRepo, StockOutcome, StockRepo, StoreError, UnitOfWork, UnitsOfWork,
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
        let writer = self.alone().await;
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
    fn orders(&mut self) -> &mut dyn OrderRepo {
        self
    }

    fn stock(&mut self) -> &mut dyn StockRepo {
        self
    }

    fn payments(&mut self) -> &mut dyn PaymentRepo {
        self
    }

    fn refunds(&mut self) -> &mut dyn RefundRepo {
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
impl OrderRepo for Unit {
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
        let entry = TimelineEntry {
            from: Some(change.from),
            to: change.to,
            cause: change.cause.clone(),
            reason: change.reason.chars().take(200).collect(),
            at: change.at,
        };
        self.tables.timeline.push((change.order_id.clone(), entry));
        self.tables.due.remove(&change.order_id);
        self.tables.set_due(&change.order_id, change.due_at);
        self.wrote().await;
        Ok(true)
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

    async fn record_shipment(&mut self, id: &OrderId, shipment: &Shipment) -> Result<(), StoreError> {
        if let Some(stored) = self.tables.orders.get_mut(id) {
            stored.order.shipment = Some(shipment.clone());
        }
        self.wrote().await;
        Ok(())
    }

    async fn set_refunded(&mut self, id: &OrderId, amount: Money) -> Result<(), StoreError> {
        if let Some(stored) = self.tables.orders.get_mut(id) {
            stored.order.refunded_amount = amount;
        }
        self.wrote().await;
        Ok(())
    }

    async fn claim_due(
        &mut self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<OrderId>>, StoreError> {
        let mut due: Vec<_> = self.tables.due.iter().filter(|(_, due)| due.at <= now).collect();
        due.sort_by_key(|(_, due)| due.at);
        let claimed: Vec<_> = due
            .into_iter()
            .take(usize::try_from(limit).unwrap())
            .map(|(id, due)| Claimed { item: id.clone(), attempts: due.attempts })
            .collect();
        for Claimed { item, attempts } in &claimed {
            if !self.has(Defect::ForgetsLeases) {
                self.tables.due.insert(item.clone(), Due { at: lease_until, attempts: attempts + 1 });
            }
        }
        self.wrote().await;
        Ok(claimed)
    }

    async fn set_due(
        &mut self,
        id: &OrderId,
        status: OrderStatus,
        due_at: Option<ShopTime>,
    ) -> Result<(), StoreError> {
        let ignores_old = self.has(Defect::IgnoresOldStatus);
        if self.tables.orders.get(id).is_some_and(|stored| stored.order.status == status || ignores_old) {
            self.tables.set_due(id, due_at);
        }
        self.wrote().await;
        Ok(())
    }
}

impl Tables {
    fn set_due(&mut self, id: &OrderId, due_at: Option<ShopTime>) {
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

    async fn retake(
        &mut self,
        order_id: &OrderId,
        allocations: &[Allocation],
        at: ShopTime,
    ) -> Result<StockOutcome, StoreError> {
        let outcome = self.take_any(allocations).await?;
        for line in allocations {
            let kind = StockMoveKind::Revived;
            let moved = StockMove { sku_id: line.sku_id, pieces: line.pieces, kind, at };
            if self.tables.moved(order_id, &moved) {
                return Ok(StockOutcome::Changed);
            }
            self.tables.moves.push((order_id.clone(), moved));
        }
        Ok(outcome)
    }

    async fn give_back(
        &mut self,
        order_id: &OrderId,
        kind: &StockMoveKind,
        pieces: &[Restock],
        at: ShopTime,
    ) -> Result<bool, StoreError> {
        for back in pieces {
            let moved = StockMove { sku_id: back.sku_id, pieces: back.pieces, kind: kind.clone(), at };
            if self.tables.moved(order_id, &moved) && !self.has(Defect::ReturnsTwice) {
                return Ok(false);
            }
            self.tables.moves.push((order_id.clone(), moved));
            if let Some((_, books)) = self.tables.skus.get_mut(&back.sku_id) {
                books.stock += i64::from(back.pieces);
                books.sales -= i64::from(back.pieces);
                books.version += 1;
            }
        }
        self.wrote().await;
        Ok(true)
    }

    async fn moves_of(&mut self, order_id: &OrderId) -> Result<Vec<StockMove>, StoreError> {
        let of_order = self.tables.moves.iter().filter(|(id, _)| id == order_id);
        Ok(of_order.map(|(_, moved)| moved.clone()).collect())
    }
}

impl Tables {
    /// Whether there is a movement of this order, SKU and kind.
    fn moved(&self, order_id: &OrderId, moved: &StockMove) -> bool {
        self.moves
            .iter()
            .any(|(id, known)| id == order_id && (known.sku_id, &known.kind) == (moved.sku_id, &moved.kind))
    }
}

impl Unit {
    async fn take_any(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError> {
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

    async fn set_refunded(&mut self, trade_no: &str, amount: Money) -> Result<(), StoreError> {
        let of_trade = self.tables.payments.iter_mut().filter(|payment| payment.trade.trade_no == trade_no);
        of_trade.for_each(|payment| payment.trade.refunded = amount);
        self.wrote().await;
        Ok(())
    }

    async fn close(&mut self, trade_no: &str) -> Result<(), StoreError> {
        let of_trade = self.tables.payments.iter_mut().filter(|payment| payment.trade.trade_no == trade_no);
        of_trade.for_each(|payment| payment.trade.status = TradeStatus::Closed);
        self.wrote().await;
        Ok(())
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
