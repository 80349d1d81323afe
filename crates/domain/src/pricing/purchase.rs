use std::collections::BTreeMap;

use crate::{InvalidQuantity, Money, Pricing, Quantity, QuantityLimit, Sku, SkuId};

/// What a buyer wants to buy: at least one SKU, each once, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase(BTreeMap<SkuId, Quantity>);

/// One SKU of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurchaseLine {
    /// Which SKU.
    pub sku_id: SkuId,
    /// How many.
    pub quantity: Quantity,
}

/// What a purchase costs at the present prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What can be bought, in ascending order of SKU ids.
    pub lines: Vec<PricedLine>,
    /// What cannot.
    pub unavailable: Vec<Unavailable>,
    /// Pieces in all lines.
    pub total_count: u32,
    /// What the goods cost.
    pub goods_amount: Money,
    /// What the delivery costs; nothing where there is nothing to deliver.
    pub freight: Money,
    /// Goods and freight: what Alipay will charge.
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
    /// Which.
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

/// The sum is more than an order can cost: [`Money::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sum of the purchase is more than an order can cost")]
pub struct AmountTooLarge;

impl Purchase {
    /// A purchase of these SKUs; nothing where there are none.
    pub fn new(lines: BTreeMap<SkuId, Quantity>) -> Option<Self> {
        (!lines.is_empty()).then_some(Self(lines))
    }

    /// A purchase of lines of a cart with their counts; nothing where there are none. Of what cannot be bought the count does not
    /// matter: nobody buys any of it, and a count that is not allowed hides nothing that can be bought.
    ///
    /// # Errors
    /// The count of a line that can be bought is not within the limit.
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

    /// The lines in ascending order of SKU ids.
    pub fn lines(&self) -> impl Iterator<Item = PurchaseLine> {
        self.0.iter().map(|(sku_id, quantity)| PurchaseLine { sku_id: *sku_id, quantity: *quantity })
    }

    /// The SKUs in ascending order.
    pub fn sku_ids(&self) -> impl Iterator<Item = SkuId> {
        self.0.keys().copied()
    }

    /// What the purchase costs, with `skus` as the catalogue has them now.
    ///
    /// # Errors
    /// The sum is more than an order can cost.
    pub fn quote(&self, skus: &BTreeMap<SkuId, Sku>, pricing: &Pricing) -> Result<Quote, AmountTooLarge> {
        let mut lines = Vec::with_capacity(self.0.len());
        let mut unavailable = Vec::new();
        for PurchaseLine { sku_id, quantity } in self.lines() {
            match available(skus, sku_id) {
                Err(reason) => unavailable.push(Unavailable { sku_id, reason }),
                Ok(sku) => {
                    let amount = sku.price.checked_mul(quantity.pieces()).ok_or(AmountTooLarge)?;
                    lines.push(PricedLine { sku: sku.clone(), quantity, amount });
                }
            }
        }
        Quote::of(lines, unavailable, pricing)
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
    fn of(
        lines: Vec<PricedLine>,
        unavailable: Vec<Unavailable>,
        pricing: &Pricing,
    ) -> Result<Self, AmountTooLarge> {
        let goods_amount = Money::checked_sum(lines.iter().map(|line| line.amount)).ok_or(AmountTooLarge)?;
        let freight = if lines.is_empty() { Money::ZERO } else { pricing.freight_for(goods_amount) };
        let payment_amount = goods_amount.checked_add(freight).ok_or(AmountTooLarge)?;
        let total_count = lines
            .iter()
            .try_fold(0_u32, |sum, line| sum.checked_add(line.quantity.pieces()))
            .filter(|count| i32::try_from(*count).is_ok())
            .ok_or(AmountTooLarge)?;
        Ok(Self { lines, unavailable, total_count, goods_amount, freight, payment_amount })
    }

    /// Whether there is something to order, and it costs nothing: Alipay takes no payment of 0.00.
    pub fn costs_nothing(&self) -> bool {
        !self.lines.is_empty() && self.payment_amount.is_zero()
    }

    /// The quote of nothing.
    pub fn empty() -> Self {
        Self {
            lines: Vec::new(),
            unavailable: Vec::new(),
            total_count: 0,
            goods_amount: Money::ZERO,
            freight: Money::ZERO,
            payment_amount: Money::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::QuantityLimit;

    fn sku(id: i32, price: &str, is_launched: bool) -> (SkuId, Sku) {
        let sku = Sku {
            id: SkuId(id),
            name: format!("SKU {id}"),
            default_image_url: String::new(),
            price: price.parse().unwrap(),
            stock: 0,
            is_launched,
            attributes: Vec::new(),
        };
        (sku.id, sku)
    }

    fn purchase(lines: &[(i32, i64)]) -> Purchase {
        let limit = QuantityLimit::new(1_000_000).unwrap();
        Purchase::new(lines.iter().map(|(id, n)| (SkuId(*id), limit.quantity(*n).unwrap())).collect())
            .unwrap()
    }

    fn flat_ten() -> Pricing {
        Pricing { freight: "10".parse().unwrap(), free_from: None }
    }

    #[test]
    fn the_recorded_order_costs_what_it_cost() {
        // The old system charged 323 for this order of 323.91.
        let skus = BTreeMap::from([sku(4, "104.95", true), sku(5, "104.01", true)]);
        let quote = purchase(&[(5, 1), (4, 2)]).quote(&skus, &flat_ten()).unwrap();
        assert_eq!(quote.lines.iter().map(|line| line.sku.id.0).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(quote.total_count, 3);
        assert_eq!(quote.goods_amount.to_string(), "313.91");
        assert_eq!(quote.payment_amount.to_string(), "323.91");
    }

    #[test]
    fn what_cannot_be_bought_is_named_and_costs_nothing() {
        let skus = BTreeMap::from([sku(1, "5", true), sku(2, "7", false)]);
        let quote = purchase(&[(1, 1), (2, 1), (3, 1)]).quote(&skus, &flat_ten()).unwrap();
        assert_eq!(quote.payment_amount.to_string(), "15.00");
        let reasons: Vec<_> = quote.unavailable.iter().map(|line| (line.sku_id.0, line.reason)).collect();
        assert_eq!(reasons, [(2, UnavailableReason::OffShelf), (3, UnavailableReason::Gone)]);
    }

    #[test]
    fn a_count_matters_of_what_can_be_bought_alone() {
        let skus = BTreeMap::from([sku(1, "5", true), sku(2, "7", false)]);
        let limit = QuantityLimit::new(200).unwrap();
        let of_cart = |lines: &[(i32, i64)]| {
            let lines = lines.iter().map(|(id, count)| (SkuId(*id), *count)).collect();
            Purchase::of_cart(&lines, &skus, limit)
        };
        let quote = of_cart(&[(1, 2), (2, 0), (3, 201)]).unwrap().unwrap().quote(&skus, &flat_ten()).unwrap();
        assert_eq!((quote.total_count, quote.unavailable.len()), (2, 2));
        assert_eq!(quote.goods_amount.to_string(), "10.00");
        assert_eq!(of_cart(&[(1, 201), (2, 1)]), Err(InvalidQuantity { most: 200 }));
        assert_eq!(of_cart(&[]), Ok(None));
    }

    #[test]
    fn nothing_to_deliver_costs_no_freight() {
        let quote = purchase(&[(9, 1)]).quote(&BTreeMap::new(), &flat_ten()).unwrap();
        assert_eq!(Quote { unavailable: Vec::new(), ..quote }, Quote::empty());
    }

    #[test]
    fn a_sum_too_large_is_refused() {
        let skus = BTreeMap::from([sku(1, "99999999.99", true), sku(2, "99999995.00", true)]);
        assert_eq!(purchase(&[(1, 2)]).quote(&skus, &flat_ten()), Err(AmountTooLarge));
        assert_eq!(purchase(&[(1, 1), (2, 1)]).quote(&skus, &flat_ten()), Err(AmountTooLarge));
        assert_eq!(purchase(&[(2, 1)]).quote(&skus, &flat_ten()), Err(AmountTooLarge), "freight on top");
    }
}
