use super::*;

#[test]
fn the_order_number_is_what_is_before_the_attempts() {
    for (out_trade_no, expected) in [
        ("2019112820400804", "2019112820400804"),
        ("2019112820400804_2", "2019112820400804"),
        ("2019112820400804_", "2019112820400804_"),
        ("2019112820400804_2_3", "2019112820400804_2_3"),
        ("other-shop_1", "other-shop_1"),
        ("_2", "_2"),
        ("", ""),
    ] {
        assert_eq!(order_number(out_trade_no), expected, "{out_trade_no:?}");
    }
}

#[test]
fn words_are_read_as_they_are_written() {
    for product in [PaymentProduct::Page, PaymentProduct::Wap] {
        assert_eq!(PaymentProduct::from_word(product.as_str()), Some(product));
    }
    for state in AttemptState::ALL {
        assert_eq!(AttemptState::from_word(state.as_str()), Some(state));
    }
    assert_eq!((PaymentProduct::from_word("qr"), AttemptState::from_word("")), (None, None));
}
