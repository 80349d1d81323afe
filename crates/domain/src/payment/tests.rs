use super::*;
use crate::{OrderGoods, Quantity, ShippingAddress, SkuId, UserId};

fn trade(trade_no: &str, amount: &str, status: TradeStatus) -> Trade {
    Trade {
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

fn decide(status: OrderStatus, recorded: &[PaymentRecord], trade: &Trade) -> Settlement {
    decide_settlement(Some(&order(status)), recorded, trade)
}

fn order(status: OrderStatus) -> Order {
    let line = |id, price: &str, pieces| OrderGoods {
        sku_id: SkuId(id),
        name: String::new(),
        default_image_url: String::new(),
        price: price.parse().unwrap(),
        quantity: Quantity::stored(pieces).unwrap(),
        attributes: Vec::new(),
    };
    Order {
        id: OrderId::parse("2019112820400804").unwrap(),
        user_id: UserId(4),
        status,
        total_count: 3,
        total_amount: "323.91".parse().unwrap(),
        freight: "10.00".parse().unwrap(),
        shipping: ShippingAddress {
            title: String::new(),
            receiver: String::new(),
            mobile: String::new(),
            address: String::new(),
        },
        created_at: ShopTime::parse("2019-11-28 20:40:08").unwrap(),
        expire_at: None,
        shipment: None,
        refunded_amount: Money::ZERO,
        goods: vec![line(4, "104.95", 2), line(5, "104.01", 1)],
    }
}

fn paid(from: OrderStatus) -> Paid {
    Paid { order_id: order(from).id, from, to: OrderStatus::AwaitingShipment }
}

#[test]
fn an_unpaid_order_is_settled_by_its_whole_amount() {
    for status in [TradeStatus::Success, TradeStatus::Finished] {
        let decision = decide(OrderStatus::AwaitingPayment, &[], &trade("A", "323.91", status));
        assert_eq!(decision, Settlement::Settle(paid(OrderStatus::AwaitingPayment)));
    }
}

#[test]
fn a_trade_that_is_not_paid_settles_nothing() {
    for status in [TradeStatus::WaitBuyerPay, TradeStatus::Closed] {
        let trade = trade("A", "323.91", status);
        assert_eq!(decide(OrderStatus::AwaitingPayment, &[], &trade), Settlement::NotAPayment);
    }
}

#[test]
fn a_refund_is_not_a_payment() {
    for status in [TradeStatus::Success, TradeStatus::Closed] {
        let refund = Trade { refunded: "0.01".parse().unwrap(), ..trade("A", "323.91", status) };
        for order in OrderStatus::ALL {
            assert_eq!(decide(order, &[], &refund), Settlement::NotAPayment);
        }
    }
}

/// A message of a refund of trade A of which so much went back in all.
fn refunded(amount: &str, status: TradeStatus) -> Trade {
    Trade { refunded: amount.parse().unwrap(), ..trade("A", "323.91", status) }
}

fn decide_refunded(status: OrderStatus, recorded: &[PaymentRecord], trade: &Trade) -> Settlement {
    decide_refunded_settlement(Some(&order(status)), recorded, trade)
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
fn a_refund_proves_the_payment_that_it_went_back_of() {
    for trade in [refunded("9.90", TradeStatus::Success), refunded("323.91", TradeStatus::Closed)] {
        let settled = decide_refunded(OrderStatus::AwaitingPayment, &[], &trade);
        assert_eq!(settled, Settlement::Settle(paid(OrderStatus::AwaitingPayment)));
        for status in [OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt, OrderStatus::Completed] {
            let settled = decide_refunded(status, &[], &trade);
            assert_eq!(settled, Settlement::RecordOnly(PaymentStatus::Settled));
        }
        let other = [record("B", PaymentStatus::Settled)];
        let settled = decide_refunded(OrderStatus::AwaitingShipment, &other, &trade);
        assert_eq!(settled, Settlement::RecordOnly(PaymentStatus::Duplicate));
        let wrong = Trade { total_amount: "323.92".parse().unwrap(), ..trade.clone() };
        let settled = decide_refunded(OrderStatus::AwaitingPayment, &[], &wrong);
        assert_eq!(settled, Settlement::RecordOnly(PaymentStatus::WrongAmount));
        let settled = decide_refunded_settlement(None, &[], &trade);
        assert_eq!(settled, Settlement::RecordOnly(PaymentStatus::UnknownOrder));
        for status in OrderStatus::ALL {
            let known = decide_refunded(status, &[record("A", PaymentStatus::Settled)], &trade);
            assert_eq!(known, Settlement::AlreadyRecorded);
        }
    }
}

#[test]
fn a_cancelled_order_takes_its_stock_again_only_for_money_that_is_there() {
    let part = decide_refunded(OrderStatus::Cancelled, &[], &refunded("323.90", TradeStatus::Success));
    assert!(matches!(part, Settlement::SettleLate(..)), "{part:?}");
    let all = decide_refunded(OrderStatus::Cancelled, &[], &refunded("323.91", TradeStatus::Closed));
    assert_eq!(all, Settlement::RecordOnly(PaymentStatus::Late));
}

#[test]
fn a_refund_of_what_was_never_paid_proves_nothing() {
    for status in [TradeStatus::WaitBuyerPay, TradeStatus::Closed] {
        let unpaid = trade("A", "323.91", status);
        assert_eq!(decide_refunded(OrderStatus::AwaitingPayment, &[], &unpaid), Settlement::NotAPayment);
    }
}

#[test]
fn another_amount_never_settles() {
    for amount in ["219.00", "323", "323.90", "323.92"] {
        let wrong = trade("A", amount, TradeStatus::Success);
        for order in OrderStatus::ALL {
            assert_eq!(decide(order, &[], &wrong), Settlement::RecordOnly(PaymentStatus::WrongAmount));
        }
    }
}

#[test]
fn a_replay_changes_nothing_in_any_status() {
    let recorded = [record("A", PaymentStatus::Settled)];
    for order in OrderStatus::ALL {
        let replay = trade("A", "323.91", TradeStatus::Success);
        assert_eq!(decide(order, &recorded, &replay), Settlement::AlreadyRecorded);
    }
}

#[test]
fn the_second_of_two_trades_is_a_duplicate() {
    let recorded = [record("A", PaymentStatus::Settled)];
    for order in OrderStatus::ALL {
        let second = trade("B", "323.91", TradeStatus::Success);
        assert_eq!(decide(order, &recorded, &second), Settlement::RecordOnly(PaymentStatus::Duplicate));
    }
}

#[test]
fn a_wrong_payment_does_not_stand_in_the_way_of_the_right_one() {
    let recorded = [record("A", PaymentStatus::WrongAmount)];
    let right = trade("B", "323.91", TradeStatus::Success);
    let decision = decide(OrderStatus::AwaitingPayment, &recorded, &right);
    assert_eq!(decision, Settlement::Settle(paid(OrderStatus::AwaitingPayment)));
}

#[test]
fn a_cancelled_order_takes_its_stock_again() {
    let decision = decide(OrderStatus::Cancelled, &[], &trade("A", "323.91", TradeStatus::Success));
    let stock = [(4, 2, "104.95"), (5, 1, "104.01")].map(|(id, pieces, price)| Allocation {
        sku_id: SkuId(id),
        pieces,
        price: price.parse().unwrap(),
    });
    assert_eq!(decision, Settlement::SettleLate(paid(OrderStatus::Cancelled), stock.to_vec()));
}

#[test]
fn an_order_that_is_paid_without_a_record_gets_one() {
    for status in [OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt, OrderStatus::Completed] {
        let decision = decide(status, &[], &trade("A", "323.91", TradeStatus::Success));
        assert_eq!(decision, Settlement::RecordOnly(PaymentStatus::Settled));
    }
}

#[test]
fn a_payment_of_no_order_of_ours_is_only_recorded() {
    let paid = trade("A", "323.91", TradeStatus::Success);
    assert_eq!(decide_settlement(None, &[], &paid), Settlement::RecordOnly(PaymentStatus::UnknownOrder));
    let other = Trade { out_trade_no: "2019112820400899".to_owned(), ..paid };
    assert_eq!(
        decide(OrderStatus::AwaitingPayment, &[], &other),
        Settlement::RecordOnly(PaymentStatus::UnknownOrder)
    );
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
    assert_eq!(Unkept::of(&kept), None);
    assert_eq!(Unkept::of(&[]), None);
    let late = payment(PaymentStatus::Late, "323.91", "323.91");
    let twice = payment(PaymentStatus::Duplicate, "323.90", "0.00");
    let [amount, refunded] = ["647.81", "323.91"].map(|text| text.parse().unwrap());
    assert_eq!(Unkept::of(kept.iter().chain([&late, &twice])), Some(Unkept { amount, refunded }));
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
