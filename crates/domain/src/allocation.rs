use std::collections::BTreeMap;

use crate::{AmountTooLarge, FreightPolicy, Money, Purchase, Quote, Sku, SkuId};

/// One order of a group that asks for stock.
#[derive(Debug, Clone, Copy)]
pub struct StockDemand<'a> {
    /// What is wanted.
    pub purchase: &'a Purchase,
    /// What the client believes it costs, freight included, where it says so.
    pub expected_amount: Option<Money>,
}

/// Why an order of the group gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A SKU is gone or off the shelf.
    #[error("SKU {0} is gone or off the shelf")]
    Unavailable(SkuId),
    /// Too few pieces of a SKU are left for this order.
    #[error("too few pieces of SKU {0} are left")]
    StockShort(SkuId),
    /// The order costs something else than the client expected.
    #[error("the order costs {0} now")]
    AmountChanged(Money),
    /// The order costs more than an order can.
    #[error("the order costs more than an order can")]
    TooExpensive,
    /// The order costs nothing, which cannot be paid at Alipay.
    #[error("the order costs nothing")]
    CostsNothing,
}

/// Pieces of one SKU to be taken for the whole group, at the price that was quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// Which SKU.
    pub sku_id: SkuId,
    /// How many pieces.
    pub pieces: u32,
    /// The price at which they were quoted: no stock may be taken at another.
    pub price: Money,
}

/// Who of a group gets what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAllocation {
    /// For each demand, in their order, the quote it is served at or why it is not.
    pub outcomes: Vec<Result<Quote, Refusal>>,
    /// What is to be taken from the stock, in ascending order of SKU ids, each once.
    pub taken: Vec<Allocation>,
}

/// Shares the stock out among a group of orders: first come, first served, each whole or not at all.
///
/// `skus` is what the catalogue has now; the caller then takes [`GroupAllocation::taken`] from the stock in one
/// transaction with the orders, or, where that fails because the stock changed meanwhile, asks again.
pub fn allocate(
    demands: &[StockDemand<'_>],
    skus: &BTreeMap<SkuId, Sku>,
    freight: &FreightPolicy,
) -> GroupAllocation {
    let mut left: BTreeMap<SkuId, u32> = skus.iter().map(|(id, sku)| (*id, sku.stock)).collect();
    let outcomes: Vec<_> = demands.iter().map(|demand| serve(demand, skus, freight, &mut left)).collect();
    let taken = skus.values().filter_map(|sku| {
        let pieces = sku.stock - left.get(&sku.id).copied().unwrap_or(sku.stock);
        (pieces > 0).then_some(Allocation { sku_id: sku.id, pieces, price: sku.price })
    });
    GroupAllocation { taken: taken.collect(), outcomes }
}

fn serve(
    demand: &StockDemand<'_>,
    skus: &BTreeMap<SkuId, Sku>,
    freight: &FreightPolicy,
    left: &mut BTreeMap<SkuId, u32>,
) -> Result<Quote, Refusal> {
    let quote = demand.purchase.quote(skus, freight).map_err(|AmountTooLarge| Refusal::TooExpensive)?;
    if let Some(line) = quote.unavailable.first() {
        return Err(Refusal::Unavailable(line.sku_id));
    }
    let short =
        |line: &&crate::PricedLine| left.get(&line.sku.id).is_none_or(|left| *left < line.quantity.pieces());
    if let Some(line) = quote.lines.iter().find(short) {
        return Err(Refusal::StockShort(line.sku.id));
    }
    if quote.costs_nothing() {
        return Err(Refusal::CostsNothing);
    }
    if demand.expected_amount.is_some_and(|expected| expected != quote.payment_amount) {
        return Err(Refusal::AmountChanged(quote.payment_amount));
    }
    for line in &quote.lines {
        if let Some(left) = left.get_mut(&line.sku.id) {
            *left -= line.quantity.pieces();
        }
    }
    Ok(quote)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{Quantity, QuantityLimit};

    const FREIGHT: FreightPolicy = FreightPolicy { flat: Money::ZERO, free_from: None };

    fn shelf(stocks: &[u32]) -> BTreeMap<SkuId, Sku> {
        let sku = |(index, stock): (usize, &u32)| Sku {
            id: SkuId(i32::try_from(index).unwrap() + 1),
            name: String::new(),
            default_image_url: String::new(),
            price: "1.50".parse().unwrap(),
            stock: *stock,
            is_launched: true,
            attributes: Vec::new(),
        };
        stocks.iter().enumerate().map(sku).map(|sku| (sku.id, sku)).collect()
    }

    fn purchase(lines: &[(i32, i64)]) -> Purchase {
        let quantity = |n| QuantityLimit::new(200).unwrap().quantity(n).unwrap();
        Purchase::new(lines.iter().map(|(id, n)| (SkuId(*id), quantity(*n))).collect()).unwrap()
    }

    fn allocate_all(purchases: &[Purchase], skus: &BTreeMap<SkuId, Sku>) -> GroupAllocation {
        let demands: Vec<_> =
            purchases.iter().map(|purchase| StockDemand { purchase, expected_amount: None }).collect();
        allocate(&demands, skus, &FREIGHT)
    }

    #[test]
    fn first_come_first_served_and_whole_or_not_at_all() {
        let purchases =
            [purchase(&[(1, 3)]), purchase(&[(1, 2), (2, 1)]), purchase(&[(2, 1)]), purchase(&[(1, 1)])];
        let group = allocate_all(&purchases, &shelf(&[4, 1]));
        assert!(group.outcomes[0].is_ok());
        assert_eq!(group.outcomes[1], Err(Refusal::StockShort(SkuId(1))));
        assert!(group.outcomes[2].is_ok(), "the refused order left SKU 2 alone");
        assert!(group.outcomes[3].is_ok(), "a smaller order still fits");
        let taken: Vec<_> = group.taken.iter().map(|taken| (taken.sku_id.0, taken.pieces)).collect();
        assert_eq!(taken, [(1, 4), (2, 1)]);
    }

    #[test]
    fn the_first_short_sku_is_named() {
        let group = allocate_all(&[purchase(&[(1, 1), (2, 9), (3, 9)])], &shelf(&[1, 1, 1]));
        assert_eq!(group.outcomes, [Err(Refusal::StockShort(SkuId(2)))]);
        assert_eq!(group.taken, []);
    }

    #[test]
    fn off_the_shelf_or_gone_is_refused_before_stock() {
        let mut skus = shelf(&[5, 0]);
        skus.get_mut(&SkuId(1)).unwrap().is_launched = false;
        let group = allocate_all(&[purchase(&[(1, 1), (2, 1)]), purchase(&[(7, 1)])], &skus);
        assert_eq!(
            group.outcomes,
            [Err(Refusal::Unavailable(SkuId(1))), Err(Refusal::Unavailable(SkuId(7)))]
        );
    }

    #[test]
    fn another_amount_than_expected_takes_nothing() {
        let wanted = purchase(&[(1, 2)]);
        let demand =
            |expected: &str| StockDemand { purchase: &wanted, expected_amount: expected.parse().ok() };
        let group = allocate(&[demand("2.99"), demand("3.00")], &shelf(&[2]), &FREIGHT);
        assert_eq!(group.outcomes[0], Err(Refusal::AmountChanged("3.00".parse().unwrap())));
        assert!(group.outcomes[1].is_ok());
    }

    #[test]
    fn an_order_of_nothing_is_refused() {
        let mut skus = shelf(&[5]);
        skus.get_mut(&SkuId(1)).unwrap().price = Money::ZERO;
        let group = allocate_all(&[purchase(&[(1, 1)])], &skus);
        assert_eq!((group.outcomes, group.taken), (vec![Err(Refusal::CostsNothing)], vec![]));
    }

    proptest! {
        /// Never oversells, never refuses what fits: compared with a second, plain way to count.
        #[test]
        fn stock_is_shared_out_exactly(
            stocks in vec(0_u32..30, 1..6),
            orders in vec(vec((1_i32..7, 1_i64..12), 1..5), 0..40),
        ) {
            let skus = shelf(&stocks);
            let purchases: Vec<_> = orders.iter().map(|lines| purchase(lines)).collect();
            let group = allocate_all(&purchases, &skus);

            let mut left = stocks.clone();
            for (purchase, outcome) in purchases.iter().zip(&group.outcomes) {
                let lines: Vec<(usize, u32)> = purchase.lines()
                    .map(|line| (usize::try_from(line.sku_id.0).unwrap() - 1, line.quantity.pieces()))
                    .collect();
                let known = lines.iter().all(|(index, _)| *index < left.len());
                let fits = known && lines.iter().all(|(index, pieces)| left[*index] >= *pieces);
                prop_assert_eq!(outcome.is_ok(), fits);
                if fits {
                    for (index, pieces) in lines {
                        left[index] -= pieces;
                    }
                }
            }
            for (index, stock) in stocks.iter().enumerate() {
                let id = SkuId(i32::try_from(index).unwrap() + 1);
                let taken = group.taken.iter().find(|taken| taken.sku_id == id).map_or(0, |taken| taken.pieces);
                prop_assert_eq!(taken, stock - left[index]);
            }
            prop_assert!(group.taken.is_sorted_by(|a, b| a.sku_id < b.sku_id));
        }
    }

    #[test]
    fn one_piece_each_until_none_is_left() {
        let purchases = vec![Purchase::of_one(SkuId(1), Quantity::ONE); 200];
        let group = allocate_all(&purchases, &shelf(&[50]));
        assert_eq!(group.outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 50);
        assert!(group.outcomes[..50].iter().all(Result::is_ok));
    }
}
