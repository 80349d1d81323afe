use super::*;

#[test]
fn a_quantity_is_from_one_to_the_limit() {
    let limit = QuantityLimit::new(200).unwrap();
    for good in [1, 2, 200] {
        assert_eq!(limit.quantity(good).map(|quantity| i64::from(quantity.pieces())), Ok(good));
    }
    for bad in [0, -1, 201, i64::MAX, i64::MIN, i64::from(u32::MAX) + 2] {
        assert_eq!(limit.quantity(bad), Err(InvalidQuantity { most: 200 }), "{bad}");
    }
    assert_eq!(QuantityLimit::new(0), None);
    assert_eq!(QuantityLimit::new(u32::MAX), None);
}
