use std::collections::BTreeMap;

use crate::{Purchase, Refusal, SkuId};

/// How much one buyer may hold without paying: unpaid orders keep their stock from everybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpaidLimits {
    /// The most unpaid orders; `None` for no limit.
    pub orders: Option<u32>,
    /// The most unpaid pieces of one SKU; `None` for no limit.
    pub pieces: Option<u32>,
    /// The largest share of a SKU's stock that one buyer may hold unpaid, in percent; 100 for no limit. The stock is
    /// what can be sold now together with what the buyer holds. One piece is always allowed.
    pub share_percent: u32,
}

/// What a buyer has ordered and not paid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnpaidOrders {
    /// How many orders.
    pub orders: u32,
    /// How many pieces of each SKU.
    pub pieces: BTreeMap<SkuId, u32>,
}

impl UnpaidLimits {
    /// No limits.
    pub const NONE: Self = Self { orders: None, pieces: None, share_percent: 100 };

    /// Whether there is any limit, so that unpaid orders need to be counted at all.
    pub fn is_any(&self) -> bool {
        *self != Self::NONE
    }

    /// Whether the stock limits what a buyer may hold.
    pub fn has_share(&self) -> bool {
        self.share_percent < Self::NONE.share_percent
    }

    /// Whether a buyer who holds `unpaid` may place another order.
    ///
    /// # Errors
    /// A limit would be exceeded.
    pub(crate) fn check(
        &self,
        unpaid: Option<&UnpaidOrders>,
        purchase: &Purchase,
        stock: impl Fn(&SkuId) -> u32,
    ) -> Result<(), Refusal> {
        if let Some(limit) = self.orders
            && unpaid.map_or(0, |unpaid| unpaid.orders) >= limit
        {
            return Err(Refusal::TooManyUnpaidOrders { limit });
        }
        for line in purchase.lines() {
            let held = unpaid.and_then(|unpaid| unpaid.pieces.get(&line.sku_id)).copied().unwrap_or(0);
            let limit = self.most_pieces(stock(&line.sku_id), held);
            if held.saturating_add(line.quantity.pieces()) > limit {
                return Err(Refusal::TooManyUnpaidPieces { sku_id: line.sku_id, limit });
            }
        }
        Ok(())
    }

    /// The most unpaid pieces of a SKU with this stock, for a buyer who holds so many already.
    fn most_pieces(&self, stock: u32, held: u32) -> u32 {
        let all = u64::from(stock) + u64::from(held);
        let share = (all * u64::from(self.share_percent.min(100)) / 100).max(1);
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        self.pieces.map_or(share, |pieces| pieces.min(share))
    }
}

impl UnpaidOrders {
    /// Counts another order of these goods.
    pub(crate) fn add(&mut self, purchase: &Purchase) {
        self.orders = self.orders.saturating_add(1);
        for line in purchase.lines() {
            let held = self.pieces.entry(line.sku_id).or_default();
            *held = held.saturating_add(line.quantity.pieces());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Quantity;

    fn pieces(pieces: i32) -> Purchase {
        Purchase::of_one(SkuId(1), Quantity::stored(pieces).unwrap())
    }

    fn holding(orders: u32, pieces: u32) -> UnpaidOrders {
        UnpaidOrders { orders, pieces: BTreeMap::from([(SkuId(1), pieces)]) }
    }

    fn check(limits: UnpaidLimits, held: &UnpaidOrders, wanted: i32, stock: u32) -> Option<Refusal> {
        limits.check(Some(held), &pieces(wanted), |_| stock).err()
    }

    #[test]
    fn the_whole_stock_is_no_limit() {
        let share = |share_percent| UnpaidLimits { share_percent, ..UnpaidLimits::NONE };
        assert!(share(99).has_share());
        assert!(!share(100).has_share());
    }

    #[test]
    fn the_number_of_unpaid_orders_is_limited() {
        let limits = UnpaidLimits { orders: Some(10), ..UnpaidLimits::NONE };
        assert_eq!(check(limits, &holding(9, 0), 1, 99), None);
        let refused = Some(Refusal::TooManyUnpaidOrders { limit: 10 });
        assert_eq!(check(limits, &holding(10, 0), 1, 99), refused);
        assert_eq!(check(limits, &holding(11, 0), 1, 99), refused, "the setting was lowered");
        assert_eq!(limits.check(None, &pieces(1), |_| 9), Ok(()));
    }

    #[test]
    fn the_unpaid_pieces_of_one_sku_are_limited() {
        let limits = UnpaidLimits { pieces: Some(200), ..UnpaidLimits::NONE };
        assert_eq!(check(limits, &holding(3, 150), 50, 999), None);
        let refused = Some(Refusal::TooManyUnpaidPieces { sku_id: SkuId(1), limit: 200 });
        assert_eq!(check(limits, &holding(3, 150), 51, 999), refused);
        let elsewhere = UnpaidOrders { orders: 1, pieces: BTreeMap::from([(SkuId(2), 200)]) };
        assert_eq!(check(limits, &elsewhere, 200, 999), None, "each SKU by itself");
    }

    #[test]
    fn the_share_of_a_stock_is_limited_and_one_piece_is_always_allowed() {
        let limits = UnpaidLimits { share_percent: 50, ..UnpaidLimits::NONE };
        assert_eq!(check(limits, &holding(0, 0), 50, 100), None);
        assert!(check(limits, &holding(0, 0), 51, 100).is_some());
        assert_eq!(check(limits, &holding(1, 40), 10, 60), None, "of the stock with what the buyer holds");
        assert!(check(limits, &holding(1, 40), 11, 60).is_some());
        assert_eq!(check(limits, &holding(0, 0), 1, 1), None);
        assert!(check(limits, &holding(1, 1), 1, 1).is_some());
        assert_eq!(check(UnpaidLimits::NONE, &holding(7, 7), 5, 5), None, "the last piece too");
    }

    #[test]
    fn the_tighter_limit_counts() {
        let limits = UnpaidLimits { orders: None, pieces: Some(5), share_percent: 10 };
        assert_eq!((limits.most_pieces(1000, 0), limits.most_pieces(20, 0)), (5, 2));
        assert!(limits.is_any() && !UnpaidLimits::NONE.is_any());
    }
}
