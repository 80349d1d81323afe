//! Attempts to pay an order.

use super::*;
use crate::{
    AttemptState::{Closed, GivenUp, Open, Paid},
    EndedAttempt,
    OrderStatus::{AwaitingPayment, AwaitingShipment, Cancelled},
    PaymentProduct,
    PaymentProduct::{Page, Wap},
    PaymentStatus::{Duplicate, Settled, WrongAmount},
};

const SECOND: &str = "2019112820400804_2";

fn ended(number: &str, is_final: bool) -> Vec<EndedAttempt> {
    vec![EndedAttempt { out_trade_no: number.to_owned(), is_final }]
}

fn open(product: PaymentProduct, ended: Vec<EndedAttempt>) -> Command {
    Command::OpenAttempt { channel: crate::Channel::Alipay, product, expected: None, ended }
}

fn after(ledger: &OrderLedger, command: &Command) -> OrderLedger {
    let (_, after) = decide(ledger, command).unwrap();
    assert_eq!(decide(&after, command).map(|(events, _)| events), Ok(vec![]), "{command:?} again");
    after
}

fn states(ledger: &OrderLedger) -> Vec<(String, crate::AttemptState)> {
    ledger.all_attempts().into_iter().map(|one| (one.out_trade_no, one.state)).collect()
}

fn paid_in(ledger: &OrderLedger, trade_no: &str, out_trade_no: &str) -> OrderLedger {
    let trade = Trade { out_trade_no: out_trade_no.to_owned(), ..trade(trade_no) };
    after(ledger, &Command::RecordTrade { trade, source: EvidenceSource::Query })
}

/// The unpaid order: Alipay has no trade of its first attempt, and its second attempt is open.
fn on_the_phone() -> OrderLedger {
    after(&ledger(AwaitingPayment), &open(Wap, ended(ORDER, false)))
}

#[test]
fn the_first_attempt_has_the_order_number_and_needs_no_record() {
    let unpaid = ledger(AwaitingPayment);
    assert_eq!(states(&unpaid), [(ORDER.to_owned(), Open)]);
    assert_eq!(decide(&unpaid, &open(Page, Vec::new())).unwrap().0, []);
    assert_eq!(states(&OrderLedger::empty(ORDER)), []);
}

#[test]
fn another_product_is_another_attempt() {
    assert_eq!(
        decide(&ledger(AwaitingPayment), &open(Wap, Vec::new())).unwrap_err(),
        Refusal::OtherAttemptOpen,
        "Alipay was not asked about the first one"
    );
    for (is_final, first) in [(true, Closed), (false, GivenUp)] {
        let after = after(&ledger(AwaitingPayment), &open(Wap, ended(ORDER, is_final)));
        assert_eq!(states(&after), [(ORDER.to_owned(), first), (SECOND.to_owned(), Open)]);
        let second = &after.attempts[1];
        assert_eq!((second.product, second.amount, second.opened_at), (Wap, money(WHOLE), later()));
    }
}

#[test]
fn a_second_click_gets_the_attempt_of_the_first() {
    let first = on_the_phone();
    assert_eq!(decide(&first, &open(Wap, ended(ORDER, false))).unwrap().0, []);
    assert_eq!(decide(&first, &open(Page, ended(ORDER, false))).unwrap_err(), Refusal::OtherAttemptOpen);
    let third = after(&first, &open(Wap, ended(SECOND, true)));
    assert_eq!(states(&third)[2], (format!("{ORDER}_3"), Open), "the buyer asks for another one");
}

#[test]
fn a_number_that_is_on_record_or_was_paid_under_is_not_given_again() {
    let mut known = on_the_phone();
    known.attempts[1].out_trade_no = format!("{ORDER}_3");
    let third = ended(&format!("{ORDER}_3"), true);
    let next = |ledger: &OrderLedger| states(&after(ledger, &open(Page, third.clone()))).pop().unwrap().0;
    assert_eq!(next(&known), format!("{ORDER}_4"), "_3 is on record");
    let mut stray = paid("S", WrongAmount);
    stray.trade.out_trade_no = format!("{ORDER}_4");
    known.payments.push(stray);
    assert_eq!(next(&known), format!("{ORDER}_5"), "_4 was paid under");
}

#[test]
fn an_attempt_that_alipay_has_closed_does_not_end_the_order() {
    let closed = after(&ledger(AwaitingPayment), &Command::EndAttempts { ended: ended(ORDER, true) });
    assert_eq!(states(&closed), [(ORDER.to_owned(), Closed)]);
    assert_eq!(states(&after(&closed, &open(Page, Vec::new())))[1], (SECOND.to_owned(), Open));
}

#[test]
fn attempts_are_bounded() {
    let mut ledger = on_the_phone();
    for nth in 2..MOST_ATTEMPTS {
        ledger = after(&ledger, &open(Page, ended(&format!("{ORDER}_{nth}"), true)));
        ledger =
            after(&ledger, &Command::EndAttempts { ended: ended(&format!("{ORDER}_{}", nth + 1), true) });
    }
    assert_eq!(ledger.attempts.len(), MOST_ATTEMPTS);
    assert_eq!(decide(&ledger, &open(Wap, Vec::new())).unwrap_err(), Refusal::TooManyAttempts);
}

#[test]
fn the_last_attempt_is_kept_and_not_replaced() {
    let order = ledger(AwaitingPayment).order.unwrap();
    let attempts = |count: usize| vec![on_the_phone().attempts.pop().unwrap(); count];
    let keeps = |count, product, anew| {
        let attempts = attempts(count);
        let kept = PaymentAttempt::to_keep(&attempts, &order, crate::Channel::Alipay, product, anew);
        kept.map(|kept| kept.is_some())
    };
    assert_eq!(keeps(MOST_ATTEMPTS - 1, Wap, false), Ok(true));
    assert_eq!(keeps(MOST_ATTEMPTS - 1, Wap, true), Ok(false));
    assert_eq!(keeps(MOST_ATTEMPTS - 1, Page, false), Ok(false));
    assert_eq!(keeps(MOST_ATTEMPTS, Wap, true), Ok(true));
    assert_eq!(keeps(MOST_ATTEMPTS, Page, false), Err(Refusal::TooManyAttempts));
}

#[test]
fn an_order_is_paid_at_what_its_buyer_takes_it_to_cost() {
    let expecting = |ledger: &OrderLedger, amount: &str| {
        let mut command = open(Wap, ended(ORDER, true));
        let Command::OpenAttempt { expected, .. } = &mut command else { unreachable!() };
        *expected = Some(money(amount));
        decide(ledger, &command).map(|(events, _)| !events.is_empty())
    };
    let unpaid = ledger(AwaitingPayment);
    assert_eq!(expecting(&unpaid, WHOLE), Ok(true));
    assert_eq!(expecting(&unpaid, "400.00"), Err(Refusal::AmountChanged { amount: money(WHOLE) }));
    assert_eq!(expecting(&ledger(AwaitingShipment), "400.00"), Ok(false), "it is paid");
    let mut given_away = unpaid;
    given_away.order.as_mut().unwrap().total_amount = Money::ZERO;
    for outcome in [expecting(&given_away, "0.00"), expecting(&given_away, WHOLE)] {
        assert_eq!(outcome, Err(Refusal::CostsNothing));
    }
}

#[test]
fn an_order_that_is_over_gets_no_attempt() {
    for status in crate::OrderStatus::ALL {
        let outcome = decide(&ledger(status), &open(Wap, ended(ORDER, true)));
        match status {
            AwaitingPayment => assert!(!outcome.unwrap().0.is_empty()),
            Cancelled | crate::OrderStatus::Refunded => {
                assert!(matches!(outcome, Err(Refusal::NotAllowed(_))), "{status:?}")
            }
            _ => assert_eq!(outcome.unwrap().0, [], "{status:?} is paid"),
        }
    }
}

#[test]
fn the_first_payment_keeps_the_order_whichever_attempt_it_is_of() {
    for [first, second] in [[ORDER, SECOND], [SECOND, ORDER]] {
        let once = paid_in(&on_the_phone(), "A", first);
        assert_eq!((once.payments[0].status, status_of(&once)), (Settled, AwaitingShipment));
        assert!(states(&once).contains(&(first.to_owned(), Paid)));
        assert!(states(&once).contains(&(second.to_owned(), GivenUp)), "{:?}", states(&once));
        let twice = paid_in(&once, "B", second);
        assert_eq!(twice.payments[1].status, Duplicate);
        assert!(states(&twice).iter().all(|(_, state)| *state == Paid));
        let [owed] = &twice.refunds[..] else { panic!("{:?}", twice.refunds) };
        assert_eq!((owed.trade_no.as_str(), owed.amount), ("B", money(WHOLE)));
        assert_eq!(owed.out_trade_no, second);
        let ask = RefundAsk { amount: Some(money("1.00")), ..ask(None) };
        let asked = after(&twice, &Command::RequestRefund { ask, lease: Duration::ZERO });
        assert_eq!(asked.refunds[1].out_trade_no, first);
    }
}

#[test]
fn an_amount_is_judged_by_its_attempt() {
    let mut cheaper = on_the_phone();
    cheaper.attempts[0].amount = money("400.00");
    let old = Trade { total_amount: money("400.00"), ..trade("A") };
    let tell = |trade: Trade| {
        let command = Command::RecordTrade { trade, source: EvidenceSource::Notification };
        after(&cheaper, &command).payments[0].status
    };
    assert_eq!(tell(old), WrongAmount, "what the order cost before");
    assert_eq!(tell(trade("A")), WrongAmount, "not what the attempt asks for");
    assert_eq!(tell(Trade { out_trade_no: SECOND.to_owned(), ..trade("A") }), Settled);
    // This attempt is not on record, but only this order's attempts have numbers of this form.
    assert_eq!(tell(Trade { out_trade_no: format!("{ORDER}_9"), ..trade("A") }), Settled);
}

#[test]
fn a_wrong_amount_leaves_the_other_attempts_open() {
    let wrong = Trade { total_amount: money("1.00"), ..trade("A") };
    let command = Command::RecordTrade { trade: wrong, source: EvidenceSource::Notification };
    let after = after(&on_the_phone(), &command);
    assert_eq!(states(&after), [(ORDER.to_owned(), Paid), (SECOND.to_owned(), Open)]);
}

#[test]
fn the_end_of_an_order_ends_every_attempt() {
    let last_look = |command: &Command, ledger: &OrderLedger| {
        let (events, after) = decide(ledger, command).unwrap();
        let changed = events.iter().find_map(|event| match event {
            Event::StatusChanged(change) => Some(change.due_at.is_some()),
            _ => None,
        });
        (changed.unwrap(), after)
    };
    let cancel = |ended| Command::Cancel { buyer: None, reason: String::new(), ended };
    let two = |first, second| [ended(ORDER, first), ended(SECOND, second)].concat();
    for (asked, is_looked_at, expected) in [
        (two(true, true), false, [Closed, Closed]),
        (two(true, false), true, [Closed, GivenUp]),
        (two(false, true), true, [GivenUp, Closed]),
        // The second attempt was opened after Alipay was asked.
        (ended(ORDER, true), true, [Closed, GivenUp]),
    ] {
        let (again, after) = last_look(&cancel(asked.clone()), &on_the_phone());
        let ends: Vec<_> = states(&after).into_iter().map(|(_, state)| state).collect();
        assert_eq!((again, ends.as_slice()), (is_looked_at, &expected[..]), "{asked:?}");
        assert_eq!(decide(&after, &cancel(asked)).unwrap().0, []);
    }
    let (_, after) = last_look(&cancel(ended(ORDER, true)), &ledger(AwaitingPayment));
    assert_eq!(after.attempts, [], "nothing is written of an order with one attempt");
}

#[test]
fn attempts_that_contradict_the_record_are_refused() {
    let mut ledger = on_the_phone();
    let opened = Event::AttemptOpened(ledger.attempts[1].clone());
    assert_eq!(ledger.apply(&opened), Err(Inapplicable::OtherAttemptState));
    assert_eq!(OrderLedger::empty(ORDER).apply(&opened), Err(Inapplicable::OtherAttemptState));
    let close =
        |number: &str| Event::AttemptClosed { out_trade_no: number.to_owned(), is_final: true, at: noon() };
    let pay = Event::AttemptPaid { out_trade_no: SECOND.to_owned(), at: noon() };
    assert_eq!(ledger.apply(&close("9")), Err(Inapplicable::OtherAttemptState));
    ledger.apply(&close(ORDER)).unwrap();
    assert_eq!(ledger.apply(&close(ORDER)), Err(Inapplicable::OtherAttemptState));
    ledger.apply(&pay).unwrap();
    assert_eq!(ledger.apply(&pay), Err(Inapplicable::OtherAttemptState));
    assert_eq!(ledger.apply(&close(SECOND)), Err(Inapplicable::OtherAttemptState));
}

/// Alipay accepts no second payment under its number: the buyer pays in the next attempt.
#[test]
fn an_attempt_that_was_paid_a_wrong_amount_is_not_paid_again() {
    let wrong = Trade { total_amount: money("323.00"), ..trade("A") };
    let command = Command::RecordTrade { trade: wrong, source: EvidenceSource::Notification };
    let paid_wrong = after(&ledger(AwaitingPayment), &command);
    assert_eq!(paid_wrong.payments[0].status, WrongAmount);
    assert_eq!(states(&paid_wrong), [(ORDER.to_owned(), Paid)]);
    let anew = after(&paid_wrong, &open(Page, Vec::new()));
    assert_eq!(states(&anew), [(ORDER.to_owned(), Paid), (SECOND.to_owned(), Open)]);
    assert_eq!(paid_in(&anew, "B", SECOND).order.unwrap().status, AwaitingShipment);
}
