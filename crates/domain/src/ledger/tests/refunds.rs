//! What staff ask for, and what Alipay answers.

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

/// How much is refunded where so much is asked for.
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
        // What a refund that succeeded has put back is among the movements.
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

#[test]
fn a_refusal_ends_what_staff_asked_for_and_never_what_is_owed() {
    let asked = paid_ledger(&[refund("r1", "9.90", Requested)]);
    for (is_final, attempts, is_ended) in [
        (true, 0, true),
        (true, 10, true),
        (true, u32::MAX, true),
        (false, 0, false),
        (false, 339, false),
        (false, 340, true),
    ] {
        let (events, after) = answer(&asked, "r1", refused(is_final), attempts);
        let ended = matches!(&events[..], [Event::RefundFailed { failure, .. }] if failure == "ACQ.X");
        assert_eq!(ended, is_ended, "{is_final} {attempts}: {events:?}");
        assert_eq!(after.refunds[0].status, if is_ended { Failed } else { Requested });
        assert_eq!(after.refunds[0].failure.as_deref(), Some("ACQ.X"));
    }
    let late = paid("A", PaymentStatus::Late);
    let owed = Refund::automatic(&late).unwrap();
    let owing = OrderLedger { payments: vec![late], refunds: vec![owed], ..ledger(OrderStatus::Cancelled) };
    for attempts in [0, 340, 100_000] {
        let (events, _) = answer(&owing, "back-A", refused(true), attempts);
        assert!(matches!(&events[..], [Event::RefundPostponed { .. }]), "{attempts}: {events:?}");
    }
}

/// The attempt before may still be carried out, and whoever asked anew under another number would refund twice.
#[test]
fn a_refusal_soon_after_an_unanswered_attempt_proves_nothing() {
    let asked = paid_ledger(&[refund("r1", "9.90", Requested)]);
    for (attempts, seconds) in [(1, 20), (5, 320), (9, 3600)] {
        let (events, after) = answer(&asked, "r1", refused(true), attempts);
        let Event::RefundPostponed { due_at, .. } = &events[0] else { panic!("{attempts}: {events:?}") };
        assert_eq!(*due_at, later().after(Duration::from_secs(seconds)));
        assert_eq!(request(&after, &RefundAsk { out_request_no: "r2".to_owned(), ..ask(Some(WHOLE)) }), {
            let left = money("314.01");
            Err(Refusal::ExceedsPayment { left })
        });
    }
    // Another process has asked meanwhile, and does not know what came of it.
    let unclear = RefundAnswer::Unclear { reason: "20000".to_owned() };
    let (_, tried) = answer(&asked, "r1", unclear, 1);
    let (_, after) = answer(&tried, "r1", refused(true), 0);
    assert_eq!(after.refunds[0].status, Requested);
}

/// Two members of staff who looked at the same order must not both give what one of them would have given.
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
    // Under its own number it is the same refund, whatever was left since.
    let own = paid_ledger(&[refund("shop-1", "50.00", Succeeded), refund("shop-2", "50.00", Requested)]);
    assert!(request(&own, &expecting(WHOLE)).is_ok());
}

#[test]
fn a_refund_that_is_asked_for_anew_without_a_word_about_pieces_puts_back_what_it_was_to() {
    let failed = |amount, restock: &[(i32, u32)]| Refund {
        failure: Some("ACQ.X".to_owned()),
        finished_at: Some(noon()),
        restock: pieces(restock),
        ..refund("shop-1", amount, Failed)
    };
    // Damaged goods stay out of stock.
    let damaged = paid_ledger(&[failed(WHOLE, &[])]);
    assert_eq!(request(&damaged, &ask(None)).unwrap().restock, []);
    let one = paid_ledger(&[failed("9.90", &[(4, 1), (5, 1)])]);
    assert_eq!(request(&one, &ask(Some("9.90"))).unwrap().restock, pieces(&[(4, 1), (5, 1)]));
    let back = OrderLedger { movements: vec![taken_back(4, 2)], ..one.clone() };
    assert_eq!(request(&back, &ask(Some("9.90"))).unwrap().restock, pieces(&[(5, 1)]));
    // Of all that was left when it was asked for, as well: what went back before it, of this trade and for certain or maybe, counts.
    let before = |status| Refund {
        requested_at: noon().before(Duration::from_secs(1)),
        ..refund("shop-2", "314.01", status)
    };
    for status in [Succeeded, Requested] {
        let rest = paid_ledger(&[before(status), failed("9.90", &[])]);
        assert_eq!(request(&rest, &ask(None)).unwrap().restock, [], "{status:?}");
    }
    let of_another = Refund { trade_no: "B".to_owned(), ..before(Succeeded) };
    let mut two_trades = paid_ledger(&[of_another, failed(WHOLE, &[])]);
    two_trades.payments.push(paid("B", PaymentStatus::Duplicate));
    assert_eq!(request(&two_trades, &ask(None)).unwrap().restock, []);
    let failed_too = paid_ledger(&[before(Failed), failed(WHOLE, &[])]);
    assert_eq!(request(&failed_too, &ask(None)).unwrap().restock, []);
    // At the same moment is not before.
    let at_once = Refund { requested_at: noon(), ..before(Succeeded) };
    let rest = paid_ledger(&[at_once, failed("9.90", &[])]);
    assert_eq!(request(&rest, &ask(None)).unwrap().restock, pieces(&[(4, 2), (5, 1)]));
    // Of a part that leaves nothing by now, the rule decides as of any other.
    let rest = Refund { requested_at: later(), ..refund("shop-2", "314.01", Succeeded) };
    let last = paid_ledger(&[failed("9.90", &[]), rest]);
    assert_eq!(request(&last, &ask(None)).unwrap().restock, pieces(&[(4, 2), (5, 1)]));
    let mut shipped = one;
    let order = shipped.order.as_mut().unwrap();
    order.status = AwaitingReceipt;
    order.shipment = Some(crate::Shipment::new("顺丰速运", "SF1", later()).unwrap());
    assert_eq!(request(&shipped, &ask(Some("9.90"))).unwrap().restock, []);
}

#[test]
fn a_refund_that_failed_is_asked_for_anew_under_its_number() {
    let failed = Refund {
        failure: Some("ACQ.X".to_owned()),
        finished_at: Some(noon()),
        restock: pieces(&[(4, 1)]),
        ..refund("shop-1", "9.90", Failed)
    };
    let known = paid_ledger(std::slice::from_ref(&failed));
    let again =
        RefundAsk { reason: "再退".to_owned(), restock: Some(pieces(&[(4, 1)])), ..ask(Some("9.90")) };
    let command = Command::RequestRefund { ask: again.clone(), lease: LEASE };
    let (events, after) = decide(&known, &command).unwrap();
    let expected = Refund {
        status: Requested,
        reason: "再退".to_owned(),
        requested_at: later(),
        finished_at: None,
        failure: None,
        ..failed.clone()
    };
    assert_eq!(
        events,
        [Event::RefundReopened { refund: expected.clone(), due_at: later().after(LEASE) }],
        "as one that was not tried"
    );
    assert_eq!(after.refunds, [expected]);
    assert_eq!(decide(&after, &command).unwrap().0, [], "it is under way");
    let (_, ended) = answer(&after, "shop-1", refused(true), 0);
    assert_eq!(ended.refunds[0].status, Failed, "its only attempt is refused");

    let other = RefundAsk { amount: Some(money("9.91")), ..again.clone() };
    assert_eq!(request(&known, &other), Err(Refusal::RequestNumberReused));
    // What was refunded or shipped since leaves no room for it.
    let gone = paid_ledger(&[failed.clone(), refund("r2", "320.00", Requested)]);
    assert_eq!(request(&gone, &again), Err(Refusal::ExceedsPayment { left: money("3.91") }));
    let back = OrderLedger { movements: vec![taken_back(4, 2)], ..known.clone() };
    assert_eq!(request(&back, &again), Err(Refusal::ExceedsOrder(SkuId(4))));
    // Of a trade that paid nothing as well, whether or not it is named again.
    let second = PaymentRecord { ..paid("B", PaymentStatus::Duplicate) };
    let of_second = Refund { trade_no: "B".to_owned(), restock: Vec::new(), ..failed };
    let mut twice = paid_ledger(&[of_second]);
    twice.payments.push(second);
    let plain = RefundAsk { restock: None, ..again };
    for asked in [plain.clone(), of_trade("B", plain)] {
        let anew = request(&twice, &asked).unwrap();
        assert_eq!((anew.trade_no.as_str(), anew.status), ("B", Requested));
    }
}

#[test]
fn what_is_unclear_is_asked_about_with_growing_pauses() {
    let asked = paid_ledger(&[refund("r1", "9.90", Requested)]);
    for (attempts, seconds) in [(0, 10), (1, 20), (5, 320), (9, 3600), (u32::MAX, 3600)] {
        let unclear = RefundAnswer::Unclear { reason: "20000".to_owned() };
        let (events, _) = answer(&asked, "r1", unclear, attempts);
        let expected = Event::RefundPostponed {
            out_request_no: "r1".to_owned(),
            due_at: later().after(Duration::from_secs(seconds)),
            failure: Some("20000".to_owned()),
        };
        assert_eq!(events, [expected]);
    }
}

#[test]
fn a_refund_that_failed_and_succeeded_after_all_counts() {
    let failed = Refund {
        failure: Some("ACQ.SYSTEM".to_owned()),
        restock: pieces(&[(4, 2), (5, 1)]),
        ..refund("r1", "9.90", Failed)
    };
    let open = Refund { restock: pieces(&[(4, 1)]), ..refund("r2", "1.00", Requested) };
    let known = OrderLedger { movements: vec![taken_back(5, 1)], ..paid_ledger(&[failed, open]) };
    let (events, after) = answer(&known, "r1", RefundAnswer::Succeeded, 1);
    let done = after.refund("r1").unwrap();
    assert_eq!((done.status, &done.failure), (Succeeded, &None));
    assert_eq!(done.restock, pieces(&[(4, 1)]), "as far as they are there");
    assert!(matches!(
        &events[..],
        [Event::RefundSucceeded { before: Some(Failed), .. }, Event::StockReturned { .. }]
    ));
    assert_eq!(after.refundable(Channel::Alipay.trade("A")), money("313.01"));
}

#[test]
fn what_was_shipped_since_its_refund_failed_does_not_go_back_by_itself() {
    let failed = Refund { restock: pieces(&[(4, 2), (5, 1)]), ..refund("r1", "9.90", Failed) };
    let mut shipped = paid_ledger(&[failed]);
    let order = shipped.order.as_mut().unwrap();
    order.status = AwaitingReceipt;
    order.shipment = Some(crate::Shipment::new("顺丰速运", "SF1", later()).unwrap());
    let (events, _) = answer(&shipped, "r1", RefundAnswer::Succeeded, 1);
    assert!(matches!(&events[..], [Event::RefundSucceeded { .. }]), "{events:?}");
}

#[test]
fn an_answer_to_an_unknown_refund_is_refused() {
    let command = Command::RecordRefundAnswer {
        out_request_no: "z".to_owned(),
        answer: RefundAnswer::Succeeded,
        attempts: 0,
    };
    assert_eq!(decide(&paid_ledger(&[]), &command), Err(Refusal::UnknownRefund("z".to_owned())));
}
