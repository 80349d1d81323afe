//! Groups of orders at the desk, against mocked ports: what fails, what is tried again, who is told what.

mod support;

use std::{collections::BTreeMap, sync::Arc};

use application::{
    DeskSettings, OrderDesk, OrderDraft, Placement, PlacementError, PlacementPorts, SweepCarts,
};
use domain::{
    AddressId, IdempotencyKey, Order, OrderId, Purchase, Quantity, Refusal, RequestDigest, SkuId, UserId,
};
use ports::{
    InsertOrdersError, StockOutcome, StoreError, UnitOfWork, UnitsOfWork,
    mock::{MockCartStore, MockCatalog, MockOrderReader, MockRandomness, MockUnitOfWork, PreparedUnits},
};
use support::*;

/// The desk's group placement over mocks.
struct Shop {
    units: Arc<PreparedUnits>,
    placement: Arc<Placement>,
}

/// A shop whose catalogue answers each look with the next number of pieces in stock.
fn shop(stock: &[u32], orders: MockOrderReader, units: Vec<Result<MockUnitOfWork, StoreError>>) -> Shop {
    let mut catalog = MockCatalog::new();
    let mut looks: Vec<u32> = stock.iter().rev().copied().collect();
    catalog.expect_skus().times(stock.len()).returning(move |ids| {
        let stock = looks.pop().unwrap();
        Ok(ids.iter().map(|id| (*id, sku(id.0, "209", stock))).collect::<BTreeMap<_, _>>())
    });
    with_catalog(catalog, orders, units)
}

fn with_catalog(
    catalog: MockCatalog,
    orders: MockOrderReader,
    units: Vec<Result<MockUnitOfWork, StoreError>>,
) -> Shop {
    let units = Arc::new(PreparedUnits::new(units));
    Shop { placement: placement(catalog, orders, Arc::clone(&units) as _), units }
}

fn placement(catalog: MockCatalog, orders: MockOrderReader, units: Arc<dyn UnitsOfWork>) -> Arc<Placement> {
    let mut randomness = MockRandomness::new();
    randomness.expect_draw().return_const(7_u32);
    let sweep = SweepCarts {
        units: Arc::clone(&units),
        carts: Arc::new(MockCartStore::new()),
        clock: Arc::new(clock()),
    };
    let ports = PlacementPorts {
        catalog: Arc::new(catalog),
        units,
        orders: Arc::new(orders),
        sweep: Arc::new(sweep),
        clock: Arc::new(clock()),
        randomness: Arc::new(randomness),
    };
    Arc::new(Placement::new(ports, rules()))
}

/// A direct buy of one piece of SKU 1.
fn draft(user: i32) -> OrderDraft {
    OrderDraft {
        user_id: UserId(user),
        address_id: AddressId(7),
        shipping: shipping(),
        purchase: Purchase::of_one(SkuId(1), Quantity::ONE),
        cart_lines: vec![],
        expected_amount: None,
        idempotency: None,
        repeat_guard: None,
    }
}

fn keyed(user: i32) -> OrderDraft {
    let key = IdempotencyKey::parse("k").unwrap();
    OrderDraft { idempotency: Some((key, RequestDigest("digest".to_owned()))), ..draft(user) }
}

/// A unit of work that takes so many pieces and writes so many orders.
fn writing(pieces: u32, orders: usize) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stock
        .expect_take()
        .times(1)
        .withf(move |taken| taken.len() == 1 && taken[0].pieces == pieces && taken[0].price == money("209"))
        .returning(|_| Ok(StockOutcome::Taken));
    unit.orders.expect_insert().times(1).withf(move |new| new.len() == orders).returning(|_| Ok(()));
    unit
}

fn stock_changed() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stock.expect_take().times(1).returning(|_| Ok(StockOutcome::Changed));
    unit
}

fn locked() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stock.expect_take().times(1).returning(|_| Err(rows_locked()));
    unit
}

/// A database that waits for rows that others hold.
struct SlowUnits;

#[async_trait::async_trait]
impl UnitsOfWork for SlowUnits {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
        Err(rows_locked())
    }
}

fn insert_fails(error: InsertOrdersError) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stock.expect_take().returning(|_| Ok(StockOutcome::Taken));
    unit.orders.expect_insert().times(1).return_once(|_| Err(error));
    unit
}

fn number(outcome: &Result<Order, PlacementError>) -> &str {
    outcome.as_ref().unwrap().id.as_str()
}

#[tokio::test]
async fn a_group_is_written_in_one_transaction_and_each_told_its_own() {
    let shop = shop(&[2], MockOrderReader::new(), vec![Ok(writing(2, 2))]);
    let outcomes = shop.placement.place(&[draft(1), draft(2), draft(3)]).await;
    assert_eq!(number(&outcomes[0]), "2019112812000001");
    assert_eq!(number(&outcomes[1]), "2019112812000002");
    assert!(matches!(outcomes[2], Err(PlacementError::Refused(Refusal::StockShort(SkuId(1))))));
    assert_eq!(shop.units.commits(), 1);
}

#[tokio::test]
async fn where_nobody_can_be_served_nothing_is_begun() {
    let shop = shop(&[0], MockOrderReader::new(), vec![]);
    let outcomes = shop.placement.place(&[draft(1), draft(2)]).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(PlacementError::Refused(_)))));
}

#[tokio::test]
async fn stock_that_others_took_meanwhile_is_looked_at_again() {
    let shop = shop(&[2, 1], MockOrderReader::new(), vec![Ok(stock_changed()), Ok(writing(1, 1))]);
    let outcomes = shop.placement.place(&[draft(1), draft(2)]).await;
    assert!(outcomes[0].is_ok());
    assert!(matches!(outcomes[1], Err(PlacementError::Refused(Refusal::StockShort(_)))));
    assert_eq!(shop.units.commits(), 1);
}

#[tokio::test(start_paused = true)]
async fn locked_rows_are_tried_again_so_often_and_then_the_shop_is_busy() {
    let again = shop(&[5, 5], MockOrderReader::new(), vec![Ok(locked()), Ok(writing(1, 1))]);
    assert!(again.placement.place(&[draft(1)]).await[0].is_ok());

    let units = (0..8).map(|_| Ok(locked())).collect();
    let never = shop(&[5; 8], MockOrderReader::new(), units);
    let outcomes = never.placement.place(&[draft(1)]).await;
    assert!(matches!(outcomes[..], [Err(PlacementError::Busy)]));
    assert_eq!((never.units.commits(), never.units.left()), (0, 0));
}

/// Somebody holds SKU 1. Two tries together, then one by one: the first order of SKU 1 gets stuck, the second does not
/// wait for the same rows again, and who buys something else is served.
#[tokio::test(start_paused = true)]
async fn orders_of_a_sku_that_others_hold_do_not_take_the_rest_down() {
    let other = OrderDraft { purchase: Purchase::of_one(SkuId(2), Quantity::ONE), ..draft(3) };
    let one_pass = vec![Ok(locked()), Ok(writing(1, 1))];
    let later = (0..7).map(|_| Ok(locked()));
    let units = vec![Ok(locked()), Ok(locked())].into_iter().chain(one_pass).chain(later).collect();
    let shop = shop(&[5; 11], MockOrderReader::new(), units);
    let outcomes = shop.placement.place(&[draft(1), draft(2), other]).await;
    assert!(matches!(outcomes[..], [Err(PlacementError::Busy), Err(PlacementError::Busy), Ok(_)]));
    assert_eq!((shop.units.commits(), shop.units.left()), (1, 0));
}

/// What takes longer than the patience of a group ends; nobody is tried for ever.
#[tokio::test(start_paused = true)]
async fn a_group_has_a_limited_time_in_all() {
    let mut catalog = MockCatalog::new();
    catalog.expect_skus().returning(|ids| Ok(ids.iter().map(|id| (*id, sku(id.0, "209", 5))).collect()));
    let placement = placement(catalog, MockOrderReader::new(), Arc::new(SlowUnits));
    let started = tokio::time::Instant::now();
    let outcomes = placement.place(&[draft(1)]).await;
    assert!(matches!(outcomes[..], [Err(PlacementError::Busy)]));
    assert!(started.elapsed() < std::time::Duration::from_secs(13), "{:?}", started.elapsed());
}

#[tokio::test]
async fn numbers_of_orders_that_were_not_written_are_given_again() {
    let units = (0..7).map(|_| Ok(stock_changed())).chain([Ok(writing(1, 1))]).collect();
    let shop = shop(&[5; 8], MockOrderReader::new(), units);
    assert_eq!(number(&shop.placement.place(&[draft(1)]).await[0]), "2019112812000001");
}

#[tokio::test]
async fn a_number_that_another_process_gave_is_replaced() {
    let mut orders = MockOrderReader::new();
    orders.expect_numbers_beginning_with().times(1).withf(|second| second == "20191128120000").returning(
        |_| Ok((0..=50).map(|pair| OrderId::parse(&format!("20191128120000{pair:02}")).unwrap()).collect()),
    );
    let taken = insert_fails(InsertOrdersError::NumberTaken("duplicate".into()));
    let shop = shop(&[5, 5], orders, vec![Ok(taken), Ok(writing(1, 1))]);
    let outcomes = shop.placement.place(&[draft(1)]).await;
    assert_eq!(number(&outcomes[0]), "2019112812000051");
}

#[tokio::test]
async fn a_member_that_the_database_refuses_does_not_take_the_others_down() {
    let refused = || insert_fails(InsertOrdersError::Store(StoreError::Refused("foreign key".into())));
    let units = vec![Ok(refused()), Ok(writing(1, 1)), Ok(refused()), Ok(writing(1, 1))];
    let shop = shop(&[5; 4], MockOrderReader::new(), units);
    let outcomes = shop.placement.place(&[draft(1), draft(2), draft(3)]).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert!(
        matches!(&outcomes[1], Err(PlacementError::Store(cause)) if matches!(**cause, StoreError::Refused(_)))
    );
    assert_eq!(shop.units.commits(), 2);
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_asked_once_for_each_member() {
    let units = vec![Err(store_down()), Ok(MockUnitOfWork::default())];
    let shop = shop(&[5], MockOrderReader::new(), units);
    let outcomes = shop.placement.place(&[draft(1), draft(2)]).await;
    for outcome in &outcomes {
        assert!(
            matches!(outcome, Err(PlacementError::Store(cause)) if matches!(**cause, StoreError::Unavailable(_)))
        );
    }
    assert_eq!((outcomes.len(), shop.units.left()), (2, 1));

    let mut catalog = MockCatalog::new();
    catalog.expect_skus().times(1).returning(|_| Err(store_down()));
    let shop = with_catalog(catalog, MockOrderReader::new(), vec![]);
    assert!(matches!(shop.placement.place(&[draft(1)]).await[0], Err(PlacementError::Store(_))));
}

#[tokio::test]
async fn two_requests_under_one_key_in_one_group_make_one_order() {
    let bound = |orders: usize, is_new: bool| {
        let mut unit = writing(u32::try_from(orders).unwrap(), orders);
        unit.idempotency.expect_record().times(1).returning(move |_, _| Ok(is_new));
        unit
    };
    let units = vec![Ok(bound(2, false)), Ok(bound(1, true)), Ok(bound(1, false))];
    let shop = shop(&[5; 3], MockOrderReader::new(), units);
    let outcomes = shop.placement.place(&[keyed(1), keyed(1)]).await;
    assert!(outcomes[0].is_ok());
    assert!(matches!(outcomes[1], Err(PlacementError::KeyInUse)));
    assert_eq!(shop.units.commits(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_commit_without_answer_is_looked_up_and_never_repeated() {
    let unanswered = || {
        let mut unit = writing(2, 2);
        unit.commit_error = Some(StoreError::OutcomeUnknown("connection lost".into()));
        unit
    };
    let mut orders = MockOrderReader::new();
    let mut looks = vec![Ok(Some(order(domain::OrderStatus::AwaitingPayment))), Err(store_down()), Ok(None)];
    orders.expect_find().times(3).returning(move |_| looks.pop().unwrap());
    let committed = shop(&[5], orders, vec![Ok(unanswered())]);
    assert!(committed.placement.place(&[draft(1), draft(2)]).await.iter().all(Result::is_ok));

    let mut orders = MockOrderReader::new();
    orders.expect_find().returning(|_| Ok(None));
    let lost = shop(&[5], orders, vec![Ok(unanswered()), Ok(MockUnitOfWork::default())]);
    let outcomes = lost.placement.place(&[draft(1), draft(2)]).await;
    for outcome in &outcomes {
        assert!(
            matches!(outcome, Err(PlacementError::Store(cause)) if matches!(**cause, StoreError::OutcomeUnknown(_)))
        );
    }
    assert_eq!((outcomes.len(), lost.units.left()), (2, 1), "written at most once");
}

#[tokio::test]
async fn the_desk_places_what_is_waiting_as_one_group() {
    let shop = shop(&[3], MockOrderReader::new(), vec![Ok(writing(3, 3))]);
    let (desk, mut writers) =
        OrderDesk::open(Arc::clone(&shop.placement), DeskSettings { writers: 1, group: 64, queue: 64 });
    let (first, second, third) =
        tokio::join!(desk.place(draft(1)), desk.place(draft(2)), desk.place(draft(3)));
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    drop(desk);
    while writers.join_next().await.is_some() {}
    assert_eq!(shop.units.commits(), 1);
}

#[tokio::test]
async fn a_full_desk_turns_away() {
    let shop = shop(&[1], MockOrderReader::new(), vec![Ok(writing(1, 1))]);
    let (desk, _writers) =
        OrderDesk::open(Arc::clone(&shop.placement), DeskSettings { writers: 1, group: 1, queue: 1 });
    let (first, second) = tokio::join!(desk.place(draft(1)), desk.place(draft(2)));
    assert!(first.is_ok());
    assert!(matches!(second, Err(PlacementError::Busy)));
}
