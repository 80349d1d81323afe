//! Attempts that are not on record, and attempts that can still be paid when the order is paid.

use super::*;
use crate::{
    AttemptState::{self, GivenUp, Open, Paid},
    Channel, EndedAttempt, OrderStatus,
    PaymentProduct::Wap,
    PaymentStatus::{Duplicate, Settled, UnknownOrder, WrongAmount},
};

const LOST: &str = "2019112820400804_7";

fn lost(trade_no: &str) -> Trade {
    Trade { out_trade_no: LOST.to_owned(), ..trade(trade_no) }
}

fn recorded(ledger: &OrderLedger, trade: Trade) -> (Vec<Event>, OrderLedger) {
    decide(ledger, &Command::RecordTrade { trade, source: EvidenceSource::Notification }).unwrap()
}

fn states(ledger: &OrderLedger) -> Vec<AttemptState> {
    ledger.attempts.iter().map(|attempt| attempt.state).collect()
}

fn timer(events: &[Event]) -> Option<Option<ShopTime>> {
    events.iter().find_map(|event| match event {
        Event::TimerSet { due_at, .. } => Some(*due_at),
        _ => None,
    })
}

#[test]
fn what_is_paid_in_an_attempt_that_is_not_on_record_is_its_orders() {
    for (status, expected) in [
        (OrderStatus::AwaitingPayment, Settled),
        (OrderStatus::Cancelled, Settled),
        (OrderStatus::AwaitingShipment, Duplicate),
        (OrderStatus::Completed, Duplicate),
    ] {
        let mut before = ledger(status);
        if status.is_paid() {
            before.payments.push(paid("first", Settled));
        }
        let (_, after) = recorded(&before, lost("A"));
        assert_eq!(after.payment(Channel::Alipay.trade("A")).unwrap().status, expected, "{status:?}");
        let [first, adopted] = &after.attempts[..] else { panic!("{:?}", after.attempts) };
        assert_eq!((first.out_trade_no.as_str(), adopted.out_trade_no.as_str()), (ORDER, LOST));
        assert_eq!(first.state, if status.is_paid() { Paid } else { GivenUp }, "{status:?}");
        assert_eq!((adopted.state, adopted.amount), (Paid, money(WHOLE)));
        assert_eq!(after.refunds.len(), usize::from(expected == Duplicate));
        assert_eq!(recorded(&after, lost("A")).0, [], "told again");
    }
}

#[test]
fn a_wrong_amount_in_such_an_attempt_is_one_and_can_be_refunded() {
    let (_, after) =
        recorded(&ledger(OrderStatus::AwaitingPayment), Trade { total_amount: money("1.00"), ..lost("A") });
    assert_eq!((after.payments[0].status, status_of(&after)), (WrongAmount, OrderStatus::AwaitingPayment));
    assert_eq!(states(&after), [Open, Paid], "the order can be paid as before");
    let ask = RefundAsk { trade_no: Some("A".to_owned()), ..ask(None) };
    let (_, refunded) = decide(&after, &Command::RequestRefund { ask, lease: Duration::ZERO }).unwrap();
    assert_eq!(refunded.refunds[0].out_trade_no, LOST);
}

#[test]
fn another_orders_number_and_other_forms_stay_unknown() {
    for number in ["2019112820400805_2", "2019112820400804_2_3", "2019112820400804_x", "other"] {
        let (_, after) = recorded(
            &ledger(OrderStatus::AwaitingPayment),
            Trade { out_trade_no: number.to_owned(), ..trade("A") },
        );
        assert_eq!((after.payments[0].status, after.attempts.len()), (UnknownOrder, 0), "{number}");
    }
}

#[test]
fn the_next_attempt_has_a_number_of_its_own() {
    let (_, after) = recorded(
        &ledger(OrderStatus::AwaitingPayment),
        Trade { total_amount: money("1.00"), out_trade_no: format!("{ORDER}_3"), ..trade("A") },
    );
    let ended = vec![EndedAttempt { out_trade_no: ORDER.to_owned(), is_final: false }];
    let open = Command::OpenAttempt { channel: Channel::Alipay, product: Wap, expected: None, ended };
    let (_, opened) = decide(&after, &open).unwrap();
    assert_eq!(opened.attempts.last().unwrap().out_trade_no, format!("{ORDER}_4"));
}

fn with_two_attempts(status: OrderStatus) -> OrderLedger {
    let ended = vec![EndedAttempt { out_trade_no: ORDER.to_owned(), is_final: false }];
    let open = Command::OpenAttempt { channel: Channel::Alipay, product: Wap, expected: None, ended };
    let (_, mut two) = decide(&ledger(OrderStatus::AwaitingPayment), &open).unwrap();
    two.order.as_mut().unwrap().status = status;
    two
}

#[test]
fn a_paid_order_is_looked_at_while_another_attempt_can_be_paid() {
    let second = Trade { out_trade_no: format!("{ORDER}_2"), ..trade("A") };
    let (events, after) = recorded(&with_two_attempts(OrderStatus::AwaitingPayment), second);
    assert_eq!(states(&after), [GivenUp, Paid]);
    let soon = later().after(Duration::from_secs(60));
    assert_eq!(timer(&events), Some(Some(soon)));

    let looked = |ledger: &OrderLedger, failed| {
        let found = ledger.order.as_ref().unwrap().status;
        timer(&decide(ledger, &Command::SetTimer { found, attempts: 0, failed }).unwrap().0)
    };
    let last = after.order.as_ref().unwrap().last_look(later());
    assert_eq!(looked(&after, false), Some(Some(last)));
    assert!(looked(&after, true).flatten().is_some());
    let ended = vec![EndedAttempt { out_trade_no: ORDER.to_owned(), is_final: true }];
    let (_, over) = decide(&after, &Command::EndAttempts { ended }).unwrap();
    assert_eq!((looked(&over, false), looked(&over, true)), (Some(None), Some(None)));

    let (events, _) = recorded(&ledger(OrderStatus::AwaitingPayment), trade("A"));
    assert_eq!(timer(&events), None, "nobody can pay an order of one attempt twice");
}

#[test]
fn an_end_of_a_paid_order_does_not_end_the_looks() {
    let mut after = with_two_attempts(OrderStatus::AwaitingReceipt);
    after.attempts[1].state = Paid;
    let change = |ledger: &OrderLedger| {
        let (events, _) = decide(ledger, &Command::ConfirmReceipt { buyer: None }).unwrap();
        events.iter().find_map(|event| match event {
            Event::StatusChanged(change) => Some(change.due_at),
            _ => None,
        })
    };
    assert_eq!(change(&after), Some(Some(later().after(Duration::from_secs(60)))));
    after.attempts[0].state = AttemptState::Closed;
    assert_eq!(change(&after), Some(None));
}

#[test]
fn an_attempt_is_over_some_time_after_the_deadline() {
    let two = with_two_attempts(OrderStatus::AwaitingShipment);
    let order = two.order.clone().unwrap();
    let begun = two.attempts[0].closed_at.unwrap();
    let days = |days: u64| begun.after(Duration::from_secs(days * 24 * 3600));
    let minutes = |at: ShopTime, minutes: u64| at.after(Duration::from_secs(minutes * 60));
    for (expire_at, last) in [(Some(minutes(begun, 30)), minutes(begun, 35)), (None, minutes(days(15), 5))] {
        let order = crate::Order { expire_at, ..order.clone() };
        assert!(two.attempts[0].is_over(&order, last));
        assert!(!two.attempts[0].is_over(&order, ShopTime::parse("2019-11-28 12:00:00").unwrap()));
        assert!(!two.attempts[0].is_over(&order, minutes(begun, 34)));
    }
}
