use super::*;

#[test]
fn each_kind_has_a_word() {
    let nothing = ShippingAddress {
        title: String::new(),
        receiver: String::new(),
        mobile: String::new(),
        address: String::new(),
    };
    let amount = Amendment::Amount { before: Money::MAX, after: Money::ZERO };
    assert_eq!((amount.as_str(), Amendment::Address { before: nothing }.as_str()), ("amount", "address"));
}
