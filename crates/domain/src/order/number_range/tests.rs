use super::*;

fn number(text: &str) -> OrderId {
    OrderId::parse(text).unwrap()
}

#[test]
fn a_range_is_what_all_of_its_limits_leave() {
    let noon = ShopTime::parse("2019-11-28 12:00:00").unwrap();
    let one = ShopTime::parse("2019-11-28 13:00:00").unwrap();
    let (at_noon, later, at_one) = ("2019112812000004", "2019112812595900000001", "2019112813000004");
    let check = |range: &NumberRange, expected: [bool; 3]| {
        assert_eq!([at_noon, later, at_one].map(|text| range.contains(&number(text))), expected);
    };
    check(&NumberRange::all(), [true; 3]);
    check(&NumberRange::all().not_before(noon).earlier_than(one), [true, true, false]);
    check(&NumberRange::all().not_before(one), [false, false, true]);
    check(&NumberRange::all().earlier_than(noon), [false; 3]);
    check(&NumberRange::all().below(&number(at_one)), [true, true, false]);
    check(&NumberRange::all().below(&number(at_noon)).earlier_than(one), [false; 3]);
    check(&NumberRange::all().beginning_with(&number("2019112812")), [true, true, false]);
    check(&NumberRange::all().beginning_with(&number(at_noon)), [true, false, false]);
    check(&NumberRange::all().not_before(one).beginning_with(&number("2019112812")), [false; 3]);
    assert!(NumberRange::all().contains(&number(&"9".repeat(64))));
}
