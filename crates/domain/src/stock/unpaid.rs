use std::collections::BTreeMap;

use crate::{Purchase, Refusal, SkuId};

/// The limits on the unpaid orders of one buyer, because their stock is not available to others.
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

/// The unpaid orders of a buyer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnpaidOrders {
    /// The number of orders.
    pub orders: u32,
    /// The number of pieces of each SKU.
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
        for (sku_id, quantity) in purchase.lines() {
            let held = unpaid.and_then(|unpaid| unpaid.pieces.get(&sku_id)).copied().unwrap_or(0);
            let limit = self.most_pieces(stock(&sku_id), held);
            if held.saturating_add(quantity.pieces()) > limit {
                return Err(Refusal::TooManyUnpaidPieces { sku_id, limit });
            }
        }
        Ok(())
    }

    /// The most unpaid pieces of a SKU with this stock, for a buyer who already holds `held` pieces.
    fn most_pieces(&self, stock: u32, held: u32) -> u32 {
        let all = u64::from(stock) + u64::from(held);
        let share = (all * u64::from(self.share_percent.min(100)) / 100).max(1);
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        self.pieces.map_or(share, |pieces| pieces.min(share))
    }
}

impl UnpaidOrders {
    /// Counts another order of this purchase.
    pub(crate) fn add(&mut self, purchase: &Purchase) {
        self.orders = self.orders.saturating_add(1);
        for (sku_id, quantity) in purchase.lines() {
            let held = self.pieces.entry(sku_id).or_default();
            *held = held.saturating_add(quantity.pieces());
        }
    }
}

#[cfg(test)]
mod tests;
