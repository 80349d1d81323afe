use std::collections::BTreeMap;

use crate::{Cart, CartLine, CartStamp, QuantityLimit, Sku, SkuId};

/// What a buyer does to the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartEdit {
    /// Puts so many more of a SKU into it, and ticks it.
    Add {
        /// Which.
        sku_id: SkuId,
        /// How many, as the client says.
        count: i64,
    },
    /// One more of a SKU that is in it.
    Increment(SkuId),
    /// One less, but never below one.
    Decrement(SkuId),
    /// So many of a SKU that is in it, whatever its line said before; the tick stays as it is.
    Set {
        /// Which.
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

/// A line of a cart that a page kept before its buyer signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfflineLine {
    /// What.
    pub sku_id: SkuId,
    /// How many, as the client says.
    pub count: i64,
}

/// A line that is to be written, if it is still as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLineChange {
    /// Which SKU.
    pub sku_id: SkuId,
    /// The line as it was read; `None` if there was none that can be read.
    pub was: Option<CartStamp>,
    /// How many from now on.
    pub count: i64,
    /// Whether it is ticked from now on.
    pub selected: bool,
}

/// Why a cart stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CartRefusal {
    /// The SKU is gone, off the shelf, or not in the cart.
    #[error("no such SKU that can be bought, or no such line")]
    UnknownSku,
    /// The number of pieces is below one.
    #[error("not a number of pieces")]
    InvalidCount,
    /// There are not so many pieces.
    #[error("more than the stock")]
    StockShort,
    /// More pieces of one SKU than an order may have.
    #[error("more than {most} pieces of one SKU")]
    OverLimit {
        /// The configured limit.
        most: u32,
    },
    /// The cart has as many lines as a cart may have.
    #[error("a cart has at most {} lines", Cart::MOST_LINES)]
    Full,
}

impl Cart {
    /// The most lines that a cart grows to.
    pub const MOST_LINES: usize = 200;

    /// Which SKUs an edit has to know.
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

    /// The lines that an edit writes, which may be none. `skus` has at least the [`Cart::concerned`] ones that exist.
    ///
    /// # Errors
    /// The edit is not possible; nothing is to be written.
    pub fn edit(
        &self,
        edit: CartEdit,
        skus: &BTreeMap<SkuId, Sku>,
        limit: QuantityLimit,
    ) -> Result<Vec<CartLineChange>, CartRefusal> {
        let on_shelf =
            |sku_id: SkuId| skus.get(&sku_id).filter(|sku| sku.is_launched).ok_or(CartRefusal::UnknownSku);
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
                let line = self.find(sku_id).ok_or(CartRefusal::UnknownSku)?;
                let count = allowed(line.count.max(0).saturating_add(1), on_shelf(sku_id)?, limit)?;
                CartLineChange::of(sku_id, Some(line), count, line.selected)
            }
            CartEdit::Decrement(sku_id) => {
                let line = self.find(sku_id).ok_or(CartRefusal::UnknownSku)?;
                CartLineChange::of(sku_id, Some(line), line.count.saturating_sub(1).max(1), line.selected)
            }
            CartEdit::Set { sku_id, count } => {
                let line = self.find(sku_id).ok_or(CartRefusal::UnknownSku)?;
                if count < 1 {
                    return Err(CartRefusal::InvalidCount);
                }
                // Fewer pieces than now are always allowed, also of what has become scarce or is not sold any more.
                let count =
                    if count > line.count { allowed(count, on_shelf(sku_id)?, limit)? } else { count };
                CartLineChange::of(sku_id, Some(line), count, line.selected)
            }
            CartEdit::Select(sku_id) => {
                let line = self.find(sku_id).ok_or(CartRefusal::UnknownSku)?;
                on_shelf(sku_id)?;
                CartLineChange::of(sku_id, Some(line), line.count, true)
            }
            CartEdit::Unselect(sku_id) => {
                let line = self.find(sku_id).ok_or(CartRefusal::UnknownSku)?;
                CartLineChange::of(sku_id, Some(line), line.count, false)
            }
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

    /// The lines that are written when an offline cart is merged in: of each SKU that can be bought the larger count,
    /// ticked. An offline count is cut to the stock and the limit; what cannot be bought is passed over.
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
    /// `None` if the line says so already.
    fn of(sku_id: SkuId, line: Option<&CartLine>, count: i64, selected: bool) -> Option<Self> {
        if line.is_some_and(|line| line.count == count && line.selected == selected) {
            return None;
        }
        Some(Self { sku_id, was: line.map(|line| line.stamp.clone()), count, selected })
    }
}

/// The count, if there are so many pieces and so many may be bought.
fn allowed(count: i64, sku: &Sku, limit: QuantityLimit) -> Result<i64, CartRefusal> {
    if count > i64::from(sku.stock) {
        return Err(CartRefusal::StockShort);
    }
    match limit.quantity(count) {
        Ok(quantity) => Ok(quantity.pieces().into()),
        Err(error) => Err(CartRefusal::OverLimit { most: error.most }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit() -> QuantityLimit {
        QuantityLimit::new(200).unwrap()
    }

    fn sku(id: i32, stock: u32, is_launched: bool) -> Sku {
        Sku {
            id: SkuId(id),
            name: String::new(),
            default_image_url: String::new(),
            price: "209".parse().unwrap(),
            stock,
            is_launched,
            attributes: Vec::new(),
        }
    }

    /// SKU 1 has ten pieces, 2 is off the shelf, 3 has a thousand, 4 none.
    fn skus() -> BTreeMap<SkuId, Sku> {
        let skus = [sku(1, 10, true), sku(2, 10, false), sku(3, 1_000, true), sku(4, 0, true)];
        skus.into_iter().map(|sku| (sku.id, sku)).collect()
    }

    fn stamp(sku: i32) -> CartStamp {
        CartStamp(format!("line {sku}"))
    }

    fn cart(lines: &[(i32, i64, bool)]) -> Cart {
        let line = |(sku, count, selected): &(i32, i64, bool)| CartLine {
            sku_id: SkuId(*sku),
            count: *count,
            selected: *selected,
            stamp: stamp(*sku),
        };
        Cart { lines: lines.iter().map(line).collect() }
    }

    /// SKU, count and tick of what is written.
    fn written(changes: Vec<CartLineChange>) -> Vec<(i32, i64, bool)> {
        changes.into_iter().map(|change| (change.sku_id.0, change.count, change.selected)).collect()
    }

    fn edit(cart: &Cart, edit: CartEdit) -> Result<Vec<(i32, i64, bool)>, CartRefusal> {
        cart.edit(edit, &skus(), limit()).map(written)
    }

    fn add(sku: i32, count: i64) -> CartEdit {
        CartEdit::Add { sku_id: SkuId(sku), count }
    }

    #[test]
    fn adding_sums_up_and_ticks() {
        assert_eq!(edit(&cart(&[]), add(1, 3)), Ok(vec![(1, 3, true)]));
        assert_eq!(edit(&cart(&[(1, 4, false)]), add(1, 3)), Ok(vec![(1, 7, true)]));
        assert_eq!(edit(&cart(&[(1, -4, false)]), add(1, 3)), Ok(vec![(1, 3, true)]));
        let changes = cart(&[(1, 4, false)]).edit(add(1, 3), &skus(), limit()).unwrap();
        assert_eq!(changes[0].was, Some(stamp(1)), "only if it is still so");
        assert_eq!(cart(&[]).edit(add(1, 3), &skus(), limit()).unwrap()[0].was, None);
    }

    #[test]
    fn no_more_than_the_stock_and_the_limit() {
        assert_eq!(edit(&cart(&[(1, 4, true)]), add(1, 6)), Ok(vec![(1, 10, true)]));
        assert_eq!(edit(&cart(&[(1, 4, true)]), add(1, 7)), Err(CartRefusal::StockShort));
        assert_eq!(edit(&cart(&[]), add(4, 1)), Err(CartRefusal::StockShort));
        assert_eq!(edit(&cart(&[(3, 200, true)]), add(3, 1)), Err(CartRefusal::OverLimit { most: 200 }));
        assert_eq!(edit(&cart(&[(3, i64::MAX, true)]), add(3, i64::MAX)), Err(CartRefusal::StockShort));
        let more = |sku| CartEdit::Increment(SkuId(sku));
        assert_eq!(edit(&cart(&[(1, 9, false)]), more(1)), Ok(vec![(1, 10, false)]), "not ticked by that");
        assert_eq!(edit(&cart(&[(1, 10, true)]), more(1)), Err(CartRefusal::StockShort));
        assert_eq!(edit(&cart(&[(3, 200, true)]), more(3)), Err(CartRefusal::OverLimit { most: 200 }));
    }

    #[test]
    fn what_cannot_be_bought_is_not_added_or_ticked() {
        for unknown in [add(2, 1), add(99, 1)] {
            assert_eq!(edit(&cart(&[]), unknown), Err(CartRefusal::UnknownSku));
        }
        for count in [0, -1, i64::MIN] {
            assert_eq!(edit(&cart(&[]), add(1, count)), Err(CartRefusal::InvalidCount));
        }
        let off_shelf = cart(&[(2, 1, false)]);
        for refused in [CartEdit::Select(SkuId(2)), CartEdit::Increment(SkuId(2))] {
            assert_eq!(edit(&off_shelf, refused), Err(CartRefusal::UnknownSku));
        }
    }

    #[test]
    fn one_less_is_always_allowed_and_ends_at_one() {
        let less = |sku| CartEdit::Decrement(SkuId(sku));
        assert_eq!(edit(&cart(&[(1, 15, true)]), less(1)), Ok(vec![(1, 14, true)]), "the stock has shrunk");
        assert_eq!(edit(&cart(&[(1, 1, true)]), less(1)), Ok(vec![]));
        assert_eq!(edit(&cart(&[(2, -7, false)]), less(2)), Ok(vec![(2, 1, false)]));
    }

    #[test]
    fn a_count_is_set_whatever_it_was_before() {
        let set = |sku, count| CartEdit::Set { sku_id: SkuId(sku), count };
        let some = cart(&[(1, 7, false), (2, 5, true), (3, 500, true), (4, 2, true), (99, 5, true)]);
        assert_eq!(edit(&some, set(1, 10)), Ok(vec![(1, 10, false)]), "not ticked by that");
        assert_eq!(edit(&some, set(1, 1)), Ok(vec![(1, 1, false)]));
        assert_eq!(edit(&some, set(1, 7)), Ok(vec![]), "nothing to write");
        assert_eq!(edit(&some, set(1, 11)), Err(CartRefusal::StockShort));
        assert_eq!(edit(&some, set(3, 501)), Err(CartRefusal::OverLimit { most: 200 }));
        assert_eq!(edit(&some, set(2, 6)), Err(CartRefusal::UnknownSku), "off the shelf");
        for (sku, count) in [(2, 1), (3, 300), (4, 1), (99, 4)] {
            assert_eq!(edit(&some, set(sku, count)), Ok(vec![(sku, count, true)]), "fewer is always allowed");
        }
        for count in [0, -1, i64::MIN] {
            assert_eq!(edit(&some, set(1, count)), Err(CartRefusal::InvalidCount));
        }
        assert_eq!(edit(&some, set(1, i64::MAX)), Err(CartRefusal::StockShort));
        let changes = some.edit(set(1, 2), &skus(), limit()).unwrap();
        assert_eq!(changes[0].was, Some(stamp(1)), "only if it is still so");
    }

    #[test]
    fn a_line_that_is_not_there_is_not_edited() {
        let one = SkuId(1);
        for edit_of in [
            CartEdit::Increment(one),
            CartEdit::Decrement(one),
            CartEdit::Set { sku_id: one, count: 1 },
            CartEdit::Select(one),
            CartEdit::Unselect(one),
        ] {
            assert_eq!(edit(&cart(&[(3, 1, true)]), edit_of), Err(CartRefusal::UnknownSku), "{edit_of:?}");
        }
    }

    #[test]
    fn ticking_leaves_the_count_as_it_is() {
        let mixed = cart(&[(1, 99, false), (2, 1, false), (3, 2, true), (99, 1, true)]);
        assert_eq!(edit(&mixed, CartEdit::Select(SkuId(1))), Ok(vec![(1, 99, true)]));
        assert_eq!(edit(&mixed, CartEdit::Unselect(SkuId(3))), Ok(vec![(3, 2, false)]));
        assert_eq!(edit(&mixed, CartEdit::SelectAll), Ok(vec![(1, 99, true)]), "what can be bought");
        assert_eq!(edit(&mixed, CartEdit::UnselectAll), Ok(vec![(3, 2, false), (99, 1, false)]));
        assert_eq!(edit(&cart(&[]), CartEdit::SelectAll), Ok(vec![]));
    }

    #[test]
    fn a_cart_does_not_grow_for_ever() {
        let most = i32::try_from(Cart::MOST_LINES).unwrap();
        let full: Vec<_> = (1_000..1_000 + most).map(|sku| (sku, 1, true)).collect();
        assert_eq!(edit(&cart(&full), add(1, 1)), Err(CartRefusal::Full));
        let offline = [OfflineLine { sku_id: SkuId(1), count: 1 }];
        assert_eq!(cart(&full).merge(&offline, &skus(), limit()), []);
        let room_for_one = cart(&full[1..]);
        let offline =
            [OfflineLine { sku_id: SkuId(1), count: 1 }, OfflineLine { sku_id: SkuId(3), count: 1 }];
        assert_eq!(written(room_for_one.merge(&offline, &skus(), limit())), [(1, 1, true)]);
    }

    #[test]
    fn the_larger_count_is_merged() {
        let offline = [(1, 3), (1, 5), (2, 1), (3, 9_999), (4, 1), (99, 1), (1, -1)]
            .map(|(sku, count)| OfflineLine { sku_id: SkuId(sku), count });
        let merge = |lines: &[(i32, i64, bool)]| written(cart(lines).merge(&offline, &skus(), limit()));
        assert_eq!(merge(&[]), [(1, 5, true), (3, 200, true)]);
        assert_eq!(merge(&[(1, 7, false), (3, 2, true)]), [(1, 7, true), (3, 200, true)]);
        assert_eq!(merge(&[(1, 7, true), (3, 500, true)]), [], "nothing to write");
    }
}
