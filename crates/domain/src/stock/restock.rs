use std::collections::BTreeMap;

use crate::SkuId;

/// Pieces of a SKU that an order holds, or that go back into stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restock {
    /// The SKU.
    pub sku_id: SkuId,
    /// How many.
    pub pieces: u32,
}

/// The sums by SKU, in ascending order, without SKUs of zero pieces.
pub(crate) fn by_sku(lines: impl IntoIterator<Item = Restock>) -> Vec<Restock> {
    let mut sums: BTreeMap<SkuId, u32> = BTreeMap::new();
    for Restock { sku_id, pieces } in lines {
        let sum = sums.entry(sku_id).or_default();
        *sum = sum.saturating_add(pieces);
    }
    let line = |(sku_id, pieces)| Restock { sku_id, pieces };
    sums.into_iter().map(line).filter(|line| line.pieces > 0).collect()
}
