mod edit;

pub use edit::{CartEdit, CartLineChange, CartRefusal, OfflineLine};

use crate::SkuId;

/// A buyer's cart, in the order of SKU ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cart {
    /// At most one line per SKU.
    pub lines: Vec<CartLine>,
}

/// One SKU in a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLine {
    /// The SKU.
    pub sku_id: SkuId,
    /// The stored number of pieces. It may be outside the allowed range, which the use case checks.
    pub count: i64,
    /// Whether the buyer ticked it; only ticked lines are ordered.
    pub selected: bool,
    /// The stored form of the line, to detect later changes.
    pub stamp: CartStamp,
}

/// The stored form of a cart line, byte for byte. A line whose stamp differs has been changed by the buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartStamp(pub String);

impl Cart {
    /// The cart without the ordered lines that have not left it yet. A line that the buyer changed since stays.
    #[must_use]
    pub fn without(mut self, ordered: &[(SkuId, CartStamp)]) -> Self {
        let was_ordered = |line: &CartLine| {
            ordered.iter().any(|(sku_id, stamp)| *sku_id == line.sku_id && *stamp == line.stamp)
        };
        self.lines.retain(|line| !was_ordered(line));
        self
    }

    /// The ticked lines.
    pub fn selected(&self) -> impl Iterator<Item = &CartLine> {
        self.lines.iter().filter(|line| line.selected)
    }
}

#[cfg(test)]
mod tests;
