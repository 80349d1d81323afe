//! Orders that are looked after of their own accord, against mocked ports.

mod support;

use std::{sync::Arc, time::Duration};

use application::{CancelOrder, SettlePayment, WatchOrders};
use domain::{Actor, Order, OrderStatus, ShopTime, Trade, TradeStatus};
use ports::{
    Claimed, GatewayError, StoreError,
    mock::{MockOrderReader, MockPaymentGateway, MockUnitOfWork, PreparedUnits, clock_at},
};
use support::*;

/// One pass at that time over the order, which was due for the second time.
async fn pass(
    now: ShopTime,
    orders: MockOrderReader,
    gateway: MockPaymentGateway,
    later: Vec<Result<MockUnitOfWork, StoreError>>,
) -> Arc<PreparedUnits> {
    let mut claim = MockUnitOfWork::default();
    claim
        .orders
        .expect_claim_due()
        .times(1)
        .withf(move |at, lease, _| *at == now && *lease > now)
        .returning(|_, _, _| Ok(vec![Claimed { item: order_id(), attempts: 1 }]));
    let units = Arc::new(PreparedUnits::new(std::iter::once(Ok(claim)).chain(later)));
    let (gateway, orders) = (Arc::new(gateway), Arc::new(orders));
    let settle = Arc::new(SettlePayment {
        gateway: Arc::clone(&gateway) as _,
        units: Arc::clone(&units) as _,
        merchant: merchant(),
        clock: Arc::new(clock_at(now)),
    });
    let cancel = Arc::new(CancelOrder {
        users: Arc::new(known_user()),
        orders: Arc::clone(&orders) as _,
        units: Arc::clone(&units) as _,
        gateway: Arc::clone(&gateway) as _,
        settle: Arc::clone(&settle),
        clock: Arc::new(clock_at(now)),
    });
    let watch = Arc::new(WatchOrders {
        orders,
        units: Arc::clone(&units) as _,
        gateway,
        settle,
        cancel,
        clock: Arc::new(clock_at(now)),
    });
    assert_eq!(watch.pass().await.unwrap(), 1);
    units
}

fn alipay(answer: Result<Option<Trade>, GatewayError>) -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().times(1).withf(|id| *id == order_id()).return_once(|_| answer);
    gateway
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// A unit of work in which the order must become due at that time, if it is in this status still.
fn put_off(status: OrderStatus, due_at: Option<ShopTime>) -> Result<MockUnitOfWork, StoreError> {
    let mut unit = MockUnitOfWork::default();
    unit.orders
        .expect_set_due()
        .times(1)
        .withf(move |id, in_status, at| *id == order_id() && *in_status == status && *at == due_at)
        .returning(|_, _, _| Ok(()));
    Ok(unit)
}

#[tokio::test]
async fn an_unpaid_order_is_asked_about_less_and_less_often() {
    let now = noon().after(minutes(3));
    let waiting = Trade { status: TradeStatus::WaitBuyerPay, ..trade("A", "323.91") };
    for answer in [None, Some(waiting)] {
        let found = looks(vec![Ok(Some(order(OrderStatus::AwaitingPayment)))]);
        let later = vec![put_off(OrderStatus::AwaitingPayment, Some(now.after(minutes(4))))];
        assert_eq!(pass(now, found, alipay(Ok(answer)), later).await.commits(), 2);
    }
}

#[tokio::test]
async fn an_unpaid_order_that_is_paid_after_all_is_settled() {
    let found = looks(vec![Ok(Some(order(OrderStatus::AwaitingPayment)))]);
    let now = noon().after(minutes(3));
    let later = vec![
        Ok(paying_in(OrderStatus::AwaitingPayment)),
        // It is in another status by then, and the database leaves it alone.
        put_off(OrderStatus::AwaitingPayment, Some(now.after(minutes(4)))),
    ];
    let units = pass(now, found, alipay(Ok(Some(trade("A", "323.91")))), later).await;
    assert_eq!((units.commits(), units.left()), (3, 0));
}

#[tokio::test]
async fn an_order_whose_deadline_has_passed_is_cancelled() {
    let found = looks(vec![Ok(Some(order(OrderStatus::AwaitingPayment)))]);
    let mut cancelling = locking(Some(order(OrderStatus::AwaitingPayment)));
    cancelling.stock.expect_give_back().times(1).returning(|_, _, _, _| Ok(true));
    cancelling
        .orders
        .expect_change_status()
        .times(1)
        .withf(|change| change.to == OrderStatus::Cancelled && change.cause.actor == Actor::System)
        .returning(|_| Ok(true));
    let units = pass(noon().after(minutes(31)), found, alipay(Ok(None)), vec![Ok(cancelling)]).await;
    assert_eq!(units.commits(), 2);
}

#[tokio::test]
async fn a_cancelled_order_is_looked_at_for_the_last_time() {
    let found = looks(vec![Ok(Some(order(OrderStatus::Cancelled)))]);
    let later = vec![put_off(OrderStatus::Cancelled, None)];
    assert_eq!(pass(noon().after(minutes(35)), found, alipay(Ok(None)), later).await.commits(), 2);
}

#[tokio::test]
async fn a_sent_order_is_taken_for_received() {
    let found = looks(vec![Ok(Some(order(OrderStatus::AwaitingReceipt)))]);
    let mut completing = locking(Some(order(OrderStatus::AwaitingReceipt)));
    completing
        .orders
        .expect_change_status()
        .times(1)
        .withf(|change| change.to == OrderStatus::Completed && change.cause.actor == Actor::System)
        .returning(|_| Ok(true));
    let now = noon().after(RECEIPT_AFTER);
    assert_eq!(pass(now, found, MockPaymentGateway::new(), vec![Ok(completing)]).await.commits(), 2);
}

#[tokio::test]
async fn what_somebody_else_has_ended_is_not_due_any_more() {
    for status in [OrderStatus::AwaitingShipment, OrderStatus::Completed, OrderStatus::Refunded] {
        let found = looks(vec![Ok(Some(order(status)))]);
        let later = vec![put_off(status, None)];
        assert_eq!(pass(noon(), found, MockPaymentGateway::new(), later).await.commits(), 2);
    }
}

/// An order that the old back end placed, weeks ago: it has no deadline.
fn old(status: OrderStatus) -> Order {
    Order { expire_at: None, created_at: noon().before(minutes(20 * 24 * 60)), ..order(status) }
}

#[tokio::test]
async fn after_a_failure_every_order_is_looked_at_again_however_old() {
    for found in [OrderStatus::AwaitingPayment, OrderStatus::Cancelled] {
        let orders = looks(vec![Ok(Some(old(found))), Ok(Some(old(found)))]);
        let later = vec![put_off(found, Some(noon().after(minutes(4))))];
        let units = pass(noon(), orders, alipay(Err(alipay_down())), later).await;
        assert_eq!((units.commits(), units.left()), (2, 0), "{found:?}");
    }
    let sent = OrderStatus::AwaitingReceipt;
    let orders = looks(vec![Ok(Some(old(sent))), Ok(Some(old(sent)))]);
    let later = vec![Err(store_down()), put_off(sent, Some(noon().after(minutes(4))))];
    let units = pass(noon(), orders, MockPaymentGateway::new(), later).await;
    assert_eq!((units.commits(), units.left()), (2, 0));
}

#[tokio::test]
async fn what_cannot_even_be_put_off_keeps_its_lease() {
    let orders = looks(vec![Err(store_down()), Err(store_down())]);
    assert_eq!(pass(noon(), orders, MockPaymentGateway::new(), vec![]).await.commits(), 1);
}
