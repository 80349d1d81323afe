use std::collections::BTreeMap;

use crate::{
    AmountTooLarge, Money, Pricing, Purchase, Quote, Refusal, Sku, SkuId, UnpaidLimits, UnpaidOrders, UserId,
};

/// One order of a group that asks for stock.
#[derive(Debug, Clone, Copy)]
pub struct StockDemand<'a> {
    /// The buyer.
    pub buyer: UserId,
    /// The wanted SKUs and quantities.
    pub purchase: &'a Purchase,
    /// The amount that the client expects, freight included, if it named one.
    pub expected_amount: Option<Money>,
}

/// Pieces of one SKU to be taken from the stock for the whole group, at the quoted price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// The SKU.
    pub sku_id: SkuId,
    /// How many pieces.
    pub pieces: u32,
    /// The quoted price: no stock may be taken at another price.
    pub price: Money,
}

/// Allocates the stock to a group of orders: first come, first served, each order completely or not at all.
///
/// The caller then takes [`Allocator::taken`] from the stock in one transaction with the orders. If that fails because
/// the stock changed meanwhile, the caller starts again.
#[derive(Debug)]
pub struct Allocator<'a> {
    skus: &'a BTreeMap<SkuId, Sku>,
    pricing: &'a Pricing,
    limits: &'a UnpaidLimits,
    left: BTreeMap<SkuId, u32>,
    unpaid: BTreeMap<UserId, UnpaidOrders>,
}

impl<'a> Allocator<'a> {
    /// An allocator for the SKUs as the catalogue has them now; `unpaid` are the unpaid orders of each buyer.
    pub fn new(
        skus: &'a BTreeMap<SkuId, Sku>,
        pricing: &'a Pricing,
        limits: &'a UnpaidLimits,
        unpaid: BTreeMap<UserId, UnpaidOrders>,
    ) -> Self {
        let left = skus.iter().map(|(id, sku)| (*id, sku.stock)).collect();
        Self { skus, pricing, limits, left, unpaid }
    }

    /// Allocates stock to the next order of the group and returns its quote. A refused order takes nothing.
    pub fn serve(&mut self, demand: &StockDemand<'_>) -> Result<Quote, Refusal> {
        let quote =
            demand.purchase.quote(self.skus, self.pricing).map_err(|AmountTooLarge| Refusal::TooExpensive)?;
        if let Some(line) = quote.unavailable.first() {
            return Err(Refusal::Unavailable(line.sku_id));
        }
        let left_of = |id: &SkuId| self.left.get(id).copied().unwrap_or(0);
        if let Some(line) = quote.lines.iter().find(|line| left_of(&line.sku.id) < line.quantity.pieces()) {
            return Err(Refusal::StockShort(line.sku.id));
        }
        if quote.costs_nothing() {
            return Err(Refusal::CostsNothing);
        }
        if demand.expected_amount.is_some_and(|expected| expected != quote.payment_amount) {
            return Err(Refusal::AmountChanged(quote.payment_amount));
        }
        self.limits.check(self.unpaid.get(&demand.buyer), demand.purchase, left_of)?;
        for (sku_id, quantity) in demand.purchase.lines() {
            if let Some(left) = self.left.get_mut(&sku_id) {
                *left -= quantity.pieces();
            }
        }
        self.unpaid.entry(demand.buyer).or_default().add(demand.purchase);
        Ok(quote)
    }

    /// The pieces to take from the stock for the served orders, each SKU once, in ascending order.
    pub fn taken(&self) -> Vec<Allocation> {
        let taken = self.skus.values().filter_map(|sku| {
            let pieces = sku.stock - self.left.get(&sku.id).copied().unwrap_or(sku.stock);
            (pieces > 0).then_some(Allocation { sku_id: sku.id, pieces, price: sku.price })
        });
        taken.collect()
    }
}

#[cfg(test)]
mod tests;
