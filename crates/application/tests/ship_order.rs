//! 发货 against mocked ports.

mod support;

use std::sync::Arc;

use application::{ShipOrder, ShipOrderError};
use domain::{
    Actor, Cause, Order, OrderNewsKind, OrderStatus, PaymentRecord, PaymentStatus, Refund, RefundKind,
    RefundStatus, Shipment,
};
use ports::{
    StoreError,
    mock::{MockUnitOfWork, PreparedUnits},
};
use support::*;

async fn ship_in(units: &Arc<PreparedUnits>, parcel: &Shipment) -> Result<(), ShipOrderError> {
    let use_case =
        ShipOrder { units: Arc::clone(units) as _, clock: Arc::new(clock()), receipt_after: RECEIPT_AFTER };
    use_case.execute(&order_id(), parcel, &Cause::shop("小王".to_owned(), None)).await
}

async fn ship(unit: MockUnitOfWork) -> (Result<(), ShipOrderError>, usize) {
    let units = units(vec![unit]);
    (ship_in(&units, &parcel()).await, units.commits())
}

fn parcel() -> Shipment {
    Shipment::new("顺丰速运", "SF1", noon()).unwrap()
}

fn to_be_sent() -> Option<Order> {
    Some(order(OrderStatus::AwaitingShipment))
}

fn paid() -> Vec<PaymentRecord> {
    vec![recorded("A", PaymentStatus::Settled)]
}

/// The order, paid by trade A, and these refunds.
fn paid_books(refunds: Vec<Refund>) -> MockUnitOfWork {
    books(to_be_sent(), paid(), refunds)
}

/// The same, which must then be sent, for these words of the timeline.
fn sending(mut unit: MockUnitOfWork, words: &'static str) -> MockUnitOfWork {
    unit.orders
        .expect_change_status()
        .times(1)
        .withf(move |change| {
            change.order_id == order_id()
                && (change.from, change.to) == (OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt)
                && change.cause == Cause::shop("小王".to_owned(), None)
                && (change.reason.as_str(), change.at) == (words, noon())
                && change.due_at == Some(noon().after(RECEIPT_AFTER))
        })
        .returning(|_| Ok(true));
    unit
}

/// The same, with how it was sent.
fn sent(unit: MockUnitOfWork) -> MockUnitOfWork {
    let mut unit = sending(unit, "发货 顺丰速运 SF1");
    unit.orders
        .expect_record_shipment()
        .times(1)
        .withf(|id, shipment| *id == order_id() && *shipment == parcel())
        .returning(|_, _| Ok(()));
    unit
}

#[tokio::test]
async fn a_paid_order_is_sent_and_taken_for_received_some_days_later() {
    let unit = sent(paid_books(vec![]));
    let news = unit.news.clone();
    let (outcome, commits) = ship(unit).await;
    assert!(outcome.is_ok());
    assert_eq!(commits, 1);
    let [told] = news.all().try_into().unwrap();
    assert_eq!((told.kind, told.actor), (OrderNewsKind::StatusChanged, Actor::Shop));
    assert_eq!((told.to, told.reason.as_str()), (OrderStatus::AwaitingReceipt, "发货 顺丰速运 SF1"));
}

#[tokio::test]
async fn only_a_paid_order_is_sent() {
    for status in OrderStatus::ALL.into_iter().filter(|status| *status != OrderStatus::AwaitingShipment) {
        let (outcome, commits) = ship(books(Some(order(status)), paid(), vec![])).await;
        assert!(matches!(outcome, Err(ShipOrderError::NotAllowed(_))), "{status:?}");
        assert_eq!(commits, 0);
    }
    let unknown = ship(books(None, vec![], vec![])).await;
    assert!(matches!(unknown, (Err(ShipOrderError::UnknownOrder), 0)));
}

#[tokio::test]
async fn an_order_that_was_paid_without_a_record_is_sent() {
    let (outcome, commits) = ship(sent(books(to_be_sent(), vec![], vec![]))).await;
    assert!(outcome.is_ok());
    assert_eq!(commits, 1);
}

#[tokio::test]
async fn a_carrier_or_number_that_is_not_told_leaves_no_blanks() {
    for (carrier, number, words) in [("", "", "发货"), ("自提", "", "发货 自提")] {
        let mut unit = sending(paid_books(vec![]), words);
        unit.orders.expect_record_shipment().times(1).returning(|_, _| Ok(()));
        let units = units(vec![unit]);
        ship_in(&units, &Shipment::new(carrier, number, noon()).unwrap()).await.unwrap();
        assert_eq!(units.commits(), 1);
    }
}

#[tokio::test]
async fn what_is_not_known_to_be_kept_is_not_sent() {
    use RefundStatus::{Requested, Succeeded};
    let external = Refund { kind: RefundKind::External, ..refund("x", "23.91", Succeeded) };
    for refunds in [
        vec![refund("r1", "323.91", Requested)],
        vec![refund("r1", "300.00", Succeeded), refund("r2", "23.91", Requested)],
        vec![refund("r1", "300.00", Requested), external],
    ] {
        let (outcome, commits) = ship(paid_books(refunds)).await;
        assert!(matches!(outcome, Err(ShipOrderError::BeingRefunded)), "{outcome:?}");
        assert_eq!(commits, 0);
    }
}

#[tokio::test]
async fn a_part_that_goes_back_and_a_refund_that_failed_keep_nothing_from_being_sent() {
    let failed = refund("r2", "323.91", RefundStatus::Failed);
    for refunds in [vec![refund("r1", "323.90", RefundStatus::Requested)], vec![failed]] {
        assert!(matches!(ship(sent(paid_books(refunds))).await, (Ok(()), 1)));
    }
    let twice = recorded("B", PaymentStatus::Duplicate);
    let owed = Refund::owed(&twice).unwrap();
    let unit = books(to_be_sent(), vec![recorded("A", PaymentStatus::Settled), twice], vec![owed]);
    assert!(matches!(ship(sent(unit)).await, (Ok(()), 1)), "another trade's money");
}

#[tokio::test]
async fn what_others_changed_meanwhile_is_looked_at_again_by_people() {
    let mut lost = paid_books(vec![]);
    lost.orders.expect_change_status().times(1).returning(|_| Ok(false));
    assert!(matches!(ship(lost).await, (Err(ShipOrderError::Conflict), 0)));
}

#[tokio::test]
async fn each_failure_of_the_database_is_passed_on() {
    let begin = Arc::new(PreparedUnits::new([Err(store_down())]));
    let mut find = MockUnitOfWork::default();
    find.orders.expect_find_for_update().returning(|_| Err(store_down()));
    let mut moves = locking(to_be_sent());
    moves.stock.expect_moves_of().returning(|_| Err(store_down()));
    let mut payments = locking(to_be_sent());
    payments.stock.expect_moves_of().returning(|_| Ok(vec![]));
    payments.payments.expect_of_order().returning(|_| Err(store_down()));
    let mut change = paid_books(vec![]);
    change.orders.expect_change_status().returning(|_| Err(store_down()));
    let mut record = sending(paid_books(vec![]), "发货 顺丰速运 SF1");
    record.orders.expect_record_shipment().returning(|_, _| Err(store_down()));
    let mut commit = sent(paid_books(vec![]));
    commit.commit_error = Some(StoreError::OutcomeUnknown("connection lost".into()));
    let prepared = [find, moves, payments, change, record, commit].map(|unit| units(vec![unit]));
    for units in std::iter::once(begin).chain(prepared) {
        let outcome = ship_in(&units, &parcel()).await;
        assert!(matches!(outcome, Err(ShipOrderError::Store(_))), "{outcome:?}");
        assert_eq!(units.commits(), 0);
    }
}
