use super::*;

#[test]
fn words_are_read_as_they_are_written_and_fit_their_columns() {
    for channel in Channel::ALL {
        assert_eq!(Channel::from_word(channel.as_str()), Some(*channel));
        assert!(channel.as_str().len() <= 10, "dashop_order_timeline.actor");
    }
    assert_eq!((Channel::from_word("Alipay"), Channel::from_word("")), (None, None));
}

#[test]
fn what_is_on_record_of_alipay_stays_as_it_was_written() {
    let alipay = Channel::default();
    assert_eq!((alipay.as_str(), alipay.label()), ("alipay", "支付宝"));
}

#[test]
fn a_trade_is_known_by_its_channel_and_its_number() {
    let trade = Channel::Alipay.trade("A");
    assert_eq!((trade.channel, trade.trade_no), (Channel::Alipay, "A"));
    assert_ne!(trade, Channel::Alipay.trade("a"));
}
