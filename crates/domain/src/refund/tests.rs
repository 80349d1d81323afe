mod sequences;
mod told;

use RefundStatus::{Failed, Requested, Succeeded};

use super::*;
use crate::{
    EvidenceSource, OrderStatus, SkuId, StockMoveKind, Trade, TradeStatus,
    stock_move::tests::{moved, noon, order, taken_back},
};

const ORDER: &str = "2019112820400804";

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn trade(trade_no: &str) -> Trade {
    Trade {
        trade_no: trade_no.to_owned(),
        out_trade_no: ORDER.to_owned(),
        status: TradeStatus::Success,
        total_amount: money("323.91"),
        refunded: Money::ZERO,
        refund_request_no: None,
        buyer: None,
        paid_at: None,
    }
}

fn paid(trade_no: &str, status: PaymentStatus) -> PaymentRecord {
    let trade = trade(trade_no);
    PaymentRecord { trade, status, source: EvidenceSource::Notification, recorded_at: noon() }
}

/// A refund of trade A by the shop.
fn refund(number: &str, amount: &str, status: RefundStatus) -> Refund {
    Refund {
        out_request_no: number.to_owned(),
        out_trade_no: ORDER.to_owned(),
        trade_no: "A".to_owned(),
        amount: money(amount),
        reason: "质量问题".to_owned(),
        kind: RefundKind::Shop,
        status,
        restock: Vec::new(),
        cause: Cause::shop("小王".to_owned(), None),
        requested_at: noon(),
        finished_at: None,
        failure: None,
    }
}

fn ask(amount: Option<&str>) -> RefundAsk {
    RefundAsk {
        trade_no: None,
        amount: amount.map(money),
        reason: "质量问题".to_owned(),
        restock: Vec::new(),
        out_request_no: "shop-1".to_owned(),
    }
}

fn of_trade(trade_no: &str, ask: RefundAsk) -> RefundAsk {
    RefundAsk { trade_no: Some(trade_no.to_owned()), ..ask }
}

fn pieces(wishes: &[(i32, u32)]) -> Vec<Restock> {
    wishes.iter().map(|(sku_id, pieces)| Restock { sku_id: SkuId(*sku_id), pieces: *pieces }).collect()
}

/// All that is on record, for a test to change.
struct Record {
    order: Option<Order>,
    payments: Vec<PaymentRecord>,
    refunds: Vec<Refund>,
    moves: Vec<StockMove>,
}

/// An order of two pieces of SKU 4 and one of SKU 5, paid by trade A, of which these refunds are on record.
fn record(refunds: &[Refund]) -> Record {
    Record {
        order: Some(order(&[(4, 2), (5, 1)])),
        payments: vec![paid("A", PaymentStatus::Settled)],
        refunds: refunds.to_vec(),
        moves: Vec::new(),
    }
}

impl Record {
    fn view(&self) -> RefundBooks<'_> {
        RefundBooks {
            order: self.order.as_ref(),
            payments: &self.payments,
            refunds: &self.refunds,
            moves: &self.moves,
        }
    }

    fn decide(&self, ask: &RefundAsk) -> Result<Refund, RefundRefusal> {
        self.view().decide(ask, Cause::shop("小王".to_owned(), None), noon())
    }

    /// How much is refunded where so much is asked for.
    fn amount(&self, asked: Option<&str>) -> Result<String, RefundRefusal> {
        self.decide(&ask(asked)).map(|refund| refund.amount.to_string())
    }

    fn restock(&self, wishes: &[(i32, u32)]) -> Result<Vec<Restock>, RefundRefusal> {
        let wish = RefundAsk { restock: pieces(wishes), ..ask(Some("0.01")) };
        self.decide(&wish).map(|refund| refund.restock)
    }
}

/// The late payment of trade A, with its owed refund, of which this much went back otherwise.
fn owing(gone: &[&str]) -> Record {
    let payment = paid("A", PaymentStatus::Late);
    let mut refunds = vec![Refund::owed(&payment).unwrap()];
    for (number, amount) in gone.iter().enumerate() {
        let kind = RefundKind::External;
        refunds.push(Refund { kind, ..refund(&format!("x{number}"), amount, Succeeded) });
    }
    Record { payments: vec![payment], refunds, ..record(&[]) }
}

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
    let owed = Refund::owed(&paid("A", PaymentStatus::Late)).unwrap();
    for name in ["back-A", "A", "-A"] {
        assert_ne!(RefundAsk::request_no(name).unwrap(), owed.out_request_no);
    }
    assert!(!owed.out_request_no.starts_with("shop-"));
}

#[test]
fn what_must_not_be_kept_is_owed_whole_and_once_for_each_trade() {
    for (status, kind) in
        [(PaymentStatus::Late, RefundKind::Late), (PaymentStatus::Duplicate, RefundKind::Duplicate)]
    {
        assert!(status.is_refund_due() && kind.is_owed());
        let owed = Refund::owed(&paid("A", status)).unwrap();
        assert_eq!((owed.kind, owed.status, owed.amount), (kind, Requested, money("323.91")));
        assert_eq!((owed.trade_no.as_str(), owed.out_trade_no.as_str()), ("A", ORDER));
        assert_eq!((owed.restock.as_slice(), owed.finished_at), ([].as_slice(), None));
        let again = Refund::owed(&PaymentRecord { source: EvidenceSource::Query, ..paid("A", status) });
        assert_eq!(again.unwrap().out_request_no, owed.out_request_no);
        let other = Refund::owed(&paid("B", status)).unwrap();
        assert_ne!(other.out_request_no, owed.out_request_no);
    }
    for status in [PaymentStatus::Settled, PaymentStatus::WrongAmount, PaymentStatus::UnknownOrder] {
        assert!(!status.is_refund_due());
        assert_eq!(Refund::owed(&paid("A", status)), None);
    }
    assert!(!RefundKind::Shop.is_owed() && !RefundKind::External.is_owed());
}

#[test]
fn all_that_is_left_or_a_part_of_it() {
    let books = record(&[]);
    let whole = books.decide(&ask(None)).unwrap();
    assert_eq!(whole, Refund { out_request_no: "shop-1".to_owned(), ..refund("", "323.91", Requested) });
    assert_eq!(books.amount(Some("0.01")), Ok("0.01".to_owned()));
    assert_eq!(books.amount(Some("323.91")), Ok("323.91".to_owned()));
    let left = money("323.91");
    assert_eq!(books.amount(Some("323.92")), Err(RefundRefusal::ExceedsPayment { left }));
    assert_eq!(books.amount(Some("0")), Err(RefundRefusal::NothingToRefund));
}

#[test]
fn what_may_be_on_its_way_is_not_sent_again() {
    for (status, left) in [(Requested, "23.91"), (Succeeded, "23.91"), (Failed, "323.91")] {
        let books = record(&[refund("r1", "300.00", status)]);
        assert_eq!(books.amount(None), Ok(left.to_owned()), "{status:?}");
        assert_eq!(books.view().refundable("A"), money(left));
    }
    let external = Refund { kind: RefundKind::External, ..refund("x", "300.00", Succeeded) };
    assert_eq!(record(&[external]).amount(None), Ok("23.91".to_owned()));
    let of_another = Refund { trade_no: "B".to_owned(), ..refund("r1", "300.00", Succeeded) };
    assert_eq!(record(&[of_another]).amount(None), Ok("323.91".to_owned()));
}

#[test]
fn the_last_fen_is_refunded_and_nothing_after_it() {
    let mut books = record(&[refund("r1", "323.90", Succeeded)]);
    assert!(!books.view().is_given_up() && !books.view().is_wholly_refunded());
    let left = money("0.01");
    assert_eq!(books.amount(Some("0.02")), Err(RefundRefusal::ExceedsPayment { left }));
    assert_eq!(books.amount(None), Ok("0.01".to_owned()));

    books.refunds.push(refund("r2", "0.01", Requested));
    assert!(books.view().is_given_up() && !books.view().is_wholly_refunded());
    assert_eq!(books.amount(None), Err(RefundRefusal::NothingToRefund));
    let left = Money::ZERO;
    assert_eq!(books.amount(Some("0.01")), Err(RefundRefusal::ExceedsPayment { left }));

    books.refunds[1].status = Succeeded;
    assert!(books.view().is_given_up() && books.view().is_wholly_refunded());
    books.refunds[1].status = Failed;
    assert!(!books.view().is_given_up() && !books.view().is_wholly_refunded());
}

#[test]
fn more_gone_back_than_was_paid_leaves_nothing() {
    let external = Refund { kind: RefundKind::External, ..refund("x", "300.00", Succeeded) };
    for second in ["300.00", "99999999.99"] {
        let books = record(&[external.clone(), refund("r1", second, Requested)]);
        assert_eq!(books.view().refundable("A"), Money::ZERO);
        assert_eq!(books.amount(None), Err(RefundRefusal::NothingToRefund));
        assert!(books.view().is_given_up() && !books.view().is_wholly_refunded());
    }
}

#[test]
fn the_order_must_be_paid() {
    for status in OrderStatus::ALL {
        let books = Record { order: Some(Order { status, ..order(&[(4, 2)]) }), ..record(&[]) };
        let event = OrderEvent::FullyRefunded;
        for ask in [ask(None), ask(Some("0.01")), of_trade("A", ask(None))] {
            match books.decide(&ask) {
                Ok(_) => assert!(status.is_paid(), "{status:?}"),
                Err(refusal) => {
                    assert!(!status.is_paid(), "{status:?}");
                    assert_eq!(refusal, RefundRefusal::NotAllowed(NotAllowed { status, event }));
                }
            }
        }
    }
}

#[test]
fn money_that_did_not_pay_the_order_goes_back_whatever_its_status() {
    for status in OrderStatus::ALL {
        for kept in [PaymentStatus::WrongAmount, PaymentStatus::Duplicate, PaymentStatus::Late] {
            let mut books = Record { order: Some(Order { status, ..order(&[(4, 2)]) }), ..record(&[]) };
            books.payments.push(paid("B", kept));
            let refund = books.decide(&of_trade("B", ask(None))).unwrap();
            assert_eq!((refund.trade_no.as_str(), refund.amount), ("B", money("323.91")));
            let wish = RefundAsk { restock: pieces(&[(4, 1)]), ..of_trade("B", ask(None)) };
            assert_eq!(books.decide(&wish), Err(RefundRefusal::ExceedsOrder(SkuId(4))));
        }
    }
    let of_none =
        Record { order: None, payments: vec![paid("B", PaymentStatus::UnknownOrder)], ..record(&[]) };
    assert_eq!(of_none.decide(&of_trade("B", ask(None))).unwrap().amount, money("323.91"));
    let wish = RefundAsk { restock: pieces(&[(4, 1)]), ..of_trade("B", ask(None)) };
    assert_eq!(of_none.decide(&wish), Err(RefundRefusal::ExceedsOrder(SkuId(4))));
}

#[test]
fn without_a_payment_on_record_there_is_nothing_to_refund() {
    let unknown = record(&[]).decide(&of_trade("Z", ask(None)));
    assert_eq!(unknown, Err(RefundRefusal::NothingToRefund));
    for payments in [vec![], vec![paid("B", PaymentStatus::Duplicate)]] {
        let books = Record { payments, ..record(&[]) };
        assert_eq!(books.amount(None), Err(RefundRefusal::NothingToRefund));
        assert!(!books.view().is_given_up() && !books.view().is_wholly_refunded());
        assert_eq!(books.view().refundable("A"), Money::ZERO);
    }
}

#[test]
fn no_more_pieces_go_back_than_the_order_holds() {
    let books = record(&[]);
    assert_eq!(books.restock(&[]), Ok(vec![]));
    assert_eq!(books.restock(&[(5, 1), (4, 2)]), Ok(pieces(&[(4, 2), (5, 1)])), "in ascending order");
    assert_eq!(books.restock(&[(4, 1), (5, 0), (4, 1)]), Ok(pieces(&[(4, 2)])), "each SKU once");
    for (wishes, sku_id) in
        [(vec![(4, 3)], 4), (vec![(4, 2), (4, 1)], 4), (vec![(4, 2), (6, 1)], 6), (vec![(5, u32::MAX)], 5)]
    {
        assert_eq!(books.restock(&wishes), Err(RefundRefusal::ExceedsOrder(SkuId(sku_id))), "{wishes:?}");
    }
    let wraps = books.restock(&[(4, u32::MAX), (4, 2)]);
    assert_eq!(wraps, Err(RefundRefusal::ExceedsOrder(SkuId(4))));
}

#[test]
fn what_went_back_or_is_to_go_back_does_not_go_back_again() {
    let refused = Err(RefundRefusal::ExceedsOrder(SkuId(4)));
    for (status, free) in [(Requested, 1), (Failed, 2), (Succeeded, 2)] {
        // What a refund that succeeded has put back is among the movements.
        let open = Refund { restock: pieces(&[(4, 1)]), ..refund("r1", "1.00", status) };
        let books = record(&[open]);
        assert_eq!(books.restock(&[(4, free)]), Ok(pieces(&[(4, free)])), "{status:?}");
        assert_eq!(books.restock(&[(4, free + 1)]), refused, "{status:?}");
    }
    let one_back = Record { moves: vec![taken_back(4, 1)], ..record(&[]) };
    assert_eq!(one_back.restock(&[(4, 1)]), Ok(pieces(&[(4, 1)])));
    assert_eq!(one_back.restock(&[(4, 2)]), refused);
    let cancelled = Record { moves: vec![moved(4, 2, StockMoveKind::Cancelled)], ..record(&[]) };
    assert_eq!(cancelled.restock(&[(4, 1)]), refused);
    let mut revived = cancelled.moves.clone();
    revived.push(moved(4, 2, StockMoveKind::Revived));
    assert_eq!(Record { moves: revived, ..record(&[]) }.restock(&[(4, 2)]), Ok(pieces(&[(4, 2)])));
}

#[test]
fn asking_again_is_no_new_request_only_where_the_same_is_asked_for() {
    let known = Refund { restock: pieces(&[(4, 2), (5, 1)]), ..refund("shop-1", "9.90", Succeeded) };
    let same = RefundAsk { restock: pieces(&[(5, 1), (4, 1), (6, 0), (4, 1)]), ..ask(Some("9.90")) };
    assert!(same.is_answered_by(&known));
    assert!(RefundAsk { amount: None, ..same.clone() }.is_answered_by(&known), "all that was left then");
    assert!(of_trade("A", same.clone()).is_answered_by(&known));
    assert!(RefundAsk { reason: "别的话".to_owned(), ..same.clone() }.is_answered_by(&known));

    assert!(!of_trade("B", same.clone()).is_answered_by(&known));
    assert!(!RefundAsk { amount: Some(money("9.91")), ..same.clone() }.is_answered_by(&known));
    assert!(!RefundAsk { restock: pieces(&[(4, 2)]), ..same.clone() }.is_answered_by(&known));
    assert!(!RefundAsk { restock: Vec::new(), ..same.clone() }.is_answered_by(&known));
    for kind in [RefundKind::Late, RefundKind::Duplicate, RefundKind::External] {
        assert!(!same.is_answered_by(&Refund { kind, ..known.clone() }));
    }
}
