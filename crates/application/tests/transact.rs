//! The shell around the decisions, on ledgers in memory.

mod support;

use std::sync::atomic::Ordering;

use application::TransactError;
use domain::{
    Cause, OrderStatus, UserId,
    ledger::{Command, Event, Refusal},
};
use ports::{AppendError, StoreError, mock::Ledgers};
use support::*;

fn received() -> Command {
    Command::ConfirmReceipt { buyer: Some(USER) }
}

async fn confirm(ledgers: &Ledgers) -> (Result<usize, TransactError>, u64) {
    let transact = transact(ledgers);
    let outcome = transact.run(ORDER, &received(), &Cause::buyer(None)).await;
    (outcome.map(|transacted| transacted.events.len()), transact.retries.load(Ordering::Relaxed))
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

    assert_eq!(confirm(&ledgers).await.0.unwrap(), 0, "again is no error");
    assert_eq!(ledgers.appended().len(), 1);
}

#[tokio::test]
async fn what_is_refused_writes_nothing_and_is_not_tried_again() {
    let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
    let (outcome, retries) = confirm(&ledgers).await;
    assert!(matches!(outcome, Err(TransactError::Refused(Refusal::NotAllowed(_)))), "{outcome:?}");
    assert_eq!((ledgers.appended().len(), ledgers.locks(), retries), (0, 1, 0));

    let others = Command::ConfirmReceipt { buyer: Some(UserId(5)) };
    let outcome = transact(&shipped()).run(ORDER, &others, &Cause::buyer(None)).await;
    assert!(matches!(outcome, Err(TransactError::Refused(Refusal::UnknownOrder))), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn it_decides_anew_where_others_were_faster_or_hold_the_rows() {
    let ledgers = shipped()
        .failing_to_lock([rows_locked()])
        .failing_to_append([changed_meanwhile(), AppendError::Store(rows_locked())]);
    let (outcome, retries) = confirm(&ledgers).await;
    assert_eq!((outcome.unwrap(), retries, ledgers.locks()), (1, 3, 4));
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_bounded_attempts() {
    let locked = (0..100).map(|_| rows_locked());
    let (outcome, retries) = confirm(&shipped().failing_to_lock(locked)).await;
    assert!(matches!(outcome, Err(TransactError::Conflict)), "{outcome:?}");
    assert_eq!(retries, 8);
    let lost = (0..100).map(|_| changed_meanwhile());
    let ledgers = shipped().failing_to_append(lost);
    assert!(matches!(confirm(&ledgers).await, (Err(TransactError::Conflict), 8)));
    assert_eq!(ledgers.appended(), []);
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
            assert!(matches!(confirm(&ledgers).await, (Err(TransactError::Store(_)), 0)));
            assert_eq!((ledgers.locks(), ledgers.appended().len()), (1, 0));
        }
    }
}

#[tokio::test]
async fn a_request_number_of_another_order_is_reused() {
    let ledgers = shipped().failing_to_append([AppendError::RequestNumberInUse]);
    let (outcome, _) = confirm(&ledgers).await;
    let reused = Refusal::RequestNumberReused;
    assert!(matches!(outcome, Err(TransactError::Refused(refusal)) if refusal == reused));
}
