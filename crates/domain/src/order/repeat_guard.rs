use sha2::{Digest, Sha256};

use crate::{AddressId, Purchase, Quantity, SkuId, UserId, hex::half_in_hex};

/// What two clicks on one button have in common: buyer, lines, address, and whether the lines are the cart's. It is unique
/// in the database, so that of two clicks only one can become an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RepeatGuard(String);

impl RepeatGuard {
    /// Of what a buyer orders, from the cart or without it. A digest: lines may be many, and the column is short.
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
