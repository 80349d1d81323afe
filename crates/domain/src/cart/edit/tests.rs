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

/// SKU, count and tick of each written line.
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
    let offline = [OfflineLine { sku_id: SkuId(1), count: 1 }, OfflineLine { sku_id: SkuId(3), count: 1 }];
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
