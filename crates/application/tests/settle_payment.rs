//! The one way in which an order becomes paid, against mocked ports.

mod support;

use std::sync::Arc;

use application::{NotificationError, SettleError, SettlePayment, Settled};
use domain::{
    Actor, Addressee, Cause, EvidenceSource, NotForUs, Order, OrderStatus, PaymentRecord, PaymentStatus,
    Trade,
};
use ports::{
    NotVerified, StockOutcome, StoreError, VerifiedNotification,
    mock::{MockPaymentGateway, MockUnitOfWork, PreparedUnits},
};
use support::*;

fn use_case(gateway: MockPaymentGateway, units: &Arc<PreparedUnits>) -> SettlePayment {
    SettlePayment {
        gateway: Arc::new(gateway),
        units: Arc::clone(units) as _,
        merchant: merchant(),
        clock: Arc::new(clock()),
    }
}

async fn settle(trade: Trade, units: &Arc<PreparedUnits>) -> Result<Settled, SettleError> {
    use_case(MockPaymentGateway::new(), units)
        .by_trade(&trade, EvidenceSource::Query, Cause::alipay(None))
        .await
}

/// A unit of work that finds this order and these payments.
fn finding(order: Option<Order>, payments: Vec<PaymentRecord>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.orders.expect_find_for_update().times(1).return_once(|_| Ok(order));
    unit.payments.expect_of_order().times(1).return_once(|_| Ok(payments));
    unit
}

/// The same, which then must record a payment in this status.
fn recording(order: Option<Order>, payments: Vec<PaymentRecord>, status: PaymentStatus) -> MockUnitOfWork {
    let mut unit = finding(order, payments);
    unit.payments
        .expect_record()
        .times(1)
        .withf(move |payment| payment.status == status)
        .returning(|_| Ok(true));
    let owes = usize::from(status.is_refund_due());
    unit.refunds
        .expect_record()
        .times(owes)
        .withf(|refund, due_at| {
            refund.out_request_no == format!("back-{}", refund.trade_no)
                && refund.amount == money("323.91")
                && refund.kind.is_owed()
                && *due_at == Some(noon())
        })
        .returning(|_, _| Ok(true));
    unit
}

fn expecting_change(mut unit: MockUnitOfWork, from: OrderStatus, changed: bool) -> MockUnitOfWork {
    unit.orders
        .expect_change_status()
        .times(1)
        .withf(move |change| {
            change.order_id == order_id()
                && change.from == from
                && change.to == OrderStatus::AwaitingShipment
                && change.cause.actor == Actor::Alipay
        })
        .returning(move |_| Ok(changed));
    unit
}

#[tokio::test]
async fn an_unpaid_order_becomes_paid_and_the_payment_is_recorded() {
    let unit = recording(Some(order(OrderStatus::AwaitingPayment)), vec![], PaymentStatus::Settled);
    let units = units(vec![expecting_change(unit, OrderStatus::AwaitingPayment, true)]);
    assert_eq!(settle(trade("A", "323.91"), &units).await.unwrap(), Settled::Paid);
    assert_eq!(units.commits(), 1);
}

#[tokio::test]
async fn a_replay_writes_nothing() {
    for status in OrderStatus::ALL {
        let units = units(vec![finding(Some(order(status)), vec![recorded("A", PaymentStatus::Settled)])]);
        assert_eq!(settle(trade("A", "323.91"), &units).await.unwrap(), Settled::NothingNew);
        assert_eq!(units.commits(), 0);
    }
}

#[tokio::test]
async fn a_wrong_amount_is_recorded_and_leaves_the_order_alone() {
    let unit = recording(Some(order(OrderStatus::AwaitingPayment)), vec![], PaymentStatus::WrongAmount);
    let units = units(vec![unit]);
    let settled = settle(trade("A", "219.00"), &units).await.unwrap();
    assert_eq!(settled, Settled::RecordedOnly(PaymentStatus::WrongAmount));
    assert_eq!(units.commits(), 1);
}

#[tokio::test]
async fn a_second_trade_is_recorded_as_a_duplicate() {
    let known = vec![recorded("A", PaymentStatus::Settled)];
    let unit = recording(Some(order(OrderStatus::AwaitingShipment)), known, PaymentStatus::Duplicate);
    let settled = settle(trade("B", "323.91"), &units(vec![unit])).await.unwrap();
    assert_eq!(settled, Settled::RecordedOnly(PaymentStatus::Duplicate));
}

#[tokio::test]
async fn a_payment_of_no_order_of_ours_is_recorded() {
    let unit = recording(None, vec![], PaymentStatus::UnknownOrder);
    let settled = settle(trade("A", "323.91"), &units(vec![unit])).await.unwrap();
    assert_eq!(settled, Settled::RecordedOnly(PaymentStatus::UnknownOrder));

    let mut unit = MockUnitOfWork::default();
    unit.payments.expect_of_order().times(1).returning(|_| Ok(vec![]));
    unit.payments.expect_record().times(1).returning(|_| Ok(true));
    let foreign = Trade { out_trade_no: "ORD_20250102_0001".to_owned(), ..trade("A", "323.91") };
    let settled = settle(foreign, &units(vec![unit])).await.unwrap();
    assert_eq!(settled, Settled::RecordedOnly(PaymentStatus::UnknownOrder));
}

#[tokio::test]
async fn a_cancelled_order_is_revived_where_its_stock_is_still_there() {
    let mut unit = recording(Some(order(OrderStatus::Cancelled)), vec![], PaymentStatus::Settled);
    unit.stock
        .expect_retake()
        .times(1)
        .withf(|_, stock, _| stock.iter().map(|held| (held.sku_id.0, held.pieces)).eq([(4, 2), (5, 1)]))
        .returning(|_, _, _| Ok(StockOutcome::Taken));
    let units = units(vec![expecting_change(unit, OrderStatus::Cancelled, true)]);
    assert_eq!(settle(trade("A", "323.91"), &units).await.unwrap(), Settled::Revived);
    assert_eq!(units.commits(), 1);
}

#[tokio::test]
async fn a_cancelled_order_whose_stock_is_gone_stays_cancelled_and_the_money_is_due_back() {
    let mut first = finding(Some(order(OrderStatus::Cancelled)), vec![]);
    first.stock.expect_retake().times(1).returning(|_, _, _| Ok(StockOutcome::Changed));
    let second = recording(Some(order(OrderStatus::Cancelled)), vec![], PaymentStatus::Late);
    let units = units(vec![first, second]);
    let settled = settle(trade("A", "323.91"), &units).await.unwrap();
    assert_eq!(settled, Settled::RecordedOnly(PaymentStatus::Late));
    assert!(PaymentStatus::Late.is_refund_due());
    assert_eq!(units.commits(), 1, "what was taken in vain is not committed");
}

#[tokio::test]
async fn it_looks_again_when_others_were_faster_or_hold_the_rows() {
    let lost = expecting_change(
        finding(Some(order(OrderStatus::AwaitingPayment)), vec![]),
        OrderStatus::AwaitingPayment,
        false,
    );
    let mut locked = MockUnitOfWork::default();
    locked.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
    let after =
        finding(Some(order(OrderStatus::AwaitingShipment)), vec![recorded("A", PaymentStatus::Settled)]);
    let units = units(vec![lost, locked, after]);
    assert_eq!(settle(trade("A", "323.91"), &units).await.unwrap(), Settled::NothingNew);
    assert_eq!((units.commits(), units.left()), (0, 0));
}

#[tokio::test]
async fn what_somebody_else_recorded_meanwhile_is_not_recorded_twice() {
    let known =
        || finding(Some(order(OrderStatus::AwaitingShipment)), vec![recorded("B", PaymentStatus::Duplicate)]);
    let paid = || vec![recorded("A", PaymentStatus::Settled)];
    let mut payment = finding(Some(order(OrderStatus::AwaitingShipment)), paid());
    payment.payments.expect_record().times(1).returning(|_| Ok(false));
    let mut owed = finding(Some(order(OrderStatus::AwaitingShipment)), paid());
    owed.payments.expect_record().times(1).returning(|_| Ok(true));
    owed.refunds.expect_record().times(1).returning(|_, _| Ok(false));
    for lost in [payment, owed] {
        let units = units(vec![lost, known()]);
        assert_eq!(settle(trade("B", "323.91"), &units).await.unwrap(), Settled::NothingNew);
        assert_eq!((units.commits(), units.left()), (0, 0), "no payment without what is owed for it");
    }
}

#[tokio::test]
async fn it_gives_up_after_bounded_tries() {
    let locked = (0..100).map(|_| {
        let mut unit = MockUnitOfWork::default();
        unit.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
        unit
    });
    let units = units(locked.collect());
    assert!(matches!(settle(trade("A", "323.91"), &units).await, Err(SettleError::Conflict)));
    assert_eq!(units.left(), 92);
}

#[tokio::test]
async fn each_failure_of_the_database_is_passed_on_so_that_alipay_sends_again() {
    let begin = Arc::new(PreparedUnits::new([Err(store_down())]));
    assert!(matches!(settle(trade("A", "323.91"), &begin).await, Err(SettleError::Store(_))));

    let mut find = MockUnitOfWork::default();
    find.orders.expect_find_for_update().returning(|_| Err(store_down()));

    let mut payments = MockUnitOfWork::default();
    payments.orders.expect_find_for_update().returning(|_| Ok(None));
    payments.payments.expect_of_order().returning(|_| Err(store_down()));

    let mut change = finding(Some(order(OrderStatus::AwaitingPayment)), vec![]);
    change.orders.expect_change_status().returning(|_| Err(store_down()));

    let mut record = finding(Some(order(OrderStatus::AwaitingPayment)), vec![]);
    record.orders.expect_change_status().returning(|_| Ok(true));
    record.payments.expect_record().returning(|_| Err(store_down()));

    let mut retake = finding(Some(order(OrderStatus::Cancelled)), vec![]);
    retake.stock.expect_retake().returning(|_, _, _| Err(store_down()));

    let mut commit = recording(Some(order(OrderStatus::AwaitingPayment)), vec![], PaymentStatus::Settled);
    commit.orders.expect_change_status().returning(|_| Ok(true));
    commit.commit_error = Some(StoreError::OutcomeUnknown("connection lost".into()));

    let mut owed = finding(Some(order(OrderStatus::Completed)), vec![recorded("B", PaymentStatus::Settled)]);
    owed.payments.expect_record().returning(|_| Ok(true));
    owed.refunds.expect_record().returning(|_, _| Err(store_down()));

    for unit in [find, payments, change, record, retake, commit, owed] {
        let units = units(vec![unit]);
        assert!(matches!(settle(trade("A", "323.91"), &units).await, Err(SettleError::Store(_))));
        assert_eq!(units.commits(), 0);
    }
}

fn notification(app_id: &str, seller_id: Option<&str>) -> VerifiedNotification {
    VerifiedNotification {
        addressee: Addressee { app_id: app_id.to_owned(), seller_id: seller_id.map(str::to_owned) },
        notify_id: "n".to_owned(),
        trade: trade("A", "323.91"),
    }
}

async fn notify(
    answer: Result<VerifiedNotification, NotVerified>,
    unit: Option<MockUnitOfWork>,
) -> Result<Settled, NotificationError> {
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_verify_notification().times(1).withf(|form| form == b"the form").return_once(|_| answer);
    let units = Arc::new(PreparedUnits::new(unit.map(Ok)));
    use_case(gateway, &units).by_notification(b"the form", Cause::alipay(None)).await
}

#[tokio::test]
async fn a_notification_settles_like_any_evidence() {
    let mut unit = finding(Some(order(OrderStatus::AwaitingPayment)), vec![]);
    unit.payments
        .expect_record()
        .withf(|payment| payment.source == EvidenceSource::Notification && payment.recorded_at == noon())
        .returning(|_| Ok(true));
    let unit = expecting_change(unit, OrderStatus::AwaitingPayment, true);
    let settled = notify(Ok(notification("2021", Some("2088"))), Some(unit)).await;
    assert_eq!(settled.unwrap(), Settled::Paid);
}

#[tokio::test]
async fn a_notification_that_is_not_alipays_or_not_for_us_touches_nothing() {
    let forged = notify(Err(NotVerified::Signature), None).await;
    assert!(matches!(forged, Err(NotificationError::NotVerified(_))));
    let other_app = notify(Ok(notification("2022", Some("2088"))), None).await;
    assert!(matches!(other_app, Err(NotificationError::NotForUs(NotForUs::App))));
    for seller in [Some("2089"), None] {
        let other_seller = notify(Ok(notification("2021", seller)), None).await;
        assert!(matches!(other_seller, Err(NotificationError::NotForUs(NotForUs::Seller))));
    }
}
