//! 订单查询, 确认收货 and 支付结果 with mocked ports.

use std::sync::Arc;

use application::{ListedOrder, OrderError, OrderService, Page, PaymentResultError, TransactError};
use domain::{
    Addressee, Cause, EvidenceSource, Money, NotAdmitted, NotForUs, Order, OrderId, OrderStatus,
    PaymentRecord, PaymentStatus, Trade, TradeStatus, ledger::Refusal,
};
use ports::{
    GatewayError, NotVerified, OrderListQuery, VerifiedReturn,
    mock::{Ledgers, MockOrderReader, MockPaymentGateway, MockUsers},
};

use crate::support::*;

mod list {
    use super::*;

    async fn listed(use_case: OrderService, limit: u32) -> Result<Page<ListedOrder, OrderId>, OrderError> {
        let status = Some(OrderStatus::AwaitingPayment);
        use_case.list(&caller(), status, Some(order_id()), limit).await
    }

    fn listing(users: MockUsers, orders: MockOrderReader) -> OrderService {
        let (users, orders) = (Arc::new(users), Arc::new(orders));
        OrderService { users, orders, ..service(MockPaymentGateway::new(), &Ledgers::default()) }
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
            .expect_refund_due_payments()
            .times(asked)
            .withf(move |ids| ids.len() == shown)
            .returning(|_| Ok(Vec::new()));
        let use_case = listing(known_user(), orders);
        let page = listed(use_case, limit).await.unwrap();
        (page.items.len(), page.next.map(|id| id.to_string()))
    }

    #[tokio::test]
    async fn the_last_order_shown_leads_to_the_next_page() {
        assert_eq!(list(4, 3).await, (3, Some("2".to_owned())));
        assert_eq!(list(3, 3).await, (3, None));
        assert_eq!(list(0, 3).await, (0, None));
    }

    #[tokio::test]
    async fn each_port_may_fail() {
        let use_case = listing(stranger(), MockOrderReader::new());
        assert!(matches!(listed(use_case, 1).await, Err(OrderError::NotAdmitted(NotAdmitted::UnknownUser))));

        let mut users = MockUsers::new();
        users.expect_authenticate().returning(|_| Err(store_down()));
        let use_case = listing(users, MockOrderReader::new());
        assert!(matches!(listed(use_case, 1).await, Err(OrderError::Store(_))));

        let mut orders = MockOrderReader::new();
        orders.expect_list().returning(|_| Err(store_down()));
        let use_case = listing(known_user(), orders);
        assert!(matches!(listed(use_case, 1).await, Err(OrderError::Store(_))));

        let mut orders = MockOrderReader::new();
        orders.expect_list().returning(|_| Ok(vec![numbered(1)]));
        orders.expect_refund_due_payments().returning(|_| Err(store_down()));
        let use_case = listing(known_user(), orders);
        assert!(matches!(listed(use_case, 1).await, Err(OrderError::Store(_))));
    }

    #[tokio::test]
    async fn each_order_has_what_of_its_own_payments_goes_back() {
        let mut orders = MockOrderReader::new();
        orders.expect_list().returning(|_| Ok((1..=3).rev().map(numbered).collect()));
        orders.expect_refund_due_payments().returning(|_| {
            let late = |number: &str, refunded: &str| {
                let trade = Trade {
                    out_trade_no: number.to_owned(),
                    refunded: refunded.parse().unwrap(),
                    ..trade("A", "323.91")
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
        let use_case = listing(known_user(), orders);
        let page = listed(use_case, 3).await.unwrap();
        let refunded: Vec<Option<String>> = page
            .items
            .iter()
            .map(|listed| listed.refund_due.map(|refund_due| refund_due.refunded.to_string()))
            .collect();
        assert_eq!(refunded, [Some("1.00".to_owned()), None, Some("0.00".to_owned())]);
    }
}

mod receipt {
    use super::*;

    async fn confirm(users: MockUsers, ledgers: &Ledgers) -> Result<(), OrderError> {
        let use_case = OrderService { users: Arc::new(users), ..service(MockPaymentGateway::new(), ledgers) };
        use_case.confirm_receipt(&caller(), &order_id(), &Cause::buyer(None)).await
    }

    #[tokio::test]
    async fn a_shipped_order_is_completed_once() {
        let ledgers = Ledgers::of(only(OrderStatus::AwaitingReceipt));
        confirm(known_user(), &ledgers).await.unwrap();
        confirm(known_user(), &ledgers).await.unwrap();
        assert_eq!((status(&ledgers), ledgers.appended().len()), (OrderStatus::Completed, 1));
    }

    #[tokio::test]
    async fn another_users_order_is_as_unknown_as_none() {
        let theirs = ledger(Some(others(order(OrderStatus::AwaitingReceipt))), vec![], vec![]);
        for ledgers in [Ledgers::default(), Ledgers::of(theirs)] {
            let outcome = confirm(known_user(), &ledgers).await;
            let Err(OrderError::Transact(TransactError::Refused(refusal))) = outcome else {
                panic!("{outcome:?}")
            };
            assert_eq!(refusal, Refusal::UnknownOrder);
        }
    }

    #[tokio::test]
    async fn each_port_may_fail() {
        let none = Ledgers::default();
        assert!(matches!(
            confirm(stranger(), &none).await,
            Err(OrderError::NotAdmitted(NotAdmitted::UnknownUser))
        ));
        let mut users = MockUsers::new();
        users.expect_authenticate().returning(|_| Err(store_down()));
        assert!(matches!(confirm(users, &none).await, Err(OrderError::Store(_))));
        let down = Ledgers::default().failing_to_lock([store_down()]);
        let outcome = confirm(known_user(), &down).await;
        assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Store(_)))));
    }
}

mod result {
    use super::*;

    fn returned(app_id: &str) -> VerifiedReturn {
        VerifiedReturn {
            addressee: Addressee { app_id: app_id.to_owned(), seller_id: Some("2088".to_owned()) },
            out_trade_no: ORDER.to_owned(),
        }
    }

    struct Asked {
        answer: Result<Option<Trade>, GatewayError>,
        ledgers: Ledgers,
        /// The orders found, one per read.
        found: Vec<Option<Order>>,
    }

    async fn result(asked: Option<Asked>, found: Option<Order>) -> Result<(bool, Money), PaymentResultError> {
        let mut gateway = MockPaymentGateway::new();
        gateway
            .expect_verify_return()
            .withf(|query| query == "the query")
            .return_once(|_| Ok(returned("2021")));
        let (mut looks, mut on_record) = (vec![found], Ledgers::default());
        if let Some(Asked { answer, ledgers, found }) = asked {
            gateway.expect_query().times(1).return_once(|_| answer);
            looks.extend(found);
            on_record = ledgers;
        }
        looks.reverse();
        let mut orders = MockOrderReader::new();
        orders.expect_find().times(looks.len()).returning(move |_| Ok(looks.pop().unwrap()));
        run(gateway, orders, &on_record).await
    }

    fn use_case(gateway: MockPaymentGateway, orders: MockOrderReader, ledgers: &Ledgers) -> OrderService {
        OrderService { orders: Arc::new(orders), ..service(gateway, ledgers) }
    }

    async fn run(
        gateway: MockPaymentGateway,
        orders: MockOrderReader,
        ledgers: &Ledgers,
    ) -> Result<(bool, Money), PaymentResultError> {
        let use_case = use_case(gateway, orders, ledgers);
        let order = use_case.payment_result(domain::Channel::Alipay, "the query", None).await?;
        assert_eq!(order.id, order_id());
        Ok((order.status.is_paid(), order.total_amount))
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
            let asked = Asked { answer: Ok(answer), ledgers: Ledgers::default(), found: vec![] };
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

    /// Everybody who has seen the URL can open it as often as they like.
    #[tokio::test]
    async fn a_replayed_return_asks_alipay_once() {
        let mut gateway = MockPaymentGateway::new();
        gateway.expect_verify_return().times(50).returning(|_| Ok(returned("2021")));
        gateway.expect_query().times(1).returning(|_| Ok(None));
        let mut orders = MockOrderReader::new();
        // One more read for each later caller: the payment may have been recorded meanwhile.
        orders.expect_find().times(99).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
        let use_case = use_case(gateway, orders, &Ledgers::default());
        for _ in 0..50 {
            assert!(
                !use_case
                    .payment_result(domain::Channel::Alipay, "the query", None)
                    .await
                    .unwrap()
                    .status
                    .is_paid()
            );
        }
    }

    /// A buyer who is told that nothing was paid would pay again.
    #[tokio::test]
    async fn while_alipay_has_not_answered_nobody_is_told_that_nothing_was_paid() {
        let mut gateway = MockPaymentGateway::new();
        gateway.expect_verify_return().times(2).returning(|_| Ok(returned("2021")));
        gateway.expect_query().times(1).returning(|_| Err(alipay_down()));
        let mut orders = MockOrderReader::new();
        orders.expect_find().times(2).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
        let use_case = use_case(gateway, orders, &Ledgers::default());
        let result = async || use_case.payment_result(domain::Channel::Alipay, "the query", None).await;
        assert!(matches!(result().await, Err(PaymentResultError::Gateway { .. })));
        assert!(matches!(result().await, Err(PaymentResultError::NotKnownYet(_))));
    }

    #[tokio::test]
    async fn what_alipay_says_was_paid_is_settled() {
        let asked = Asked {
            answer: Ok(Some(trade("A", "323.91"))),
            ledgers: Ledgers::of(only(OrderStatus::AwaitingPayment)),
            found: vec![Some(order(OrderStatus::AwaitingShipment))],
        };
        let outcome = result(Some(asked), Some(order(OrderStatus::AwaitingPayment))).await;
        assert_eq!(outcome.unwrap(), (true, money("323.91")));
    }

    #[tokio::test]
    async fn no_answer_of_alipay_is_no_payment() {
        let asked = Asked { answer: Err(alipay_down()), ledgers: Ledgers::default(), found: vec![] };
        let outcome = result(Some(asked), Some(order(OrderStatus::AwaitingPayment))).await;
        let Err(PaymentResultError::Gateway { order, .. }) = outcome else { panic!("{outcome:?}") };
        assert!(!order.status.is_paid());
    }

    #[tokio::test]
    async fn each_other_failure_is_told_apart() {
        assert!(matches!(result(None, None).await, Err(PaymentResultError::UnknownOrder)));

        let mut gateway = MockPaymentGateway::new();
        gateway.expect_verify_return().returning(|_| Err(NotVerified::Signature));
        let outcome = run(gateway, MockOrderReader::new(), &Ledgers::default()).await;
        assert!(matches!(outcome, Err(PaymentResultError::NotVerified(_))));

        let mut gateway = MockPaymentGateway::new();
        gateway.expect_verify_return().returning(|_| Ok(returned("2022")));
        let outcome = run(gateway, MockOrderReader::new(), &Ledgers::default()).await;
        assert!(matches!(outcome, Err(PaymentResultError::NotForUs(NotForUs::App))));

        let mut gateway = MockPaymentGateway::new();
        gateway.expect_verify_return().returning(|_| Ok(returned("2021")));
        let mut orders = MockOrderReader::new();
        orders.expect_find().returning(|_| Err(store_down()));
        assert!(matches!(run(gateway, orders, &Ledgers::default()).await, Err(PaymentResultError::Store(_))));

        let ledgers = Ledgers::default().failing_to_lock([store_down()]);
        let asked = Asked { answer: Ok(Some(trade("A", "323.91"))), ledgers, found: vec![] };
        let outcome = result(Some(asked), Some(order(OrderStatus::AwaitingPayment))).await;
        assert!(matches!(outcome, Err(PaymentResultError::Settle(_))));
    }
}
