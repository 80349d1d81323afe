use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::{AddressId, Purchase, UserId, hex::half_in_hex};

/// What two clicks on one button have in common: buyer, lines, address, and whether the lines are the cart's. It is unique
/// in the database, so that of two clicks only one can become an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RepeatGuard(String);

impl RepeatGuard {
    /// Of what a buyer orders, from the cart or without it. A digest: lines may be many, and the column is short.
    pub fn new(user_id: UserId, address_id: AddressId, purchase: &Purchase, is_of_cart: bool) -> Self {
        let button = if is_of_cart { "cart" } else { "direct" };
        let mut text = format!("{button} {user_id} {address_id}");
        for line in purchase.lines() {
            // Writing to a text cannot fail.
            let _ok = write!(text, " {}*{}", line.sku_id, line.quantity.pieces());
        }
        Self(half_in_hex(&Sha256::digest(text.as_bytes())))
    }

    /// The 32 characters that are stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
