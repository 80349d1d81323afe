//! 购物车: shows a buyer's cart and changes it.

use std::collections::BTreeMap;

use domain::{Caller, Cart, CartEdit, CartLine, CartLineChange, OfflineLine, Sku, SkuId, UserId};
use ports::{CartError, StoreError};

use crate::{
    ShoppingError, ShoppingService,
    jobs::order_ids,
    retries::{ATTEMPTS, Again, Attempts},
};

/// A line of a cart, with its SKU as it is now, which may be off the shelf; `None` if it does not exist any more.
pub type ShownLine = (CartLine, Option<Sku>);

impl ShoppingService {
    /// The lines of the user's cart, in the order of SKU ids.
    pub async fn show_cart(&self, caller: &Caller) -> Result<Vec<ShownLine>, ShoppingError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        self.lines(user_id).await
    }

    /// Changes the user's cart and returns its lines. Concurrent changes are never lost.
    pub async fn edit_cart(&self, caller: &Caller, edit: CartEdit) -> Result<Vec<ShownLine>, ShoppingError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        let mut attempts = Attempts::at_most(ATTEMPTS, &*self.randomness);
        loop {
            let cart = self.cart(user_id).await?;
            let skus = self.skus(&cart.concerned(edit)).await?;
            let changes = cart.edit(edit, &skus, self.rules.quantity_limit)?;
            if self.write(user_id, &changes).await? {
                return self.lines(user_id).await;
            }
            attempts.again(Again::Conflict, ShoppingError::Conflict).await?;
        }
    }

    /// Removes those of the SKUs that are in the user's cart, and returns the remaining lines.
    pub async fn discard_from_cart(
        &self,
        caller: &Caller,
        sku_ids: &[SkuId],
    ) -> Result<Vec<ShownLine>, ShoppingError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        self.carts.discard(user_id, sku_ids).await?;
        self.lines(user_id).await
    }

    /// Merges an offline cart, which a client filled before the sign-in, into the user's cart. Returns the new number of
    /// lines.
    pub async fn merge_cart(&self, user_id: UserId, offline: &[OfflineLine]) -> Result<usize, ShoppingError> {
        // Lines beyond the limit of a cart are not looked up.
        let offline = offline.get(..Cart::MOST_LINES).unwrap_or(offline);
        let ids: Vec<SkuId> = offline.iter().map(|line| line.sku_id).collect();
        let mut attempts = Attempts::at_most(ATTEMPTS, &*self.randomness);
        loop {
            let cart = self.cart(user_id).await?;
            let skus = self.skus(&ids).await?;
            let changes = cart.merge(offline, &skus, self.rules.quantity_limit);
            let added = changes.iter().filter(|change| cart.find(change.sku_id).is_none()).count();
            if self.write(user_id, &changes).await? {
                return Ok(cart.lines.len().saturating_add(added));
            }
            attempts.again(Again::Conflict, ShoppingError::Conflict).await?;
        }
    }

    /// The user's cart, after ordered lines are removed. A buyer who saw such a line and added to it would buy it twice.
    ///
    /// This also applies to an empty cart: a line that is added again unchanged would otherwise be removed as an ordered
    /// one.
    async fn cart(&self, user_id: UserId) -> Result<Cart, ShoppingError> {
        let cart = self.carts.load(user_id).await?;
        let Some(removals) = &self.removals else { return Ok(cart) };
        // Read after the cart, so that an order that is committed in between is included.
        let ordered = removals.pending_of(user_id).await?;
        if ordered.is_empty() {
            return Ok(cart);
        }
        let failed = self.carts.remove_ordered(&ordered).await?;
        removals.forget(&order_ids(&ordered, &failed)).await?;
        if !failed.is_empty() {
            return Err(CartError("ordered lines are still in the cart".into()).into());
        }
        Ok(self.carts.load(user_id).await?)
    }

    async fn lines(&self, user_id: UserId) -> Result<Vec<ShownLine>, ShoppingError> {
        let cart = self.cart(user_id).await?;
        let ids: Vec<SkuId> = cart.lines.iter().map(|line| line.sku_id).collect();
        let mut skus = self.skus(&ids).await?;
        let with_sku = |line: CartLine| {
            let sku = skus.remove(&line.sku_id);
            (line, sku)
        };
        Ok(cart.lines.into_iter().map(with_sku).collect())
    }

    async fn skus(&self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError> {
        if ids.is_empty() { Ok(BTreeMap::new()) } else { self.catalog.skus(ids).await }
    }

    async fn write(&self, user_id: UserId, changes: &[CartLineChange]) -> Result<bool, CartError> {
        if changes.is_empty() { Ok(true) } else { self.carts.write(user_id, changes).await }
    }
}
