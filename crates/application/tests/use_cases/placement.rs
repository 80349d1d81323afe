//! Groups of orders in the batcher, with mocked ports: failures, retries, and the answers to each order.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use application::{
    BatchRequest, BatcherSettings, CartCleaner, OrderBatcher, OrderItems, Outcome, Placement, PlacementError,
    PlacementPorts, RemoveOrderedLines, ShopRules,
};
use domain::{
    AddressId, Caller, IdempotencyKey, NotAdmitted, OrderId, Quantity, Refusal, RequestDigest, SkuId,
    UnpaidLimits, UnpaidOrders, UserId, Username,
};
use ports::{
    BegunPlacing, Buyer, BuyerQuery, Obstacle, OrderClaim, PlacingOutcome, PlacingStore, StoreError,
    mock::{
        MockCartRemovalQueue, MockCartStore, MockCatalog, MockOrderReader, MockRandomness, PreparedPlacing,
        PreparedTransaction,
    },
};

use crate::support::*;

/// The batcher's group placement over mocks.
struct Shop {
    store: Arc<PreparedPlacing>,
    placement: Arc<Placement>,
}

/// A shop whose catalogue returns the next number of pieces in stock at each read.
fn shop(
    stock: &[u32],
    orders: MockOrderReader,
    transactions: Vec<Result<PreparedTransaction, StoreError>>,
) -> Shop {
    with_limits(stock, orders, transactions, UnpaidLimits::NONE)
}

fn with_limits(
    stock: &[u32],
    orders: MockOrderReader,
    transactions: Vec<Result<PreparedTransaction, StoreError>>,
    unpaid_limits: UnpaidLimits,
) -> Shop {
    let mut catalog = MockCatalog::new();
    let mut looks: Vec<u32> = stock.iter().rev().copied().collect();
    catalog.expect_skus().times(stock.len()).returning(move |ids| {
        let stock = looks.pop().unwrap();
        Ok(ids.iter().map(|id| (*id, sku(id.0, "209", stock))).collect::<BTreeMap<_, _>>())
    });
    let store = Arc::new(PreparedPlacing::new(|query| Ok(Ok(buyer(query))), transactions));
    let rules = ShopRules { unpaid_limits, ..rules() };
    let placement = placement(catalog, MockCartStore::new(), orders, Arc::clone(&store) as _, rules);
    Shop { placement, store }
}

fn placement(
    catalog: MockCatalog,
    carts: MockCartStore,
    orders: MockOrderReader,
    store: Arc<dyn PlacingStore>,
    rules: ShopRules,
) -> Arc<Placement> {
    let mut randomness = MockRandomness::new();
    randomness.expect_draw().return_const(7_u32);
    let carts = Arc::new(carts);
    let remover = RemoveOrderedLines {
        queue: Arc::new(MockCartRemovalQueue::new()),
        carts: Arc::clone(&carts) as _,
        clock: Arc::new(clock()),
    };
    let (cleaner, _) = CartCleaner::new(Arc::new(remover));
    let ports = PlacementPorts {
        store,
        carts,
        catalog: Arc::new(catalog),
        orders: Arc::new(orders),
        cleaner,
        clock: Arc::new(clock()),
        randomness: Arc::new(randomness),
    };
    Arc::new(Placement::new(ports, rules))
}

/// A user whose latest order is from a process whose clock is ahead.
const AHEAD: UserId = UserId(77);

/// The users of these tests have their ids as names.
fn buyer(query: &BuyerQuery) -> Buyer {
    let user_id = UserId(query.caller.username.0.parse().unwrap());
    Buyer {
        user_id,
        address: Some(address()).filter(|address| address.id == query.address_id),
        ordered_lines: Vec::new(),
        latest_order_at: (user_id == AHEAD).then(|| noon().after(Duration::from_secs(2))),
    }
}

/// A direct buy of one piece of SKU 1.
fn direct(user: i32) -> BatchRequest {
    BatchRequest {
        caller: Caller { username: Username(user.to_string()), mark: None },
        address_id: AddressId(7),
        items: OrderItems::Direct { sku_id: SkuId(1), quantity: 1 },
        expected_amount: None,
        idempotency: None,
        is_guarded: false,
        trace: None,
    }
}

fn keyed(user: i32) -> BatchRequest {
    let key = IdempotencyKey::parse("k").unwrap();
    BatchRequest { idempotency: Some((key, RequestDigest("digest".to_owned()))), ..direct(user) }
}

fn guarded(user: i32) -> BatchRequest {
    BatchRequest { is_guarded: true, ..direct(user) }
}

fn committing() -> Result<PreparedTransaction, StoreError> {
    Ok(PreparedTransaction::committing())
}

fn stock_changed() -> Result<PreparedTransaction, StoreError> {
    Ok(PreparedTransaction::stock_changing())
}

fn failing(error: StoreError) -> Result<PreparedTransaction, StoreError> {
    Ok(PreparedTransaction::ending(Err(error)))
}

/// Orders wait for locked rows when they take the stock.
fn locked() -> Result<PreparedTransaction, StoreError> {
    Ok(PreparedTransaction::failing_at_stock(rows_locked()))
}

fn refused_by_database() -> Result<PreparedTransaction, StoreError> {
    failing(StoreError::Refused("foreign key".into()))
}

/// A database that waits five seconds for the rows of user 1, which another transaction has locked.
struct Held(PreparedPlacing);

#[async_trait::async_trait]
impl PlacingStore for Held {
    async fn buyers(&self, queries: &[BuyerQuery]) -> Result<Vec<Result<Buyer, NotAdmitted>>, StoreError> {
        self.0.buyers(queries).await
    }

    async fn begin_group(&self, claims: &[OrderClaim], unpaid: bool) -> Result<BegunPlacing, StoreError> {
        if claims.iter().any(|claim| claim.user_id == UserId(1)) {
            tokio::time::sleep(Duration::from_secs(5)).await;
            return Err(rows_locked());
        }
        self.0.begin_group(claims, unpaid).await
    }

    async fn release_guard(&self, id: &OrderId, guard: &domain::RepeatGuard) -> Result<(), StoreError> {
        self.0.release_guard(id, guard).await
    }
}

fn number(outcome: &Outcome) -> &str {
    outcome.as_ref().unwrap().order.id.as_str()
}

fn error(outcome: &Outcome) -> &PlacementError {
    &outcome.as_ref().unwrap_err().error
}

/// For each committed group, the number of orders and of pieces of SKU 1.
fn groups(shop: &Shop) -> Vec<(usize, u32)> {
    let groups = shop.store.committed();
    assert!(groups.iter().flat_map(|group| &group.taken).all(|taken| taken.price == money("209")));
    let size = |group: &ports::mock::WrittenGroup| {
        (group.orders.len(), group.taken.iter().map(|taken| taken.pieces).sum())
    };
    groups.iter().map(size).collect()
}

#[tokio::test]
async fn a_group_is_written_in_one_transaction_and_each_told_its_own() {
    let shop = shop(&[2], MockOrderReader::new(), vec![committing()]);
    let outcomes = shop.placement.place(&[direct(1), direct(2), direct(3)]).await;
    assert_eq!(number(&outcomes[0]), "2019112812000001");
    assert_eq!(number(&outcomes[1]), "2019112812000002");
    assert!(matches!(error(&outcomes[2]), PlacementError::Refused(Refusal::StockShort(SkuId(1)))));
    assert_eq!(groups(&shop), [(2, 2)]);
}

#[tokio::test]
async fn an_order_is_later_than_the_latest_one_of_another_process() {
    let shop = shop(&[2], MockOrderReader::new(), vec![committing()]);
    let outcomes = shop.placement.place(&[direct(77), direct(8)]).await;
    let times = outcomes.iter().map(|outcome| outcome.as_ref().unwrap().order.created_at).collect::<Vec<_>>();
    assert_eq!(times, [noon().after(Duration::from_micros(2_000_001)), noon()]);
}

#[tokio::test]
async fn where_nobody_can_be_served_nothing_is_begun() {
    let shop = shop(&[0], MockOrderReader::new(), vec![]);
    let outcomes = shop.placement.place(&[direct(1), direct(2)]).await;
    assert!(outcomes.iter().all(|outcome| matches!(error(outcome), PlacementError::Refused(_))));
    assert_eq!(shop.store.begun().len(), 0);
}

#[tokio::test]
async fn a_request_that_is_not_valid_costs_no_other_its_place() {
    let shop = shop(&[5], MockOrderReader::new(), vec![committing()]);
    let elsewhere = BatchRequest { address_id: AddressId(8), ..direct(2) };
    let too_many = OrderItems::Direct { sku_id: SkuId(1), quantity: 201 };
    let too_many = BatchRequest { items: too_many, ..direct(3) };
    let outcomes = shop.placement.place(&[direct(1), elsewhere, too_many, direct(4)]).await;
    assert!(outcomes[0].is_ok() && outcomes[3].is_ok());
    assert!(matches!(error(&outcomes[1]), PlacementError::UnknownAddress));
    assert!(matches!(error(&outcomes[2]), PlacementError::InvalidQuantity(_)));
    assert_eq!(groups(&shop), [(2, 2)]);
}

#[tokio::test]
async fn stock_that_others_took_meanwhile_is_looked_at_again() {
    let shop = shop(&[2, 1], MockOrderReader::new(), vec![stock_changed(), committing()]);
    let outcomes = shop.placement.place(&[direct(1), direct(2)]).await;
    assert!(outcomes[0].is_ok());
    assert!(matches!(error(&outcomes[1]), PlacementError::Refused(Refusal::StockShort(_))));
    assert_eq!(groups(&shop), [(1, 1)]);
}

#[tokio::test(start_paused = true)]
async fn locked_rows_are_tried_again_so_often_and_then_the_shop_is_busy() {
    let transactions = vec![locked(), Err(rows_locked()), failing(rows_locked()), committing()];
    let again = shop(&[5; 4], MockOrderReader::new(), transactions);
    assert!(again.placement.place(&[direct(1)]).await[0].is_ok());
    assert_eq!((groups(&again), again.store.left()), (vec![(1, 1)], 0));

    let never = shop(&[5; 8], MockOrderReader::new(), (0..8).map(|_| locked()).collect());
    let outcomes = never.placement.place(&[direct(1)]).await;
    assert!(matches!(error(&outcomes[0]), PlacementError::Busy));
    assert_eq!((groups(&never), never.store.left()), (vec![], 0));
}

/// Another transaction has locked SKU 1. After two attempts together, the orders are tried one by one: the first order
/// of SKU 1 fails, the second does not wait for the same rows again, and orders of other SKUs are placed.
#[tokio::test(start_paused = true)]
async fn orders_of_a_sku_that_others_hold_do_not_take_the_rest_down() {
    let other = OrderItems::Direct { sku_id: SkuId(2), quantity: 1 };
    let other = BatchRequest { items: other, ..direct(3) };
    let mut transactions = vec![locked(), locked(), locked(), committing()];
    transactions.extend((0..7).map(|_| locked()));
    let shop = shop(&[5; 11], MockOrderReader::new(), transactions);
    let outcomes = shop.placement.place(&[direct(1), direct(2), other]).await;
    assert!(matches!(error(&outcomes[0]), PlacementError::Busy));
    assert!(matches!(error(&outcomes[1]), PlacementError::Busy));
    assert!(outcomes[2].is_ok());
    assert_eq!((groups(&shop), shop.store.left()), (vec![(1, 1)], 0));
}

/// An order that waits long for locked rows does not prevent the rest of the group from being placed, and is not
/// retried for long.
#[tokio::test(start_paused = true)]
async fn whoever_waits_long_for_rows_costs_nobody_else_the_order() {
    let mut catalog = MockCatalog::new();
    catalog.expect_skus().returning(|ids| Ok(ids.iter().map(|id| (*id, sku(id.0, "209", 5))).collect()));
    let (carts, orders) = (MockCartStore::new(), MockOrderReader::new());
    let store =
        PreparedPlacing::new(|query| Ok(Ok(buyer(query))), [committing(), committing(), committing()]);
    let placement = placement(catalog, carts, orders, Arc::new(Held(store)), rules());
    let other = |user, sku| {
        let items = OrderItems::Direct { sku_id: SkuId(sku), quantity: 1 };
        BatchRequest { items, ..direct(user) }
    };
    let started = tokio::time::Instant::now();
    // The last one wants the same SKU, which no other transaction has locked.
    let outcomes = placement.place(&[direct(1), other(2, 2), other(3, 3), direct(4)]).await;
    assert!(matches!(error(&outcomes[0]), PlacementError::Busy));
    assert!(outcomes[1..].iter().all(Result::is_ok));
    assert!(started.elapsed() < Duration::from_secs(11), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn numbers_of_orders_that_were_not_written_are_given_again() {
    let unwritten = (0..5).map(|_| stock_changed()).chain([locked(), failing(rows_locked())]);
    let transactions = unwritten.chain([committing()]).collect();
    let shop = shop(&[5; 8], MockOrderReader::new(), transactions);
    assert_eq!(number(&shop.placement.place(&[direct(1)]).await[0]), "2019112812000001");
}

#[tokio::test]
async fn a_number_that_another_process_gave_is_replaced() {
    let mut orders = MockOrderReader::new();
    orders.expect_numbers_beginning_with().times(1).withf(|second| second == "20191128120000").returning(
        |_| Ok((0..=50).map(|pair| OrderId::parse(&format!("20191128120000{pair:02}")).unwrap()).collect()),
    );
    let taken = Ok(PreparedTransaction::ending(Ok(PlacingOutcome::NumberTaken)));
    let shop = shop(&[5, 5], orders, vec![taken, committing()]);
    let outcomes = shop.placement.place(&[direct(1)]).await;
    assert_eq!(number(&outcomes[0]), "2019112812000051");
}

#[tokio::test]
async fn a_member_that_the_database_refuses_does_not_take_the_others_down() {
    let transactions = vec![refused_by_database(), committing(), refused_by_database(), committing()];
    let shop = shop(&[5; 4], MockOrderReader::new(), transactions);
    let outcomes = shop.placement.place(&[direct(1), direct(2), direct(3)]).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert!(
        matches!(error(&outcomes[1]), PlacementError::Store(cause) if matches!(**cause, StoreError::Refused(_)))
    );
    assert_eq!(groups(&shop), [(1, 1), (1, 1)]);
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_asked_once_for_each_member() {
    let unavailable = |outcome: &Outcome| matches!(error(outcome), PlacementError::Store(cause) if matches!(**cause, StoreError::Unavailable(_)));
    let shop = shop(&[5], MockOrderReader::new(), vec![Err(store_down()), committing()]);
    let outcomes = shop.placement.place(&[direct(1), direct(2)]).await;
    assert!(outcomes.iter().all(unavailable), "{outcomes:?}");
    assert_eq!((outcomes.len(), shop.store.left()), (2, 1));

    let mut catalog = MockCatalog::new();
    catalog.expect_skus().times(1).returning(|_| Err(store_down()));
    let store = Arc::new(PreparedPlacing::new(|query| Ok(Ok(buyer(query))), []));
    let (carts, orders) = (MockCartStore::new(), MockOrderReader::new());
    let placement = placement(catalog, carts, orders, store, rules());
    assert!(unavailable(&placement.place(&[direct(1)]).await[0]));
}

/// A used key of one member or a used guard of another does not cost the rest of the group its transaction.
#[tokio::test]
async fn a_key_or_a_guard_in_use_costs_its_own_member_alone() {
    let hindered = vec![None, Some(Obstacle::KeyInUse), Some(Obstacle::GuardInUse), None];
    let transactions = vec![Ok(PreparedTransaction::hindering(hindered))];
    let shop = shop(&[9], MockOrderReader::new(), transactions);
    let outcomes = shop.placement.place(&[direct(1), keyed(2), guarded(3), direct(4)]).await;
    assert!(outcomes[0].is_ok() && outcomes[3].is_ok());
    assert!(matches!(error(&outcomes[1]), PlacementError::KeyInUse));
    assert!(matches!(error(&outcomes[2]), PlacementError::Repeated));
    assert_eq!(groups(&shop), [(2, 2)], "one transaction, and no piece for those who are not served");
}

#[tokio::test]
async fn two_requests_under_one_key_or_guard_in_one_group_make_one_order() {
    let shop = shop(&[5], MockOrderReader::new(), vec![committing()]);
    let requests = [keyed(1), keyed(1), keyed(2), guarded(3), guarded(3)];
    let outcomes = shop.placement.place(&requests).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok() && outcomes[3].is_ok());
    assert!(matches!(error(&outcomes[1]), PlacementError::KeyInUse));
    assert!(matches!(error(&outcomes[4]), PlacementError::Repeated));
    assert_eq!(groups(&shop), [(3, 3)]);
}

/// One cart is ordered twice at the same moment: the second order finds the lines ordered, whether the first is in its
/// own group or in another process's.
#[tokio::test]
async fn a_cart_becomes_one_order() {
    let ordering = |user: i32| BatchRequest { items: OrderItems::Cart, ..direct(user) };
    let in_another_process = PreparedTransaction::hindering(vec![Some(Obstacle::CartOrdered), None]);
    for (requests, transactions) in [
        (vec![ordering(1), ordering(1)], vec![committing()]),
        (vec![ordering(1), direct(2)], vec![Ok(in_another_process)]),
    ] {
        let mut catalog = MockCatalog::new();
        catalog.expect_skus().returning(|ids| Ok(ids.iter().map(|id| (*id, sku(id.0, "209", 5))).collect()));
        let mut carts = MockCartStore::new();
        // Only the first read finds the lines.
        carts.expect_load_many().times(1).returning(|_| Ok([(UserId(1), cart(&[(1, 1, true)]))].into()));
        carts.expect_load_many().times(1).returning(|_| Ok([(UserId(1), cart(&[]))].into()));
        let store = Arc::new(PreparedPlacing::new(|query| Ok(Ok(buyer(query))), transactions));
        let placement = placement(catalog, carts, MockOrderReader::new(), Arc::clone(&store) as _, rules());
        let outcomes = placement.place(&requests).await;
        let (placed, refused): (Vec<_>, Vec<_>) = outcomes.iter().partition(|outcome| outcome.is_ok());
        assert_eq!(placed.len(), 1);
        assert!(matches!(error(refused[0]), PlacementError::NothingSelected));
        assert_eq!(store.committed().len(), 1);
    }
}

/// A buyer with nine unpaid orders sends three more at once; another buyer is not affected.
#[tokio::test]
async fn a_buyer_may_leave_so_much_unpaid() {
    let limits = UnpaidLimits { orders: Some(10), ..UnpaidLimits::NONE };
    let nine = UnpaidOrders { orders: 9, pieces: BTreeMap::new() };
    let transaction =
        PreparedTransaction { unpaid: [(UserId(1), nine)].into(), ..PreparedTransaction::committing() };
    let shop = with_limits(&[9], MockOrderReader::new(), vec![Ok(transaction)], limits);
    let outcomes = shop.placement.place(&[direct(1), direct(1), direct(2), direct(1)]).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    for refused in [&outcomes[1], &outcomes[3]] {
        let too_many = Refusal::TooManyUnpaidOrders { limit: 10 };
        assert!(matches!(error(refused), PlacementError::Refused(refusal) if *refusal == too_many));
    }
    assert_eq!(groups(&shop), [(2, 2)]);
}

/// The buyer placed another order between the read of the stock and the count of unpaid orders.
#[tokio::test]
async fn a_share_of_the_stock_is_one_of_what_is_there_when_unpaid_pieces_are_counted() {
    let unpaid = UnpaidOrders { orders: 1, pieces: [(SkuId(1), 5)].into() };
    let mut transaction = PreparedTransaction::committing();
    transaction.unpaid = [(UserId(1), unpaid)].into();
    let limits = UnpaidLimits { share_percent: 50, ..UnpaidLimits::NONE };
    transaction.skus = [(SkuId(1), sku(1, "209", 5))].into();
    let shop = with_limits(&[10], MockOrderReader::new(), vec![Ok(transaction)], limits);
    let outcomes = shop.placement.place(&[direct(1)]).await;
    let too_many = Refusal::TooManyUnpaidPieces { sku_id: SkuId(1), limit: 5 };
    assert!(matches!(error(&outcomes[0]), PlacementError::Refused(refusal) if *refusal == too_many));
}

/// The order that [`direct`] of this user becomes.
fn written(user: i32) -> domain::Order {
    let mut order = order(domain::OrderStatus::AwaitingPayment);
    order.id = OrderId::parse("2019112812000001").unwrap();
    order.user_id = UserId(user);
    order.created_at = noon();
    order.goods.truncate(1);
    order.goods[0].sku_id = SkuId(1);
    order.goods[0].quantity = Quantity::ONE;
    order
}

/// Two processes gave two orders the same number. The connection was lost during the commit of this process's order,
/// and the other order was committed: that of another buyer, or of the same buyer's second click.
#[tokio::test(start_paused = true)]
async fn what_another_process_wrote_under_the_number_is_not_taken_for_ones_own() {
    let of_second_click = domain::Order { created_at: noon().after(Duration::from_millis(1)), ..written(1) };
    for of_another in [written(9), of_second_click] {
        let mut orders = MockOrderReader::new();
        orders.expect_find().times(1).return_once(|_| Ok(Some(of_another)));
        let taken = || vec![OrderId::parse("2019112812000001").unwrap()];
        orders.expect_numbers_beginning_with().times(1).returning(move |_| Ok(taken()));
        let unanswered = failing(StoreError::OutcomeUnknown("connection lost".into()));
        let shop = shop(&[5, 5], orders, vec![unanswered, committing()]);
        let outcomes = shop.placement.place(&[direct(1), direct(2)]).await;
        assert!(outcomes.iter().all(Result::is_ok));
        assert!(outcomes.iter().all(|outcome| number(outcome) != "2019112812000001"));
        assert_eq!(shop.store.left(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_without_answer_is_looked_up_and_never_repeated() {
    let unanswered = || failing(StoreError::OutcomeUnknown("connection lost".into()));
    let mut orders = MockOrderReader::new();
    let mut looks = vec![Ok(Some(written(1))), Err(store_down()), Ok(None)];
    orders.expect_find().times(3).returning(move |_| looks.pop().unwrap());
    let committed = shop(&[5], orders, vec![unanswered()]);
    assert!(committed.placement.place(&[direct(1), direct(2)]).await.iter().all(Result::is_ok));

    let mut orders = MockOrderReader::new();
    orders.expect_find().returning(|_| Ok(None));
    let lost = shop(&[5], orders, vec![unanswered(), committing()]);
    let elsewhere = BatchRequest { address_id: AddressId(8), ..direct(3) };
    let outcomes = lost.placement.place(&[direct(1), direct(2), elsewhere]).await;
    assert!(matches!(error(&outcomes[2]), PlacementError::UnknownAddress), "it was not to be written");
    for (outcome, user) in outcomes.iter().zip([1, 2]) {
        assert_eq!(
            outcome.as_ref().unwrap_err().buyer,
            Some(UserId(user)),
            "a key is looked up by the buyer"
        );
        assert!(
            matches!(error(outcome), PlacementError::Store(cause) if matches!(**cause, StoreError::OutcomeUnknown(_)))
        );
    }
    assert_eq!((outcomes.len(), lost.store.left()), (3, 1), "written at most once");
}

#[tokio::test]
async fn the_batcher_places_what_is_waiting_as_one_group() {
    let shop = shop(&[3], MockOrderReader::new(), vec![committing()]);
    let (batcher, mut writers) =
        OrderBatcher::open(Arc::clone(&shop.placement), BatcherSettings { writers: 1, group: 64, queue: 64 });
    let (first, second, third) =
        tokio::join!(batcher.place(direct(1)), batcher.place(direct(2)), batcher.place(direct(3)));
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    drop(batcher);
    while writers.join_next().await.is_some() {}
    assert_eq!(groups(&shop), [(3, 3)]);
}

#[tokio::test]
async fn a_full_batcher_turns_away() {
    let shop = shop(&[1], MockOrderReader::new(), vec![committing()]);
    let (batcher, _writers) =
        OrderBatcher::open(Arc::clone(&shop.placement), BatcherSettings { writers: 1, group: 1, queue: 1 });
    let (first, second) = tokio::join!(batcher.place(direct(1)), batcher.place(direct(2)));
    assert!(first.is_ok());
    assert!(matches!(error(&second), PlacementError::Busy));
}
