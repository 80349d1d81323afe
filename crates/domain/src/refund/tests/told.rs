//! What is learned from Alipay.

use super::*;

/// A message about trade A that tells of the refund of this number.
fn telling(number: &str) -> Trade {
    let refund_request_no = Some(number.to_owned());
    Trade { refunded: money("9.90"), refund_request_no, ..trade("A") }
}

#[test]
fn a_message_tells_of_a_refund_of_ours_or_of_one_past_us() {
    let books = record(&[refund("r1", "9.90", Requested), refund("r2", "9.90", Succeeded)]);
    assert_eq!(books.view().told(&telling("r1")), Some(ToldRefund::Ours("r1".to_owned())));
    assert_eq!(books.view().told(&telling("r2")), None, "it is known to be done");
    let external = ToldRefund::NotBooked("A".to_owned(), "x".to_owned());
    assert_eq!(books.view().told(&telling("x")), Some(external));
    assert_eq!(books.view().told(&trade("A")), None, "no refund is told of");
}

#[test]
fn a_refund_is_told_of_even_where_its_payment_is_not_on_record() {
    let books = record(&[refund("r1", "9.90", Requested)]);
    for status in [TradeStatus::Success, TradeStatus::Finished, TradeStatus::Closed] {
        let message = Trade { trade_no: "Z".to_owned(), status, ..telling("x") };
        let told = ToldRefund::NotBooked("Z".to_owned(), "x".to_owned());
        assert_eq!(books.view().told(&message), Some(told));
    }
    let unpaid = Trade { trade_no: "Z".to_owned(), status: TradeStatus::WaitBuyerPay, ..telling("x") };
    assert_eq!(books.view().told(&unpaid), None);
    let nothing_back = Trade { status: TradeStatus::Closed, refunded: Money::ZERO, ..unpaid };
    assert_eq!(books.view().told(&nothing_back), None);
}

#[test]
fn a_refund_without_a_number_is_told_of_until_the_books_have_as_much() {
    let unnumbered = |refunded| Trade { refunded: money(refunded), ..trade("A") };
    let books = record(&[refund("r1", "9.90", Succeeded), refund("r2", "5.00", Requested)]);
    assert_eq!(books.view().told(&unnumbered("9.90")), None);
    assert_eq!(books.view().told(&unnumbered("9.91")), Some(ToldRefund::Unnumbered));
    let of_unknown = Trade { trade_no: "Z".to_owned(), ..unnumbered("0.01") };
    assert_eq!(books.view().told(&of_unknown), Some(ToldRefund::Unnumbered));
    let timed_out = Trade { status: TradeStatus::Closed, ..trade("A") };
    assert_eq!(books.view().told(&timed_out), None);
}

#[test]
fn what_went_past_the_books_is_what_alipay_has_more_than_they_may_have() {
    let known =
        [refund("r1", "9.90", Succeeded), refund("r2", "5.00", Requested), refund("r3", "1.00", Failed)];
    let books = record(&known);
    for within in ["0", "9.90", "14.90"] {
        assert_eq!(books.view().gone_past("A", money(within)), None);
    }
    assert_eq!(books.view().gone_past("A", money("14.91")), Some(money("0.01")));
    assert_eq!(books.view().gone_past("A", money("323.91")), Some(money("309.01")));
}

#[test]
fn a_trade_of_which_nothing_is_left_is_closed_where_the_books_have_less_as_gone() {
    let all = Trade { status: TradeStatus::Closed, refunded: money("323.91"), ..telling("x") };
    let part = Trade { refunded: money("323.90"), ..telling("x") };
    let mut books = record(&[refund("r1", "300.00", Succeeded), refund("r2", "23.90", Requested)]);
    assert!(books.view().closes(&all) && !books.view().closes(&part));
    assert!(!books.view().closes(&Trade { trade_no: "Z".to_owned(), ..all.clone() }), "not on record");
    books.payments[0].trade.status = TradeStatus::Closed;
    assert!(!books.view().closes(&all), "it is");
    let books = record(&[refund("r1", "300.00", Succeeded), refund("r2", "23.91", Requested)]);
    assert!(!books.view().closes(&all), "the rest is on its way");
}

#[test]
fn nothing_is_left_of_a_trade_that_is_closed() {
    for status in [PaymentStatus::Settled, PaymentStatus::Late, PaymentStatus::Duplicate] {
        let mut closed = paid("A", status);
        closed.trade.status = TradeStatus::Closed;
        assert_eq!(Refund::owed(&closed), None, "{status:?}");
        let books = Record { payments: vec![closed], ..record(&[refund("x", "9.90", Succeeded)]) };
        assert_eq!(books.view().refundable("A"), Money::ZERO);
        assert_eq!(books.view().is_given_up(), status == PaymentStatus::Settled);
        assert!(!books.view().is_wholly_refunded(), "not each refund is on record");
        let refused = books.decide(&of_trade("A", ask(Some("1.00"))));
        assert_eq!(refused, Err(RefundRefusal::ExceedsPayment { left: Money::ZERO }));
    }
}

#[test]
fn a_refund_past_us_is_written_down_once() {
    let books = record(&[refund("r1", "9.90", Requested)]);
    let external = |trade_no, number| books.view().external(trade_no, number, money("0.01"), noon());
    let refund = external("A", "x").unwrap();
    assert_eq!((refund.kind, refund.status), (RefundKind::External, Succeeded));
    assert_eq!((refund.out_request_no.as_str(), refund.amount), ("x", money("0.01")));
    assert_eq!((refund.trade_no.as_str(), refund.out_trade_no.as_str()), ("A", ORDER));
    assert_eq!((refund.finished_at, refund.restock.len()), (Some(noon()), 0));
    assert_eq!(external("A", "r1"), None, "it is on record");
    assert_eq!(external("Z", "x"), None, "its trade is not");
}

#[test]
fn a_refund_that_failed_and_happened_after_all_is_told_of_and_counts() {
    let mut failed = Refund { failure: Some("ACQ.SYSTEM".to_owned()), ..refund("r1", "9.90", Failed) };
    failed.restock = pieces(&[(4, 2), (5, 1)]);
    let mut books = record(&[failed.clone()]);
    let told = ToldRefund::NotBooked("A".to_owned(), "r1".to_owned());
    assert_eq!(books.view().told(&telling("r1")), Some(told));

    let later = noon().after(std::time::Duration::from_secs(60));
    let after_all = |books: &Record, trade_no, number| {
        books.view().happened_after_all(trade_no, number, money("9.90"), later)
    };
    let done = Refund { status: Succeeded, failure: None, finished_at: Some(later), ..failed.clone() };
    assert_eq!(after_all(&books, "A", "r1"), Some(done.clone()));
    assert_eq!(books.view().external("A", "r1", money("9.90"), later), None, "it is ours");
    assert_eq!(after_all(&books, "B", "r1"), None);
    assert_eq!(after_all(&books, "A", "r2"), None);
    for status in [Requested, Succeeded] {
        assert_eq!(after_all(&record(&[refund("r1", "9.90", status)]), "A", "r1"), None, "{status:?}");
    }

    books.refunds = vec![done];
    assert_eq!(books.view().refundable("A"), money("314.01"));
    assert_eq!(books.view().told(&telling("r1")), None);
}

#[test]
fn pieces_of_a_refund_that_happened_after_all_go_back_as_far_as_they_are_there() {
    let failed = Refund { restock: pieces(&[(4, 2), (5, 1)]), ..refund("r1", "9.90", Failed) };
    let open = Refund { restock: pieces(&[(4, 1)]), ..refund("r2", "1.00", Requested) };
    let books = Record { moves: vec![taken_back(5, 1)], ..record(&[failed.clone(), open]) };
    let done = books.view().happened_after_all("A", "r1", money("9.90"), noon()).unwrap();
    assert_eq!(done.restock, pieces(&[(4, 1)]));
    let of_no_order = Record { order: None, ..record(&[failed]) };
    let done = of_no_order.view().happened_after_all("A", "r1", money("9.90"), noon()).unwrap();
    assert_eq!(done.restock, []);
}

#[test]
fn an_owed_refund_that_can_no_longer_happen_gives_way_to_one_of_the_rest() {
    let books = owing(&["300.00"]);
    let superseded = books.view().superseded("A", noon()).unwrap();
    assert_eq!(superseded.out_request_no, "back-A");
    let rest = superseded.rest.unwrap();
    assert_eq!((rest.out_request_no.as_str(), rest.amount), ("back-A-1", money("23.91")));
    assert_eq!((rest.kind, rest.status, rest.trade_no.as_str()), (RefundKind::Late, Requested, "A"));

    let mut again = owing(&["300.00", "20.00"]);
    again.refunds[0].status = Failed;
    again.refunds.push(rest);
    let superseded = again.view().superseded("A", noon()).unwrap();
    assert_eq!(superseded.out_request_no, "back-A-1");
    let rest = superseded.rest.unwrap();
    assert_eq!((rest.out_request_no.as_str(), rest.amount), ("back-A-2", money("3.91")));
}

#[test]
fn where_all_of_it_went_back_otherwise_nothing_is_left_to_go() {
    for gone in [["323.91", "0"], ["323.90", "0.01"]] {
        let superseded = owing(&gone).view().superseded("A", noon()).unwrap();
        assert_eq!(superseded, Superseded { out_request_no: "back-A".to_owned(), rest: None });
    }
}

#[test]
fn what_can_still_happen_gives_way_to_nothing() {
    assert_eq!(owing(&[]).view().superseded("A", noon()), None);
    assert_eq!(owing(&["300.00"]).view().superseded("B", noon()), None, "another trade's");
    let mut ended = owing(&["300.00"]);
    ended.refunds[0].status = Failed;
    assert_eq!(ended.view().superseded("A", noon()), None, "it has ended");
    let external = Refund { kind: RefundKind::External, ..refund("x", "300.00", Succeeded) };
    let of_shop = record(&[refund("r1", "300.00", Requested), external]);
    assert_eq!(of_shop.view().superseded("A", noon()), None, "the shop's people asked for it, and may again");
}
