mod purchase;
mod quantity;

pub use purchase::{AmountTooLarge, PricedLine, Purchase, Quote, Unavailable, UnavailableReason};
pub use quantity::{InvalidQuantity, Quantity, QuantityLimit};

use crate::Money;

/// The freight rule: a flat price per delivery, free from a goods amount on if the shop sets one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pricing {
    /// The price of one delivery.
    pub freight: Money,
    /// The goods amount from which delivery is free, if any.
    pub free_from: Option<Money>,
}

impl Pricing {
    /// The freight of an order with this goods amount.
    pub fn freight_for(&self, goods_amount: Money) -> Money {
        let is_free = self.free_from.is_some_and(|threshold| goods_amount >= threshold);
        if is_free { Money::ZERO } else { self.freight }
    }
}

#[cfg(test)]
mod tests;
