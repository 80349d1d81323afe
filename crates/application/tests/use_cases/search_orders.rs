//! 订单搜索 for staff, by page and as a table, with mocked ports.

use std::sync::Arc;

use application::{OrderFilter, StaffOrders};
use domain::{NumberRange, OrderId, OrderStatus, ShopTime};
use mockall::Sequence;
use ports::{
    FoundOrder, OrderSearch, StoreError,
    mock::{MockAdminOrders, MockUsers},
};

use crate::support::*;

fn number(text: &str) -> OrderId {
    OrderId::parse(text).unwrap()
}

fn time(text: &str) -> ShopTime {
    ShopTime::parse(text).unwrap()
}

fn found(number: u64) -> FoundOrder {
    let id = OrderId::parse(&number.to_string()).unwrap();
    ports::mock::samples::found(id, username(), order(OrderStatus::AwaitingPayment))
}

/// This many orders, the largest number first; the last one has this number.
fn down_to(last: u64, many: usize) -> Vec<FoundOrder> {
    let mut orders: Vec<_> = (last..).take(many).map(found).collect();
    orders.reverse();
    orders
}

fn numbers_of(orders: &[FoundOrder]) -> Vec<String> {
    orders.iter().map(|order| order.id.to_string()).collect()
}

fn searching(users: MockUsers, admin: MockAdminOrders) -> StaffOrders {
    StaffOrders { users: Arc::new(users), admin: Arc::new(admin), clock: Arc::new(clock()) }
}

/// A store that expects this search once.
fn asked_for(expected: OrderSearch, found: Vec<FoundOrder>) -> MockAdminOrders {
    let mut admin = MockAdminOrders::new();
    admin.expect_search().times(1).withf(move |search| *search == expected).return_once(|_| Ok(found));
    admin
}

fn everything(limit: u32) -> OrderSearch {
    OrderSearch { numbers: NumberRange::all(), user_id: None, status: None, limit }
}

fn of_buyer() -> OrderFilter {
    OrderFilter { username: Some(username()), ..OrderFilter::default() }
}

mod page {
    use super::*;

    #[tokio::test]
    async fn every_limit_is_passed_on_and_one_order_more_is_asked_for() {
        let filter = OrderFilter {
            number: Some(number("2019")),
            username: Some(username()),
            status: Some(OrderStatus::Refunded),
            from: Some(time("2019-11-28 00:00:00")),
            until: Some(time("2019-11-29 00:00:00")),
        };
        let numbers = NumberRange::all()
            .beginning_with(&number("2019"))
            .not_before(time("2019-11-28 00:00:00"))
            .earlier_than(time("2019-11-29 00:00:00"))
            .below(&order_id());
        let expected =
            OrderSearch { numbers, user_id: Some(USER), status: Some(OrderStatus::Refunded), limit: 8 };
        let use_case = searching(known_user(), asked_for(expected, down_to(1, 1)));
        let page = use_case.page(&filter, Some(&order_id()), 7).await.unwrap();
        assert_eq!((numbers_of(&page.items), page.next), (vec!["1".to_owned()], None));
    }

    #[tokio::test]
    async fn without_a_limit_nobody_is_looked_up_and_all_is_asked_for() {
        let use_case = searching(MockUsers::new(), asked_for(everything(51), Vec::new()));
        let page = use_case.page(&OrderFilter::default(), None, 50).await.unwrap();
        assert_eq!((page.items.len(), page.next), (0, None));
    }

    #[tokio::test]
    async fn the_last_order_shown_leads_to_the_next_page() {
        for (many, shown, next) in [(4, vec!["9", "8", "7"], Some("7")), (3, vec!["8", "7", "6"], None)] {
            let admin = asked_for(everything(4), down_to(6, many));
            let use_case = searching(MockUsers::new(), admin);
            let page = use_case.page(&OrderFilter::default(), None, 3).await.unwrap();
            assert_eq!(numbers_of(&page.items), shown);
            assert_eq!(page.next.map(|id| id.to_string()).as_deref(), next);
        }
    }

    #[tokio::test]
    async fn as_many_as_can_be_is_no_overflow() {
        let use_case = searching(MockUsers::new(), asked_for(everything(u32::MAX), down_to(1, 2)));
        let page = use_case.page(&OrderFilter::default(), None, u32::MAX).await.unwrap();
        assert_eq!((page.items.len(), page.next), (2, None));
    }

    #[tokio::test]
    async fn of_nobody_there_is_nothing_and_nothing_is_searched() {
        let use_case = searching(stranger(), MockAdminOrders::new());
        let page = use_case.page(&of_buyer(), Some(&order_id()), 7).await.unwrap();
        assert_eq!((page.items.len(), page.next), (0, None));
    }

    #[tokio::test]
    async fn each_port_may_fail() {
        let mut users = MockUsers::new();
        users.expect_find().returning(|_| Err(store_down()));
        let outcome = searching(users, MockAdminOrders::new()).page(&of_buyer(), None, 7).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))));

        let mut admin = MockAdminOrders::new();
        admin.expect_search().returning(|_| Err(rows_locked()));
        let outcome = searching(known_user(), admin).page(&of_buyer(), None, 7).await;
        assert!(matches!(outcome, Err(StoreError::Busy(_))));
    }
}

mod export {
    use super::*;

    const PAGE: u32 = StaffOrders::EXPORT_PAGE;
    const FIRST: u64 = 2_019_112_812_000_000;

    fn page_size() -> usize {
        usize::try_from(PAGE).unwrap()
    }

    #[tokio::test]
    async fn nothing_is_read_before_it_is_asked_for() {
        let mut export = searching(known_user(), MockAdminOrders::new()).export(&of_buyer()).await.unwrap();
        drop(export);

        let admin = asked_for(OrderSearch { user_id: Some(USER), ..everything(PAGE) }, down_to(1, 2));
        export = searching(known_user(), admin).export(&of_buyer()).await.unwrap();
        assert_eq!(numbers_of(&export.next().await.unwrap().unwrap()), ["2", "1"]);
        assert_eq!(export.next().await.unwrap(), None, "a page that is not full is the last");
        assert_eq!(export.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_full_page_is_followed_by_what_is_below_it() {
        let mut admin = MockAdminOrders::new();
        let mut sequence = Sequence::new();
        let numbers = [NumberRange::all(), NumberRange::all().below(&number(&FIRST.to_string()))];
        let pages = [down_to(FIRST, page_size()), Vec::new()];
        for (numbers, page) in numbers.into_iter().zip(pages) {
            let expected = OrderSearch { numbers, ..everything(PAGE) };
            admin
                .expect_search()
                .times(1)
                .in_sequence(&mut sequence)
                .withf(move |search| *search == expected)
                .return_once(|_| Ok(page));
        }
        let mut export = searching(MockUsers::new(), admin).export(&OrderFilter::default()).await.unwrap();
        assert_eq!(export.next().await.unwrap().unwrap().len(), page_size());
        assert_eq!(export.next().await.unwrap(), None);
        assert_eq!(export.next().await.unwrap(), None, "and nobody is asked again");
    }

    #[tokio::test]
    async fn it_knows_whether_it_is_all_of_them() {
        let most = StaffOrders::EXPORT_MOST;
        let below = NumberRange::all().below(&number(&FIRST.to_string()));
        for is_more in [true, false] {
            let mut admin = MockAdminOrders::new();
            let mut asked = [(NumberRange::all(), most), (below.clone(), most - PAGE)].into_iter();
            admin.expect_exceeds().times(2).returning(move |search| {
                let (numbers, limit) = asked.next().unwrap();
                assert_eq!(*search, OrderSearch { numbers, ..everything(limit) });
                Ok(is_more)
            });
            admin.expect_search().times(1).returning(|_| Ok(down_to(FIRST, page_size())));
            let mut export =
                searching(MockUsers::new(), admin).export(&OrderFilter::default()).await.unwrap();
            assert_eq!(export.is_too_long().await.unwrap(), is_more);
            export.next().await.unwrap();
            assert_eq!(export.is_too_long().await.unwrap(), is_more, "of what is left");
        }
        let admin = asked_for(everything(PAGE), down_to(1, 2));
        let mut export = searching(MockUsers::new(), admin).export(&OrderFilter::default()).await.unwrap();
        export.next().await.unwrap();
        assert!(!export.is_too_long().await.unwrap(), "nobody is asked about nothing");
    }

    #[tokio::test]
    async fn it_ends_at_its_most() {
        let pages = StaffOrders::EXPORT_MOST / PAGE;
        let mut admin = MockAdminOrders::new();
        let mut last = FIRST;
        admin.expect_search().times(usize::try_from(pages).unwrap()).returning(move |search| {
            assert_eq!(search.limit, PAGE);
            last -= u64::from(PAGE);
            Ok(down_to(last, page_size()))
        });
        let mut export = searching(MockUsers::new(), admin).export(&OrderFilter::default()).await.unwrap();
        let mut rows = 0;
        while let Some(orders) = export.next().await.unwrap() {
            rows += orders.len();
        }
        assert_eq!(rows, usize::try_from(StaffOrders::EXPORT_MOST).unwrap());
    }

    #[tokio::test]
    async fn of_nobody_there_is_nothing_and_nothing_is_searched() {
        let mut export = searching(stranger(), MockAdminOrders::new()).export(&of_buyer()).await.unwrap();
        assert_eq!(export.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn each_port_may_fail_and_the_same_page_be_asked_for_again() {
        let mut users = MockUsers::new();
        users.expect_find().returning(|_| Err(store_down()));
        let outcome = searching(users, MockAdminOrders::new()).export(&of_buyer()).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))));

        let mut admin = MockAdminOrders::new();
        let mut answers = vec![Ok(down_to(1, 2)), Err(rows_locked())];
        admin
            .expect_search()
            .times(2)
            .withf(|search| *search == everything(PAGE))
            .returning(move |_| answers.pop().unwrap());
        let mut export = searching(MockUsers::new(), admin).export(&OrderFilter::default()).await.unwrap();
        assert!(matches!(export.next().await, Err(StoreError::Busy(_))));
        assert_eq!(export.next().await.unwrap().map(|orders| orders.len()), Some(2));
    }
}
