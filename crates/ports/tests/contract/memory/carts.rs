use async_trait::async_trait;
use domain::{Cart, SkuId, UserId};
use ports::{CartError, CartRemoval, CartStore, contract::Carts};

use super::{Defect, Memory, pause};

#[async_trait]
impl CartStore for Memory {
    async fn load(&self, user_id: UserId) -> Result<Cart, CartError> {
        Ok(self.tables().cart(user_id, self.defect))
    }

    async fn remove_ordered(&self, removals: &[CartRemoval]) -> Result<(), CartError> {
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
