use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{Cart, CartLineChange, OrderId, SkuId, UserId};
use ports::{CartError, CartRemoval, CartStore, contract::Carts};

use super::{Defect, Memory, pause, read_line};

#[async_trait]
impl CartStore for Memory {
    async fn load(&self, user_id: UserId) -> Result<Cart, CartError> {
        Ok(self.tables().cart(user_id, self.defect))
    }

    async fn load_many(&self, user_ids: &[UserId]) -> Result<BTreeMap<UserId, Cart>, CartError> {
        // With this defect all users get the first user's cart.
        let owner = |user_id: &UserId| match (self.defect, user_ids.first()) {
            (Some(Defect::IgnoresOwner), Some(first)) => *first,
            _ => *user_id,
        };
        let cart = |user_id: &UserId| (*user_id, self.tables().cart(owner(user_id), self.defect));
        Ok(user_ids.iter().map(cart).collect())
    }

    async fn remove_ordered(&self, removals: &[CartRemoval]) -> Result<Vec<OrderId>, CartError> {
        if self.has(Defect::RemovesInTwoSteps) {
            let looked_at = self.tables().carts.clone();
            for removal in removals {
                for (sku_id, stamp) in &removal.lines {
                    let line = (removal.user_id, *sku_id);
                    if looked_at.get(&line) == Some(&stamp.0) {
                        // Long enough for another program's change to arrive.
                        for _ in 0..1_000 {
                            pause().await;
                        }
                        self.tables().carts.remove(&line);
                    }
                }
            }
        } else {
            self.tables().remove_from_carts(removals, self.defect);
        }
        Ok(Vec::new())
    }

    async fn write(&self, user_id: UserId, changes: &[CartLineChange]) -> Result<bool, CartError> {
        let before = self.tables().carts.clone();
        // Long enough for others to read the same.
        for _ in 0..20 {
            pause().await;
        }
        let mut tables = self.tables();
        let looked_at = if self.has(Defect::WritesInTwoSteps) { before } else { tables.carts.clone() };
        let is_as_it_was = |change: &CartLineChange| {
            let stored = looked_at.get(&(user_id, change.sku_id));
            let line = stored.and_then(|value| read_line(change.sku_id, value));
            line.map(|line| line.stamp) == change.was || self.has(Defect::IgnoresStamp)
        };
        let writes_some = self.has(Defect::WritesSome);
        if !writes_some && !changes.iter().all(is_as_it_was) {
            return Ok(false);
        }
        for change in changes.iter().filter(|change| is_as_it_was(change)) {
            let CartLineChange { count, selected, .. } = change;
            let selected = i32::from(*selected);
            let value = match self.defect {
                Some(Defect::WritesItsOwnForm) => format!("{{\"count\":{count},\"selected\":{selected}}}"),
                Some(_) | None => format!("{{\"count\": {count}, \"selected\": {selected}}}"),
            };
            tables.carts.insert((user_id, change.sku_id), value);
        }
        Ok(true)
    }

    async fn discard(&self, user_id: UserId, sku_ids: &[SkuId]) -> Result<(), CartError> {
        self.tables().carts.retain(|(owner, sku_id), _| *owner != user_id || !sku_ids.contains(sku_id));
        Ok(())
    }
}

#[async_trait]
impl Carts for Memory {
    fn store(&self) -> &dyn CartStore {
        self
    }

    async fn put(&self, user_id: UserId, sku_id: SkuId, value: &str) {
        self.tables().carts.insert((user_id, sku_id), value.to_owned());
    }

    async fn value(&self, user_id: UserId, sku_id: SkuId) -> Option<String> {
        self.tables().carts.get(&(user_id, sku_id)).cloned()
    }
}
