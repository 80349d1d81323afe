//! 取消订单 with mocked ports.

use std::{sync::Arc, time::Duration};

use application::{OrderError, OrderService, TransactError};
use domain::{
    AttemptState, Cause, NotAdmitted, NotAllowed, Order, OrderStatus, PaymentStatus, ShopTime, StatusChange,
    Trade, TradeStatus, Trigger,
    ledger::{Event, Refusal},
};
use ports::{
    CloseOutcome, GatewayError,
    mock::{Ledgers, MockOrderReader, MockPaymentGateway, MockUsers},
};

use crate::support::*;

fn use_case(
    users: MockUsers,
    orders: MockOrderReader,
    gateway: MockPaymentGateway,
    ledgers: &Ledgers,
) -> OrderService {
    OrderService { users: Arc::new(users), orders: Arc::new(orders), ..service(gateway, ledgers) }
}

async fn cancel(
    orders: MockOrderReader,
    gateway: MockPaymentGateway,
    ledgers: &Ledgers,
) -> Result<(), OrderError> {
    let cause = Cause::buyer(Some("r1".to_owned()));
    use_case(known_user(), orders, gateway, ledgers)
        .cancel_by_buyer(&caller(), &order_id(), None, &cause)
        .await
}

fn refused(outcome: Result<(), OrderError>) -> Refusal {
    match outcome {
        Err(OrderError::Transact(TransactError::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

/// The stored order, which is unpaid.
fn on_record() -> Ledgers {
    Ledgers::of(only(OrderStatus::AwaitingPayment))
}

/// The change of status that was written.
fn change(ledgers: &Ledgers) -> StatusChange {
    let mut changes = ledgers.appended().into_iter().filter_map(|event| match event {
        Event::StatusChanged(change) => Some(change),
        _ => None,
    });
    changes.next_back().expect("no status was changed")
}

fn unpaid() -> Order {
    order(OrderStatus::AwaitingPayment)
}

/// An Alipay that gives these answers, one per query, and expects exactly this many queries.
fn alipay(answers: Vec<Result<Option<Trade>, GatewayError>>) -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    let (times, mut answers) = (answers.len(), answers.into_iter());
    gateway
        .expect_query()
        .times(times)
        .withf(|number| number == ORDER)
        .returning(move |_| answers.next().unwrap_or(Ok(None)));
    gateway
}

fn closing(
    mut gateway: MockPaymentGateway,
    outcome: Result<CloseOutcome, GatewayError>,
) -> MockPaymentGateway {
    gateway.expect_close().times(1).withf(|number| number == ORDER).return_once(|_| outcome);
    gateway
}

fn in_state(status: TradeStatus) -> Trade {
    Trade { status, ..trade("A", "323.91") }
}

/// Five minutes after the deadline: payments in progress are known by then.
fn last_look() -> Option<ShopTime> {
    unpaid().expire_at.map(|expire_at| expire_at.after(Duration::from_secs(300)))
}

#[tokio::test]
async fn an_order_that_nobody_came_to_pay_is_cancelled_and_looked_at_once_more() {
    let ledgers = on_record();
    cancel(looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &ledgers).await.unwrap();
    let change = change(&ledgers);
    assert_eq!((change.from, change.to), (OrderStatus::AwaitingPayment, OrderStatus::Cancelled));
    assert_eq!((change.cause, change.reason.as_str()), (Cause::buyer(Some("r1".to_owned())), "买家取消"));
    assert_eq!((change.at, change.due_at), (noon(), last_look()));
    assert_eq!(ledgers.get(ORDER).movements.len(), 2, "its pieces are back");
}

#[tokio::test]
async fn a_trade_that_waits_for_payment_is_closed_and_nothing_is_due_after() {
    let ledgers = on_record();
    let gateway = alipay(vec![Ok(Some(in_state(TradeStatus::WaitBuyerPay)))]);
    let gateway = closing(gateway, Ok(CloseOutcome::Closed));
    cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &ledgers).await.unwrap();
    assert_eq!(change(&ledgers).due_at, None);
}

#[tokio::test]
async fn a_trade_that_is_closed_already_needs_no_closing() {
    let ledgers = on_record();
    let gateway = alipay(vec![Ok(Some(in_state(TradeStatus::Closed)))]);
    cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &ledgers).await.unwrap();
    assert_eq!(change(&ledgers).due_at, None);
}

#[tokio::test]
async fn what_may_still_be_paid_is_looked_at_once_more() {
    let waiting = || Ok(Some(in_state(TradeStatus::WaitBuyerPay)));
    for (outcome, after) in [
        (CloseOutcome::NoTrade, vec![]),
        (CloseOutcome::NotClosable, vec![Ok(None)]),
        (CloseOutcome::NotClosable, vec![waiting()]),
    ] {
        let ledgers = on_record();
        let answers = std::iter::once(waiting()).chain(after).collect();
        let gateway = closing(alipay(answers), Ok(outcome));
        cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &ledgers).await.unwrap();
        assert_eq!(change(&ledgers).due_at, last_look(), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_trade_that_closed_meanwhile_is_closed() {
    let ledgers = on_record();
    let states = [TradeStatus::WaitBuyerPay, TradeStatus::Closed];
    let gateway = alipay(states.map(|state| Ok(Some(in_state(state)))).into());
    let gateway = closing(gateway, Ok(CloseOutcome::NotClosable));
    cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &ledgers).await.unwrap();
    assert_eq!(change(&ledgers).due_at, None);
}

#[tokio::test]
async fn what_turns_out_paid_is_settled_and_not_cancelled() {
    let paid = || Ok(Some(trade("A", "323.91")));
    let at_once = alipay(vec![paid()]);
    let meanwhile = closing(
        alipay(vec![Ok(Some(in_state(TradeStatus::WaitBuyerPay))), paid()]),
        Ok(CloseOutcome::NotClosable),
    );
    for gateway in [at_once, meanwhile] {
        let ledgers = on_record();
        let orders = looks(vec![Ok(Some(unpaid()))]);
        let refusal = NotAllowed { status: OrderStatus::AwaitingShipment, trigger: Trigger::Cancelled };
        assert_eq!(refused(cancel(orders, gateway, &ledgers).await), Refusal::NotAllowed(refusal));
        let change = change(&ledgers);
        assert_eq!(change.to, OrderStatus::AwaitingShipment);
        assert_eq!(change.cause, Cause::channel(domain::Channel::Alipay, Some("r1".to_owned())));
    }
}

#[tokio::test]
async fn a_payment_of_another_amount_does_not_hold_the_order() {
    let ledgers = on_record();
    let orders = looks(vec![Ok(Some(unpaid()))]);
    cancel(orders, alipay(vec![Ok(Some(trade("A", "219.00")))]), &ledgers).await.unwrap();
    assert_eq!(status(&ledgers), OrderStatus::Cancelled);
    assert_eq!(ledgers.get(ORDER).payments[0].status, PaymentStatus::WrongAmount);
}

#[tokio::test]
async fn cancelling_twice_is_one_cancellation_and_asks_nobody() {
    let ledgers = on_record();
    let orders = looks(vec![Ok(Some(order(OrderStatus::Cancelled)))]);
    cancel(orders, MockPaymentGateway::new(), &ledgers).await.unwrap();
    assert_eq!(ledgers.locks(), 0);
}

#[tokio::test]
async fn no_other_status_allows_it_and_nobody_is_asked() {
    for status in OrderStatus::ALL {
        if matches!(status, OrderStatus::AwaitingPayment | OrderStatus::Cancelled) {
            continue;
        }
        let orders = looks(vec![Ok(Some(order(status)))]);
        let refusal = refused(cancel(orders, MockPaymentGateway::new(), &on_record()).await);
        assert!(matches!(refusal, Refusal::NotAllowed(_)), "{status:?}");
    }
}

#[tokio::test]
async fn another_users_order_is_as_unknown_as_none() {
    for found in [None, Some(others(unpaid()))] {
        let outcome = cancel(looks(vec![Ok(found)]), MockPaymentGateway::new(), &on_record()).await;
        assert_eq!(refused(outcome), Refusal::UnknownOrder);
    }
}

#[tokio::test]
async fn staff_cancel_anybodys_order_and_say_why() {
    let theirs = others(unpaid());
    let ledgers = Ledgers::of(ledger(Some(theirs.clone()), vec![], vec![]));
    let cause = Cause::shop("小王".to_owned(), None);
    let orders = looks(vec![Ok(Some(theirs))]);
    let staff = use_case(MockUsers::new(), orders, alipay(vec![Ok(None)]), &ledgers);
    staff.cancel(&order_id(), None, "买家来电", &cause).await.unwrap();
    let change = change(&ledgers);
    assert_eq!((change.cause, change.reason.as_str()), (cause.clone(), "买家来电"));

    let staff = use_case(MockUsers::new(), looks(vec![Ok(None)]), MockPaymentGateway::new(), &ledgers);
    assert_eq!(refused(staff.cancel(&order_id(), None, "买家来电", &cause).await), Refusal::UnknownOrder);
}

#[tokio::test]
async fn a_buyers_own_reason_is_kept() {
    let ledgers = on_record();
    let buyer = use_case(known_user(), looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &ledgers);
    buyer.cancel_by_buyer(&caller(), &order_id(), Some("不想要了"), &Cause::buyer(None)).await.unwrap();
    assert_eq!(change(&ledgers).reason, "不想要了");
}

#[tokio::test]
async fn an_old_order_is_looked_at_when_alipay_has_forgotten_its_trade() {
    let old = Order { expire_at: None, ..unpaid() };
    let ledgers = Ledgers::of(ledger(Some(old.clone()), vec![], vec![]));
    cancel(looks(vec![Ok(Some(old))]), alipay(vec![Ok(None)]), &ledgers).await.unwrap();
    assert_eq!(change(&ledgers).due_at, ShopTime::parse("2019-12-13 12:05:00"));
}

#[tokio::test]
async fn what_happened_while_alipay_was_asked_is_seen_under_the_lock() {
    let unknown = Ledgers::default();
    let cancelled = Ledgers::of(only(OrderStatus::Cancelled));
    let paid = Ledgers::of(only(OrderStatus::AwaitingShipment));
    for (ledgers, expected) in [
        (cancelled, None),
        (
            paid,
            Some(Refusal::NotAllowed(NotAllowed {
                status: OrderStatus::AwaitingShipment,
                trigger: Trigger::Cancelled,
            })),
        ),
        (unknown, Some(Refusal::UnknownOrder)),
    ] {
        let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &ledgers).await;
        match expected {
            None => outcome.unwrap(),
            Some(expected) => assert_eq!(refused(outcome), expected),
        }
        assert_eq!(ledgers.appended(), []);
    }
}

#[tokio::test]
async fn where_alipay_cannot_be_asked_nothing_is_cancelled() {
    let asked = alipay(vec![Err(alipay_down())]);
    let waiting = || alipay(vec![Ok(Some(in_state(TradeStatus::WaitBuyerPay)))]);
    let closed = closing(waiting(), Err(GatewayError::Nonsense("no signature".to_owned())));
    let again = closing(
        alipay(vec![Ok(Some(in_state(TradeStatus::WaitBuyerPay))), Err(alipay_down())]),
        Ok(CloseOutcome::NotClosable),
    );
    for gateway in [asked, closed, again] {
        let ledgers = on_record();
        let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &ledgers).await;
        assert!(matches!(outcome, Err(OrderError::Gateway(_))), "{outcome:?}");
        assert_eq!(ledgers.locks(), 0);
    }
}

fn attempts_on_record(ledgers: &Ledgers) -> MockOrderReader {
    let mut orders = MockOrderReader::new();
    orders.expect_find().times(1).returning(|_| Ok(Some(unpaid())));
    let attempts = ledgers.get(ORDER).attempts;
    orders.expect_attempts().times(1).returning(move |_| Ok(attempts.clone()));
    orders
}

fn states(ledgers: &Ledgers) -> Vec<AttemptState> {
    ledgers.get(ORDER).attempts.iter().map(|attempt| attempt.state).collect()
}

#[tokio::test]
async fn every_attempt_is_closed() {
    for (first, last_look) in [(CloseOutcome::Closed, None), (CloseOutcome::NoTrade, last_look())] {
        let ledgers = two_attempts();
        let mut gateway = MockPaymentGateway::new();
        gateway
            .expect_query()
            .times(2)
            .returning(|number| Ok(Some(Trade { out_trade_no: number.to_owned(), ..waiting() })));
        gateway
            .expect_close()
            .times(2)
            .returning(move |number| Ok(if number == ORDER { first } else { CloseOutcome::Closed }));
        cancel(attempts_on_record(&ledgers), gateway, &ledgers).await.unwrap();
        assert_eq!(change(&ledgers).due_at, last_look);
        let first = if last_look.is_none() { AttemptState::Closed } else { AttemptState::GivenUp };
        assert_eq!(states(&ledgers), [first, AttemptState::Closed]);
    }
}

/// If the buyer read that Alipay could not be asked, the buyer would not know that the order was just found to be paid.
#[tokio::test]
async fn a_payment_that_is_found_decides_although_the_next_attempt_cannot_be_asked_about() {
    let ledgers = two_attempts();
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().times(2).returning(|number| match number {
        ORDER => Ok(Some(in_state(TradeStatus::Success))),
        _ => Err(alipay_down()),
    });
    let outcome = cancel(attempts_on_record(&ledgers), gateway, &ledgers).await;
    assert!(matches!(refused(outcome), Refusal::NotAllowed(_)));
    assert_eq!(ledgers.get(ORDER).order.unwrap().status, OrderStatus::AwaitingShipment);
}

/// The trade is closed at Alipay, and each time another change is faster: the next payment must open another attempt.
#[tokio::test]
async fn what_alipay_has_closed_is_noted_down_if_the_order_is_not_cancelled() {
    let ledgers = on_record().failing_to_append((0..8).map(|_| changed_meanwhile()));
    let gateway = closing(alipay(vec![Ok(Some(waiting()))]), Ok(CloseOutcome::Closed));
    let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &ledgers).await;
    assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Conflict))), "{outcome:?}");
    assert_eq!(status(&ledgers), OrderStatus::AwaitingPayment);
    assert_eq!(states(&ledgers), [AttemptState::Closed]);

    // Nothing is closed if no buyer had opened the cashier page.
    let ledgers = on_record().failing_to_append((0..8).map(|_| changed_meanwhile()));
    cancel(looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &ledgers).await.unwrap_err();
    assert_eq!(states(&ledgers), []);
}

fn waiting() -> Trade {
    in_state(TradeStatus::WaitBuyerPay)
}

#[tokio::test]
async fn each_port_may_fail() {
    let none = on_record();
    let by = async |users: MockUsers| {
        let buyer = use_case(users, MockOrderReader::new(), MockPaymentGateway::new(), &none);
        buyer.cancel_by_buyer(&caller(), &order_id(), None, &Cause::buyer(None)).await
    };
    assert!(matches!(by(stranger()).await, Err(OrderError::NotAdmitted(NotAdmitted::UnknownUser))));
    let mut users = MockUsers::new();
    users.expect_authenticate().returning(|_| Err(store_down()));
    assert!(matches!(by(users).await, Err(OrderError::Store(_))));

    let outcome = cancel(looks(vec![Err(store_down())]), MockPaymentGateway::new(), &none).await;
    assert!(matches!(outcome, Err(OrderError::Store(_))));

    let paid = || alipay(vec![Ok(Some(trade("A", "323.91")))]);
    let settling = on_record().failing_to_lock([store_down()]);
    let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), paid(), &settling).await;
    assert!(matches!(outcome, Err(OrderError::Settle(_))));

    let mut unread = MockOrderReader::new();
    unread.expect_find().return_once(|_| Ok(Some(unpaid())));
    unread.expect_attempts().return_once(|_| Err(store_down()));
    let outcome = cancel(unread, MockPaymentGateway::new(), &on_record()).await;
    assert!(matches!(outcome, Err(OrderError::Store(_))));

    let lock = on_record().failing_to_lock([store_down()]);
    let commit = on_record().failing_to_append([connection_lost()]);
    for ledgers in [lock, commit] {
        let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &ledgers).await;
        assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Store(_)))), "{outcome:?}");
        assert_eq!(ledgers.appended(), []);
    }
}
