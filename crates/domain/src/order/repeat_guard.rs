use sha2::{Digest, Sha256};

use crate::{AddressId, Purchase, Quantity, SkuId, UserId, hex::half_in_hex};

/// A digest that two clicks on one button have in common: of buyer, lines, address, and whether the lines are the
/// cart's. It is unique in the database, so that only one of two clicks becomes an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RepeatGuard(String);

impl RepeatGuard {
    /// The guard for a buyer's purchase, from the cart or not. It is a digest because there may be many lines and the
    /// column is short.
    pub fn new(user_id: UserId, address_id: AddressId, purchase: &Purchase, is_of_cart: bool) -> Self {
        let button = if is_of_cart { "cart" } else { "direct" };
        let line = |(sku_id, quantity): (SkuId, Quantity)| format!(" {sku_id}*{}", quantity.pieces());
        let lines: String = purchase.lines().map(line).collect();
        Self(half_in_hex(&Sha256::digest(format!("{button} {user_id} {address_id}{lines}"))))
    }

    /// The 32 characters that are stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
