use super::*;

#[test]
fn free_from_the_threshold_on() {
    let money = |text: &str| text.parse::<Money>().unwrap();
    let policy = Pricing { freight: money("10.00"), free_from: Some(money("99")) };
    assert_eq!(policy.freight_for(money("98.99")), money("10.00"));
    assert_eq!(policy.freight_for(money("99.00")), Money::ZERO);
    let never_free = Pricing { free_from: None, ..policy };
    assert_eq!(never_free.freight_for(Money::MAX), money("10.00"));
}
