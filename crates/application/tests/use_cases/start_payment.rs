//! 订单支付 with mocked ports.

use std::{sync::Arc, time::Duration};

use application::{OrderError, OrderService, PaymentWish, StartedPayment, TransactError};
use domain::{
    AttemptState, NotAdmitted, Order, OrderStatus, PaymentAttempt, PaymentProduct, PaymentStatus, Trade,
    TradeStatus,
    ledger::{Event, Refusal},
};
use ports::{
    CloseOutcome, GatewayError,
    mock::{Ledgers, MockOrderReader, MockPaymentGateway},
};

use crate::support::*;

fn paying(gateway: MockPaymentGateway, found: Option<Order>, seconds_later: u64) -> OrderService {
    paying_on(gateway, found, seconds_later, &Ledgers::default())
}

fn paying_on(
    gateway: MockPaymentGateway,
    found: Option<Order>,
    seconds_later: u64,
    ledgers: &Ledgers,
) -> OrderService {
    let mut orders = MockOrderReader::new();
    orders.expect_find().withf(|id| *id == order_id()).return_once(|_| Ok(found));
    let on_record = ledgers.clone();
    orders.expect_attempts().returning(move |id| Ok(on_record.get(id.as_str()).attempts));
    let now = noon().after(Duration::from_secs(seconds_later));
    OrderService { orders: Arc::new(orders), ..service_at(now, gateway, ledgers) }
}

async fn pay(use_case: OrderService) -> Result<StartedPayment, OrderError> {
    pay_by(use_case, WISH).await
}

#[tokio::test]
async fn an_order_is_paid_for_what_the_client_expects_alone() {
    let unpaid = || Some(order(OrderStatus::AwaitingPayment));
    let expecting = async |gateway, amount: &str| {
        pay_by(paying(gateway, unpaid(), 0), PaymentWish { expected_amount: Some(money(amount)), ..WISH })
            .await
    };
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_pay_url().times(1).returning(|_| Ok("https://alipay/pay".to_owned()));
    assert!(matches!(expecting(gateway, "323.91").await, Ok(StartedPayment::Invited(_))));
    let outcome = expecting(MockPaymentGateway::new(), "300.00").await;
    assert!(
        matches!(&outcome, Err(OrderError::Transact(TransactError::Refused(Refusal::AmountChanged { amount })))
            if *amount == money("323.91")),
        "{outcome:?}"
    );
}

async fn pay_by(use_case: OrderService, wish: PaymentWish) -> Result<StartedPayment, OrderError> {
    use_case.start_payment(&caller(), &order_id(), wish).await
}

#[tokio::test]
async fn an_unpaid_order_is_charged_what_it_costs_and_not_a_fen_else() {
    let mut gateway = MockPaymentGateway::new();
    gateway
        .expect_pay_url()
        .times(1)
        .withf(|request| {
            request.out_trade_no == ORDER
                && request.product == PaymentProduct::Page
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
        assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Refused(Refusal::NotAllowed(_))))));
    }
    let overdue = paying(MockPaymentGateway::new(), Some(order(OrderStatus::AwaitingPayment)), 1800);
    assert!(matches!(
        pay(overdue).await,
        Err(OrderError::Transact(TransactError::Refused(Refusal::NotAllowed(_))))
    ));
}

#[tokio::test]
async fn another_users_order_is_as_unknown_as_none() {
    for found in [None, Some(others(order(OrderStatus::AwaitingPayment)))] {
        let outcome = pay(paying(MockPaymentGateway::new(), found, 0)).await;
        assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Refused(Refusal::UnknownOrder)))));
    }
}

#[tokio::test]
async fn each_port_may_fail() {
    let mut use_case = paying(MockPaymentGateway::new(), None, 0);
    use_case.users = Arc::new(stranger());
    assert!(matches!(pay(use_case).await, Err(OrderError::NotAdmitted(NotAdmitted::UnknownUser))));

    let mut orders = MockOrderReader::new();
    orders.expect_find().returning(|_| Err(store_down()));
    let mut use_case = paying(MockPaymentGateway::new(), None, 0);
    use_case.orders = Arc::new(orders);
    assert!(matches!(pay(use_case).await, Err(OrderError::Store(_))));

    let mut gateway = MockPaymentGateway::new();
    gateway.expect_pay_url().returning(|_| Err(alipay_down()));
    let outcome = pay(paying(gateway, Some(order(OrderStatus::AwaitingPayment)), 0)).await;
    assert!(matches!(outcome, Err(OrderError::Gateway(_))));
}

/// An order that the old back end placed this many days ago: it has no deadline.
fn old(days: u64) -> Order {
    let created_at = noon().before(Duration::from_secs(days * 24 * 3600));
    Order { expire_at: None, created_at, ..order(OrderStatus::AwaitingPayment) }
}

fn watching(days: u64, gateway: MockPaymentGateway, ledgers: &Ledgers) -> OrderService {
    paying_on(gateway, Some(old(days)), 0, ledgers)
}

#[tokio::test]
async fn an_order_without_a_deadline_is_watched_from_then_on_however_old_it_is() {
    for days in [0, 14, 16, 3_000] {
        let ledgers = Ledgers::of(ledger(Some(old(days)), vec![], vec![]));
        let mut gateway = MockPaymentGateway::new();
        gateway.expect_query().times(1).returning(|_| Ok(None));
        let noted = ledgers.clone();
        gateway
            .expect_pay_url()
            .times(1)
            .withf(move |request| {
                // An order that can be paid is watched already.
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

/// The old back end did not record the trades that it opened, and charged other amounts than it stored.
#[tokio::test]
async fn a_trade_that_the_old_back_end_began_is_ended_and_another_attempt_opened() {
    let invited_under = async |asked: fn() -> Result<Option<Trade>, GatewayError>, closes: usize| {
        let ledgers = Ledgers::of(ledger(Some(old(3)), vec![], vec![]));
        let mut gateway = MockPaymentGateway::new();
        gateway.expect_query().times(1 + closes).returning(move |_| asked());
        gateway.expect_close().times(closes).returning(|_| Ok(CloseOutcome::Closed));
        gateway.expect_pay_url().times(1).returning(|request| Ok(request.out_trade_no.clone()));
        match pay(watching(3, gateway, &ledgers)).await.unwrap() {
            StartedPayment::Invited(invitation) => invitation.pay_url,
            paid @ StartedPayment::AlreadyPaid { .. } => panic!("{paid:?}"),
        }
    };
    let waiting = || Ok(Some(Trade { status: TradeStatus::WaitBuyerPay, ..trade("A", "323.00") }));
    assert_eq!(invited_under(waiting, 1).await, format!("{ORDER}_2"));
    assert_eq!(invited_under(|| Ok(None), 0).await, ORDER);
    assert_eq!(invited_under(|| Err(alipay_down()), 0).await, ORDER, "as long as nobody knows better");
}

#[tokio::test]
async fn nobody_is_invited_to_pay_what_cannot_be_watched() {
    let on_record = || Ledgers::of(ledger(Some(old(3)), vec![], vec![]));
    for ledgers in
        [on_record().failing_to_lock([store_down()]), on_record().failing_to_append([connection_lost()])]
    {
        let outcome = pay(watching(3, MockPaymentGateway::new(), &ledgers)).await;
        assert!(matches!(outcome, Err(OrderError::Transact(_))), "{outcome:?}");
    }
}

const WISH: PaymentWish = PaymentWish {
    channel: domain::Channel::Alipay,
    product: PaymentProduct::Page,
    anew: false,
    expected_amount: None,
    as_code: false,
};
const WAP: PaymentWish = PaymentWish { product: PaymentProduct::Wap, ..WISH };
const ANEW: PaymentWish = PaymentWish { anew: true, ..WISH };
const SECOND: &str = "2019112820400804_2";

fn unpaid() -> Option<Order> {
    Some(order(OrderStatus::AwaitingPayment))
}

fn on_record() -> Ledgers {
    Ledgers::of(only(OrderStatus::AwaitingPayment))
}

/// An Alipay that signs only for this attempt, and returns this for the first attempt's trade.
fn alipay(
    out_trade_no: &'static str,
    first: impl Fn() -> Result<Option<Trade>, GatewayError> + Send + 'static,
) -> MockPaymentGateway {
    let mut gateway = signing(out_trade_no);
    gateway.expect_query().times(1).withf(|number| number == ORDER).returning(move |_| first());
    gateway
}

/// An Alipay that signs only for this attempt, and expects no query.
fn signing(out_trade_no: &'static str) -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    gateway
        .expect_pay_url()
        .withf(move |request| request.out_trade_no == out_trade_no)
        .returning(|request| Ok(format!("https://alipay/{}", request.product.as_str())));
    gateway
}

fn url(started: StartedPayment) -> String {
    let StartedPayment::Invited(invitation) = started else { panic!("{started:?}") };
    invitation.pay_url
}

fn states(ledgers: &Ledgers) -> Vec<(String, AttemptState)> {
    let attempts = ledgers.get(ORDER).attempts.into_iter();
    attempts.map(|attempt| (attempt.out_trade_no, attempt.state)).collect()
}

fn waiting() -> Trade {
    Trade { status: TradeStatus::WaitBuyerPay, ..trade("A", "323.91") }
}

#[tokio::test]
async fn a_phone_pays_in_an_attempt_of_its_own_after_the_first_is_closed() {
    for (outcome, first) in [
        (CloseOutcome::Closed, AttemptState::Closed),
        // No buyer has opened the page so far. That is no failure, and one may still open it.
        (CloseOutcome::NoTrade, AttemptState::GivenUp),
    ] {
        let ledgers = on_record();
        let mut gateway = alipay(SECOND, || Ok(Some(waiting())));
        gateway.expect_close().times(1).withf(|number| number == ORDER).returning(move |_| Ok(outcome));
        let started = pay_by(paying_on(gateway, unpaid(), 0, &ledgers), WAP).await.unwrap();
        assert_eq!(url(started), "https://alipay/wap");
        assert_eq!(states(&ledgers), [(ORDER.to_owned(), first), (SECOND.to_owned(), AttemptState::Open)]);
        // The same request again is the same attempt, without a query to Alipay.
        let mut gateway = MockPaymentGateway::new();
        gateway
            .expect_pay_url()
            .times(1)
            .withf(|request| request.out_trade_no == SECOND)
            .returning(|_| Ok("again".to_owned()));
        let again = pay_by(paying_on(gateway, unpaid(), 0, &ledgers), WAP).await.unwrap();
        assert_eq!((url(again).as_str(), ledgers.commits()), ("again", 1));
    }
}

#[tokio::test]
async fn a_buyer_may_ask_for_another_attempt_by_the_same_product() {
    let ledgers = on_record();
    let gateway = alipay(SECOND, || Ok(None));
    let started = pay_by(paying_on(gateway, unpaid(), 0, &ledgers), ANEW).await.unwrap();
    assert_eq!(url(started), "https://alipay/page");
    assert_eq!(states(&ledgers)[0], (ORDER.to_owned(), AttemptState::GivenUp));
}

/// Alipay closed the trade for a cancellation, which then lost a race.
#[tokio::test]
async fn an_order_whose_trade_is_closed_can_be_paid_on() {
    let closed = || Ok(Some(Trade { status: TradeStatus::Closed, ..trade("A", "323.91") }));
    let ledgers = on_record();
    let started = pay_by(paying_on(alipay(SECOND, closed), unpaid(), 0, &ledgers), ANEW).await.unwrap();
    assert_eq!(url(started), "https://alipay/page");
    assert_eq!(states(&ledgers)[0], (ORDER.to_owned(), AttemptState::Closed));

    // The closing was recorded: Alipay is not asked again.
    let mut noted = only(OrderStatus::AwaitingPayment);
    noted.attempts = vec![attempt("", PaymentProduct::Page, AttemptState::Closed)];
    let started = pay_by(paying_on(signing(SECOND), unpaid(), 0, &Ledgers::of(noted)), WISH).await.unwrap();
    assert_eq!(url(started), "https://alipay/page");
}

/// Staff lower the amount after the order was read: the amount that the client expects is compared with the final
/// stored one.
#[tokio::test]
async fn an_order_that_is_lowered_meanwhile_is_not_paid_at_another_amount_than_expected() {
    let lowered = || {
        let mut ledger = only(OrderStatus::AwaitingPayment);
        ledger.attempts = vec![attempt("", PaymentProduct::Page, AttemptState::Closed)];
        ledger.order.as_mut().unwrap().total_amount = money("300.00");
        Ledgers::of(ledger)
    };
    let ledgers = lowered();
    let wish = PaymentWish { expected_amount: Some(money("323.91")), ..WISH };
    let outcome = pay_by(paying_on(signing("nothing is signed"), unpaid(), 0, &ledgers), wish).await;
    assert!(
        matches!(&outcome, Err(OrderError::Transact(TransactError::Refused(Refusal::AmountChanged { amount })))
            if *amount == money("300.00")),
        "{outcome:?}"
    );
    assert_eq!(ledgers.commits(), 0);
    // A client that names no amount pays the current one.
    let started = pay_by(paying_on(signing(SECOND), unpaid(), 0, &lowered()), WISH).await.unwrap();
    let StartedPayment::Invited(invitation) = started else { panic!("{started:?}") };
    assert_eq!(invitation.total_amount, money("300.00"));
}

/// Another tab opens an attempt while this one asks about the first, and then staff lower the amount: the attempt that
/// is valid now is found, and not ended.
#[tokio::test]
async fn the_order_is_read_anew_where_another_attempt_was_opened() {
    const THIRD: &str = "2019112820400804_3";
    let (ledgers, unpaid) = (on_record(), order(OrderStatus::AwaitingPayment));
    let third = attempt("_3", PaymentProduct::Wap, AttemptState::Open);
    let attempts = [vec![], vec![PaymentAttempt { amount: money("300.00"), ..third }]];
    let lowered = Order { total_amount: money("300.00"), ..unpaid.clone() };
    let (mut found, mut attempts) = ([unpaid, lowered].into_iter(), attempts.into_iter());
    let mut orders = MockOrderReader::new();
    orders.expect_find().times(2).returning(move |_| Ok(found.next()));
    orders.expect_attempts().times(2).returning(move |_| Ok(attempts.next().unwrap()));
    let (mut gateway, on_record) = (signing(THIRD), ledgers.clone());
    gateway.expect_query().times(1).returning(move |_| {
        let mut ledger = on_record.get(ORDER);
        let second = attempt("_2", PaymentProduct::Page, AttemptState::Open);
        ledger.attempts = ledger.all_attempts().into_iter().chain([second]).collect();
        on_record.put(ledger);
        Ok(None)
    });
    let service = OrderService { orders: Arc::new(orders), ..service(gateway, &ledgers) };
    let StartedPayment::Invited(invitation) = pay_by(service, WAP).await.unwrap() else { panic!() };
    assert_eq!(invitation.total_amount, money("300.00"));
}

#[tokio::test]
async fn what_turns_out_paid_is_settled_and_not_paid_again() {
    let ledgers = on_record();
    let gateway = alipay("nothing is signed", || Ok(Some(trade("A", "323.91"))));
    let started = pay_by(paying_on(gateway, unpaid(), 0, &ledgers), WAP).await.unwrap();
    assert!(matches!(started, StartedPayment::AlreadyPaid { .. }), "{started:?}");
    assert_eq!(ledgers.get(ORDER).payments[0].status, PaymentStatus::Settled);
    assert_eq!(status(&ledgers), OrderStatus::AwaitingShipment);
}

#[tokio::test]
async fn nothing_changes_where_alipay_cannot_be_asked() {
    let asked = alipay("nothing is signed", || Err(alipay_down()));
    let mut closing = alipay("nothing is signed", || Ok(Some(waiting())));
    closing.expect_close().returning(|_| Err(alipay_down()));
    for gateway in [asked, closing] {
        let ledgers = on_record();
        let outcome = pay_by(paying_on(gateway, unpaid(), 0, &ledgers), WAP).await;
        assert!(matches!(outcome, Err(OrderError::Gateway(_))), "{outcome:?}");
        assert_eq!(ledgers.commits(), 0);
    }
}

#[tokio::test]
async fn the_last_attempt_is_kept_and_not_replaced() {
    let mut full = only(OrderStatus::AwaitingPayment);
    full.attempts = (1..=domain::ledger::MOST_ATTEMPTS)
        .map(|nth| {
            let is_last = nth == domain::ledger::MOST_ATTEMPTS;
            let state = if is_last { AttemptState::Open } else { AttemptState::Closed };
            attempt(&format!("_{nth}"), PaymentProduct::Wap, state)
        })
        .collect();
    let ledgers = Ledgers::of(full);
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_pay_url().times(1).returning(|_| Ok("the last".to_owned()));
    let wish = PaymentWish { anew: true, ..WAP };
    assert_eq!(url(pay_by(paying_on(gateway, unpaid(), 0, &ledgers), wish).await.unwrap()), "the last");
    let outcome = pay_by(paying_on(MockPaymentGateway::new(), unpaid(), 0, &ledgers), ANEW).await;
    let refusal = OrderError::Transact(TransactError::Refused(Refusal::TooManyAttempts));
    assert_eq!(outcome.unwrap_err().to_string(), refusal.to_string());
    assert_eq!(ledgers.commits(), 0);
}
