use std::collections::BTreeMap;

use crate::{InvalidQuantity, Money, Pricing, Quantity, QuantityLimit, Sku, SkuId};

/// The SKUs that a buyer wants to buy: at least one, each once, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase(BTreeMap<SkuId, Quantity>);

/// The cost of a purchase at the present prices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quote {
    /// The SKUs that can be bought, in ascending order of SKU ids.
    pub lines: Vec<PricedLine>,
    /// The SKUs that cannot be bought.
    pub unavailable: Vec<Unavailable>,
    /// The number of pieces in all lines.
    pub total_count: u32,
    /// The sum of the lines.
    pub goods_amount: Money,
    /// The freight; zero if no SKU can be bought.
    pub freight: Money,
    /// Goods and freight: the amount that Alipay will charge.
    pub payment_amount: Money,
}

/// One SKU of a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedLine {
    /// The SKU, as it is now.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// Price times quantity.
    pub amount: Money,
}

/// A SKU that was asked for and cannot be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable {
    /// The SKU.
    pub sku_id: SkuId,
    /// Why.
    pub reason: UnavailableReason,
}

/// Why a SKU cannot be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnavailableReason {
    /// There is no such SKU.
    Gone,
    /// It is off the shelf.
    OffShelf,
}

/// The sum exceeds [`Money::MAX`], or the number of pieces exceeds `i32::MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sum of the purchase is more than an order can cost")]
pub struct AmountTooLarge;

impl Purchase {
    /// A purchase of these SKUs; `None` if there are none.
    pub fn new(lines: BTreeMap<SkuId, Quantity>) -> Option<Self> {
        (!lines.is_empty()).then_some(Self(lines))
    }

    /// A purchase of cart lines with their counts; `None` if there are none. The count of a SKU that cannot be bought
    /// is ignored, so that a wrong count there does not hide the lines that can be bought.
    pub fn of_cart(
        lines: &BTreeMap<SkuId, i64>,
        skus: &BTreeMap<SkuId, Sku>,
        limit: QuantityLimit,
    ) -> Result<Option<Self>, InvalidQuantity> {
        let quantity = |sku_id, count| match available(skus, sku_id) {
            Ok(_) => limit.quantity(count),
            Err(_) => Ok(Quantity::ONE),
        };
        let lines = lines.iter().map(|(sku_id, count)| Ok((*sku_id, quantity(*sku_id, *count)?)));
        Ok(Self::new(lines.collect::<Result<_, _>>()?))
    }

    /// A purchase of one SKU.
    pub fn of_one(sku_id: SkuId, quantity: Quantity) -> Self {
        Self(BTreeMap::from([(sku_id, quantity)]))
    }

    /// The SKUs with their quantities, in ascending order of SKU ids.
    pub fn lines(&self) -> impl Iterator<Item = (SkuId, Quantity)> {
        self.0.iter().map(|(sku_id, quantity)| (*sku_id, *quantity))
    }

    /// The SKUs in ascending order.
    pub fn sku_ids(&self) -> impl Iterator<Item = SkuId> {
        self.0.keys().copied()
    }

    /// The cost of the purchase, with `skus` as the catalogue has them now.
    pub fn quote(&self, skus: &BTreeMap<SkuId, Sku>, pricing: &Pricing) -> Result<Quote, AmountTooLarge> {
        let mut lines = Vec::with_capacity(self.0.len());
        let mut unavailable = Vec::new();
        for (sku_id, quantity) in self.lines() {
            match available(skus, sku_id) {
                Err(reason) => unavailable.push(Unavailable { sku_id, reason }),
                Ok(sku) => {
                    let amount = sku.price.checked_mul(quantity.pieces()).ok_or(AmountTooLarge)?;
                    lines.push(PricedLine { sku: sku.clone(), quantity, amount });
                }
            }
        }
        let goods_amount = Money::checked_sum(lines.iter().map(|line| line.amount)).ok_or(AmountTooLarge)?;
        let freight = if lines.is_empty() { Money::ZERO } else { pricing.freight_for(goods_amount) };
        let payment_amount = goods_amount.checked_add(freight).ok_or(AmountTooLarge)?;
        let total_count = lines
            .iter()
            .try_fold(0_u32, |sum, line| sum.checked_add(line.quantity.pieces()))
            .filter(|count| i32::try_from(*count).is_ok())
            .ok_or(AmountTooLarge)?;
        Ok(Quote { lines, unavailable, total_count, goods_amount, freight, payment_amount })
    }
}

/// The SKU, if it can be bought.
fn available(skus: &BTreeMap<SkuId, Sku>, sku_id: SkuId) -> Result<&Sku, UnavailableReason> {
    match skus.get(&sku_id) {
        None => Err(UnavailableReason::Gone),
        Some(sku) if !sku.is_launched => Err(UnavailableReason::OffShelf),
        Some(sku) => Ok(sku),
    }
}

impl Quote {
    /// Whether there are lines to order and they cost 0.00, which Alipay does not accept as a payment.
    pub fn costs_nothing(&self) -> bool {
        !self.lines.is_empty() && self.payment_amount.is_zero()
    }
}

#[cfg(test)]
mod tests;
