use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{Money, OrderId, OrderStatus, Quantity, ShippingAddress, UserId};

pub(crate) fn noon() -> ShopTime {
    ShopTime::parse("2019-11-28 12:00:00").unwrap()
}

/// A paid order of 323.91 with lines of (SKU, pieces).
pub(crate) fn order(lines: &[(i32, u32)]) -> Order {
    let line = |(id, pieces): &(i32, u32)| OrderGoods {
        sku_id: SkuId(*id),
        name: String::new(),
        default_image_url: String::new(),
        price: "1.00".parse().unwrap(),
        quantity: Quantity::stored(i32::try_from(*pieces).unwrap()).unwrap(),
        attributes: Vec::new(),
    };
    Order {
        id: OrderId::parse("2019112820400804").unwrap(),
        user_id: UserId(4),
        status: OrderStatus::AwaitingShipment,
        total_count: lines.iter().map(|(_, pieces)| pieces).sum(),
        total_amount: "323.91".parse().unwrap(),
        freight: Money::ZERO,
        discount: Money::ZERO,
        amendments: 0,
        shipping: ShippingAddress {
            title: String::new(),
            receiver: String::new(),
            mobile: String::new(),
            address: String::new(),
        },
        created_at: noon(),
        expire_at: None,
        shipment: None,
        refunded_amount: Money::ZERO,
        goods: lines.iter().map(line).collect(),
    }
}

pub(crate) fn moved(sku_id: i32, pieces: u32, kind: StockMoveKind) -> StockMove {
    StockMove { sku_id: SkuId(sku_id), pieces, kind, at: noon() }
}

pub(crate) fn taken_back(sku_id: i32, pieces: u32) -> StockMove {
    moved(sku_id, pieces, StockMoveKind::Refunded("r".to_owned()))
}

#[test]
fn kinds_are_stored_as_words() {
    use StockMoveKind::{Cancelled, Refunded, Revived};
    let of = |number: &str| Refunded(number.to_owned());
    for (kind, word, is_return) in [
        (Cancelled, "cancel", true),
        (Revived, "revive", false),
        (of("shop-1"), "refund:shop-1", true),
        (of("refund:x"), "refund:refund:x", true),
        (of(""), "refund:", true),
    ] {
        assert_eq!(kind.to_word(), word);
        assert_eq!(kind.is_return(), is_return);
        assert_eq!(StockMoveKind::from_word(word), Some(kind));
    }
    for word in ["", "Cancel", "cancelled", "refund", "revive:1"] {
        assert_eq!(StockMoveKind::from_word(word), None, "{word}");
    }
}

#[test]
fn an_order_holds_what_did_not_go_back() {
    let order = order(&[(4, 2), (5, 1), (4, 3)]);
    let held = |moves: &[StockMove], sku| pieces_held(&order, moves, SkuId(sku));
    assert_eq!([4, 5, 6].map(|sku| held(&[], sku)), [5, 1, 0], "two lines of one SKU are one holding");

    let partly = [taken_back(4, 1), taken_back(4, 1)];
    assert_eq!([4, 5].map(|sku| held(&partly, sku)), [3, 1]);

    let cancelled = [moved(4, 5, StockMoveKind::Cancelled), moved(5, 1, StockMoveKind::Cancelled)];
    assert_eq!([4, 5].map(|sku| held(&cancelled, sku)), [0, 0]);

    let mut revived = cancelled.to_vec();
    revived.extend([moved(4, 5, StockMoveKind::Revived), moved(5, 1, StockMoveKind::Revived)]);
    assert_eq!([4, 5].map(|sku| held(&revived, sku)), [5, 1]);
    revived.push(taken_back(4, 5));
    assert_eq!([4, 5].map(|sku| held(&revived, sku)), [0, 1]);
    revived.push(taken_back(4, 1));
    assert_eq!(held(&revived, 4), 0, "what cannot be is nothing, and not a great many");
}

#[test]
fn the_first_of_two_lines_of_one_sku_is_filled_first() {
    let order = order(&[(4, 2), (5, 1), (4, 3)]);
    let returned = |pieces| returned_by_line(&order, &[taken_back(4, pieces)]);
    assert_eq!(returned(0), [0, 0, 0]);
    assert_eq!(returned(1), [1, 0, 0]);
    assert_eq!(returned(2), [2, 0, 0]);
    assert_eq!(returned(3), [2, 0, 1]);
    assert_eq!(returned(5), [2, 0, 3]);
    assert_eq!(returned(9), [2, 0, 3], "never more than was bought");
}

#[test]
fn what_came_out_of_stock_again_is_not_returned() {
    let order = order(&[(4, 2), (5, 1)]);
    let mut moves = vec![moved(4, 2, StockMoveKind::Cancelled), moved(5, 1, StockMoveKind::Cancelled)];
    assert_eq!(returned_by_line(&order, &moves), [2, 1]);
    moves.extend([moved(4, 2, StockMoveKind::Revived), moved(5, 1, StockMoveKind::Revived)]);
    assert_eq!(returned_by_line(&order, &moves), [0, 0]);
    moves.push(taken_back(4, 1));
    assert_eq!(returned_by_line(&order, &moves), [1, 0]);
}

#[test]
fn pieces_of_other_skus_are_nobodys() {
    let order = order(&[(4, 2)]);
    assert_eq!(returned_by_line(&order, &[taken_back(6, 2)]), [0]);
    assert_eq!(pieces_held(&order, &[taken_back(6, 2)], SkuId(4)), 2);
    assert_eq!(returned_by_line(&Order { goods: Vec::new(), ..order }, &[taken_back(4, 2)]), [0_u32; 0]);
}

proptest! {
    /// The returned pieces of all lines and the pieces that the order holds sum up to the bought pieces, unless more
    /// went back than were bought.
    #[test]
    fn every_piece_is_somewhere(
        lines in vec((1_i32..4, 1_u32..9), 1..6),
        shares in vec((1_i32..4, 0_u32..9), 0..12),
    ) {
        let order = order(&lines);
        let mut held: BTreeMap<i32, u32> = BTreeMap::new();
        for (sku, pieces) in &lines {
            *held.entry(*sku).or_default() += pieces;
        }
        let mut moves = Vec::new();
        for (sku, wish) in shares {
            let left = held.entry(sku).or_default();
            let pieces = wish.min(*left);
            *left -= pieces;
            moves.push(taken_back(sku, pieces));
        }
        let returned = returned_by_line(&order, &moves);
        prop_assert_eq!(returned.len(), lines.len());
        for ((_, bought), back) in lines.iter().zip(&returned) {
            prop_assert!(back <= bought);
        }
        for (sku, left) in held {
            prop_assert_eq!(pieces_held(&order, &moves, SkuId(sku)), left);
            let of_sku = |line: &&(&(i32, u32), &u32)| line.0.0 == sku;
            let pairs: Vec<_> = lines.iter().zip(&returned).collect();
            let bought: u32 = pairs.iter().filter(of_sku).map(|line| line.0.1).sum();
            let back: u32 = pairs.iter().filter(of_sku).map(|line| line.1).sum();
            prop_assert_eq!(back + left, bought);
        }
    }
}
