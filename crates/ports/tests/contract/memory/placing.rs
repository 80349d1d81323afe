use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    Allocation, NewOrder, NotAdmitted, OrderEvent, OrderId, OrderStatus, RepeatGuard, ShopTime, Sku, SkuId,
    UnpaidOrders, UserId,
};
use ports::{
    BegunPlacing, Buyer, BuyerQuery, CartRemoval, CartRemovalQueue, Obstacle, OrderClaim, PlacingOutcome,
    PlacingStore, PlacingTransaction, StockOutcome, StockRepo, StoreError, Users,
};

use super::{Defect, Memory, StoredOrder, Tables, key_text, pause, writing::Unit};

#[async_trait]
impl PlacingStore for Memory {
    async fn buyers(&self, queries: &[BuyerQuery]) -> Result<Vec<Result<Buyer, NotAdmitted>>, StoreError> {
        let mut buyers = Vec::new();
        for query in queries {
            let destination = self.destination(&query.caller, query.address_id).await?;
            let tables = self.tables();
            let buyer = destination.map(|destination| {
                let user_id = destination.user_id;
                let of_user = tables.removals.iter().filter(|(_, removal)| removal.user_id == user_id);
                let latest_order_at = tables.orders_of(user_id).map(|order| order.order.created_at).max();
                Buyer {
                    user_id,
                    address: destination.address,
                    ordered_lines: of_user.flat_map(|(_, removal)| removal.lines.clone()).collect(),
                    latest_order_at,
                }
            });
            buyers.push(buyer);
        }
        Ok(buyers)
    }

    async fn begin_group(
        &self,
        claims: &[OrderClaim],
        count_unpaid: bool,
    ) -> Result<BegunPlacing, StoreError> {
        let unit = self.unit().await;
        let tables = self.tables();
        let obstacles = claims.iter().map(|claim| tables.obstacle(claim)).collect();
        let mut unpaid = BTreeMap::new();
        for claim in claims.iter().filter(|_| count_unpaid) {
            let held = tables.unpaid(claim.user_id);
            if held != UnpaidOrders::default() {
                unpaid.insert(claim.user_id, held);
            }
        }
        Ok(BegunPlacing { transaction: Box::new(unit), obstacles, unpaid })
    }

    async fn release_guard(&self, id: &OrderId, guard: &RepeatGuard) -> Result<(), StoreError> {
        let mut unit = self.unit().await;
        unit.release_guard(id, guard).await;
        unit.commit().await;
        Ok(())
    }
}

#[async_trait]
impl StockRepo for Unit {
    async fn take(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError> {
        Ok(self.take_as_quoted(allocations).await)
    }
}

#[async_trait]
impl PlacingTransaction for Unit {
    async fn skus(&mut self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError> {
        Ok(self.tables.skus(ids))
    }

    async fn write(mut self: Box<Self>, orders: &[NewOrder]) -> Result<PlacingOutcome, StoreError> {
        let committed = PlacingOutcome::Committed(self.mode);
        if let Some(at) = orders.iter().map(|new| new.order.created_at).max() {
            if let Some(refused) = self.insert(orders).await? {
                return Ok(refused);
            }
            let events: Vec<_> = orders.iter().map(OrderEvent::created).collect();
            self.tell(&events).await;
            if !self.bind_keys(orders, at).await {
                return Ok(PlacingOutcome::ClaimTaken);
            }
            let removals: Vec<CartRemoval> = orders.iter().filter_map(CartRemoval::of).collect();
            self.remove_lines(&removals, at).await;
        }
        self.commit().await;
        Ok(committed)
    }
}

#[async_trait]
impl CartRemovalQueue for Memory {
    async fn pending_of(&self, user_id: UserId) -> Result<Vec<CartRemoval>, StoreError> {
        let tables = self.tables();
        let is_its = |removal: &&CartRemoval| removal.user_id == user_id || self.has(Defect::IgnoresOwner);
        Ok(tables.removals.iter().map(|(_, removal)| removal).filter(is_its).cloned().collect())
    }

    async fn take_over(
        &self,
        before: ShopTime,
        now: ShopTime,
        limit: u32,
    ) -> Result<Vec<CartRemoval>, StoreError> {
        let _writer = self.alone().await;
        let mut found = self.tables().removals.clone();
        pause().await;
        found.retain(|(at, _)| *at < before || self.has(Defect::ClaimsYoung));
        found.sort_by_key(|(at, removal)| (*at, removal.order_id.clone()));
        found.truncate(usize::try_from(limit).unwrap());
        let taken: Vec<CartRemoval> = found.into_iter().map(|(_, removal)| removal).collect();
        for (at, removal) in &mut self.tables().removals {
            if taken.contains(removal) && !self.has(Defect::ForgetsLeases) {
                *at = now;
            }
        }
        Ok(taken)
    }

    async fn forget(&self, order_ids: &[OrderId]) -> Result<(), StoreError> {
        self.tables().removals.retain(|(_, removal)| !order_ids.contains(&removal.order_id));
        Ok(())
    }
}

impl Tables {
    fn orders_of(&self, user_id: UserId) -> impl Iterator<Item = &StoredOrder> {
        self.orders.values().filter(move |stored| stored.order.user_id == user_id)
    }

    fn obstacle(&self, claim: &OrderClaim) -> Option<Obstacle> {
        let key = claim.key.as_ref().map(|key| (claim.user_id, key_text(key)));
        let has_guard = |stored: &StoredOrder| stored.guard.is_some() && stored.guard == claim.guard;
        let is_newer = |stored: &StoredOrder| Some(stored.order.created_at) > claim.latest_order_at;
        if key.is_some_and(|key| self.keys.contains_key(&key)) {
            Some(Obstacle::KeyInUse)
        } else if self.orders.values().any(has_guard) {
            Some(Obstacle::GuardInUse)
        } else if claim.is_of_cart && self.orders_of(claim.user_id).any(is_newer) {
            Some(Obstacle::CartOrdered)
        } else {
            None
        }
    }

    fn unpaid(&self, user_id: UserId) -> UnpaidOrders {
        let mut unpaid = UnpaidOrders::default();
        let is_unpaid = |stored: &&StoredOrder| {
            stored.order.status == OrderStatus::AwaitingPayment && stored.order.expire_at.is_some()
        };
        for stored in self.orders_of(user_id).filter(is_unpaid) {
            unpaid.orders += 1;
            for line in &stored.order.goods {
                *unpaid.pieces.entry(line.sku_id).or_default() += line.quantity.pieces();
            }
        }
        unpaid
    }
}
