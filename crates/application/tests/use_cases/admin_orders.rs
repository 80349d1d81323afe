//! 订单详情 and 经营数据 for staff, with mocked ports.

use std::sync::Arc;

use application::{AdminOrderDetails, StaffOrders};
use domain::{
    Cause, Money, MoneySum, OrderStatus, PaymentStatus, Refund, RefundStatus, ShopDate, ShopTime, SkuId,
    StockMove, StockMoveKind, TimelineEntry, UserId, Username,
};
use ports::{
    DayFigures, OrderRecords, StoreError, UnmatchedPayment,
    mock::{MockAdminOrders, MockUsers, clock_at},
};

use crate::support::*;

fn time(text: &str) -> ShopTime {
    ShopTime::parse(text).unwrap()
}

fn looking(admin: MockAdminOrders, now: ShopTime) -> StaffOrders {
    StaffOrders { users: Arc::new(MockUsers::new()), admin: Arc::new(admin), clock: Arc::new(clock_at(now)) }
}

mod inspect {
    use super::*;

    async fn inspected(
        found: Result<Option<OrderRecords>, StoreError>,
    ) -> Result<Option<AdminOrderDetails>, StoreError> {
        let mut admin = MockAdminOrders::new();
        admin.expect_file().times(1).withf(|id| *id == order_id()).return_once(|_| found);
        looking(admin, noon()).inspect(&order_id()).await
    }

    /// Another user's order without any other records.
    fn file(status: OrderStatus) -> OrderRecords {
        OrderRecords {
            ledger: ledger(Some(others(order(status))), vec![], vec![]),
            username: Username("别人".to_owned()),
            changes: Vec::new(),
        }
    }

    fn refund(number: &str, trade_no: &str, amount: &str, status: RefundStatus) -> Refund {
        Refund { trade_no: trade_no.to_owned(), ..crate::support::refund(number, amount, status) }
    }

    #[tokio::test]
    async fn anybodys_order_is_shown_from_its_creation_on() {
        let change = TimelineEntry {
            from: Some(OrderStatus::AwaitingPayment),
            to: OrderStatus::Cancelled,
            cause: Cause::system(),
            reason: "超过支付期限,自动取消".to_owned(),
            amendment: None,
            at: time("2019-11-28 12:30:00"),
        };
        let found = OrderRecords { changes: vec![change.clone()], ..file(OrderStatus::Cancelled) };
        let details = inspected(Ok(Some(found))).await.unwrap().unwrap();
        assert_eq!((details.order.user_id, details.username.0.as_str()), (UserId(5), "别人"));
        let [created, cancelled] = details.timeline.try_into().unwrap();
        assert_eq!((created.from, created.to), (None, OrderStatus::AwaitingPayment));
        assert_eq!((created.cause, created.at), (Cause::buyer(None), noon()));
        assert_eq!(cancelled, change);
        assert_eq!((details.refundable_amount, details.returned), (Money::ZERO, vec![0, 0]));
    }

    #[tokio::test]
    async fn of_each_payment_it_is_known_what_is_left_to_refund() {
        let payments = vec![
            recorded("A", PaymentStatus::Duplicate),
            recorded("B", PaymentStatus::Settled),
            recorded("C", PaymentStatus::Late),
        ];
        let refunds = vec![
            refund("1", "B", "20.01", RefundStatus::Succeeded),
            refund("2", "B", "0.90", RefundStatus::Requested),
            refund("3", "B", "300", RefundStatus::Failed),
            refund("4", "C", "323.91", RefundStatus::Succeeded),
        ];
        let order = order(OrderStatus::AwaitingShipment);
        let on_record = ledger(Some(order), payments.clone(), refunds.clone());
        let found = OrderRecords { ledger: on_record, ..file(OrderStatus::AwaitingShipment) };
        let details = inspected(Ok(Some(found))).await.unwrap().unwrap();
        let left = ["323.91", "303.00", "0.00"].map(money);
        let expected: Vec<_> = payments.into_iter().zip(left).collect();
        assert_eq!(details.payments, expected);
        assert_eq!(details.refundable_amount, money("303.00"), "of the payment that paid the order");
        assert_eq!(details.refunds, refunds);
    }

    #[tokio::test]
    async fn of_each_line_it_is_known_what_is_back_in_stock() {
        let moved = |sku_id, pieces, kind| StockMove { sku_id: SkuId(sku_id), pieces, kind, at: noon() };
        let moves = vec![
            moved(4, 2, StockMoveKind::Cancelled),
            moved(5, 1, StockMoveKind::Cancelled),
            moved(4, 2, StockMoveKind::Revived),
            moved(5, 1, StockMoveKind::Revived),
            moved(4, 1, StockMoveKind::Refunded("shop-1".to_owned())),
        ];
        let mut found = file(OrderStatus::AwaitingShipment);
        found.ledger.movements = moves;
        assert_eq!(inspected(Ok(Some(found))).await.unwrap().unwrap().returned, [1, 0]);
    }

    #[tokio::test]
    async fn there_may_be_none_or_the_database_fail() {
        assert!(matches!(inspected(Ok(None)).await, Ok(None)));
        assert!(matches!(inspected(Err(store_down())).await, Err(StoreError::Unavailable(_))));
        let busy = inspected(Err(rows_locked())).await;
        assert!(matches!(busy, Err(StoreError::Busy(_))));
    }
}

mod figures {
    use super::*;

    fn day(text: &str) -> ShopDate {
        ShopDate::parse(text).unwrap()
    }

    fn busy_day(date: ShopDate) -> DayFigures {
        DayFigures { orders: 3, order_amount: MoneySum::from_fen(97173), ..DayFigures::of_nothing(date) }
    }

    /// A store with the figures of these days, up to `last`.
    fn knowing(last: &'static str, days: Vec<DayFigures>) -> MockAdminOrders {
        let mut admin = MockAdminOrders::new();
        admin
            .expect_figures()
            .times(1)
            .withf(move |from, to| (*from, *to) == (day(last).days_before(6), day(last)))
            .return_once(|_, _| Ok(days));
        admin
    }

    fn counting(mut admin: MockAdminOrders) -> MockAdminOrders {
        for (status, many) in [(OrderStatus::AwaitingShipment, 12), (OrderStatus::AwaitingPayment, 345)] {
            admin.expect_count().times(1).withf(move |asked| *asked == status).return_once(move |_| Ok(many));
        }
        admin
    }

    /// A store that is asked for the unmatched payments of the same days, and returns these.
    fn wondering(
        mut admin: MockAdminOrders,
        last: &'static str,
        unmatched: Result<Vec<UnmatchedPayment>, StoreError>,
    ) -> MockAdminOrders {
        admin
            .expect_unmatched_payments()
            .times(1)
            .withf(move |from, to, limit| (*from, *to, *limit) == (day(last).days_before(6), day(last), 50))
            .return_once(|_, _, _| unmatched);
        admin
    }

    fn figures(admin: MockAdminOrders, now: &str) -> StaffOrders {
        looking(admin, time(now))
    }

    #[tokio::test]
    async fn the_week_ends_with_the_day_that_is_asked_for() {
        let week = vec![DayFigures::of_nothing(day("2020-02-29")), busy_day(day("2020-03-01"))];
        let unmatched =
            [recorded("B", PaymentStatus::WrongAmount), recorded("A", PaymentStatus::UnknownOrder)];
        let unmatched = unmatched.map(|payment| UnmatchedPayment { payment, refund: None }).to_vec();
        let admin = counting(knowing("2020-03-01", week.clone()));
        let admin = wondering(admin, "2020-03-01", Ok(unmatched.clone()));
        let shown = figures(admin, "2020-05-05 12:00:00").figures(Some(day("2020-03-01"))).await.unwrap();
        assert_eq!((shown.day, shown.week), (busy_day(day("2020-03-01")), week));
        assert_eq!((shown.to_ship, shown.awaiting_payment), (12, 345));
        assert_eq!(shown.unmatched, unmatched);
    }

    #[tokio::test]
    async fn without_a_day_it_is_today_in_the_shop() {
        for now in ["2019-11-28 00:00:00", "2019-11-28 23:59:59"] {
            let admin = counting(knowing("2019-11-28", vec![busy_day(day("2019-11-28"))]));
            let admin = wondering(admin, "2019-11-28", Ok(Vec::new()));
            let shown = figures(admin, now).figures(None).await.unwrap();
            assert_eq!(shown.day, busy_day(day("2019-11-28")));
        }
    }

    #[tokio::test]
    async fn a_day_that_is_not_told_of_is_one_of_nothing() {
        let admin = counting(knowing("2019-11-28", Vec::new()));
        let admin = wondering(admin, "2019-11-28", Ok(Vec::new()));
        let shown = figures(admin, "2019-11-28 12:00:00").figures(None).await.unwrap();
        assert_eq!(shown.day, DayFigures::of_nothing(day("2019-11-28")));
    }

    #[tokio::test]
    async fn each_question_may_fail() {
        let mut sums = MockAdminOrders::new();
        sums.expect_figures().returning(|_, _| Err(store_down()));
        let mut first = knowing("2019-11-28", Vec::new());
        first.expect_count().times(1).returning(|_| Err(rows_locked()));
        let mut second = knowing("2019-11-28", Vec::new());
        second.expect_count().times(2).returning(|status| {
            if status == OrderStatus::AwaitingShipment { Ok(1) } else { Err(store_down()) }
        });
        let third = wondering(counting(knowing("2019-11-28", Vec::new())), "2019-11-28", Err(rows_locked()));
        for (admin, is_busy) in [(sums, false), (first, true), (second, false), (third, true)] {
            let outcome = figures(admin, "2019-11-28 12:00:00").figures(None).await;
            let error = outcome.unwrap_err();
            assert_eq!(matches!(error, StoreError::Busy(_)), is_busy, "{error:?}");
        }
    }
}
