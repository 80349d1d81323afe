use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{Quantity, QuantityLimit};

const PRICING: Pricing = Pricing { freight: Money::ZERO, free_from: None };

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

struct GroupAllocation {
    outcomes: Vec<Result<Quote, Refusal>>,
    taken: Vec<Allocation>,
}

fn allocate(demands: &[StockDemand<'_>], skus: &BTreeMap<SkuId, Sku>) -> GroupAllocation {
    let mut allocator = Allocator::new(skus, &PRICING, &UnpaidLimits::NONE, BTreeMap::new());
    let outcomes = demands.iter().map(|demand| allocator.serve(demand)).collect();
    GroupAllocation { outcomes, taken: allocator.taken() }
}

fn allocate_all(purchases: &[Purchase], skus: &BTreeMap<SkuId, Sku>) -> GroupAllocation {
    let demand = |purchase| StockDemand { buyer: UserId(4), purchase, expected_amount: None };
    allocate(&purchases.iter().map(demand).collect::<Vec<_>>(), skus)
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
    assert_eq!(group.outcomes, [Err(Refusal::Unavailable(SkuId(1))), Err(Refusal::Unavailable(SkuId(7)))]);
}

#[test]
fn another_amount_than_expected_takes_nothing() {
    let wanted = purchase(&[(1, 2)]);
    let demand = |expected: &str| StockDemand {
        buyer: UserId(4),
        purchase: &wanted,
        expected_amount: expected.parse().ok(),
    };
    let group = allocate(&[demand("2.99"), demand("3.00")], &shelf(&[2]));
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
    /// It never oversells and never refuses an order that fits: compared with a second, simple way to count.
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
                .map(|(sku_id, quantity)| (usize::try_from(sku_id.0).unwrap() - 1, quantity.pieces()))
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

/// The limits count the buyer's recorded orders and those in the group; other buyers' orders do not count.
#[test]
fn a_buyer_of_the_group_is_held_to_the_limits() {
    let skus = shelf(&[10]);
    let limits = UnpaidLimits { orders: Some(3), pieces: None, share_percent: 50 };
    let mut on_record = UnpaidOrders { orders: 1, ..UnpaidOrders::default() };
    on_record.pieces.insert(SkuId(1), 2);
    let mut allocator = Allocator::new(&skus, &PRICING, &limits, BTreeMap::from([(UserId(4), on_record)]));
    let mut serve = |buyer, pieces| {
        let purchase = purchase(&[(1, pieces)]);
        allocator.serve(&StockDemand { buyer: UserId(buyer), purchase: &purchase, expected_amount: None })
    };
    let too_many = Refusal::TooManyUnpaidPieces { sku_id: SkuId(1), limit: 6 };
    assert_eq!(serve(4, 5), Err(too_many), "half of the 10 in stock and of the 2 that the buyer holds");
    assert!(serve(4, 3).is_ok());
    assert!(serve(4, 1).is_ok());
    assert_eq!(serve(4, 1), Err(Refusal::TooManyUnpaidOrders { limit: 3 }));
    assert!(serve(5, 3).is_ok(), "half of the 6 that are left");
    assert_eq!(serve(5, 1), Err(Refusal::TooManyUnpaidPieces { sku_id: SkuId(1), limit: 3 }));
    assert_eq!(allocator.taken().iter().map(|taken| taken.pieces).collect::<Vec<_>>(), [7]);
}

#[test]
fn one_piece_each_until_none_is_left() {
    let purchases = vec![Purchase::of_one(SkuId(1), Quantity::ONE); 200];
    let group = allocate_all(&purchases, &shelf(&[50]));
    assert_eq!(group.outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 50);
    assert!(group.outcomes[..50].iter().all(Result::is_ok));
}
