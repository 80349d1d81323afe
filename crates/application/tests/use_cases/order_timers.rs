//! Orders whose timers go off, with mocked ports.

use std::{sync::Arc, time::Duration};

use application::{Job, JobError, OrderService, OrderTimers};
use domain::{Actor, Order, OrderId, OrderStatus, ShopTime, Trade, TradeStatus, ledger::Event};
use ports::{
    Claimed, DueOrder, GatewayError,
    mock::{Ledgers, MockOrderReader, MockPaymentGateway},
};

use crate::support::*;

/// Runs one pass at this time over the order, which is due for the second time. Returns the written events.
async fn pass(
    now: ShopTime,
    orders: MockOrderReader,
    gateway: MockPaymentGateway,
    ledgers: Ledgers,
) -> Vec<Event> {
    let status = ledgers.get(ORDER).order.map(|order| order.status);
    pass_for(status, now, orders, gateway, ledgers).await
}

/// The same, for an order that had this status when it was claimed.
async fn pass_for(
    status: Option<OrderStatus>,
    now: ShopTime,
    orders: MockOrderReader,
    gateway: MockPaymentGateway,
    ledgers: Ledgers,
) -> Vec<Event> {
    let due = DueOrder { id: order_id(), status };
    let ledgers = ledgers.with_due_orders(vec![Claimed { item: due, attempts: 1 }]);
    let service = OrderService { orders: Arc::new(orders), ..service_at(now, gateway, &ledgers) };
    assert_eq!(OrderTimers(Arc::new(service)).pass().await.unwrap(), 1);
    ledgers.appended()
}

fn alipay(answer: Result<Option<Trade>, GatewayError>) -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().times(1).withf(|number| number == ORDER).return_once(|_| answer);
    gateway
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn timer(status: OrderStatus, due_at: Option<ShopTime>) -> Event {
    Event::TimerSet { status, due_at, restart: due_at.is_none() }
}

/// The status changes, and their actors.
fn changes(events: &[Event]) -> Vec<(OrderStatus, Actor)> {
    let change = |event: &Event| match event {
        Event::StatusChanged(change) => Some((change.to, change.cause.actor)),
        _ => None,
    };
    events.iter().filter_map(change).collect()
}

fn found(status: OrderStatus) -> MockOrderReader {
    looks(vec![Ok(Some(order(status)))])
}

#[tokio::test]
async fn an_unpaid_order_is_asked_about_less_and_less_often() {
    let (now, unpaid) = (noon().after(minutes(3)), OrderStatus::AwaitingPayment);
    let waiting = Trade { status: TradeStatus::WaitBuyerPay, ..trade("A", "323.91") };
    for answer in [None, Some(waiting)] {
        let events = pass(now, found(unpaid), alipay(Ok(answer)), Ledgers::of(only(unpaid))).await;
        assert_eq!(events, [timer(unpaid, Some(now.after(minutes(4))))]);
    }
}

#[tokio::test]
async fn an_unpaid_order_that_is_paid_after_all_is_settled_and_no_longer_due() {
    let (now, unpaid) = (noon().after(minutes(3)), OrderStatus::AwaitingPayment);
    let paid = alipay(Ok(Some(trade("A", "323.91"))));
    let events = pass(now, found(unpaid), paid, Ledgers::of(only(unpaid))).await;
    assert_eq!(changes(&events), [(OrderStatus::AwaitingShipment, Actor::Channel(domain::Channel::Alipay))]);
    // The change of status removed the timer; the result of the pass sets no other.
    assert!(
        events.iter().any(|event| matches!(event, Event::StatusChanged(change) if change.due_at.is_none()))
    );
    assert!(!events.iter().any(|event| matches!(event, Event::TimerSet { .. })));
}

#[tokio::test]
async fn an_order_whose_deadline_has_passed_is_cancelled() {
    let unpaid = OrderStatus::AwaitingPayment;
    let now = noon().after(minutes(31));
    let orders = looks(vec![Ok(Some(order(unpaid))), Ok(Some(order(unpaid)))]);
    let events = pass(now, orders, alipay(Ok(None)), Ledgers::of(only(unpaid))).await;
    assert_eq!(changes(&events), [(OrderStatus::Cancelled, Actor::System)]);
}

#[tokio::test]
async fn an_order_that_was_paid_in_its_last_minute_is_no_failure() {
    let unpaid = OrderStatus::AwaitingPayment;
    let now = noon().after(minutes(31));
    let orders = looks(vec![Ok(Some(order(unpaid))), Ok(Some(order(unpaid)))]);
    let events = pass(now, orders, alipay(Ok(Some(trade("A", "323.91")))), Ledgers::of(only(unpaid))).await;
    assert_eq!(changes(&events), [(OrderStatus::AwaitingShipment, Actor::Channel(domain::Channel::Alipay))]);
    assert!(!events.iter().any(|event| matches!(event, Event::TimerSet { .. })));
}

#[tokio::test]
async fn a_cancelled_order_is_looked_at_for_the_last_time() {
    let cancelled = OrderStatus::Cancelled;
    let now = noon().after(minutes(35));
    let events = pass(now, found(cancelled), alipay(Ok(None)), Ledgers::of(only(cancelled))).await;
    assert_eq!(events, [timer(cancelled, None)]);
}

#[tokio::test]
async fn a_shipped_order_is_taken_for_received() {
    let shipped = OrderStatus::AwaitingReceipt;
    let now = noon().after(RECEIPT_AFTER);
    let events = pass(now, found(shipped), MockPaymentGateway::new(), Ledgers::of(only(shipped))).await;
    assert_eq!(changes(&events), [(OrderStatus::Completed, Actor::System)]);
}

/// Another program changes only the status: the timer that goes off was set before.
#[tokio::test]
async fn an_order_that_another_program_shipped_is_not_taken_for_received() {
    let shipped = OrderStatus::AwaitingReceipt;
    let order = Order { shipment: None, ..order(shipped) };
    for now in [noon().after(minutes(3)), noon().after(RECEIPT_AFTER)] {
        let ledgers = Ledgers::of(ledger(Some(order.clone()), vec![], vec![]));
        let orders = looks(vec![Ok(Some(order.clone()))]);
        let events = pass(now, orders, MockPaymentGateway::new(), ledgers).await;
        assert_eq!(events, [timer(shipped, None)]);
    }
}

/// Whatever the clocks say: this timer was the one for the order's other attempts.
#[tokio::test]
async fn an_order_that_was_shipped_after_it_was_claimed_is_not_taken_for_received() {
    let (now, shipped) = (noon().after(minutes(3)), OrderStatus::AwaitingReceipt);
    for (claimed_in, expected) in [(OrderStatus::AwaitingShipment, 0), (shipped, 1)] {
        let ledgers = Ledgers::of(only(shipped));
        let gateway = MockPaymentGateway::new();
        let events = pass_for(Some(claimed_in), now, found(shipped), gateway, ledgers).await;
        assert_eq!(changes(&events).len(), expected, "{claimed_in:?}: {events:?}");
    }
}

#[tokio::test]
async fn what_somebody_else_has_ended_is_not_due_any_more() {
    for status in [OrderStatus::AwaitingShipment, OrderStatus::Completed, OrderStatus::Refunded] {
        let events = pass(noon(), found(status), MockPaymentGateway::new(), Ledgers::of(only(status))).await;
        assert_eq!(events, [timer(status, None)]);
    }
    let refunded = Ledgers::of(only(OrderStatus::Refunded));
    let due = OrderStatus::AwaitingReceipt;
    let events = pass_for(Some(due), noon(), found(due), MockPaymentGateway::new(), refunded).await;
    assert_eq!(events, [], "meanwhile");
}

/// An order that the old back end placed weeks ago: it has no deadline.
fn old(status: OrderStatus) -> Order {
    Order { expire_at: None, created_at: noon().before(minutes(20 * 24 * 60)), ..order(status) }
}

#[tokio::test]
async fn after_a_failure_every_order_is_looked_at_again_however_old() {
    let in_four_minutes = Some(noon().after(minutes(4)));
    for status in [OrderStatus::AwaitingPayment, OrderStatus::Cancelled] {
        let orders = looks(vec![Ok(Some(old(status)))]);
        let ledgers = Ledgers::of(ledger(Some(old(status)), vec![], vec![]));
        let events = pass(noon(), orders, alipay(Err(alipay_down())), ledgers).await;
        assert_eq!(events, [timer(status, in_four_minutes)]);
    }
    let shipped = OrderStatus::AwaitingReceipt;
    let ledgers = Ledgers::of(ledger(Some(old(shipped)), vec![], vec![])).failing_to_lock([store_down()]);
    let orders = looks(vec![Ok(Some(old(shipped)))]);
    let events = pass(noon(), orders, MockPaymentGateway::new(), ledgers).await;
    assert_eq!(events, [timer(shipped, in_four_minutes)]);
}

#[tokio::test]
async fn what_cannot_even_be_put_off_keeps_its_lease() {
    let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment)).failing_to_lock([store_down()]);
    let orders = looks(vec![Err(store_down())]);
    assert_eq!(pass(noon(), orders, MockPaymentGateway::new(), ledgers).await, []);
}

/// Every attempt that may still be paid is queried. A failed query does not prevent the others, and attempts that
/// Alipay has closed are recorded.
#[tokio::test]
async fn every_attempt_is_asked_about() {
    use domain::{AttemptState, PaymentProduct};
    let now = noon().after(minutes(3));
    let attempt_no = |nth: u32, state| attempt(&format!("_{nth}"), PaymentProduct::Wap, state);
    let mut on_record = only(OrderStatus::AwaitingPayment);
    on_record.attempts = vec![
        attempt_no(1, AttemptState::GivenUp),
        attempt_no(2, AttemptState::Closed),
        attempt_no(3, AttemptState::GivenUp),
        attempt_no(4, AttemptState::Open),
    ];
    let mut orders = MockOrderReader::new();
    orders.expect_find().times(1).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
    let attempts = on_record.attempts.clone();
    orders.expect_attempts().times(1).returning(move |_| Ok(attempts.clone()));
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().times(3).returning(|number| {
        let trade = Trade { out_trade_no: number.to_owned(), ..trade("A", "323.91") };
        match number.rsplit('_').next() {
            Some("1") => Err(GatewayError::Unknown { code: "ACQ.SYSTEM_ERROR".to_owned() }),
            Some("3") => Ok(Some(Trade { status: TradeStatus::Closed, ..trade })),
            _ => Ok(Some(trade)),
        }
    });
    let ledgers = Ledgers::of(on_record);
    let events = pass(now, orders, gateway, ledgers.clone()).await;
    assert_eq!(changes(&events), [(OrderStatus::AwaitingShipment, Actor::Channel(domain::Channel::Alipay))]);
    let states: Vec<_> = ledgers.get(ORDER).attempts.iter().map(|attempt| attempt.state).collect();
    let expected = [AttemptState::GivenUp, AttemptState::Closed, AttemptState::Closed, AttemptState::Paid];
    assert_eq!(states, expected);
}

#[tokio::test]
async fn one_that_panics_keeps_no_other_from_being_done_and_fails_the_pass() {
    let (poison, shipped) = (OrderId::parse("2019112820400999").unwrap(), OrderStatus::AwaitingReceipt);
    let mut orders = found(shipped);
    orders.expect_find().withf(|id| *id != order_id()).returning(|_| panic!("by this test"));
    let due =
        [poison, order_id()].map(|id| Claimed { item: DueOrder { id, status: Some(shipped) }, attempts: 1 });
    let ledgers = Ledgers::of(only(shipped)).with_due_orders(due.to_vec());
    let service = service_at(noon().after(RECEIPT_AFTER), MockPaymentGateway::new(), &ledgers);
    let outcome = OrderTimers(Arc::new(OrderService { orders: Arc::new(orders), ..service })).pass().await;
    assert!(matches!(outcome, Err(JobError::Panicked { panicked: 1, due: 2 })), "{outcome:?}");
    assert_eq!(changes(&ledgers.appended()), [(OrderStatus::Completed, Actor::System)]);
}

/// An order with many attempts delays no others while Alipay is down: each query would take its whole time limit.
#[tokio::test]
async fn while_alipay_is_away_an_order_asks_once() {
    use domain::{AttemptState, PaymentProduct};
    let attempt_no = |nth: u32| attempt(&format!("_{nth}"), PaymentProduct::Wap, AttemptState::GivenUp);
    let mut on_record = only(OrderStatus::AwaitingPayment);
    on_record.attempts = (2..8).map(attempt_no).collect();
    let mut orders = MockOrderReader::new();
    orders.expect_find().times(1).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
    let attempts = on_record.attempts.clone();
    orders.expect_attempts().times(1).returning(move |_| Ok(attempts.clone()));
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().times(1).returning(|_| Err(alipay_down()));
    let events = pass(noon().after(minutes(3)), orders, gateway, Ledgers::of(on_record)).await;
    assert!(matches!(events[..], [Event::TimerSet { .. }]), "{events:?}");
}

/// The stored attempts: one that paid the order, and one that can still be paid.
fn paid_in_one_of_two() -> (MockOrderReader, Ledgers) {
    use domain::{AttemptState, PaymentProduct};
    let mut on_record = paid_ledger(&[]);
    on_record.attempts = vec![
        attempt("", PaymentProduct::Page, AttemptState::Paid),
        attempt("_2", PaymentProduct::Page, AttemptState::GivenUp),
    ];
    let mut orders = MockOrderReader::new();
    orders.expect_find().times(1).returning(|_| Ok(Some(order(OrderStatus::AwaitingShipment))));
    let attempts = on_record.attempts.clone();
    orders.expect_attempts().times(1).returning(move |_| Ok(attempts.clone()));
    (orders, Ledgers::of(on_record))
}

fn asked(answer: Option<Trade>) -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    let second = format!("{ORDER}_2");
    gateway.expect_query().times(1).withf(move |number| *number == second).return_once(|_| Ok(answer));
    gateway
}

fn second_trade(status: TradeStatus) -> Trade {
    Trade { out_trade_no: format!("{ORDER}_2"), status, ..trade("B", "323.91") }
}

#[tokio::test]
async fn the_other_attempt_of_a_paid_order_is_closed_or_looked_at_until_its_deadline_has_passed() {
    use domain::AttemptState::{Closed, GivenUp};
    let paid = OrderStatus::AwaitingShipment;
    let waiting = Some(second_trade(TradeStatus::WaitBuyerPay));
    for (now, answer, state, again) in [
        (minutes(3), waiting, Closed, None),
        (minutes(3), None, GivenUp, Some(noon().after(minutes(35)))),
        (minutes(36), None, Closed, None),
    ] {
        let (orders, ledgers) = paid_in_one_of_two();
        let mut gateway = asked(answer.clone());
        if answer.is_some() {
            gateway.expect_close().times(1).returning(|_| Ok(ports::CloseOutcome::Closed));
        }
        let events = pass(noon().after(now), orders, gateway, ledgers.clone()).await;
        assert_eq!(ledgers.get(ORDER).attempts[1].state, state, "{now:?}");
        assert_eq!(events.last(), Some(&timer(paid, again)), "{now:?}");
    }
}

#[tokio::test]
async fn a_second_payment_whose_notification_is_lost_is_found_and_goes_back() {
    let (orders, ledgers) = paid_in_one_of_two();
    let now = noon().after(minutes(3));
    pass(now, orders, asked(Some(second_trade(TradeStatus::Success))), ledgers.clone()).await;
    let after = ledgers.get(ORDER);
    assert_eq!(after.payments[1].status, domain::PaymentStatus::Duplicate);
    assert_eq!((after.refunds.len(), after.refunds[0].trade_no.as_str()), (1, "B"));
}

#[tokio::test]
async fn a_paid_order_is_looked_at_again_where_its_channel_is_away() {
    let (orders, ledgers) = paid_in_one_of_two();
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().times(1).returning(|_| Err(alipay_down()));
    let events = pass(noon().after(minutes(3)), orders, gateway, ledgers).await;
    assert!(matches!(events.last(), Some(Event::TimerSet { due_at: Some(_), .. })), "{events:?}");
}
