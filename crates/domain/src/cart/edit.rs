use std::collections::BTreeMap;

use crate::{Cart, CartLine, CartStamp, QuantityLimit, Sku, SkuId};

/// A change that a buyer makes to the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartEdit {
    /// Adds pieces of a SKU, and ticks its line.
    Add {
        /// The SKU.
        sku_id: SkuId,
        /// How many, as the client says.
        count: i64,
    },
    /// Adds one piece to a line.
    Increment(SkuId),
    /// Removes one piece from a line, but never the last one.
    Decrement(SkuId),
    /// Sets the number of pieces of a line; its tick stays as it is.
    Set {
        /// The SKU.
        sku_id: SkuId,
        /// How many, as the client says.
        count: i64,
    },
    /// Ticks a line.
    Select(SkuId),
    /// Unticks a line.
    Unselect(SkuId),
    /// Ticks every line that can be bought.
    SelectAll,
    /// Unticks every line.
    UnselectAll,
}

/// A cart line that a page stored before its buyer signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfflineLine {
    /// The SKU.
    pub sku_id: SkuId,
    /// How many, as the client says.
    pub count: i64,
}

/// A line to be written, if the stored line is still as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLineChange {
    /// The SKU.
    pub sku_id: SkuId,
    /// The line as it was read; `None` if there was no readable line.
    pub was: Option<CartStamp>,
    /// The new number of pieces.
    pub count: i64,
    /// Whether the line is ticked now.
    pub selected: bool,
}

/// Why a change of a cart is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CartRefusal {
    /// The SKU does not exist, is off the shelf, or is not in the cart.
    #[error("no such SKU that can be bought, or no such line")]
    UnknownSku,
    /// The number of pieces is below one.
    #[error("not a number of pieces")]
    InvalidCount,
    /// The stock has fewer pieces.
    #[error("more than the stock")]
    StockShort,
    /// More pieces of one SKU than an order may have.
    #[error("more than {most} pieces of one SKU")]
    OverLimit {
        /// The configured limit.
        most: u32,
    },
    /// The cart has [`Cart::MOST_LINES`] lines or more.
    #[error("a cart has at most {} lines", Cart::MOST_LINES)]
    Full,
}

impl Cart {
    /// The most lines to which a cart can grow; a stored one may have more.
    pub const MOST_LINES: usize = 200;

    /// The SKUs that an edit needs to know.
    pub fn concerned(&self, edit: CartEdit) -> Vec<SkuId> {
        match edit {
            CartEdit::Add { sku_id, .. }
            | CartEdit::Set { sku_id, .. }
            | CartEdit::Increment(sku_id)
            | CartEdit::Select(sku_id) => vec![sku_id],
            CartEdit::SelectAll => self.lines.iter().map(|line| line.sku_id).collect(),
            CartEdit::Decrement(_) | CartEdit::Unselect(_) | CartEdit::UnselectAll => Vec::new(),
        }
    }

    /// The lines that an edit writes; there may be none. `skus` has at least the existing ones of [`Cart::concerned`].
    pub fn edit(
        &self,
        edit: CartEdit,
        skus: &BTreeMap<SkuId, Sku>,
        limit: QuantityLimit,
    ) -> Result<Vec<CartLineChange>, CartRefusal> {
        let on_shelf =
            |sku_id: SkuId| skus.get(&sku_id).filter(|sku| sku.is_launched).ok_or(CartRefusal::UnknownSku);
        let line_of = |sku_id: SkuId| self.find(sku_id).ok_or(CartRefusal::UnknownSku);
        let change = match edit {
            CartEdit::Add { sku_id, count } => {
                let sku = on_shelf(sku_id)?;
                if count < 1 {
                    return Err(CartRefusal::InvalidCount);
                }
                let line = self.find(sku_id);
                if line.is_none() && self.lines.len() >= Self::MOST_LINES {
                    return Err(CartRefusal::Full);
                }
                let before = line.map_or(0, |line| line.count.max(0));
                let count = allowed(before.saturating_add(count), sku, limit)?;
                CartLineChange::of(sku_id, line, count, true)
            }
            CartEdit::Increment(sku_id) => {
                let line = line_of(sku_id)?;
                let count = allowed(line.count.max(0).saturating_add(1), on_shelf(sku_id)?, limit)?;
                CartLineChange::of(sku_id, Some(line), count, line.selected)
            }
            CartEdit::Decrement(sku_id) => {
                let line = line_of(sku_id)?;
                CartLineChange::of(sku_id, Some(line), line.count.saturating_sub(1).max(1), line.selected)
            }
            CartEdit::Set { sku_id, count } => {
                let line = line_of(sku_id)?;
                if count < 1 {
                    return Err(CartRefusal::InvalidCount);
                }
                // Fewer pieces than now are always allowed, even if the SKU has become scarce or is off the shelf.
                let count =
                    if count > line.count { allowed(count, on_shelf(sku_id)?, limit)? } else { count };
                CartLineChange::of(sku_id, Some(line), count, line.selected)
            }
            CartEdit::Select(sku_id) => on_shelf(sku_id).and(line_of(sku_id))?.ticked(true),
            CartEdit::Unselect(sku_id) => line_of(sku_id)?.ticked(false),
            CartEdit::SelectAll => {
                let ticked = self.lines.iter().filter(|line| on_shelf(line.sku_id).is_ok());
                return Ok(ticked.filter_map(|line| line.ticked(true)).collect());
            }
            CartEdit::UnselectAll => {
                return Ok(self.lines.iter().filter_map(|line| line.ticked(false)).collect());
            }
        };
        Ok(change.into_iter().collect())
    }

    /// The lines to write when an offline cart is merged in: for each SKU that can be bought, the larger count, ticked.
    /// An offline count is cut to the stock and the limit. SKUs that cannot be bought are skipped.
    pub fn merge(
        &self,
        offline: &[OfflineLine],
        skus: &BTreeMap<SkuId, Sku>,
        limit: QuantityLimit,
    ) -> Vec<CartLineChange> {
        let mut wanted: BTreeMap<SkuId, i64> = BTreeMap::new();
        for OfflineLine { sku_id, count } in offline.iter().take(Self::MOST_LINES) {
            let Some(sku) = skus.get(sku_id).filter(|sku| sku.is_launched) else { continue };
            let count = (*count).min(sku.stock.min(limit.most()).into());
            if count >= 1 {
                let larger = wanted.entry(*sku_id).or_insert(count);
                *larger = count.max(*larger);
            }
        }
        let mut room = Self::MOST_LINES.saturating_sub(self.lines.len());
        let change = |(sku_id, count): (SkuId, i64)| {
            let line = self.find(sku_id);
            if line.is_none() {
                room = room.checked_sub(1)?;
            }
            CartLineChange::of(sku_id, line, line.map_or(count, |line| line.count.max(count)), true)
        };
        wanted.into_iter().filter_map(change).collect()
    }

    /// The line of a SKU.
    pub fn find(&self, sku_id: SkuId) -> Option<&CartLine> {
        self.lines.iter().find(|line| line.sku_id == sku_id)
    }
}

impl CartLine {
    fn ticked(&self, selected: bool) -> Option<CartLineChange> {
        CartLineChange::of(self.sku_id, Some(self), self.count, selected)
    }
}

impl CartLineChange {
    /// `None` if the line has this count and tick already.
    fn of(sku_id: SkuId, line: Option<&CartLine>, count: i64, selected: bool) -> Option<Self> {
        if line.is_some_and(|line| line.count == count && line.selected == selected) {
            return None;
        }
        Some(Self { sku_id, was: line.map(|line| line.stamp.clone()), count, selected })
    }
}

/// The count, if the stock and the limit allow it.
fn allowed(count: i64, sku: &Sku, limit: QuantityLimit) -> Result<i64, CartRefusal> {
    if count > i64::from(sku.stock) {
        return Err(CartRefusal::StockShort);
    }
    let quantity = limit.quantity(count).map_err(|error| CartRefusal::OverLimit { most: error.most })?;
    Ok(quantity.pieces().into())
}

#[cfg(test)]
mod tests;
