//! Refund requests of staff, and Alipay's answers.

mod answers;

use RefundStatus::{Failed, Requested, Succeeded};

use super::*;
use crate::{
    NotAllowed,
    OrderStatus::{self, AwaitingReceipt, AwaitingShipment, Completed, Refunded},
    StockMoveKind, Trigger,
    stock::moves::tests::{moved, taken_back},
};

const LEASE: Duration = Duration::from_secs(120);

fn request(ledger: &OrderLedger, ask: &RefundAsk) -> Result<Refund, Refusal> {
    let command = Command::RequestRefund { ask: ask.clone(), lease: LEASE };
    let (events, after) = decide(ledger, &command)?;
    if let [Event::RefundRequested { refund, due_at }] = &events[..] {
        assert_eq!((refund.requested_at, *due_at), (later(), later().after(LEASE)));
    }
    Ok(after.refund(&ask.out_request_no).unwrap().clone())
}

/// The amount of the refund if staff request `asked`.
fn amount(ledger: &OrderLedger, asked: Option<&str>) -> Result<String, Refusal> {
    request(ledger, &ask(asked)).map(|refund| refund.amount.to_string())
}

fn restock(ledger: &OrderLedger, wishes: &[(i32, u32)]) -> Result<Vec<Restock>, Refusal> {
    let wish = RefundAsk { restock: Some(pieces(wishes)), ..ask(Some("0.01")) };
    request(ledger, &wish).map(|refund| refund.restock)
}

fn of_trade(trade_no: &str, ask: RefundAsk) -> RefundAsk {
    RefundAsk { trade_no: Some(trade_no.to_owned()), ..ask }
}

fn answer(
    ledger: &OrderLedger,
    number: &str,
    answer: RefundAnswer,
    attempts: u32,
) -> (Vec<Event>, OrderLedger) {
    let command = Command::RecordRefundAnswer { out_request_no: number.to_owned(), answer, attempts };
    decide(ledger, &command).unwrap()
}

fn refused(is_final: bool) -> RefundAnswer {
    RefundAnswer::Refused { reason: "ACQ.X".to_owned(), is_final }
}

#[test]
fn all_that_is_left_or_a_part_of_it() {
    let ledger = paid_ledger(&[]);
    let asked = RefundAsk { restock: Some(Vec::new()), ..ask(None) };
    let whole = request(&ledger, &asked).unwrap();
    let expected = Refund { requested_at: later(), ..refund("shop-1", WHOLE, Requested) };
    assert_eq!(whole, expected);
    assert_eq!(amount(&ledger, Some("0.01")), Ok("0.01".to_owned()));
    assert_eq!(amount(&ledger, Some(WHOLE)), Ok(WHOLE.to_owned()));
    let left = money(WHOLE);
    assert_eq!(amount(&ledger, Some("323.92")), Err(Refusal::ExceedsPayment { left }));
    assert_eq!(amount(&ledger, Some("0")), Err(Refusal::NothingToRefund));
}

#[test]
fn what_may_be_on_its_way_is_not_sent_again() {
    for (status, left) in [(Requested, "23.91"), (Succeeded, "23.91"), (Failed, WHOLE)] {
        let ledger = paid_ledger(&[refund("r1", "300.00", status)]);
        assert_eq!(amount(&ledger, None), Ok(left.to_owned()), "{status:?}");
        assert_eq!(ledger.refundable(Channel::Alipay.trade("A")), money(left));
    }
    assert_eq!(amount(&paid_ledger(&[external("x", "300.00")]), None), Ok("23.91".to_owned()));
    let of_another = Refund { trade_no: "B".to_owned(), ..refund("r1", "300.00", Succeeded) };
    assert_eq!(amount(&paid_ledger(&[of_another]), None), Ok(WHOLE.to_owned()));
}

#[test]
fn the_last_fen_is_refunded_and_nothing_after_it() {
    let mut ledger = paid_ledger(&[refund("r1", "323.90", Succeeded)]);
    assert!(!ledger.is_being_refunded() && !ledger.is_wholly_refunded());
    let left = money("0.01");
    assert_eq!(amount(&ledger, Some("0.02")), Err(Refusal::ExceedsPayment { left }));
    assert_eq!(amount(&ledger, None), Ok("0.01".to_owned()));

    ledger.refunds.push(refund("r2", "0.01", Requested));
    assert!(ledger.is_being_refunded() && !ledger.is_wholly_refunded());
    assert_eq!(amount(&ledger, None), Err(Refusal::NothingToRefund));
    assert_eq!(amount(&ledger, Some("0.01")), Err(Refusal::ExceedsPayment { left: Money::ZERO }));

    ledger.refunds[1].status = Succeeded;
    assert!(ledger.is_being_refunded() && ledger.is_wholly_refunded());
    ledger.refunds[1].status = Failed;
    assert!(!ledger.is_being_refunded() && !ledger.is_wholly_refunded());
}

#[test]
fn more_gone_back_than_was_paid_leaves_nothing() {
    for second in ["300.00", "99999999.99"] {
        let ledger = paid_ledger(&[external("x", "300.00"), refund("r1", second, Requested)]);
        assert_eq!(ledger.refundable(Channel::Alipay.trade("A")), Money::ZERO);
        assert_eq!(amount(&ledger, None), Err(Refusal::NothingToRefund));
        assert!(ledger.is_being_refunded() && !ledger.is_wholly_refunded());
    }
}

#[test]
fn the_order_must_be_paid() {
    for status in OrderStatus::ALL {
        let known = OrderLedger { payments: vec![paid("A", PaymentStatus::Settled)], ..ledger(status) };
        for ask in [ask(None), ask(Some("0.01")), of_trade("A", ask(None))] {
            let event = Trigger::FullyRefunded;
            match request(&known, &ask) {
                Ok(_) => assert!(status.is_paid(), "{status:?}"),
                Err(refusal) => {
                    assert!(!status.is_paid(), "{status:?}");
                    assert_eq!(refusal, Refusal::NotAllowed(NotAllowed { status, trigger: event }));
                }
            }
        }
    }
}

#[test]
fn money_that_did_not_pay_the_order_goes_back_whatever_its_status() {
    for status in OrderStatus::ALL {
        for kept in [PaymentStatus::WrongAmount, PaymentStatus::Duplicate, PaymentStatus::Late] {
            let payments = vec![paid("A", PaymentStatus::Settled), paid("B", kept)];
            let known = OrderLedger { payments, ..ledger(status) };
            let refund = request(&known, &of_trade("B", ask(None))).unwrap();
            assert_eq!((refund.trade_no.as_str(), refund.amount), ("B", money(WHOLE)));
            assert_eq!(refund.restock, [], "its pieces are those of the payment that is kept");
            let wish = RefundAsk { restock: Some(pieces(&[(4, 1)])), ..of_trade("B", ask(None)) };
            assert_eq!(request(&known, &wish), Err(Refusal::ExceedsOrder(SkuId(4))));
        }
    }
    let payments = vec![paid("B", PaymentStatus::UnknownOrder)];
    let of_none = OrderLedger { payments, ..OrderLedger::empty(ORDER) };
    assert_eq!(request(&of_none, &of_trade("B", ask(None))).unwrap().amount, money(WHOLE));
    let wish = RefundAsk { restock: Some(pieces(&[(4, 1)])), ..of_trade("B", ask(None)) };
    assert_eq!(request(&of_none, &wish), Err(Refusal::ExceedsOrder(SkuId(4))));
    let (_, after) =
        decide(&of_none, &Command::RequestRefund { ask: of_trade("B", ask(None)), lease: LEASE }).unwrap();
    let second = RefundAsk { out_request_no: "shop-2".to_owned(), ..of_trade("B", ask(None)) };
    assert_eq!(request(&after, &second), Err(Refusal::NothingToRefund));
}

#[test]
fn without_a_payment_on_record_there_is_nothing_to_refund() {
    let unknown = request(&paid_ledger(&[]), &of_trade("Z", ask(None)));
    assert_eq!(unknown, Err(Refusal::NothingToRefund));
    for payments in [vec![], vec![paid("B", PaymentStatus::Duplicate)]] {
        let ledger = OrderLedger { payments, ..paid_ledger(&[]) };
        assert_eq!(amount(&ledger, None), Err(Refusal::NothingToRefund));
        assert!(!ledger.is_being_refunded() && !ledger.is_wholly_refunded());
        assert_eq!(ledger.refundable(Channel::Alipay.trade("A")), Money::ZERO);
    }
    assert_eq!(amount(&OrderLedger::empty(ORDER), None), Err(Refusal::UnknownOrder));
}

#[test]
fn no_more_pieces_go_back_than_the_order_holds() {
    let ledger = paid_ledger(&[]);
    assert_eq!(restock(&ledger, &[]), Ok(vec![]));
    assert_eq!(restock(&ledger, &[(5, 1), (4, 2)]), Ok(pieces(&[(4, 2), (5, 1)])), "in ascending order");
    assert_eq!(restock(&ledger, &[(4, 1), (5, 0), (4, 1)]), Ok(pieces(&[(4, 2)])), "each SKU once");
    for (wishes, sku_id) in
        [(vec![(4, 3)], 4), (vec![(4, 2), (4, 1)], 4), (vec![(4, 2), (6, 1)], 6), (vec![(5, u32::MAX)], 5)]
    {
        assert_eq!(restock(&ledger, &wishes), Err(Refusal::ExceedsOrder(SkuId(sku_id))), "{wishes:?}");
    }
    let wraps = restock(&ledger, &[(4, u32::MAX), (4, 2)]);
    assert_eq!(wraps, Err(Refusal::ExceedsOrder(SkuId(4))));
}

#[test]
fn what_went_back_or_is_to_go_back_does_not_go_back_again() {
    let refused = Err(Refusal::ExceedsOrder(SkuId(4)));
    for (status, free) in [(Requested, 1), (Failed, 2), (Succeeded, 2)] {
        // Pieces that a succeeded refund put back are among the movements.
        let open = Refund { restock: pieces(&[(4, 1)]), ..refund("r1", "1.00", status) };
        let ledger = paid_ledger(&[open]);
        assert_eq!(restock(&ledger, &[(4, free)]), Ok(pieces(&[(4, free)])), "{status:?}");
        assert_eq!(restock(&ledger, &[(4, free + 1)]), refused, "{status:?}");
    }
    let one_back = OrderLedger { movements: vec![taken_back(4, 1)], ..paid_ledger(&[]) };
    assert_eq!(restock(&one_back, &[(4, 1)]), Ok(pieces(&[(4, 1)])));
    assert_eq!(restock(&one_back, &[(4, 2)]), refused);
    let cancelled =
        OrderLedger { movements: vec![moved(4, 2, StockMoveKind::Cancelled)], ..paid_ledger(&[]) };
    assert_eq!(restock(&cancelled, &[(4, 1)]), refused);
    let mut revived = cancelled.movements.clone();
    revived.push(moved(4, 2, StockMoveKind::Revived));
    let revived = OrderLedger { movements: revived, ..paid_ledger(&[]) };
    assert_eq!(restock(&revived, &[(4, 2)]), Ok(pieces(&[(4, 2)])));
}

#[test]
fn a_request_number_refunds_once() {
    let (_, after) =
        decide(&paid_ledger(&[]), &Command::RequestRefund { ask: ask(Some("9.90")), lease: LEASE }).unwrap();
    let again = Command::RequestRefund { ask: ask(Some("9.90")), lease: LEASE };
    assert_eq!(decide(&after, &again).unwrap().0, []);
    assert_eq!(amount(&after, Some("9.91")), Err(Refusal::RequestNumberReused));
}

#[test]
fn what_was_not_shipped_goes_back_into_stock_with_the_last_of_its_money() {
    let all = pieces(&[(4, 2), (5, 1)]);
    let whole = request(&paid_ledger(&[]), &ask(None)).unwrap();
    assert_eq!(whole.restock, all);
    assert_eq!(request(&paid_ledger(&[]), &ask(Some("323.90"))).unwrap().restock, [], "a part");
    let rest = paid_ledger(&[refund("r1", "300.00", Requested)]);
    assert_eq!(request(&rest, &ask(Some("23.91"))).unwrap().restock, all, "the last part");
    let none = RefundAsk { restock: Some(Vec::new()), ..ask(None) };
    assert_eq!(request(&paid_ledger(&[]), &none).unwrap().restock, [], "staff say so");
    for status in [AwaitingReceipt, Completed] {
        let shipped = OrderLedger { payments: vec![paid("A", PaymentStatus::Settled)], ..ledger(status) };
        assert_eq!(request(&shipped, &ask(None)).unwrap().restock, [], "the buyer has them");
    }
    let one_back = OrderLedger { movements: vec![taken_back(4, 1)], ..paid_ledger(&[]) };
    assert_eq!(request(&one_back, &ask(None)).unwrap().restock, pieces(&[(4, 1), (5, 1)]));
    let deleted = OrderLedger { in_stock: [(SkuId(5), 0)].into(), ..paid_ledger(&[]) };
    assert_eq!(request(&deleted, &ask(None)).unwrap().restock, pieces(&[(5, 1)]), "SKU 4 is no more");
}

#[test]
fn a_refund_that_succeeds_ends_the_order_with_its_last_fen() {
    let part = Refund { restock: pieces(&[(4, 1)]), ..refund("r1", "300.00", Requested) };
    let asked_by = Cause::shop("小李".to_owned(), None);
    let last = Refund { cause: asked_by.clone(), ..refund("r2", "23.91", Requested) };
    let before = paid_ledger(&[part, last]);
    let (events, after) = answer(&before, "r1", RefundAnswer::Succeeded, 0);
    let [
        Event::RefundSucceeded { refund: done, before: was, trade_refunded, order_refunded },
        Event::StockReturned { reason, pieces: back, at },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((done.status, done.finished_at, *was), (Succeeded, Some(later()), Some(Requested)));
    assert_eq!((*trade_refunded, *order_refunded), (money("300.00"), Some(money("300.00"))));
    assert_eq!((reason, back, *at), (&StockMoveKind::Refunded("r1".to_owned()), &pieces(&[(4, 1)]), later()));
    assert_eq!(after.order.as_ref().unwrap().refunded_amount, money("300.00"));
    assert_eq!(after.payments[0].trade.refunded, money("300.00"));
    assert_eq!(status_of(&after), AwaitingShipment);

    let (events, after) = answer(&after, "r2", RefundAnswer::Succeeded, 0);
    let [Event::RefundSucceeded { .. }, Event::StatusChanged(change)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((change.from, change.to), (AwaitingShipment, Refunded));
    assert_eq!((change.reason.as_str(), &change.cause), ("质量问题", &asked_by), "of who asked for it");
    assert_eq!(status_of(&after), Refunded);
    for number in ["r1", "r2"] {
        for said in [RefundAnswer::Succeeded, refused(true), RefundAnswer::Unclear { reason: String::new() }]
        {
            assert_eq!(answer(&after, number, said, 0).0, [], "it is on record");
        }
    }
}

#[test]
fn of_what_was_shipped_the_pieces_that_staff_named_go_back_with_the_last_fen() {
    let last = Refund { restock: pieces(&[(4, 1)]), ..refund("r1", WHOLE, Requested) };
    for status in [AwaitingReceipt, Completed] {
        let payments = vec![paid("A", PaymentStatus::Settled)];
        let shipped = OrderLedger { payments, refunds: vec![last.clone()], ..ledger(status) };
        let (_, after) = answer(&shipped, "r1", RefundAnswer::Succeeded, 0);
        assert_eq!((status_of(&after), &after.refunds[0].restock), (Refunded, &pieces(&[(4, 1)])));
    }
}

#[test]
fn a_refund_of_money_that_did_not_pay_changes_neither_the_order_nor_its_stock() {
    let late = paid("A", PaymentStatus::Late);
    let owed = Refund::automatic(&late).unwrap();
    let known = OrderLedger { payments: vec![late], refunds: vec![owed], ..ledger(OrderStatus::Cancelled) };
    let (events, after) = answer(&known, "back-A", RefundAnswer::Succeeded, 0);
    let [Event::RefundSucceeded { order_refunded: None, trade_refunded, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*trade_refunded, money(WHOLE));
    assert_eq!(
        (after.order.unwrap().refunded_amount, after.payments[0].trade.refunded),
        (Money::ZERO, money(WHOLE))
    );
}

/// Two members of staff who look at the same order must not both make the same refund.
#[test]
fn what_was_left_when_somebody_decided_is_left_still() {
    let expecting = |left| RefundAsk { expected_left: Some(money(left)), ..ask(Some("50.00")) };
    let known = paid_ledger(&[]);
    assert!(request(&known, &expecting(WHOLE)).is_ok());
    let after = paid_ledger(&[refund("shop-2", "50.00", Requested)]);
    assert_eq!(request(&after, &expecting(WHOLE)), Err(Refusal::RefundedMeanwhile(money("273.91"))));
    assert!(request(&after, &expecting("273.91")).is_ok());
    let failed = Refund { status: Failed, ..refund("shop-1", "50.00", Requested) };
    let other_since = paid_ledger(&[failed, refund("shop-2", "50.00", Succeeded)]);
    assert_eq!(request(&other_since, &expecting(WHOLE)), Err(Refusal::RefundedMeanwhile(money("273.91"))));
    // A repeated request under the same number is the same refund, regardless of the amount left.
    let own = paid_ledger(&[refund("shop-1", "50.00", Succeeded), refund("shop-2", "50.00", Requested)]);
    assert!(request(&own, &expecting(WHOLE)).is_ok());
}
