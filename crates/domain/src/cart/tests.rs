use super::*;

#[test]
fn what_was_ordered_is_not_there_unless_it_was_changed() {
    let line = |sku: i32, stamp: &str| CartLine {
        sku_id: SkuId(sku),
        count: 1,
        selected: true,
        stamp: CartStamp(stamp.to_owned()),
    };
    let ordered = |sku: i32, stamp: &str| (SkuId(sku), CartStamp(stamp.to_owned()));
    let cart = Cart { lines: vec![line(1, "a"), line(2, "b"), line(3, "a")] };
    let left = cart.clone().without(&[ordered(1, "a"), ordered(2, "a"), ordered(4, "a")]);
    assert_eq!(left.lines, [line(2, "b"), line(3, "a")]);
    assert_eq!(cart.clone().without(&[]), cart);
}
