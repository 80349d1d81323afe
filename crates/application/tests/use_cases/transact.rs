//! The shell around the decisions, with ledgers in memory.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use application::TransactError;
use domain::{
    Cause, EndedAttempt, OrderStatus, Shipment, ShippingAddress, UserId,
    ledger::{Command, Event, Refusal},
};
use ports::{AppendError, StoreError, mock::Ledgers};
use tracing::{Dispatch, Metadata, Subscriber, field::Field, span, subscriber::set_default};

use crate::support::*;

fn received() -> Command {
    Command::ConfirmReceipt { buyer: Some(USER) }
}

async fn confirm(ledgers: &Ledgers) -> Result<usize, TransactError> {
    let outcome = transact(ledgers).run(ORDER, &received(), &Cause::buyer(None)).await;
    outcome.map(|transacted| transacted.events.len())
}

fn shipped() -> Ledgers {
    Ledgers::of(only(OrderStatus::AwaitingReceipt))
}

#[tokio::test]
async fn what_is_decided_is_written_and_nothing_else() {
    let ledgers = shipped();
    let transacted = transact(&ledgers).run(ORDER, &received(), &Cause::buyer(None)).await.unwrap();
    assert_eq!(transacted.ledger, ledgers.get(ORDER));
    assert_eq!(transacted.events, ledgers.appended());
    assert!(matches!(&ledgers.appended()[..], [Event::StatusChanged(change)] if change.at == noon()));
    assert_eq!(status(&ledgers), OrderStatus::Completed);

    assert_eq!(confirm(&ledgers).await.unwrap(), 0, "again is no error");
    assert_eq!(ledgers.appended().len(), 1);
}

#[tokio::test]
async fn what_is_refused_writes_nothing_and_is_not_tried_again() {
    let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
    let outcome = confirm(&ledgers).await;
    assert!(matches!(outcome, Err(TransactError::Refused(Refusal::NotAllowed(_)))), "{outcome:?}");
    assert_eq!((ledgers.appended().len(), ledgers.locks()), (0, 1));

    let others = Command::ConfirmReceipt { buyer: Some(UserId(5)) };
    let outcome = transact(&shipped()).run(ORDER, &others, &Cause::buyer(None)).await;
    assert!(matches!(outcome, Err(TransactError::Refused(Refusal::UnknownOrder))), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn it_decides_anew_where_others_were_faster_or_hold_the_rows() {
    let ledgers = shipped()
        .failing_to_lock([rows_locked()])
        .failing_to_append([changed_meanwhile(), AppendError::Store(rows_locked())]);
    assert_eq!((confirm(&ledgers).await.unwrap(), ledgers.locks()), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_bounded_attempts() {
    let locked = shipped().failing_to_lock((0..100).map(|_| rows_locked()));
    let lost = shipped().failing_to_append((0..100).map(|_| changed_meanwhile()));
    for ledgers in [locked, lost] {
        let outcome = confirm(&ledgers).await;
        assert!(matches!(outcome, Err(TransactError::Conflict)), "{outcome:?}");
        assert_eq!((ledgers.locks(), ledgers.appended().len()), (8, 0));
    }
}

#[tokio::test]
async fn each_failure_of_the_database_is_passed_on_and_not_tried_again() {
    let errors: [fn() -> StoreError; 4] = [
        store_down,
        || StoreError::OutcomeUnknown("connection lost".into()),
        || StoreError::Corrupt("a row".to_owned()),
        || StoreError::Refused("a constraint".into()),
    ];
    for error in errors {
        let lock = shipped().failing_to_lock([error()]);
        let append = shipped().failing_to_append([AppendError::Store(error())]);
        for ledgers in [lock, append] {
            assert!(matches!(confirm(&ledgers).await, Err(TransactError::Store(_))));
            assert_eq!((ledgers.locks(), ledgers.appended().len()), (1, 0));
        }
    }
}

#[tokio::test]
async fn a_request_number_of_another_order_is_reused() {
    let ledgers = shipped().failing_to_append([AppendError::RequestNumberInUse]);
    let outcome = confirm(&ledgers).await;
    let reused = Refusal::RequestNumberReused;
    assert!(matches!(outcome, Err(TransactError::Refused(refusal)) if refusal == reused));
}

/// Everything that is logged.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<String>>);

impl Subscriber for Logged {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = self.0.lock().unwrap();
        event.record(&mut |field: &Field, value: &dyn fmt::Debug| {
            text.push_str(&format!("{field}={value:?} "));
        });
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Text from staff may contain names of people.
#[tokio::test]
async fn what_people_typed_is_not_logged() {
    let typed = || "张三13800000000".to_owned();
    let staff = Cause::shop("店长".to_owned(), None);
    let ended = || vec![EndedAttempt { out_trade_no: ORDER.to_owned(), is_final: true }];
    let cancel = Command::Cancel { buyer: None, reason: typed(), ended: ended() };
    let unpaid = only(OrderStatus::AwaitingPayment);
    let expected = unpaid.order.as_ref().unwrap().total_amount;
    let lower = Command::LowerAmount { expected, amount: money("0.01"), reason: typed(), ended: ended() };
    let address = ShippingAddress { receiver: typed(), ..unpaid.order.as_ref().unwrap().shipping.clone() };
    let redirect =
        Command::ChangeAddress { buyer: None, expected: None, address, address_id: None, reason: typed() };
    let ship = Command::Ship {
        shipment: Shipment::new(&typed(), "SF1", noon()).unwrap(),
        receipt_after: Duration::from_secs(60),
    };
    let logged = Logged::default();
    // With only one subscriber, a log line that a test on another thread reaches first would be disabled for all.
    let _second = Dispatch::new(logged.clone());
    let _guard = set_default(logged.clone());
    for (ledger, command, said) in [
        (unpaid.clone(), cancel, "order status changed"),
        (unpaid.clone(), lower, "order amount lowered"),
        (unpaid, redirect, "order address changed"),
        (only(OrderStatus::AwaitingShipment), ship, "order shipped"),
    ] {
        transact(&Ledgers::of(ledger)).run(ORDER, &command, &staff).await.unwrap();
        let text = std::mem::take(&mut *logged.0.lock().unwrap());
        assert!(text.contains(said) && text.contains(ORDER), "{text}");
        assert!(!text.contains("张三"), "{text}");
    }
}
