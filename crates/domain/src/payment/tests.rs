use super::*;
fn trade(trade_no: &str, amount: &str, status: TradeStatus) -> Trade {
    Trade {
        channel: crate::Channel::Alipay,
        trade_no: trade_no.to_owned(),
        out_trade_no: "2019112820400804".to_owned(),
        status,
        total_amount: amount.parse().unwrap(),
        refunded: Money::ZERO,
        refund_request_no: None,
        buyer: None,
        paid_at: None,
    }
}

fn record(trade_no: &str, status: PaymentStatus) -> PaymentRecord {
    PaymentRecord {
        trade: trade(trade_no, "323.91", TradeStatus::Success),
        status,
        source: EvidenceSource::Notification,
        recorded_at: ShopTime::parse("2019-11-28 20:41:00").unwrap(),
    }
}

/// A message about a refund of trade A; `amount` is the refunded sum.
fn refunded(amount: &str, status: TradeStatus) -> Trade {
    Trade { refunded: amount.parse().unwrap(), ..trade("A", "323.91", status) }
}

#[test]
fn what_was_paid_and_what_is_left_of_it_are_told_by_status_and_sum() {
    for (status, refunded_so_far, was_paid, is_gone) in [
        (TradeStatus::WaitBuyerPay, "0", false, false),
        (TradeStatus::Closed, "0", false, false),
        (TradeStatus::Success, "0", true, false),
        (TradeStatus::Finished, "0", true, false),
        (TradeStatus::Success, "323.90", true, false),
        (TradeStatus::Success, "323.91", true, true),
        (TradeStatus::Closed, "323.91", true, true),
    ] {
        let trade = refunded(refunded_so_far, status);
        assert_eq!((trade.was_paid(), trade.is_wholly_refunded()), (was_paid, is_gone), "{trade:?}");
    }
}

#[test]
fn what_the_shop_does_not_keep_is_what_came_too_late_or_twice() {
    let payment = |status, amount: &str, refunded: &str| PaymentRecord {
        trade: Trade { refunded: refunded.parse().unwrap(), ..trade("A", amount, TradeStatus::Success) },
        ..record("A", status)
    };
    let kept = [
        payment(PaymentStatus::Settled, "323.91", "10.00"),
        payment(PaymentStatus::WrongAmount, "219.00", "0.00"),
        payment(PaymentStatus::UnknownOrder, "1.00", "0.00"),
    ];
    assert_eq!(RefundDue::of(&kept), None);
    assert_eq!(RefundDue::of(&[]), None);
    let late = payment(PaymentStatus::Late, "323.91", "323.91");
    let twice = payment(PaymentStatus::Duplicate, "323.90", "0.00");
    let [amount, refunded] = ["647.81", "323.91"].map(|text| text.parse().unwrap());
    assert_eq!(RefundDue::of(kept.iter().chain([&late, &twice])), Some(RefundDue { amount, refunded }));
}

#[test]
fn a_message_must_be_for_this_shop() {
    let addressee = |app: &str, seller: Option<&str>| Addressee {
        app_id: app.to_owned(),
        seller_id: seller.map(str::to_owned),
    };
    let merchant = Merchant { app_id: "2021".to_owned(), seller_id: Some("2088".to_owned()) };
    assert_eq!(merchant.check(&addressee("2021", Some("2088"))), Ok(()));
    assert_eq!(merchant.check(&addressee("2022", Some("2088"))), Err(NotForUs::App));
    assert_eq!(merchant.check(&addressee("2021", Some("2089"))), Err(NotForUs::Seller));
    assert_eq!(merchant.check(&addressee("2021", None)), Err(NotForUs::Seller));
    let any_seller = Merchant { seller_id: None, ..merchant };
    assert_eq!(any_seller.check(&addressee("2021", Some("2089"))), Ok(()));
}

#[test]
fn stored_words_are_read_back() {
    for status in ["settled", "duplicate", "late", "wrong_amount", "unknown_order"] {
        assert_eq!(PaymentStatus::from_word(status).map(PaymentStatus::as_str), Some(status));
    }
    for source in ["notification", "query"] {
        assert_eq!(EvidenceSource::from_word(source).map(EvidenceSource::as_str), Some(source));
    }
    assert_eq!(TradeStatus::from_word("TRADE_SUCCESS"), Some(TradeStatus::Success));
    assert_eq!(TradeStatus::from_word("trade_success"), None);
}
