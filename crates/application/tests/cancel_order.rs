//! 取消订单 against mocked ports.

mod support;

use std::{sync::Arc, time::Duration};

use application::{CancelOrder, CancelOrderError, SettlePayment};
use domain::{
    Actor, Cause, NotAdmitted, NotAllowed, Order, OrderEvent, OrderNewsKind, OrderStatus, PaymentStatus,
    ShopTime, StockMoveKind, Trade, TradeStatus,
};
use ports::{
    CloseOutcome, GatewayError, StoreError,
    mock::{MockOrderReader, MockPaymentGateway, MockUnitOfWork, MockUsers, PreparedUnits},
};
use support::*;

fn use_case(
    users: MockUsers,
    orders: MockOrderReader,
    gateway: MockPaymentGateway,
    units: &Arc<PreparedUnits>,
) -> CancelOrder {
    let gateway = Arc::new(gateway);
    let settle = SettlePayment {
        gateway: Arc::clone(&gateway) as _,
        units: Arc::clone(units) as _,
        merchant: merchant(),
        clock: Arc::new(clock()),
    };
    CancelOrder {
        users: Arc::new(users),
        orders: Arc::new(orders),
        units: Arc::clone(units) as _,
        gateway,
        settle: Arc::new(settle),
        clock: Arc::new(clock()),
    }
}

async fn cancel(
    orders: MockOrderReader,
    gateway: MockPaymentGateway,
    units: &Arc<PreparedUnits>,
) -> Result<(), CancelOrderError> {
    let cause = Cause::buyer(Some("r1".to_owned()));
    use_case(known_user(), orders, gateway, units).by_buyer(&caller(), &order_id(), None, &cause).await
}

fn unpaid() -> Order {
    order(OrderStatus::AwaitingPayment)
}

/// Alipay, which answers these, one a question, and is asked just so often.
fn alipay(answers: Vec<Result<Option<Trade>, GatewayError>>) -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    let (times, mut answers) = (answers.len(), answers.into_iter());
    gateway
        .expect_query()
        .times(times)
        .withf(|id| *id == order_id())
        .returning(move |_| answers.next().unwrap_or(Ok(None)));
    gateway
}

fn closing(
    mut gateway: MockPaymentGateway,
    outcome: Result<CloseOutcome, GatewayError>,
) -> MockPaymentGateway {
    gateway.expect_close().times(1).withf(|id| *id == order_id()).return_once(|_| outcome);
    gateway
}

fn in_state(status: TradeStatus) -> Trade {
    Trade { status, ..trade("A", "323.91") }
}

/// A unit of work that finds the order unpaid and is given back its pieces.
fn giving_back() -> MockUnitOfWork {
    let mut unit = locking(Some(unpaid()));
    unit.stock
        .expect_give_back()
        .times(1)
        .withf(|id, kind, pieces, at| {
            *id == order_id()
                && *kind == StockMoveKind::Cancelled
                && pieces.iter().map(|back| (back.sku_id.0, back.pieces)).eq([(4, 2), (5, 1)])
                && *at == noon()
        })
        .returning(|_, _, _, _| Ok(true));
    unit
}

/// The same, which must then cancel the order, due again at that time.
fn cancelling(due_at: Option<ShopTime>) -> MockUnitOfWork {
    let mut unit = giving_back();
    unit.orders
        .expect_change_status()
        .times(1)
        .withf(move |change| {
            change.order_id == order_id()
                && (change.from, change.to) == (OrderStatus::AwaitingPayment, OrderStatus::Cancelled)
                && change.cause == Cause::buyer(Some("r1".to_owned()))
                && change.reason == "买家取消"
                && change.at == noon()
                && change.due_at == due_at
        })
        .returning(|_| Ok(true));
    unit
}

/// Five minutes after the deadline: a payment that was under way is known by then.
fn last_look() -> Option<ShopTime> {
    unpaid().expire_at.map(|expire_at| expire_at.after(Duration::from_secs(300)))
}

#[tokio::test]
async fn stock_status_and_news_change_together() {
    let unit = cancelling(last_look());
    let news = unit.news.clone();
    let units = units(vec![unit]);
    cancel(looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &units).await.unwrap();
    assert_eq!(units.commits(), 1);
    let [told] = news.all().try_into().unwrap();
    assert_eq!(told.kind, OrderNewsKind::StatusChanged);
    assert_eq!((told.from, told.to), (Some(OrderStatus::AwaitingPayment), OrderStatus::Cancelled));
    assert_eq!((told.actor, told.reason.as_str(), told.amount), (Actor::Buyer, "买家取消", None));
}

#[tokio::test]
async fn a_trade_that_waits_for_payment_is_closed_and_nothing_is_due_after() {
    let units = units(vec![cancelling(None)]);
    let gateway = alipay(vec![Ok(Some(in_state(TradeStatus::WaitBuyerPay)))]);
    let gateway = closing(gateway, Ok(CloseOutcome::Closed));
    cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &units).await.unwrap();
    assert_eq!(units.commits(), 1);
}

#[tokio::test]
async fn a_trade_that_is_closed_already_needs_no_closing() {
    let units = units(vec![cancelling(None)]);
    let gateway = alipay(vec![Ok(Some(in_state(TradeStatus::Closed)))]);
    cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &units).await.unwrap();
    assert_eq!(units.commits(), 1);
}

#[tokio::test]
async fn what_may_still_be_paid_is_looked_at_once_more() {
    let waiting = || Ok(Some(in_state(TradeStatus::WaitBuyerPay)));
    for (outcome, after) in [
        (CloseOutcome::NoTrade, vec![]),
        (CloseOutcome::NotClosable, vec![Ok(None)]),
        (CloseOutcome::NotClosable, vec![waiting()]),
    ] {
        let units = units(vec![cancelling(last_look())]);
        let answers = std::iter::once(waiting()).chain(after).collect();
        let gateway = closing(alipay(answers), Ok(outcome));
        cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &units).await.unwrap();
        assert_eq!(units.commits(), 1, "{outcome:?}");
    }
}

#[tokio::test]
async fn a_trade_that_closed_meanwhile_is_closed() {
    let units = units(vec![cancelling(None)]);
    let states = [TradeStatus::WaitBuyerPay, TradeStatus::Closed];
    let gateway = alipay(states.map(|state| Ok(Some(in_state(state)))).into());
    let gateway = closing(gateway, Ok(CloseOutcome::NotClosable));
    cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &units).await.unwrap();
    assert_eq!(units.commits(), 1);
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
        let unit = paying_in(OrderStatus::AwaitingPayment);
        let news = unit.news.clone();
        let units = units(vec![unit]);
        let orders = looks(vec![Ok(Some(unpaid())), Ok(Some(order(OrderStatus::AwaitingShipment)))]);
        let refusal = NotAllowed { status: OrderStatus::AwaitingShipment, event: OrderEvent::Cancelled };
        let outcome = cancel(orders, gateway, &units).await;
        assert!(matches!(outcome, Err(CancelOrderError::NotAllowed(why)) if why == refusal), "{outcome:?}");
        assert_eq!((units.commits(), units.left()), (1, 0));
        let told: Vec<_> = news.all().into_iter().map(|told| (told.to, told.actor)).collect();
        assert_eq!(told, [(OrderStatus::AwaitingShipment, Actor::Alipay)]);
    }
}

#[tokio::test]
async fn a_payment_of_another_amount_does_not_hold_the_order() {
    let mut wrong = locking(Some(unpaid()));
    wrong.payments.expect_of_order().returning(|_| Ok(vec![]));
    wrong
        .payments
        .expect_record()
        .times(1)
        .withf(|payment| payment.status == PaymentStatus::WrongAmount)
        .returning(|_| Ok(true));
    let units = units(vec![wrong, cancelling(None)]);
    let orders = looks(vec![Ok(Some(unpaid())), Ok(Some(unpaid()))]);
    cancel(orders, alipay(vec![Ok(Some(trade("A", "219.00")))]), &units).await.unwrap();
    assert_eq!(units.commits(), 2);
}

#[tokio::test]
async fn cancelling_twice_is_one_cancellation_and_asks_nobody() {
    let units = units(vec![]);
    let orders = looks(vec![Ok(Some(order(OrderStatus::Cancelled)))]);
    cancel(orders, MockPaymentGateway::new(), &units).await.unwrap();
    assert_eq!(units.commits(), 0);
}

#[tokio::test]
async fn no_other_status_allows_it_and_nobody_is_asked() {
    for status in OrderStatus::ALL {
        if matches!(status, OrderStatus::AwaitingPayment | OrderStatus::Cancelled) {
            continue;
        }
        let orders = looks(vec![Ok(Some(order(status)))]);
        let outcome = cancel(orders, MockPaymentGateway::new(), &units(vec![])).await;
        assert!(matches!(outcome, Err(CancelOrderError::NotAllowed(_))), "{status:?}");
    }
}

#[tokio::test]
async fn another_users_order_is_as_unknown_as_none() {
    for found in [None, Some(others(unpaid()))] {
        let outcome = cancel(looks(vec![Ok(found)]), MockPaymentGateway::new(), &units(vec![])).await;
        assert!(matches!(outcome, Err(CancelOrderError::UnknownOrder)));
    }
}

#[tokio::test]
async fn the_shop_cancels_anybodys_order_and_says_why() {
    let mut unit = giving_back();
    unit.orders
        .expect_change_status()
        .times(1)
        .withf(|change| change.cause == Cause::shop("小王".to_owned(), None) && change.reason == "买家来电")
        .returning(|_| Ok(true));
    let shared = units(vec![unit]);
    let cause = Cause::shop("小王".to_owned(), None);
    let orders = looks(vec![Ok(Some(others(unpaid())))]);
    let shop = use_case(MockUsers::new(), orders, alipay(vec![Ok(None)]), &shared);
    shop.by_shop(&order_id(), "买家来电", &cause).await.unwrap();
    assert_eq!(shared.commits(), 1);

    let shop = use_case(MockUsers::new(), looks(vec![Ok(None)]), MockPaymentGateway::new(), &units(vec![]));
    let outcome = shop.by_shop(&order_id(), "买家来电", &cause).await;
    assert!(matches!(outcome, Err(CancelOrderError::UnknownOrder)));
}

#[tokio::test]
async fn a_buyers_own_reason_is_kept() {
    let mut unit = giving_back();
    unit.orders
        .expect_change_status()
        .times(1)
        .withf(|change| change.reason == "不想要了")
        .returning(|_| Ok(true));
    let units = units(vec![unit]);
    let buyer = use_case(known_user(), looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &units);
    buyer.by_buyer(&caller(), &order_id(), Some("不想要了"), &Cause::buyer(None)).await.unwrap();
    assert_eq!(units.commits(), 1);
}

#[tokio::test]
async fn an_old_order_is_looked_at_when_alipay_has_forgotten_its_trade() {
    let old = Order { expire_at: None, ..unpaid() };
    let mut unit = MockUnitOfWork::default();
    let locked = old.clone();
    unit.orders.expect_find_for_update().return_once(|_| Ok(Some(locked)));
    unit.stock.expect_give_back().returning(|_, _, _, _| Ok(true));
    unit.orders
        .expect_change_status()
        .times(1)
        .withf(|change| change.due_at == ShopTime::parse("2019-12-13 12:05:00"))
        .returning(|_| Ok(true));
    cancel(looks(vec![Ok(Some(old))]), alipay(vec![Ok(None)]), &units(vec![unit])).await.unwrap();
}

#[tokio::test]
async fn it_tries_again_when_others_were_faster_or_hold_the_rows() {
    let mut gave_back = locking(Some(unpaid()));
    gave_back.stock.expect_give_back().times(1).returning(|_, _, _, _| Ok(false));
    let mut changed = giving_back();
    changed.orders.expect_change_status().times(1).returning(|_| Ok(false));
    let mut locked = MockUnitOfWork::default();
    locked.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
    let units = units(vec![gave_back, changed, locked, cancelling(last_look())]);
    cancel(looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &units).await.unwrap();
    assert_eq!((units.commits(), units.left()), (1, 0), "what was written in vain is not committed");
}

#[tokio::test]
async fn it_gives_up_after_bounded_tries() {
    let locked = (0..100).map(|_| {
        let mut unit = MockUnitOfWork::default();
        unit.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
        unit
    });
    let units = units(locked.collect());
    let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &units).await;
    assert!(matches!(outcome, Err(CancelOrderError::Conflict)));
    assert_eq!(units.left(), 92);
}

#[tokio::test]
async fn what_happened_while_alipay_was_asked_is_seen_under_the_lock() {
    for (found, is_done) in [
        (Some(order(OrderStatus::Cancelled)), true),
        (Some(order(OrderStatus::AwaitingShipment)), false),
        (None, false),
    ] {
        let units = units(vec![locking(found)]);
        let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &units).await;
        match outcome {
            Ok(()) => assert!(is_done),
            Err(CancelOrderError::NotAllowed(_) | CancelOrderError::UnknownOrder) => assert!(!is_done),
            Err(error) => panic!("{error:?}"),
        }
        assert_eq!((units.commits(), units.left()), (0, 0));
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
        let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), gateway, &units(vec![])).await;
        assert!(matches!(outcome, Err(CancelOrderError::Gateway(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn each_port_may_fail_before_anything_is_written() {
    let none = units(vec![]);
    let by = async |users: MockUsers| {
        let buyer = use_case(users, MockOrderReader::new(), MockPaymentGateway::new(), &none);
        buyer.by_buyer(&caller(), &order_id(), None, &Cause::buyer(None)).await
    };
    assert!(matches!(by(stranger()).await, Err(CancelOrderError::NotAdmitted(NotAdmitted::UnknownUser))));
    let mut users = MockUsers::new();
    users.expect_authenticate().returning(|_| Err(store_down()));
    assert!(matches!(by(users).await, Err(CancelOrderError::Store(_))));

    let outcome = cancel(looks(vec![Err(store_down())]), MockPaymentGateway::new(), &none).await;
    assert!(matches!(outcome, Err(CancelOrderError::Store(_))));

    let mut settling = MockUnitOfWork::default();
    settling.orders.expect_find_for_update().returning(|_| Err(store_down()));
    let paid = || alipay(vec![Ok(Some(trade("A", "323.91")))]);
    let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), paid(), &units(vec![settling])).await;
    assert!(matches!(outcome, Err(CancelOrderError::Settle(_))));

    for (found, is_gone) in [(Err(store_down()), false), (Ok(None), true)] {
        let units = units(vec![paying_in(OrderStatus::AwaitingPayment)]);
        let outcome = cancel(looks(vec![Ok(Some(unpaid())), found]), paid(), &units).await;
        match outcome {
            Err(CancelOrderError::UnknownOrder) => assert!(is_gone),
            Err(CancelOrderError::Store(_)) => assert!(!is_gone),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn each_failure_of_the_database_while_writing_is_passed_on() {
    let begin = Arc::new(PreparedUnits::new([Err(store_down())]));

    let mut find = MockUnitOfWork::default();
    find.orders.expect_find_for_update().returning(|_| Err(store_down()));
    let mut stock = locking(Some(unpaid()));
    stock.stock.expect_give_back().returning(|_, _, _, _| Err(store_down()));
    let mut change = giving_back();
    change.orders.expect_change_status().returning(|_| Err(store_down()));
    let mut commit = cancelling(last_look());
    commit.commit_error = Some(StoreError::OutcomeUnknown("connection lost".into()));

    let writing = [find, stock, change, commit].map(|unit| units(vec![unit]));
    for units in std::iter::once(begin).chain(writing) {
        let outcome = cancel(looks(vec![Ok(Some(unpaid()))]), alipay(vec![Ok(None)]), &units).await;
        assert!(matches!(outcome, Err(CancelOrderError::Store(_))), "{outcome:?}");
        assert_eq!(units.commits(), 0);
    }
}
