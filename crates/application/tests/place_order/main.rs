//! 生成订单: what is ordered, for whom, and under which key, against mocked ports.

mod second_click;
#[path = "../support/mod.rs"]
mod support;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use application::{
    Cashier, DeskSettings, OrderDesk, OrderItems, PaymentInvitation, PlaceOrder, PlaceOrderError,
    PlaceOrderRequest, Placement, PlacementError, PlacementPorts, ShopRules, StartedPayment, SweepCarts,
};
use domain::{
    AddressId, CartStamp, IdempotencyKey, NotAdmitted, Order, OrderStatus, Refusal, RequestDigest, Sku, SkuId,
};
use ports::{
    CartRemovalMode, Destination, DirectBuy, IdempotencyRecord, InsertOrdersError, StockOutcome,
    mock::{
        MockAddressBook, MockCartStore, MockCatalog, MockDirectBuys, MockOrderReader, MockPaymentGateway,
        MockRandomness, MockUnitOfWork, PreparedUnits,
    },
};
use support::*;

/// The ports around one order; what a test does not set is not to be called.
#[derive(Default)]
struct Shop {
    address_book: MockAddressBook,
    carts: MockCartStore,
    direct_buys: MockDirectBuys,
    orders: MockOrderReader,
    catalog: MockCatalog,
    units: Vec<MockUnitOfWork>,
    gateway: MockPaymentGateway,
    double_click: Duration,
    /// What was ordered and has not left the cart yet.
    ordered: Vec<(SkuId, CartStamp)>,
}

impl Shop {
    fn with_buyer() -> Self {
        let mut shop = Self::default();
        shop.address_book
            .expect_destination()
            .times(1)
            .withf(|who, id| *who == caller() && *id == AddressId(7))
            .returning(|_, _| Ok(Ok(Destination { user_id: USER, address: Some(address()) })));
        shop
    }

    fn selling(mut self, skus: impl IntoIterator<Item = Sku>) -> Self {
        let skus: BTreeMap<SkuId, Sku> = shelf(skus);
        self.catalog.expect_skus().returning(move |_| Ok(skus.clone()));
        self
    }

    /// Expects the URL to be signed for this amount.
    fn charging(mut self, amount: &'static str) -> Self {
        self.gateway
            .expect_pay_url()
            .times(1)
            .withf(move |request| request.total_amount == money(amount))
            .returning(|_| Ok("https://alipay/pay".to_owned()));
        self
    }

    /// Places an order that is to be paid.
    async fn place(self, request: PlaceOrderRequest) -> Result<PaymentInvitation, PlaceOrderError> {
        match self.start(request).await? {
            StartedPayment::Invited(invitation) => Ok(invitation),
            StartedPayment::AlreadyPaid { order_id, .. } => panic!("{order_id} is paid"),
        }
    }

    async fn start(mut self, request: PlaceOrderRequest) -> Result<StartedPayment, PlaceOrderError> {
        let ordered = self.ordered;
        self.orders
            .expect_ordered_lines()
            .withf(|user_id| *user_id == USER)
            .returning(move |_| Ok(ordered.clone()));
        let mut randomness = MockRandomness::new();
        randomness.expect_draw().return_const(7_u32);
        let units: Arc<PreparedUnits> = Arc::new(PreparedUnits::new(self.units.into_iter().map(Ok)));
        let (carts, orders) = (Arc::new(self.carts), Arc::new(self.orders));
        let sweep = SweepCarts {
            units: Arc::clone(&units) as _,
            carts: Arc::clone(&carts) as _,
            clock: Arc::new(clock()),
        };
        let ports = PlacementPorts {
            catalog: Arc::new(self.catalog),
            units: Arc::clone(&units) as _,
            orders: Arc::clone(&orders) as _,
            sweep: Arc::new(sweep),
            clock: Arc::new(clock()),
            randomness: Arc::new(randomness),
        };
        let settings = DeskSettings { writers: 1, group: 8, queue: 8 };
        let (desk, _writers) = OrderDesk::open(Arc::new(Placement::new(ports, rules())), settings);
        let use_case = PlaceOrder {
            address_book: Arc::new(self.address_book),
            carts,
            direct_buys: Arc::new(self.direct_buys),
            orders,
            units,
            desk,
            cashier: Arc::new(Cashier { gateway: Arc::new(self.gateway), clock: Arc::new(clock()) }),
            clock: Arc::new(clock()),
            rules: ShopRules { double_click: self.double_click, ..rules() },
        };
        use_case.execute(request).await
    }
}

fn request(items: OrderItems) -> PlaceOrderRequest {
    PlaceOrderRequest {
        caller: caller(),
        address_id: AddressId(7),
        items,
        expected_amount: None,
        idempotency_key: None,
    }
}

const DIRECT: OrderItems = OrderItems::Direct { sku_id: SkuId(4), quantity: 2 };

/// A unit of work that takes stock and writes one order, for which `check` must hold.
fn writing(check: impl Fn(&Order) -> bool + Send + 'static) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stock.expect_take().times(1).returning(|_| Ok(StockOutcome::Taken));
    unit.orders
        .expect_insert()
        .times(1)
        .withf(move |orders| orders.len() == 1 && check(&orders[0].order))
        .returning(|_| Ok(()));
    unit
}

#[tokio::test]
async fn the_ticked_lines_become_an_order_and_leave_the_cart() {
    let mut shop = Shop::with_buyer().selling([sku(4, "104.95", 9), sku(5, "104.01", 9)]).charging("323.91");
    shop.carts.expect_load().returning(|_| Ok(cart(&[(4, 2, true), (5, 1, true), (6, 1, false)])));
    let mut unit = writing(|placed| {
        placed.status == OrderStatus::AwaitingPayment
            && placed.id.as_str() == "2019112812000004"
            && placed.total_amount == money("323.91")
            && placed.freight == money("10")
            && placed.total_count == 3
            && placed.shipping == shipping()
            && placed.expire_at == Some(noon().after(Duration::from_secs(1800)))
            && placed.goods.iter().map(|line| (line.sku_id.0, line.quantity.pieces())).eq([(4, 2), (5, 1)])
    });
    unit.cart_removals
        .expect_add()
        .times(1)
        .withf(|removals, _| {
            let lines = cart(&[(4, 2, true), (5, 1, true)]).lines;
            removals.len() == 1
                && removals[0].user_id == USER
                && removals[0]
                    .lines
                    .iter()
                    .eq(&lines.into_iter().map(|line| (line.sku_id, line.stamp)).collect::<Vec<_>>())
        })
        .returning(|_, _| Ok(CartRemovalMode::InTransaction));
    shop.units.push(unit);
    let invitation = shop.place(request(OrderItems::Cart)).await.unwrap();
    assert_eq!(invitation.order_id.as_str(), "2019112812000004");
    assert_eq!(invitation.total_amount, money("323.91"));
    assert_eq!(invitation.pay_url, "https://alipay/pay");
}

#[tokio::test]
async fn what_was_ordered_and_is_still_in_the_cart_is_not_ordered_again() {
    let lines = cart(&[(4, 1, true), (5, 1, true)]);
    let ordered = lines.lines.iter().map(|line| (line.sku_id, line.stamp.clone()));
    let mut shop = Shop { ordered: ordered.clone().take(1).collect(), ..Shop::with_buyer() };
    shop = shop.selling([sku(4, "1.00", 9), sku(5, "209.00", 9)]).charging("219");
    let in_cart = lines.clone();
    shop.carts.expect_load().returning(move |_| Ok(in_cart.clone()));
    let mut unit = writing(|order| order.goods.len() == 1 && order.goods[0].sku_id == SkuId(5));
    unit.cart_removals.expect_add().times(1).returning(|_, _| Ok(CartRemovalMode::InTransaction));
    shop.units.push(unit);
    assert_eq!(shop.place(request(OrderItems::Cart)).await.unwrap().total_amount, money("219"));

    let mut shop = Shop { ordered: ordered.collect(), ..Shop::with_buyer() };
    shop.carts.expect_load().returning(move |_| Ok(lines.clone()));
    let refused = shop.place(request(OrderItems::Cart)).await;
    assert!(matches!(refused, Err(PlaceOrderError::NothingSelected)));
}

#[tokio::test]
async fn lines_in_carts_elsewhere_are_removed_after_the_commit_and_a_failure_does_not_undo_the_order() {
    for carts_work in [true, false] {
        let mut shop = Shop::with_buyer().selling([sku(4, "209", 9)]).charging("219");
        shop.carts.expect_load().returning(|_| Ok(cart(&[(4, 1, true)])));
        shop.carts
            .expect_remove_ordered()
            .times(1)
            .returning(move |_| if carts_work { Ok(()) } else { Err(carts_down()) });
        let mut unit = writing(|_| true);
        unit.cart_removals.expect_add().times(1).returning(|_, _| Ok(CartRemovalMode::AfterCommit));
        shop.units.push(unit);
        if carts_work {
            let mut done = MockUnitOfWork::default();
            done.cart_removals.expect_done().times(1).withf(|ids| ids.len() == 1).returning(|_| Ok(()));
            shop.units.push(done);
        }
        assert!(shop.place(request(OrderItems::Cart)).await.is_ok(), "carts work: {carts_work}");
    }
}

#[tokio::test]
async fn a_direct_buy_leaves_the_cart_alone() {
    let mut shop = Shop::with_buyer().selling([sku(4, "209", 9)]).charging("428");
    shop.units.push(writing(|placed| placed.total_count == 2));
    assert!(shop.place(request(DIRECT)).await.is_ok());
}

#[tokio::test]
async fn a_client_that_does_not_say_what_it_buys_gets_what_it_previewed_lately() {
    for (age, is_remembered) in [(0, true), (1799, true), (1800, false), (86_400, false)] {
        let mut shop = Shop::with_buyer();
        shop.direct_buys.expect_latest().times(1).returning(move |_| {
            let previewed_at = noon().before(Duration::from_secs(age));
            let quantity = rules().quantity_limit.quantity(3).unwrap();
            Ok(Some(DirectBuy { sku_id: SkuId(4), quantity, previewed_at }))
        });
        if is_remembered {
            shop = shop.selling([sku(4, "209", 9)]).charging("637");
            shop.units.push(writing(|placed| placed.total_count == 3));
        }
        let outcome = shop.place(request(OrderItems::LatestDirectBuy)).await;
        match outcome {
            Ok(_) => assert!(is_remembered, "{age}"),
            Err(PlaceOrderError::NoDirectBuy) => assert!(!is_remembered, "{age}"),
            Err(error) => panic!("{error}"),
        }
    }
    let mut shop = Shop::with_buyer();
    shop.direct_buys.expect_latest().returning(|_| Ok(None));
    let outcome = shop.place(request(OrderItems::LatestDirectBuy)).await;
    assert!(matches!(outcome, Err(PlaceOrderError::NoDirectBuy)), "the cart is never ordered instead");
}

#[tokio::test]
async fn nothing_is_written_where_the_request_is_not_valid() {
    let mut shop = Shop::default();
    shop.address_book.expect_destination().returning(|_, _| Ok(Err(NotAdmitted::UnknownUser)));
    assert!(matches!(
        shop.place(request(DIRECT)).await,
        Err(PlaceOrderError::NotAdmitted(NotAdmitted::UnknownUser))
    ));

    let mut shop = Shop::default();
    let nowhere = Destination { user_id: USER, address: None };
    shop.address_book.expect_destination().returning(move |_, _| Ok(Ok(nowhere.clone())));
    assert!(matches!(shop.place(request(DIRECT)).await, Err(PlaceOrderError::UnknownAddress)));

    for quantity in [0, -3, 201] {
        let direct = OrderItems::Direct { sku_id: SkuId(4), quantity };
        let outcome = Shop::with_buyer().place(request(direct)).await;
        assert!(matches!(outcome, Err(PlaceOrderError::InvalidQuantity(_))), "{quantity}");
    }
    for lines in [&[][..], &[(4, 1, false)][..]] {
        let mut shop = Shop::with_buyer();
        shop.carts.expect_load().returning(move |_| Ok(cart(lines)));
        let outcome = shop.place(request(OrderItems::Cart)).await;
        assert!(matches!(outcome, Err(PlaceOrderError::NothingSelected)));
    }
    let mut shop = Shop::with_buyer();
    shop.carts.expect_load().returning(|_| Ok(cart(&[(4, 0, true)])));
    let outcome = shop.place(request(OrderItems::Cart)).await;
    assert!(matches!(outcome, Err(PlaceOrderError::InvalidQuantity(_))));
}

#[tokio::test]
async fn what_the_shop_cannot_serve_is_refused() {
    let refused = async |shop: Shop, request| match shop.place(request).await {
        Err(PlaceOrderError::Placement(PlacementError::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    };
    let shop = Shop::with_buyer().selling([sku(4, "209", 1)]);
    assert_eq!(refused(shop, request(DIRECT)).await, Refusal::StockShort(SkuId(4)));
    let shop = Shop::with_buyer().selling([]);
    assert_eq!(refused(shop, request(DIRECT)).await, Refusal::Unavailable(SkuId(4)));
    let shop = Shop::with_buyer().selling([sku(4, "209", 9)]);
    let cheaper = PlaceOrderRequest { expected_amount: Some(money("418")), ..request(DIRECT) };
    assert_eq!(refused(shop, cheaper).await, Refusal::AmountChanged(money("428")));
}

#[tokio::test]
async fn each_port_before_the_desk_may_fail() {
    let mut shop = Shop::default();
    shop.address_book.expect_destination().returning(|_, _| Err(store_down()));
    assert!(matches!(shop.place(request(DIRECT)).await, Err(PlaceOrderError::Store(_))));

    let mut shop = Shop::with_buyer();
    shop.carts.expect_load().returning(|_| Err(carts_down()));
    assert!(matches!(shop.place(request(OrderItems::Cart)).await, Err(PlaceOrderError::Carts(_))));

    let mut shop = Shop::with_buyer();
    shop.direct_buys.expect_latest().returning(|_| Err(store_down()));
    assert!(matches!(shop.place(request(OrderItems::LatestDirectBuy)).await, Err(PlaceOrderError::Store(_))));

    let mut shop = Shop::with_buyer().selling([sku(4, "209", 9)]);
    shop.units.push(writing(|_| true));
    shop.gateway.expect_pay_url().returning(|_| Err(alipay_down()));
    assert!(matches!(shop.place(request(DIRECT)).await, Err(PlaceOrderError::Gateway(_))));
}

mod keys {
    use super::*;

    fn keyed() -> PlaceOrderRequest {
        PlaceOrderRequest { idempotency_key: IdempotencyKey::parse("k-1"), ..request(DIRECT) }
    }

    fn record(digest: &str) -> IdempotencyRecord {
        IdempotencyRecord { digest: RequestDigest(digest.to_owned()), order_id: order_id() }
    }

    const DIGEST: &str = "address=7 sku=4*2 expected=";

    #[tokio::test]
    async fn a_repeated_request_gets_the_first_order() {
        let mut shop = Shop::with_buyer().charging("323.91");
        shop.orders.expect_find_by_key().times(1).returning(|_, _| Ok(Some(record(DIGEST))));
        shop.orders.expect_find().times(1).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
        assert_eq!(shop.place(keyed()).await.unwrap().order_id, order_id());
    }

    /// As operation 5 has it: nobody is invited to pay twice, or what can no longer be paid.
    #[tokio::test]
    async fn its_repetition_does_not_invite_to_pay_what_is_not_to_be_paid() {
        use OrderStatus::{
            AwaitingPayment, AwaitingReceipt, AwaitingShipment, Cancelled, Completed, Refunded,
        };
        let repeat = async |found: Order| {
            let mut shop = Shop::with_buyer();
            shop.orders.expect_find_by_key().times(1).returning(|_, _| Ok(Some(record(DIGEST))));
            shop.orders.expect_find().times(1).return_once(|_| Ok(Some(found)));
            shop.start(keyed()).await
        };
        for status in [AwaitingShipment, AwaitingReceipt, Completed] {
            let started = repeat(order(status)).await.unwrap();
            let paid = StartedPayment::AlreadyPaid { order_id: order_id(), total_amount: money("323.91") };
            assert_eq!(started, paid, "{status}");
        }
        let overdue = Order { expire_at: Some(noon()), ..order(AwaitingPayment) };
        for found in [order(Cancelled), order(Refunded), overdue] {
            assert!(matches!(repeat(found).await, Err(PlaceOrderError::NotAllowed(_))));
        }
    }

    #[tokio::test]
    async fn another_request_under_the_key_is_refused() {
        let mut shop = Shop::with_buyer();
        shop.orders.expect_find_by_key().returning(|_, _| Ok(Some(record("address=8 sku=4*2 expected="))));
        assert!(matches!(shop.place(keyed()).await, Err(PlaceOrderError::KeyReused)));
    }

    #[tokio::test]
    async fn the_key_is_bound_with_the_order() {
        let mut shop = Shop::with_buyer().selling([sku(4, "209", 9)]).charging("428");
        shop.orders.expect_find_by_key().times(1).returning(|_, _| Ok(None));
        let mut unit = writing(|_| true);
        unit.idempotency
            .expect_record()
            .times(1)
            .withf(|orders, at| {
                let bound =
                    orders[0].idempotency.as_ref().map(|(key, digest)| (key.as_str(), digest.0.as_str()));
                bound == Some(("k-1", DIGEST)) && *at == noon()
            })
            .returning(|_, _| Ok(true));
        shop.units.push(unit);
        assert!(shop.place(keyed()).await.is_ok());
    }

    /// The first request is still running when the second looks for the key, and is through when it writes.
    #[tokio::test]
    async fn the_second_of_two_at_the_same_time_gets_the_order_of_the_first() {
        let mut shop = Shop::with_buyer().selling([sku(4, "209", 9)]).charging("323.91");
        let mut looks = vec![Some(record(DIGEST)), None];
        shop.orders.expect_find_by_key().times(2).returning(move |_, _| Ok(looks.pop().unwrap()));
        shop.orders.expect_find().times(1).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
        let mut unit = writing(|_| true);
        unit.idempotency.expect_record().times(1).returning(|_, _| Ok(false));
        shop.units.push(unit);
        assert_eq!(shop.place(keyed()).await.unwrap().order_id, order_id());
    }

    /// The first one took the last piece: its repetition is not told that the stock is short.
    #[tokio::test]
    async fn the_order_of_the_first_counts_before_any_refusal_of_the_second() {
        let mut shop = Shop::with_buyer().selling([sku(4, "209", 0)]).charging("323.91");
        let mut looks = vec![Some(record(DIGEST)), None];
        shop.orders.expect_find_by_key().times(2).returning(move |_, _| Ok(looks.pop().unwrap()));
        shop.orders.expect_find().times(1).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
        assert_eq!(shop.place(keyed()).await.unwrap().order_id, order_id());
    }
}
