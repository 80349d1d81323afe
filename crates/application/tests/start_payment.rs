//! 订单支付 against mocked ports.

mod support;

use std::{sync::Arc, time::Duration};

use application::{Cashier, StartPayment, StartPaymentError, StartedPayment};
use domain::{NotAdmitted, Order, OrderStatus, ledger::Event};
use ports::mock::{Ledgers, MockOrderReader, MockPaymentGateway, clock_at};
use support::*;

fn paying(gateway: MockPaymentGateway, found: Option<Order>, seconds_later: u64) -> StartPayment {
    let mut orders = MockOrderReader::new();
    orders.expect_find().withf(|id| *id == order_id()).return_once(|_| Ok(found));
    let now = noon().after(Duration::from_secs(seconds_later));
    StartPayment {
        users: Arc::new(known_user()),
        orders: Arc::new(orders),
        transact: transact(&Ledgers::default()),
        cashier: Arc::new(Cashier { gateway: Arc::new(gateway), clock: Arc::new(clock_at(now)) }),
        clock: Arc::new(clock_at(now)),
    }
}

async fn pay(use_case: StartPayment) -> Result<StartedPayment, StartPaymentError> {
    use_case.execute(&caller(), &order_id()).await
}

#[tokio::test]
async fn an_unpaid_order_is_charged_what_it_costs_and_not_a_fen_else() {
    let mut gateway = MockPaymentGateway::new();
    gateway
        .expect_pay_url()
        .times(1)
        .withf(|request| {
            request.out_trade_no == order_id()
                && request.total_amount == money("323.91")
                && request.subject == "红袖添香4 红袖添香5"
                && request.time_expire == order(OrderStatus::AwaitingPayment).expire_at
        })
        .returning(|_| Ok("https://alipay/pay".to_owned()));
    let started = pay(paying(gateway, Some(order(OrderStatus::AwaitingPayment)), 0)).await.unwrap();
    let StartedPayment::Invited(invitation) = started else { panic!("{started:?}") };
    assert_eq!(invitation.total_amount, money("323.91"));
    assert_eq!(invitation.pay_url, "https://alipay/pay");
}

#[tokio::test]
async fn a_paid_order_is_not_paid_again() {
    for status in [OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt, OrderStatus::Completed] {
        let started = pay(paying(MockPaymentGateway::new(), Some(order(status)), 0)).await.unwrap();
        let paid = StartedPayment::AlreadyPaid { order_id: order_id(), total_amount: money("323.91") };
        assert_eq!(started, paid);
    }
}

#[tokio::test]
async fn what_was_given_up_or_is_overdue_cannot_be_paid() {
    for status in [OrderStatus::Cancelled, OrderStatus::Refunded] {
        let outcome = pay(paying(MockPaymentGateway::new(), Some(order(status)), 0)).await;
        assert!(matches!(outcome, Err(StartPaymentError::NotAllowed(_))));
    }
    let overdue = paying(MockPaymentGateway::new(), Some(order(OrderStatus::AwaitingPayment)), 1800);
    assert!(matches!(pay(overdue).await, Err(StartPaymentError::NotAllowed(_))));
}

#[tokio::test]
async fn another_users_order_is_as_unknown_as_none() {
    for found in [None, Some(others(order(OrderStatus::AwaitingPayment)))] {
        let outcome = pay(paying(MockPaymentGateway::new(), found, 0)).await;
        assert!(matches!(outcome, Err(StartPaymentError::UnknownOrder)));
    }
}

#[tokio::test]
async fn each_port_may_fail() {
    let mut use_case = paying(MockPaymentGateway::new(), None, 0);
    use_case.users = Arc::new(stranger());
    assert!(matches!(pay(use_case).await, Err(StartPaymentError::NotAdmitted(NotAdmitted::UnknownUser))));

    let mut orders = MockOrderReader::new();
    orders.expect_find().returning(|_| Err(store_down()));
    let mut use_case = paying(MockPaymentGateway::new(), None, 0);
    use_case.orders = Arc::new(orders);
    assert!(matches!(pay(use_case).await, Err(StartPaymentError::Store(_))));

    let mut gateway = MockPaymentGateway::new();
    gateway.expect_pay_url().returning(|_| Err(alipay_down()));
    let outcome = pay(paying(gateway, Some(order(OrderStatus::AwaitingPayment)), 0)).await;
    assert!(matches!(outcome, Err(StartPaymentError::Gateway(_))));
}

/// What the old back end placed, so many days ago: it has no deadline.
fn old(days: u64) -> Order {
    let created_at = noon().before(Duration::from_secs(days * 24 * 3600));
    Order { expire_at: None, created_at, ..order(OrderStatus::AwaitingPayment) }
}

fn watching(days: u64, gateway: MockPaymentGateway, ledgers: &Ledgers) -> StartPayment {
    StartPayment { transact: transact(ledgers), ..paying(gateway, Some(old(days)), 0) }
}

#[tokio::test]
async fn an_order_without_a_deadline_is_watched_from_then_on_however_old_it_is() {
    for days in [0, 14, 16, 3_000] {
        let ledgers = Ledgers::of(ledger(Some(old(days)), vec![], vec![]));
        let mut gateway = MockPaymentGateway::new();
        let noted = ledgers.clone();
        gateway
            .expect_pay_url()
            .times(1)
            .withf(move |request| {
                // Whoever can pay is watched already.
                (request.total_amount, request.time_expire) == (money("323.91"), None)
                    && noted.appended().len() == 1
            })
            .returning(|_| Ok("https://alipay/pay".to_owned()));
        let started = pay(watching(days, gateway, &ledgers)).await.unwrap();
        assert!(matches!(started, StartedPayment::Invited(_)), "{started:?}");
        let due_at = Some(noon().after(Duration::from_secs(60)));
        let status = OrderStatus::AwaitingPayment;
        assert_eq!(ledgers.appended(), [Event::TimerSet { status, due_at, restart: true }]);
    }
}

#[tokio::test]
async fn nobody_is_invited_to_pay_what_cannot_be_watched() {
    let on_record = || Ledgers::of(ledger(Some(old(3)), vec![], vec![]));
    for ledgers in
        [on_record().failing_to_lock([store_down()]), on_record().failing_to_append([connection_lost()])]
    {
        let outcome = pay(watching(3, MockPaymentGateway::new(), &ledgers)).await;
        assert!(matches!(outcome, Err(StartPaymentError::Transact(_))), "{outcome:?}");
    }
}
