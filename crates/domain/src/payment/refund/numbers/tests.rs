use super::*;

#[test]
fn it_is_the_trades_number_where_that_has_room() {
    assert_eq!(automatic_number(Channel::Alipay.trade("2019112822001"), 0), "back-2019112822001");
    assert_eq!(automatic_number(Channel::Alipay.trade("2019112822001"), 2), "back-2019112822001-2");
    assert_eq!(automatic_number(Channel::Alipay.trade(&"9".repeat(59)), 0).len(), 64);
}

#[test]
fn of_a_refund_made_elsewhere_it_follows_from_trade_and_number() {
    let number = external_number(Channel::Alipay.trade("A"), "1");
    assert!(number.starts_with("ext-") && number.len() == 36, "{number}");
    assert_eq!(external_number(Channel::Alipay.trade("A"), "1"), number);
    for (trade, other) in [("A", "2"), ("B", "1"), ("A1", ""), ("", "A1")] {
        assert_ne!(external_number(Channel::Alipay.trade(trade), other), number);
    }
}

#[test]
fn it_is_never_longer_than_is_kept_and_always_the_same() {
    for earlier in [0, 1, 999_999] {
        let number = automatic_number(Channel::Alipay.trade(&"9".repeat(64)), earlier);
        assert!(number.starts_with("back-") && number.len() <= Refund::MAX_REQUEST_NO, "{number}");
        assert_eq!(automatic_number(Channel::Alipay.trade(&"9".repeat(64)), earlier), number);
        assert_ne!(automatic_number(Channel::Alipay.trade(&format!("{}8", "9".repeat(63))), earlier), number);
    }
    assert_eq!(
        automatic_number(Channel::Alipay.trade(&"9".repeat(60)), 0),
        "back-f038e42cbc1a2c460c9740beb8fef884"
    );
}
