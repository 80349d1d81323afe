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
