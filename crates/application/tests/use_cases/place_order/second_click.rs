//! Without a key: a second click on the same button gets the order of the first.

use domain::{Purchase, RepeatGuard};

use super::*;

const WINDOW: Duration = Duration::from_secs(5);

/// The order of the first click, this many seconds ago.
fn first(seconds_ago: u64, status: OrderStatus) -> Order {
    Order { created_at: noon().before(Duration::from_secs(seconds_ago)), ..order(status) }
}

/// An order from a process whose clock was far ahead.
fn of_the_future() -> Order {
    Order { created_at: noon().after(Duration::from_secs(3600)), ..order(OrderStatus::AwaitingPayment) }
}

fn shop() -> Shop {
    let shop = Shop { double_click: WINDOW, ..Shop::with_buyer() };
    shop.selling([sku(4, "209", 9)])
}

/// A transaction in which the guard is in use.
fn repeated() -> PreparedTransaction {
    PreparedTransaction::hindering(vec![Some(Obstacle::GuardInUse)])
}

#[tokio::test]
async fn is_answered_with_the_order_of_the_first() {
    let mut shop = shop().writing(repeated()).charging("323.91");
    shop.orders
        .expect_find_by_guard()
        .times(1)
        .returning(|_| Ok(Some(first(4, OrderStatus::AwaitingPayment))));
    let invitation = shop.place(request(DIRECT)).await.unwrap();
    assert_eq!(invitation.order_id, order_id());
}

/// The first click waited for locked rows, and the second one for the first.
#[tokio::test]
async fn is_not_later_because_it_had_to_wait() {
    let mut shop = shop().writing(repeated()).charging("323.91");
    shop.times = vec![noon(), noon().after(WINDOW)];
    shop.orders
        .expect_find_by_guard()
        .times(1)
        .returning(|_| Ok(Some(first(1, OrderStatus::AwaitingPayment))));
    assert_eq!(shop.place(request(DIRECT)).await.unwrap().order_id, order_id());
}

#[tokio::test]
async fn is_an_order_of_its_own_when_the_first_is_old_or_not_to_be_paid_any_more() {
    for earlier in [
        of_the_future(),
        first(5, OrderStatus::AwaitingPayment),
        first(1, OrderStatus::Cancelled),
        first(1, OrderStatus::AwaitingShipment),
    ] {
        let mut shop = shop().writing(repeated()).writing(committing()).charging("428");
        shop.orders.expect_find_by_guard().times(1).return_once(|_| Ok(Some(earlier)));
        let placed = shop.start(request(DIRECT)).await;
        assert_eq!(placed.released, [order_id()], "the guard is taken off the order that was found");
        assert!(placed.order().repeat_guard.is_some());
        assert_eq!(placed.invitation().unwrap().total_amount, money("428"));
    }
}

/// An old order blocks both clicks; one of the clicks is faster.
#[tokio::test]
async fn gets_the_order_of_the_first_although_an_older_one_was_in_the_way_of_both() {
    let mut shop = shop().writing(repeated()).writing(repeated()).charging("323.91");
    let mut found = vec![first(0, OrderStatus::AwaitingPayment), first(60, OrderStatus::AwaitingPayment)];
    shop.orders.expect_find_by_guard().times(2).returning(move |_| Ok(found.pop()));
    assert_eq!(shop.place(request(DIRECT)).await.unwrap().order_id, order_id());
}

/// A buyer who is told that nothing was placed tries again later, and has two orders.
#[tokio::test]
async fn is_not_told_that_there_is_no_order_where_the_first_cannot_be_looked_up() {
    for failure in [store_down, rows_locked] {
        let mut shop = shop().writing(repeated());
        shop.orders.expect_find_by_guard().times(1).returning(move |_| Err(failure()));
        let error = shop.place(request(DIRECT)).await.unwrap_err();
        let PlaceOrderError::Placement(PlacementError::Store(error)) = error else { panic!("{error:?}") };
        assert!(matches!(*error, StoreError::OutcomeUnknown(_)), "{error:?}");
    }
}

#[tokio::test]
async fn looks_again_where_the_order_in_the_way_has_just_lost_its_guard() {
    let mut shop = shop().writing(repeated()).writing(committing()).charging("428");
    shop.orders.expect_find_by_guard().times(1).returning(|_| Ok(None));
    assert_eq!(shop.place(request(DIRECT)).await.unwrap().total_amount, money("428"));
}

#[tokio::test]
async fn gives_up_after_some_tries() {
    let mut shop = (0..4).fold(shop(), |shop, _| shop.writing(repeated()));
    shop.orders.expect_find_by_guard().times(4).returning(|_| Ok(None));
    let refused = shop.place(request(DIRECT)).await;
    assert!(matches!(refused, Err(PlaceOrderError::Placement(PlacementError::Busy))));
}

#[tokio::test]
async fn is_refused_where_it_expects_another_amount() {
    let place = async |amount: &str| {
        let mut shop = shop();
        shop.gateway.expect_pay_url().returning(|_| Ok("https://alipay/pay".to_owned()));
        shop = shop.with_cart(cart(&[]));
        shop.orders.expect_list().returning(|_| Ok(vec![first(1, OrderStatus::AwaitingPayment)]));
        shop.orders.expect_find_by_guard().returning(|_| Ok(Some(first(1, OrderStatus::AwaitingPayment))));
        let expected = Some(money(amount));
        shop.place(PlaceOrderRequest { expected_amount: expected, ..request(OrderItems::Cart) }).await
    };
    assert_eq!(place("323.91").await.unwrap().order_id, order_id());
    let Err(PlaceOrderError::Placement(PlacementError::Refused(refusal))) = place("1.00").await else {
        panic!("an order of another amount")
    };
    assert_eq!(refusal, Refusal::AmountChanged(money("323.91")));
}

/// Staff lowered it between the clicks: it is still the order of the first click, and a buyer who got another answer
/// would order twice.
#[tokio::test]
async fn gets_the_order_of_the_first_although_it_costs_less_since() {
    let mut shop = shop().with_cart(cart(&[])).charging("300.00");
    let lowered = || Order {
        total_amount: money("300.00"),
        discount: money("23.91"),
        ..first(1, OrderStatus::AwaitingPayment)
    };
    shop.orders.expect_list().returning(move |_| Ok(vec![lowered()]));
    shop.orders.expect_find_by_guard().returning(move |_| Ok(Some(lowered())));
    let expected = Some(money("323.91"));
    let placed =
        shop.place(PlaceOrderRequest { expected_amount: expected, ..request(OrderItems::Cart) }).await;
    assert_eq!(placed.unwrap().total_amount, money("300.00"));
}

#[tokio::test]
async fn finds_the_first_although_it_took_the_last_piece() {
    let mut shop = Shop { double_click: WINDOW, ..Shop::with_buyer() }.selling([sku(4, "209", 1)]);
    shop.orders.expect_find_by_guard().returning(|_| Ok(Some(first(1, OrderStatus::AwaitingPayment))));
    let invitation = shop.charging("323.91").place(request(DIRECT)).await.unwrap();
    assert_eq!(invitation.order_id, order_id());

    let mut shop = Shop { double_click: WINDOW, ..Shop::with_buyer() }.selling([sku(4, "209", 1)]);
    shop.orders.expect_find_by_guard().returning(|_| Ok(None));
    let refused = shop.place(request(DIRECT)).await;
    assert!(matches!(
        refused,
        Err(PlaceOrderError::Placement(PlacementError::Refused(Refusal::StockShort(SkuId(4)))))
    ));
}

/// The latest order belongs to the cart if an order of the cart with its lines has the guard.
#[tokio::test]
async fn finds_the_first_although_it_emptied_the_cart() {
    let placed = |seconds, guarded: Option<Order>| {
        let mut shop = shop();
        shop = shop.with_cart(cart(&[(6, 1, false)]));
        shop.orders
            .expect_list()
            .withf(|query| query.user_id == USER && query.limit == 4 && query.before.is_none())
            .returning(move |_| Ok(vec![of_the_future(), first(seconds, OrderStatus::AwaitingPayment)]));
        let lines = order(OrderStatus::AwaitingPayment).goods.into_iter();
        let lines = lines.map(|line| (line.sku_id, line.quantity)).collect();
        let guard = RepeatGuard::new(USER, AddressId(7), &Purchase::new(lines).unwrap(), true);
        shop.orders
            .expect_find_by_guard()
            .withf(move |asked| *asked == guard)
            .returning(move |_| Ok(guarded.clone()));
        shop
    };
    let same = placed(1, Some(first(1, OrderStatus::AwaitingPayment))).charging("323.91");
    assert_eq!(same.place(request(OrderItems::Cart)).await.unwrap().order_id, order_id());

    let direct = placed(1, None);
    let too_old = placed(5, Some(first(5, OrderStatus::AwaitingPayment)));
    let earlier = placed(1, Some(first(60, OrderStatus::AwaitingPayment)));
    for shop in [direct, too_old, earlier] {
        let refused = shop.place(request(OrderItems::Cart)).await;
        let nothing = PlacementError::NothingSelected;
        assert!(
            matches!(refused, Err(PlaceOrderError::Placement(error)) if error.to_string() == nothing.to_string())
        );
    }
}

/// As when the guard is in use: a buyer who is told that nothing was placed orders again.
#[tokio::test]
async fn of_an_empty_cart_is_not_told_that_there_is_no_order_where_the_first_cannot_be_looked_up() {
    for failure in [store_down, rows_locked] {
        let mut shop = shop().with_cart(cart(&[]));
        shop.orders.expect_list().times(1).returning(move |_| Err(failure()));
        let error = shop.place(request(OrderItems::Cart)).await.unwrap_err();
        let PlaceOrderError::Placement(PlacementError::Store(error)) = error else { panic!("{error:?}") };
        assert!(matches!(*error, StoreError::OutcomeUnknown(_)), "{error:?}");
    }
}

/// The first click used up the buyer's limit of unpaid orders.
#[tokio::test]
async fn finds_the_first_although_it_was_the_last_that_may_be_unpaid() {
    let limits = UnpaidLimits { orders: Some(1), ..UnpaidLimits::NONE };
    let one = UnpaidOrders { orders: 1, pieces: BTreeMap::new() };
    let limited = Shop { unpaid_limits: limits, ..shop() };
    let mut shop = limited
        .writing(PreparedTransaction { unpaid: [(USER, one)].into(), ..committing() })
        .charging("323.91");
    shop.orders.expect_find_by_guard().returning(|_| Ok(Some(first(1, OrderStatus::AwaitingPayment))));
    assert_eq!(shop.place(request(DIRECT)).await.unwrap().order_id, order_id());
}

#[tokio::test]
async fn with_a_key_of_its_own_is_told_apart_by_that() {
    let keyed = PlaceOrderRequest { idempotency_key: IdempotencyKey::parse("k"), ..request(DIRECT) };
    let placed = shop().writing(committing()).charging("428").start(keyed).await;
    assert!(placed.order().repeat_guard.is_none() && placed.order().idempotency.is_some());
    assert!(placed.invitation().is_ok());
}
