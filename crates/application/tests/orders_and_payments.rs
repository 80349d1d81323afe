//! 订单查询, 确认收货 and 支付结果 against mocked ports.

mod support;

use std::sync::Arc;

use application::{
    ConfirmReceipt, ConfirmReceiptError, ListOrders, ListOrdersError, ListOrdersRequest, PaymentResult,
    PaymentResultError, Recently, SettlePayment,
};
use domain::{
    Actor, Addressee, Cause, EvidenceSource, Money, NotAdmitted, NotForUs, Order, OrderId, OrderStatus,
    PaymentRecord, PaymentStatus, Trade, TradeStatus,
};
use ports::{
    GatewayError, NotVerified, OrderListQuery, StoreError, VerifiedReturn,
    mock::{MockOrderReader, MockPaymentGateway, MockUnitOfWork, MockUsers, PreparedUnits},
};
use support::*;

mod list {
    use super::*;

    fn request(limit: u32) -> ListOrdersRequest {
        ListOrdersRequest {
            caller: caller(),
            status: Some(OrderStatus::AwaitingPayment),
            before: Some(order_id()),
            limit,
        }
    }

    fn numbered(number: u64) -> Order {
        Order { id: OrderId::parse(&number.to_string()).unwrap(), ..order(OrderStatus::AwaitingPayment) }
    }

    async fn list(found: u64, limit: u32) -> (usize, Option<String>) {
        let mut orders = MockOrderReader::new();
        orders
            .expect_list()
            .times(1)
            .withf(move |query| {
                *query
                    == OrderListQuery {
                        user_id: USER,
                        status: Some(OrderStatus::AwaitingPayment),
                        before: Some(order_id()),
                        limit: limit + 1,
                    }
            })
            .returning(move |_| Ok((1..=found).rev().map(numbered).collect()));
        let shown = usize::try_from(found.min(limit.into())).unwrap();
        let asked = usize::from(shown > 0);
        orders
            .expect_payments()
            .times(asked)
            .withf(move |ids| ids.len() == shown)
            .returning(|_| Ok(Vec::new()));
        let use_case = ListOrders { users: Arc::new(known_user()), orders: Arc::new(orders) };
        let page = use_case.execute(request(limit)).await.unwrap();
        (page.orders.len(), page.next.map(|id| id.to_string()))
    }

    #[tokio::test]
    async fn the_last_order_shown_leads_to_the_next_page() {
        assert_eq!(list(4, 3).await, (3, Some("2".to_owned())));
        assert_eq!(list(3, 3).await, (3, None));
        assert_eq!(list(0, 3).await, (0, None));
    }

    #[tokio::test]
    async fn each_port_may_fail() {
        let no_orders = || Arc::new(MockOrderReader::new());
        let use_case = ListOrders { users: Arc::new(stranger()), orders: no_orders() };
        assert!(matches!(
            use_case.execute(request(1)).await,
            Err(ListOrdersError::NotAdmitted(NotAdmitted::UnknownUser))
        ));

        let mut users = MockUsers::new();
        users.expect_authenticate().returning(|_| Err(store_down()));
        let use_case = ListOrders { users: Arc::new(users), orders: no_orders() };
        assert!(matches!(use_case.execute(request(1)).await, Err(ListOrdersError::Store(_))));

        let mut orders = MockOrderReader::new();
        orders.expect_list().returning(|_| Err(store_down()));
        let use_case = ListOrders { users: Arc::new(known_user()), orders: Arc::new(orders) };
        assert!(matches!(use_case.execute(request(1)).await, Err(ListOrdersError::Store(_))));

        let mut orders = MockOrderReader::new();
        orders.expect_list().returning(|_| Ok(vec![numbered(1)]));
        orders.expect_payments().returning(|_| Err(store_down()));
        let use_case = ListOrders { users: Arc::new(known_user()), orders: Arc::new(orders) };
        assert!(matches!(use_case.execute(request(1)).await, Err(ListOrdersError::Store(_))));
    }

    #[tokio::test]
    async fn each_order_has_what_of_its_own_payments_goes_back() {
        let mut orders = MockOrderReader::new();
        orders.expect_list().returning(|_| Ok((1..=3).rev().map(numbered).collect()));
        orders.expect_payments().returning(|_| {
            let late = |number: &str, refunded: &str| {
                let trade = Trade {
                    out_trade_no: number.to_owned(),
                    refunded: refunded.parse().unwrap(),
                    ..support::trade("A", "323.91")
                };
                PaymentRecord {
                    trade,
                    status: PaymentStatus::Late,
                    source: EvidenceSource::Query,
                    recorded_at: noon(),
                }
            };
            Ok(vec![late("1", "0.00"), late("3", "1.00")])
        });
        let use_case = ListOrders { users: Arc::new(known_user()), orders: Arc::new(orders) };
        let page = use_case.execute(request(3)).await.unwrap();
        let refunded: Vec<Option<String>> = page
            .orders
            .iter()
            .map(|listed| listed.unkept.map(|unkept| unkept.refunded.to_string()))
            .collect();
        assert_eq!(refunded, [Some("1.00".to_owned()), None, Some("0.00".to_owned())]);
    }
}

/// A unit of work that finds this order and expects to change it from `from` to `to`, if they are given.
fn changing(found: Option<Order>, expected: Option<(OrderStatus, OrderStatus, Actor)>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.orders.expect_find_for_update().times(1).return_once(|_| Ok(found));
    if let Some((from, to, actor)) = expected {
        unit.orders
            .expect_change_status()
            .times(1)
            .withf(move |change| {
                (change.from, change.to, change.cause.actor) == (from, to, actor)
                    && change.order_id == order_id()
                    && change.at == noon()
            })
            .returning(|_| Ok(true));
    }
    unit
}

mod receipt {
    use super::*;

    async fn confirm(users: MockUsers, units: &Arc<PreparedUnits>) -> Result<(), ConfirmReceiptError> {
        let use_case = ConfirmReceipt {
            users: Arc::new(users),
            units: Arc::clone(units) as _,
            clock: Arc::new(clock()),
        };
        use_case.execute(&caller(), &order_id(), &Cause::buyer(None)).await
    }

    async fn confirm_in(unit: MockUnitOfWork) -> (Result<(), ConfirmReceiptError>, usize) {
        let units = Arc::new(PreparedUnits::new([Ok(unit)]));
        (confirm(known_user(), &units).await, units.commits())
    }

    #[tokio::test]
    async fn a_shipped_order_is_completed_once() {
        let change = (OrderStatus::AwaitingReceipt, OrderStatus::Completed, Actor::Buyer);
        let (outcome, commits) =
            confirm_in(changing(Some(order(OrderStatus::AwaitingReceipt)), Some(change))).await;
        assert!(outcome.is_ok());
        assert_eq!(commits, 1);

        let (again, commits) = confirm_in(changing(Some(order(OrderStatus::Completed)), None)).await;
        assert!(again.is_ok());
        assert_eq!(commits, 0, "confirming twice is one confirmation");
    }

    #[tokio::test]
    async fn no_other_status_allows_it() {
        for status in OrderStatus::ALL {
            if matches!(status, OrderStatus::AwaitingReceipt | OrderStatus::Completed) {
                continue;
            }
            let (outcome, commits) = confirm_in(changing(Some(order(status)), None)).await;
            assert!(matches!(outcome, Err(ConfirmReceiptError::NotAllowed(_))), "{status:?}");
            assert_eq!(commits, 0);
        }
    }

    #[tokio::test]
    async fn another_users_order_is_as_unknown_as_none() {
        for found in [None, Some(others(order(OrderStatus::AwaitingReceipt)))] {
            let (outcome, _) = confirm_in(changing(found, None)).await;
            assert!(matches!(outcome, Err(ConfirmReceiptError::UnknownOrder)));
        }
    }

    #[tokio::test]
    async fn each_port_may_fail() {
        let none = Arc::new(PreparedUnits::default());
        assert!(matches!(
            confirm(stranger(), &none).await,
            Err(ConfirmReceiptError::NotAdmitted(NotAdmitted::UnknownUser))
        ));

        let mut users = MockUsers::new();
        users.expect_authenticate().returning(|_| Err(store_down()));
        assert!(matches!(confirm(users, &none).await, Err(ConfirmReceiptError::Store(_))));

        let begin = Arc::new(PreparedUnits::new([Err(store_down())]));
        assert!(matches!(confirm(known_user(), &begin).await, Err(ConfirmReceiptError::Store(_))));

        let mut find = MockUnitOfWork::default();
        find.orders.expect_find_for_update().returning(|_| Err(store_down()));
        assert!(matches!(confirm_in(find).await, (Err(ConfirmReceiptError::Store(_)), 0)));

        let mut write = changing(Some(order(OrderStatus::AwaitingReceipt)), None);
        write.orders.expect_change_status().returning(|_| Err(store_down()));
        assert!(matches!(confirm_in(write).await, (Err(ConfirmReceiptError::Store(_)), 0)));

        let mut lost = changing(Some(order(OrderStatus::AwaitingReceipt)), None);
        lost.orders.expect_change_status().returning(|_| Ok(false));
        assert!(matches!(confirm_in(lost).await, (Err(ConfirmReceiptError::Conflict), 0)));

        let change = (OrderStatus::AwaitingReceipt, OrderStatus::Completed, Actor::Buyer);
        let mut commit = changing(Some(order(OrderStatus::AwaitingReceipt)), Some(change));
        commit.commit_error = Some(StoreError::OutcomeUnknown("gone".into()));
        assert!(matches!(confirm_in(commit).await, (Err(ConfirmReceiptError::Store(_)), 0)));
    }
}

mod result {
    use super::*;

    fn returned(app_id: &str) -> VerifiedReturn {
        VerifiedReturn {
            addressee: Addressee { app_id: app_id.to_owned(), seller_id: Some("2088".to_owned()) },
            out_trade_no: ORDER.to_owned(),
            // Whatever the browser brings, the answer is the order's own amount.
            total_amount: money("0.01"),
        }
    }

    struct Asked {
        answer: Result<Option<Trade>, GatewayError>,
        units: Vec<MockUnitOfWork>,
        /// The orders found, one a look.
        found: Vec<Option<Order>>,
    }

    async fn result(asked: Option<Asked>, found: Option<Order>) -> Result<(bool, Money), PaymentResultError> {
        let mut gateway = MockPaymentGateway::new();
        gateway
            .expect_verify_return()
            .withf(|query| query == "the query")
            .return_once(|_| Ok(returned("2021")));
        let (mut looks, mut prepared) = (vec![found], Vec::new());
        if let Some(Asked { answer, units, found }) = asked {
            gateway.expect_query().times(1).return_once(|_| answer);
            looks.extend(found);
            prepared = units;
        }
        looks.reverse();
        let mut orders = MockOrderReader::new();
        orders.expect_find().times(looks.len()).returning(move |_| Ok(looks.pop().unwrap()));
        run(gateway, orders, prepared).await
    }

    fn use_case(
        gateway: MockPaymentGateway,
        orders: MockOrderReader,
        units: Vec<MockUnitOfWork>,
    ) -> PaymentResult {
        let gateway = Arc::new(gateway);
        let settle = SettlePayment {
            gateway: Arc::clone(&gateway) as _,
            units: Arc::new(PreparedUnits::new(units.into_iter().map(Ok))),
            merchant: merchant(),
            clock: Arc::new(clock()),
        };
        let asked = Recently::new(PaymentResult::PAUSE, 10);
        PaymentResult { gateway, orders: Arc::new(orders), settle: Arc::new(settle), asked }
    }

    async fn run(
        gateway: MockPaymentGateway,
        orders: MockOrderReader,
        units: Vec<MockUnitOfWork>,
    ) -> Result<(bool, Money), PaymentResultError> {
        let state = use_case(gateway, orders, units).execute("the query", &Cause::alipay(None)).await?;
        assert_eq!(state.order_id, order_id());
        Ok((state.is_paid, state.total_amount))
    }

    #[tokio::test]
    async fn a_paid_order_is_known_without_asking() {
        for status in [OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt, OrderStatus::Completed] {
            assert_eq!(result(None, Some(order(status))).await.unwrap(), (true, money("323.91")));
        }
    }

    #[tokio::test]
    async fn alipay_is_asked_about_an_unpaid_order() {
        let waiting = Trade { status: TradeStatus::WaitBuyerPay, ..trade("A", "323.91") };
        for answer in [None, Some(waiting)] {
            let asked = Asked { answer: Ok(answer), units: vec![], found: vec![] };
            let outcome = result(Some(asked), Some(order(OrderStatus::AwaitingPayment))).await;
            assert_eq!(outcome.unwrap(), (false, money("323.91")));
        }
    }

    #[tokio::test]
    async fn alipay_is_not_asked_about_an_order_that_has_ended() {
        for status in [OrderStatus::Cancelled, OrderStatus::Refunded] {
            assert_eq!(result(None, Some(order(status))).await.unwrap(), (false, money("323.91")));
        }
    }

    /// Whoever has seen the URL can open it as often as they like.
    #[tokio::test]
    async fn a_replayed_return_asks_alipay_once() {
        let mut gateway = MockPaymentGateway::new();
        gateway.expect_verify_return().times(50).returning(|_| Ok(returned("2021")));
        gateway.expect_query().times(1).returning(|_| Ok(None));
        let mut orders = MockOrderReader::new();
        orders.expect_find().times(50).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
        let use_case = use_case(gateway, orders, vec![]);
        for _ in 0..50 {
            assert!(!use_case.execute("the query", &Cause::alipay(None)).await.unwrap().is_paid);
        }
    }

    #[tokio::test]
    async fn what_alipay_says_was_paid_is_settled() {
        let mut unit = changing(
            Some(order(OrderStatus::AwaitingPayment)),
            Some((OrderStatus::AwaitingPayment, OrderStatus::AwaitingShipment, Actor::Alipay)),
        );
        unit.payments.expect_of_order().returning(|_| Ok(vec![]));
        unit.payments.expect_record().times(1).returning(|_| Ok(true));
        let asked = Asked {
            answer: Ok(Some(trade("A", "323.91"))),
            units: vec![unit],
            found: vec![Some(order(OrderStatus::AwaitingShipment))],
        };
        let outcome = result(Some(asked), Some(order(OrderStatus::AwaitingPayment))).await;
        assert_eq!(outcome.unwrap(), (true, money("323.91")));
    }

    #[tokio::test]
    async fn no_answer_of_alipay_is_no_payment() {
        let asked = Asked { answer: Err(alipay_down()), units: vec![], found: vec![] };
        let outcome = result(Some(asked), Some(order(OrderStatus::AwaitingPayment))).await;
        let Err(PaymentResultError::Gateway { state, .. }) = outcome else { panic!("{outcome:?}") };
        assert!(!state.is_paid);
    }

    #[tokio::test]
    async fn each_other_failure_is_told_apart() {
        assert!(matches!(result(None, None).await, Err(PaymentResultError::UnknownOrder)));

        let mut gateway = MockPaymentGateway::new();
        gateway.expect_verify_return().returning(|_| Err(NotVerified::Signature));
        let outcome = run(gateway, MockOrderReader::new(), vec![]).await;
        assert!(matches!(outcome, Err(PaymentResultError::NotVerified(_))));

        let mut gateway = MockPaymentGateway::new();
        gateway.expect_verify_return().returning(|_| Ok(returned("2022")));
        let outcome = run(gateway, MockOrderReader::new(), vec![]).await;
        assert!(matches!(outcome, Err(PaymentResultError::NotForUs(NotForUs::App))));

        let mut gateway = MockPaymentGateway::new();
        gateway.expect_verify_return().returning(|_| Ok(returned("2021")));
        let mut orders = MockOrderReader::new();
        orders.expect_find().returning(|_| Err(store_down()));
        assert!(matches!(run(gateway, orders, vec![]).await, Err(PaymentResultError::Store(_))));

        let mut unit = MockUnitOfWork::default();
        unit.orders.expect_find_for_update().returning(|_| Err(store_down()));
        let asked = Asked { answer: Ok(Some(trade("A", "323.91"))), units: vec![unit], found: vec![] };
        let outcome = result(Some(asked), Some(order(OrderStatus::AwaitingPayment))).await;
        assert!(matches!(outcome, Err(PaymentResultError::Settle(_))));
    }
}
