//! 改价 and 修改收货地址 with mocked ports.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use application::{OrderError, OrderService, TransactError};
use domain::{
    AddressId, AttemptState, Cause, NotAdmitted, Order, OrderStatus, PaymentAttempt, PaymentStatus,
    ShippingAddress, Trade, TradeStatus,
    ledger::{Event, Refusal},
};
use ports::{
    AppendError, CloseOutcome, Destination,
    mock::{Ledgers, MockOrderReader, MockPaymentGateway, MockUsers},
};

use crate::support::*;

const LOWER: &str = "300.00";

/// A reader that returns the stored orders at each call.
fn on_record(ledgers: &Ledgers) -> MockOrderReader {
    let mut orders = MockOrderReader::new();
    let (found, attempts) = (ledgers.clone(), ledgers.clone());
    orders.expect_find().returning(move |id| Ok(found.get(id.as_str()).order));
    orders.expect_attempts().returning(move |id| Ok(attempts.get(id.as_str()).attempts));
    orders
}

async fn lower_from(
    expected: &str,
    gateway: MockPaymentGateway,
    ledgers: &Ledgers,
) -> Result<(), OrderError> {
    let use_case = OrderService { orders: Arc::new(on_record(ledgers)), ..service(gateway, ledgers) };
    let cause = Cause::shop("小王".to_owned(), Some("r1".to_owned()));
    use_case.lower_amount(&order_id(), money(expected), money(LOWER), "老客户", &cause).await
}

async fn lower(gateway: MockPaymentGateway, ledgers: &Ledgers) -> Result<(), OrderError> {
    lower_from("323.91", gateway, ledgers).await
}

fn refused(outcome: Result<(), OrderError>) -> Refusal {
    match outcome {
        Err(OrderError::Transact(TransactError::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

fn unpaid() -> Ledgers {
    Ledgers::of(only(OrderStatus::AwaitingPayment))
}

/// An Alipay that has a trade in this state for every attempt, and closes what it is asked to close.
fn alipay(status: TradeStatus) -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().returning(move |number| {
        Ok(Some(Trade { out_trade_no: number.to_owned(), status, ..trade("A", "323.91") }))
    });
    gateway.expect_close().returning(|_| Ok(CloseOutcome::Closed));
    gateway
}

fn waiting() -> Trade {
    Trade { status: TradeStatus::WaitBuyerPay, ..trade("A", "323.91") }
}

fn amounts(ledgers: &Ledgers) -> (String, String) {
    let order = ledgers.get(ORDER).order.unwrap();
    (order.total_amount.to_string(), order.discount.to_string())
}

fn states(ledgers: &Ledgers) -> Vec<AttemptState> {
    ledgers.get(ORDER).attempts.iter().map(|attempt| attempt.state).collect()
}

#[tokio::test]
async fn every_attempt_is_closed_before_the_amount_is_lowered() {
    for (ledgers, expected) in [
        (unpaid(), vec![AttemptState::Closed]),
        (two_attempts(), vec![AttemptState::Closed, AttemptState::Closed]),
    ] {
        lower(alipay(TradeStatus::WaitBuyerPay), &ledgers).await.unwrap();
        assert_eq!(amounts(&ledgers), (LOWER.to_owned(), "23.91".to_owned()));
        assert_eq!(states(&ledgers), expected);
        assert_eq!(ledgers.commits(), 1, "all of it or nothing");
        let events = ledgers.appended();
        let Some(Event::AmountLowered { cause, reason, at, .. }) = events.last() else {
            panic!("{events:?}")
        };
        assert_eq!((cause.name.as_deref(), reason.as_str(), *at), (Some("小王"), "老客户", noon()));
    }
}

#[tokio::test]
async fn what_nobody_came_to_pay_may_still_be_paid() {
    let ledgers = unpaid();
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().times(1).returning(|_| Ok(None));
    lower(gateway, &ledgers).await.unwrap();
    assert_eq!((states(&ledgers), amounts(&ledgers).0), (vec![AttemptState::GivenUp], LOWER.to_owned()));
}

#[tokio::test]
async fn what_turns_out_paid_is_settled_and_keeps_its_amount() {
    let ledgers = unpaid();
    let refusal = refused(lower(alipay(TradeStatus::Success), &ledgers).await);
    assert!(matches!(refusal, Refusal::NotAllowed(_)), "{refusal:?}");
    assert_eq!(status(&ledgers), OrderStatus::AwaitingShipment);
    assert_eq!(amounts(&ledgers), ("323.91".to_owned(), "0.00".to_owned()));
    assert_eq!(states(&ledgers), [], "a paid attempt is not on record as closed");
}

#[tokio::test]
async fn a_payment_of_another_amount_does_not_hold_the_amount() {
    let ledgers = unpaid();
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().returning(|_| Ok(Some(trade("A", "219.00"))));
    lower(gateway, &ledgers).await.unwrap();
    assert_eq!(ledgers.get(ORDER).payments[0].status, PaymentStatus::WrongAmount);
    assert_eq!(amounts(&ledgers).0, LOWER);
}

#[tokio::test]
async fn where_alipay_cannot_be_asked_nothing_is_lowered() {
    let mut unasked = MockPaymentGateway::new();
    unasked.expect_query().returning(|_| Err(alipay_down()));
    let mut unclosed = MockPaymentGateway::new();
    unclosed.expect_query().returning(|_| Ok(Some(waiting())));
    unclosed.expect_close().returning(|_| Err(alipay_down()));
    for gateway in [unasked, unclosed] {
        let ledgers = unpaid();
        let outcome = lower(gateway, &ledgers).await;
        assert!(matches!(outcome, Err(OrderError::Gateway(_))), "{outcome:?}");
        assert_eq!(ledgers.appended(), []);
    }
    // The first attempt is closed at Alipay, which returns no trade for the second.
    let ledgers = two_attempts();
    let mut half = MockPaymentGateway::new();
    half.expect_query().returning(
        |number| {
            if number == ORDER { Ok(Some(waiting())) } else { Err(alipay_down()) }
        },
    );
    half.expect_close().returning(|_| Ok(CloseOutcome::Closed));
    let outcome = lower(half, &ledgers).await;
    assert!(matches!(outcome, Err(OrderError::Gateway(_))), "{outcome:?}");
    assert_eq!(states(&ledgers), [AttemptState::Closed, AttemptState::Open]);
    assert_eq!(amounts(&ledgers).0, "323.91");
}

#[tokio::test]
async fn alipay_is_not_asked_in_vain() {
    let lowered = {
        let mut ledger = only(OrderStatus::AwaitingPayment);
        if let Some(order) = &mut ledger.order {
            (order.total_amount, order.discount) = (money(LOWER), money("23.91"));
        }
        Ledgers::of(ledger)
    };
    lower(MockPaymentGateway::new(), &lowered).await.unwrap();
    assert_eq!(lowered.locks(), 0, "the same again is done");
    let stale = refused(lower_from("320.00", MockPaymentGateway::new(), &unpaid()).await);
    assert_eq!(stale, Refusal::AmountChanged { amount: money("323.91") });
    let higher = refused(lower_from("299.00", MockPaymentGateway::new(), &unpaid()).await);
    assert_eq!(higher, Refusal::AmountNotLower { amount: money("299.00") });
    for status in OrderStatus::ALL.into_iter().filter(|status| *status != OrderStatus::AwaitingPayment) {
        let refusal = refused(lower(MockPaymentGateway::new(), &Ledgers::of(only(status))).await);
        assert!(matches!(refusal, Refusal::NotAllowed(_)), "{status:?}");
    }
    let unknown = refused(lower(MockPaymentGateway::new(), &Ledgers::default()).await);
    assert_eq!(unknown, Refusal::UnknownOrder);
}

/// Each time Alipay is asked about the last attempt, the buyer opens another one.
#[tokio::test]
async fn an_attempt_that_was_opened_meanwhile_is_closed_too() {
    for (openings, is_lowered) in [(1, true), (9, false)] {
        let ledgers = unpaid();
        let (opened, on_record) = (Arc::new(AtomicUsize::new(0)), ledgers.clone());
        let mut gateway = MockPaymentGateway::new();
        gateway.expect_query().returning(move |_| {
            let nth = opened.fetch_add(1, Ordering::SeqCst);
            let mut ledger = on_record.get(ORDER);
            if nth < openings {
                let first = ledger.all_attempts().remove(0);
                let out_trade_no = format!("{ORDER}_{}", nth + 2);
                ledger.attempts.push(PaymentAttempt { out_trade_no, state: AttemptState::Open, ..first });
                on_record.put(ledger);
            }
            Ok(None)
        });
        let outcome = lower(gateway, &ledgers).await;
        if is_lowered {
            outcome.unwrap();
            assert_eq!(amounts(&ledgers).0, LOWER);
            assert!(!states(&ledgers).contains(&AttemptState::Open));
        } else {
            assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Conflict))), "{outcome:?}");
            assert_eq!(amounts(&ledgers).0, "323.91");
        }
    }
}

/// The buyer opens another attempt each time. Attempts that Alipay closed meanwhile must not be offered again.
#[tokio::test]
async fn what_alipay_has_closed_is_noted_down_whenever_another_attempt_was_opened() {
    let ledgers = unpaid();
    let (opened, on_record) = (Arc::new(AtomicUsize::new(0)), ledgers.clone());
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().returning(|_| Ok(Some(waiting())));
    gateway.expect_close().returning(move |_| {
        let nth = opened.fetch_add(1, Ordering::SeqCst);
        let mut ledger = on_record.get(ORDER);
        ledger.attempts = ledger.all_attempts();
        let first = ledger.attempts[0].clone();
        let out_trade_no = format!("{ORDER}_{}", nth + 2);
        ledger.attempts.push(PaymentAttempt {
            out_trade_no,
            state: AttemptState::Open,
            closed_at: None,
            ..first
        });
        on_record.put(ledger);
        Ok(CloseOutcome::Closed)
    });
    let outcome = lower(gateway, &ledgers).await;
    assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Conflict))), "{outcome:?}");
    let open = states(&ledgers).into_iter().filter(|state| *state == AttemptState::Open).count();
    assert_eq!((states(&ledgers).len(), open), (4, 1), "only the one of which Alipay was not asked");
}

/// The trade is closed at Alipay, and the amount stays: the next payment must open another attempt.
#[tokio::test]
async fn what_alipay_has_closed_is_noted_down_if_nothing_is_lowered() {
    let conflicts = (0..8).map(|_| changed_meanwhile());
    let faster = unpaid().failing_to_append(conflicts);
    let outcome = lower(alipay(TradeStatus::WaitBuyerPay), &faster).await;
    assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Conflict))), "{outcome:?}");
    let lost = AppendError::Store(store_down());
    let gone = unpaid().failing_to_append([lost]);
    let outcome = lower(alipay(TradeStatus::WaitBuyerPay), &gone).await;
    assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Store(_)))), "{outcome:?}");
    // Another request lowers it to another amount while Alipay is being asked.
    let overtaken = unpaid();
    let on_record = overtaken.clone();
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_query().returning(|_| Ok(Some(waiting())));
    gateway.expect_close().returning(move |_| {
        let mut ledger = on_record.get(ORDER);
        if let Some(order) = &mut ledger.order {
            (order.total_amount, order.discount) = (money("320.00"), money("3.91"));
        }
        on_record.put(ledger);
        Ok(CloseOutcome::Closed)
    });
    let refusal = refused(lower(gateway, &overtaken).await);
    assert_eq!(refusal, Refusal::AmountChanged { amount: money("320.00") });
    for ledgers in [faster, gone, overtaken] {
        assert_eq!(states(&ledgers), [AttemptState::Closed]);
        assert_ne!(amounts(&ledgers).0, LOWER);
    }
}

fn elsewhere() -> ShippingAddress {
    ShippingAddress::checked("公司", "王小二", "13800000000", "上海市").unwrap()
}

fn redirecting(address: Option<ShippingAddress>, ledgers: &Ledgers) -> OrderService {
    let mut users = MockUsers::new();
    let entry = address.map(|shipping| domain::Address { id: AddressId(8), is_default: false, shipping });
    users
        .expect_destination()
        .withf(|who, id| *who == caller() && *id == AddressId(8))
        .returning(move |_, _| Ok(Ok(Destination { user_id: USER, address: entry.clone() })));
    admitting(users, ledgers)
}

fn admitting(users: MockUsers, ledgers: &Ledgers) -> OrderService {
    OrderService { users: Arc::new(users), ..service(MockPaymentGateway::new(), ledgers) }
}

#[tokio::test]
async fn a_buyer_sends_an_unpaid_order_elsewhere() {
    let ledgers = unpaid();
    let use_case = redirecting(Some(elsewhere()), &ledgers);
    for _ in 0..2 {
        use_case
            .change_address_by_buyer(&caller(), &order_id(), AddressId(8), &Cause::buyer(None))
            .await
            .unwrap();
    }
    assert_eq!(ledgers.commits(), 1, "again is once");
    assert_eq!(ledgers.get(ORDER).order.map(|order| order.shipping), Some(elsewhere()));

    let nowhere = redirecting(None, &ledgers);
    let outcome =
        nowhere.change_address_by_buyer(&caller(), &order_id(), AddressId(8), &Cause::buyer(None)).await;
    assert!(matches!(outcome, Err(OrderError::UnknownAddress)), "{outcome:?}");
    let theirs = others(order(OrderStatus::AwaitingPayment));
    let paid = order(OrderStatus::AwaitingShipment);
    for found in [theirs, paid] {
        let ledgers = Ledgers::of(ledger(Some(found), vec![], vec![]));
        let use_case = redirecting(Some(elsewhere()), &ledgers);
        let outcome =
            use_case.change_address_by_buyer(&caller(), &order_id(), AddressId(8), &Cause::buyer(None)).await;
        assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Refused(_)))), "{outcome:?}");
        assert_eq!(ledgers.appended(), []);
    }
}

#[tokio::test]
async fn nobody_without_a_token_that_lets_in_changes_an_address() {
    let mut users = MockUsers::new();
    users.expect_destination().returning(|_, _| Ok(Err(NotAdmitted::UnknownUser)));
    let use_case = admitting(users, &unpaid());
    let outcome =
        use_case.change_address_by_buyer(&caller(), &order_id(), AddressId(8), &Cause::buyer(None)).await;
    assert!(matches!(outcome, Err(OrderError::NotAdmitted(_))), "{outcome:?}");
    let mut users = MockUsers::new();
    users.expect_destination().returning(|_, _| Err(store_down()));
    let use_case = admitting(users, &unpaid());
    let outcome =
        use_case.change_address_by_buyer(&caller(), &order_id(), AddressId(8), &Cause::buyer(None)).await;
    assert!(matches!(outcome, Err(OrderError::Store(_))), "{outcome:?}");
}

#[tokio::test]
async fn staff_send_a_paid_order_elsewhere() {
    let cause = Cause::shop("小王".to_owned(), None);
    let ledgers = Ledgers::of(paid_ledger(&[]));
    let use_case = redirecting(None, &ledgers);
    use_case.change_address_by_shop(&order_id(), None, elsewhere(), "来电", &cause).await.unwrap();
    let events = ledgers.appended();
    let [Event::AddressChanged { before, after, address_id: None, reason, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((before, after, reason.as_str()), (&shipping(), &elsewhere(), "来电"));
    let shipped = Order { status: OrderStatus::AwaitingReceipt, ..order(OrderStatus::AwaitingReceipt) };
    let ledgers = Ledgers::of(ledger(Some(shipped), vec![], vec![]));
    let outcome = redirecting(None, &ledgers)
        .change_address_by_shop(&order_id(), None, elsewhere(), "来电", &cause)
        .await;
    assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Refused(_)))), "{outcome:?}");
}
