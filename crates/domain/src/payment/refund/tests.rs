use RefundStatus::{Requested, Succeeded};

use super::*;
use crate::{
    EvidenceSource,
    ledger::tests::{ORDER, ask, money, paid, pieces, refund},
};

#[test]
fn stored_words_are_read_back() {
    for word in ["shop", "late", "duplicate", "external"] {
        assert_eq!(RefundKind::from_word(word).map(RefundKind::as_str), Some(word));
    }
    for word in ["requested", "succeeded", "failed"] {
        assert_eq!(RefundStatus::from_word(word).map(RefundStatus::as_str), Some(word));
    }
    assert_eq!((RefundKind::from_word("Shop"), RefundStatus::from_word("")), (None, None));
}

#[test]
fn a_request_number_is_made_of_a_short_plain_name_alone() {
    let longest = "x".repeat(RefundAsk::MAX_REQUEST_ID);
    for name in ["1", "a_B-9", "back-A", longest.as_str()] {
        let number = RefundAsk::request_no(name).unwrap();
        assert_eq!(number, format!("shop-{name}"));
        assert!(number.len() <= Refund::MAX_REQUEST_NO);
    }
    for name in ["", " 1", "1 ", "a.b", "a/b", "退款", "a\n", "x".repeat(49).as_str()] {
        assert_eq!(RefundAsk::request_no(name), None, "{name:?}");
    }
}

#[test]
fn no_request_number_of_the_shop_is_that_of_an_owed_refund() {
    let automatic = Refund::automatic(&paid("A", PaymentStatus::Late)).unwrap();
    for name in ["back-A", "A", "-A"] {
        assert_ne!(RefundAsk::request_no(name).unwrap(), automatic.out_request_no);
    }
    assert!(!automatic.out_request_no.starts_with("shop-"));
}

#[test]
fn what_must_not_be_kept_is_owed_whole_and_once_for_each_trade() {
    for (status, kind) in
        [(PaymentStatus::Late, RefundKind::Late), (PaymentStatus::Duplicate, RefundKind::Duplicate)]
    {
        assert!(status.is_refund_due() && kind.is_automatic());
        let automatic = Refund::automatic(&paid("A", status)).unwrap();
        assert_eq!((automatic.kind, automatic.status, automatic.amount), (kind, Requested, money("323.91")));
        assert_eq!((automatic.trade_no.as_str(), automatic.out_trade_no.as_str()), ("A", ORDER));
        assert_eq!((automatic.restock.as_slice(), automatic.finished_at), ([].as_slice(), None));
        let again = Refund::automatic(&PaymentRecord { source: EvidenceSource::Query, ..paid("A", status) });
        assert_eq!(again.unwrap().out_request_no, automatic.out_request_no);
        let other = Refund::automatic(&paid("B", status)).unwrap();
        assert_ne!(other.out_request_no, automatic.out_request_no);
    }
    for status in [PaymentStatus::Settled, PaymentStatus::WrongAmount, PaymentStatus::UnknownOrder] {
        assert!(!status.is_refund_due());
        assert_eq!(Refund::automatic(&paid("A", status)), None);
    }
    assert!(!RefundKind::Shop.is_automatic() && !RefundKind::External.is_automatic());
}

#[test]
fn asking_again_is_no_new_request_only_where_the_same_is_asked_for() {
    let known = Refund { restock: pieces(&[(4, 2), (5, 1)]), ..refund("shop-1", "9.90", Succeeded) };
    let same = RefundAsk { restock: Some(pieces(&[(5, 1), (4, 1), (6, 0), (4, 1)])), ..ask(Some("9.90")) };
    assert!(same.is_answered_by(&known));
    assert!(RefundAsk { amount: None, ..same.clone() }.is_answered_by(&known), "all that was left then");
    assert!(RefundAsk { trade_no: Some("A".to_owned()), ..same.clone() }.is_answered_by(&known));
    assert!(RefundAsk { restock: None, ..same.clone() }.is_answered_by(&known), "left to the rule then");
    assert!(RefundAsk { reason: "别的话".to_owned(), ..same.clone() }.is_answered_by(&known));

    assert!(!RefundAsk { trade_no: Some("B".to_owned()), ..same.clone() }.is_answered_by(&known));
    assert!(!RefundAsk { amount: Some(money("9.91")), ..same.clone() }.is_answered_by(&known));
    assert!(!RefundAsk { restock: Some(pieces(&[(4, 2)])), ..same.clone() }.is_answered_by(&known));
    assert!(!RefundAsk { restock: Some(Vec::new()), ..same.clone() }.is_answered_by(&known));
    for kind in [RefundKind::Late, RefundKind::Duplicate, RefundKind::External] {
        assert!(!same.is_answered_by(&Refund { kind, ..known.clone() }));
    }
}
