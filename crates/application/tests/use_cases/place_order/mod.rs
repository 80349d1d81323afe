//! 生成订单: the goods, the buyer and the key, with mocked ports.

mod second_click;
mod shop;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use application::{
    BatcherSettings, CartCleaner, OrderBatcher, OrderItems, OrderService, PaymentInvitation, PlaceOrder,
    PlaceOrderError, PlaceOrderRequest, Placement, PlacementError, PlacementPorts, RemoveOrderedLines,
    ShopRules, StartedPayment, Transact,
};
use domain::{
    AddressId, Cart, CartStamp, IdempotencyKey, NotAdmitted, Order, OrderStatus, Refusal, RequestDigest,
    ShopTime, Sku, SkuId, UnpaidLimits, UnpaidOrders,
};
use ports::{
    Buyer, BuyerQuery, CartRemovalMode, Destination, DirectBuy, IdempotencyRecord, Obstacle, PlacingOutcome,
    StoreError,
    mock::{
        Ledgers, MockCartRemovalQueue, MockCartStore, MockCatalog, MockClock, MockDirectBuys,
        MockOrderReader, MockPaymentGateway, MockRandomness, MockUsers, PreparedPlacing, PreparedTransaction,
        WrittenGroup,
    },
};
use shop::*;

use crate::support::*;

#[tokio::test]
async fn the_ticked_lines_become_an_order_and_leave_the_cart() {
    let shop = Shop::with_buyer()
        .selling([sku(4, "104.95", 9), sku(5, "104.01", 9)])
        .with_cart(cart(&[(4, 2, true), (5, 1, true), (6, 1, false)]))
        .writing(committing())
        .charging("323.91");
    let placed = shop.start(request(OrderItems::Cart)).await;
    let new = placed.order();
    let order = &new.order;
    assert_eq!(order.status, OrderStatus::AwaitingPayment);
    assert_eq!(order.id.as_str(), "2019112812000004");
    assert_eq!((order.total_amount, order.freight, order.total_count), (money("323.91"), money("10"), 3));
    assert_eq!((&order.shipping, new.address_id), (&shipping(), AddressId(7)));
    assert_eq!(order.expire_at, Some(noon().after(Duration::from_secs(1800))));
    assert!(order.goods.iter().map(|line| (line.sku_id.0, line.quantity.pieces())).eq([(4, 2), (5, 1)]));
    let lines = cart(&[(4, 2, true), (5, 1, true)]).lines.into_iter();
    assert!(new.cart_lines.iter().cloned().eq(lines.map(|line| (line.sku_id, line.stamp))));
    let invitation = placed.invitation().unwrap();
    assert_eq!(invitation.order_id.as_str(), "2019112812000004");
    assert_eq!(invitation.total_amount, money("323.91"));
    assert_eq!(invitation.pay_url, "https://alipay/pay");
}

#[tokio::test]
async fn what_was_ordered_and_is_still_in_the_cart_is_not_ordered_again() {
    let lines = cart(&[(4, 1, true), (5, 1, true)]);
    let ordered = lines.lines.iter().map(|line| (line.sku_id, line.stamp.clone()));
    let shop = Shop::having_ordered(ordered.clone().take(1).collect())
        .selling([sku(4, "1.00", 9), sku(5, "209.00", 9)])
        .with_cart(lines.clone())
        .writing(committing())
        .charging("219");
    let placed = shop.start(request(OrderItems::Cart)).await;
    assert!(placed.order().order.goods.iter().map(|line| line.sku_id).eq([SkuId(5)]));
    assert_eq!(placed.invitation().unwrap().total_amount, money("219"));

    let shop = Shop::having_ordered(ordered.collect()).with_cart(lines.clone());
    assert!(matches!(
        shop.place(request(OrderItems::Cart)).await,
        Err(PlaceOrderError::Placement(PlacementError::NothingSelected))
    ));
}

#[tokio::test]
async fn lines_in_carts_elsewhere_are_removed_after_the_commit_and_a_failure_does_not_undo_the_order() {
    for carts_work in [true, false] {
        let recorded = Ok(PlacingOutcome::Committed(CartRemovalMode::AfterCommit));
        let mut shop = Shop::with_buyer()
            .selling([sku(4, "209", 9)])
            .with_cart(cart(&[(4, 1, true)]))
            .writing(PreparedTransaction::ending(recorded))
            .charging("219");
        shop.carts
            .expect_remove_ordered()
            .times(1)
            .withf(|removals| {
                removals.len() == 1 && removals[0].user_id == USER && removals[0].lines.len() == 1
            })
            .returning(move |_| if carts_work { Ok(Vec::new()) } else { Err(carts_down()) });
        shop.queue
            .expect_forget()
            .times(usize::from(carts_work))
            .withf(|ids| ids.len() == 1 && ids[0].as_str() == "2019112812000004")
            .returning(|_| Ok(()));
        assert!(shop.place(request(OrderItems::Cart)).await.is_ok(), "carts work: {carts_work}");
    }
}

#[tokio::test]
async fn a_direct_buy_leaves_the_cart_alone() {
    let shop = Shop::with_buyer().selling([sku(4, "209", 9)]).writing(committing()).charging("428");
    let placed = shop.start(request(DIRECT)).await;
    assert_eq!((placed.order().order.total_count, placed.order().cart_lines.len()), (2, 0));
    assert!(placed.invitation().is_ok());
}

/// For a client that does not name the goods, the buyer is looked up first.
fn knows_the_buyer(shop: &mut Shop, address: Option<domain::Address>) {
    shop.users
        .expect_destination()
        .withf(|who, id| *who == caller() && *id == AddressId(7))
        .returning(move |_, _| Ok(Ok(Destination { user_id: USER, address: address.clone() })));
}

#[tokio::test]
async fn a_client_that_does_not_say_what_it_buys_gets_what_it_previewed_lately() {
    for (age, is_remembered) in [(0, true), (1799, true), (1800, false), (86_400, false)] {
        let mut shop = Shop::with_buyer();
        knows_the_buyer(&mut shop, Some(address()));
        shop.direct_buys.expect_latest().times(1).returning(move |_| {
            let previewed_at = noon().before(Duration::from_secs(age));
            let quantity = rules().quantity_limit.quantity(3).unwrap();
            Ok(Some(DirectBuy { sku_id: SkuId(4), quantity, previewed_at }))
        });
        if is_remembered {
            shop = shop.selling([sku(4, "209", 9)]).writing(committing()).charging("637");
        }
        let outcome = shop.place(request(LATEST)).await;
        match outcome {
            Ok(_) => assert!(is_remembered, "{age}"),
            Err(PlaceOrderError::NoDirectBuy) => assert!(!is_remembered, "{age}"),
            Err(error) => panic!("{error}"),
        }
    }
    let mut shop = Shop::with_buyer();
    knows_the_buyer(&mut shop, Some(address()));
    shop.direct_buys.expect_latest().returning(|_| Ok(None));
    let outcome = shop.place(request(LATEST)).await;
    assert!(matches!(outcome, Err(PlaceOrderError::NoDirectBuy)), "the cart is never ordered instead");
}

#[tokio::test]
async fn nothing_is_written_where_the_request_is_not_valid() {
    let refused = async |shop: Shop, items: OrderItems| match shop.place(request(items)).await {
        Err(PlaceOrderError::Placement(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        refused(Shop::new(Err(NotAdmitted::UnknownUser)), DIRECT).await,
        PlacementError::NotAdmitted(NotAdmitted::UnknownUser)
    ));
    assert!(matches!(
        refused(Shop::new(Err(NotAdmitted::PasswordChanged)), DIRECT).await,
        PlacementError::NotAdmitted(NotAdmitted::PasswordChanged)
    ));
    let nowhere = || {
        let mut shop = Shop::with_buyer();
        if let Ok(Ok(buyer)) = &mut shop.buyer {
            buyer.address = None;
        }
        shop
    };
    assert!(matches!(refused(nowhere(), DIRECT).await, PlacementError::UnknownAddress));
    assert!(matches!(refused(nowhere(), OrderItems::Cart).await, PlacementError::UnknownAddress));
    let mut previewed = nowhere();
    knows_the_buyer(&mut previewed, None);
    assert!(matches!(
        previewed.place(request(LATEST)).await,
        Err(PlaceOrderError::Placement(PlacementError::UnknownAddress))
    ));

    for quantity in [0, -3, 201] {
        let direct = OrderItems::Direct { sku_id: SkuId(4), quantity };
        let error = refused(Shop::with_buyer(), direct).await;
        assert!(matches!(error, PlacementError::InvalidQuantity(_)), "{quantity}");
    }
    for lines in [&[][..], &[(4, 1, false)][..]] {
        let error = refused(Shop::with_buyer().with_cart(cart(lines)), OrderItems::Cart).await;
        assert!(matches!(error, PlacementError::NothingSelected));
    }
    let error = refused(Shop::with_buyer().with_cart(cart(&[(4, 0, true)])), OrderItems::Cart).await;
    assert!(matches!(error, PlacementError::InvalidQuantity(_)));
}

/// One unreadable cart among readable ones.
#[tokio::test]
async fn a_cart_that_cannot_be_read_is_not_an_empty_one() {
    let mut shop = Shop::with_buyer();
    shop.carts.expect_load_many().returning(|_| Ok(BTreeMap::new()));
    let refused = shop.place(request(OrderItems::Cart)).await;
    assert!(matches!(refused, Err(PlaceOrderError::Placement(PlacementError::Carts(_)))));
}

#[tokio::test]
async fn a_buyer_who_leaves_too_much_unpaid_is_refused() {
    let limits = UnpaidLimits { orders: Some(10), ..UnpaidLimits::NONE };
    let ten = UnpaidOrders { orders: 10, pieces: BTreeMap::new() };
    let shop = Shop { unpaid_limits: limits, ..Shop::with_buyer().selling([sku(4, "209", 9)]) };
    let shop = shop.writing(PreparedTransaction { unpaid: [(USER, ten)].into(), ..committing() });
    let placed = shop.start(request(DIRECT)).await;
    assert_eq!(placed.groups, []);
    let too_many = Refusal::TooManyUnpaidOrders { limit: 10 };
    assert!(matches!(
        placed.invitation(),
        Err(PlaceOrderError::Placement(PlacementError::Refused(refusal))) if refusal == too_many
    ));
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
async fn each_port_may_fail() {
    let down = Shop { buyer: Err(store_down), ..Shop::with_buyer() };
    assert!(matches!(
        down.place(request(DIRECT)).await,
        Err(PlaceOrderError::Placement(PlacementError::Store(_)))
    ));

    let mut shop = Shop::with_buyer();
    shop.carts.expect_load_many().returning(|_| Err(carts_down()));
    assert!(matches!(
        shop.place(request(OrderItems::Cart)).await,
        Err(PlaceOrderError::Placement(PlacementError::Carts(_)))
    ));

    let mut shop = Shop::with_buyer();
    knows_the_buyer(&mut shop, Some(address()));
    shop.direct_buys.expect_latest().returning(|_| Err(store_down()));
    assert!(matches!(shop.place(request(LATEST)).await, Err(PlaceOrderError::Store(_))));
}

/// The order is placed: the client gets its number, and it can be paid later.
#[tokio::test]
async fn an_order_whose_payment_cannot_be_signed_is_told() {
    let mut shop = Shop::with_buyer().selling([sku(4, "209", 9)]).writing(committing());
    shop.gateway.expect_pay_url().returning(|_| Err(alipay_down()));
    let placed = shop.start(request(DIRECT)).await;
    let number = placed.order().order.id.clone();
    let Err(PlaceOrderError::Unsigned { order_id, total_amount, .. }) = placed.outcome else {
        panic!("{:?}", placed.outcome)
    };
    assert_eq!((order_id, total_amount), (number, money("428")));
}

mod keys {
    use super::*;

    fn keyed() -> PlaceOrderRequest {
        PlaceOrderRequest { idempotency_key: IdempotencyKey::parse("k-1"), ..request(DIRECT) }
    }

    /// A shop with an order under the key.
    fn in_use() -> Shop {
        let hindered = PreparedTransaction::hindering(vec![Some(Obstacle::KeyInUse)]);
        Shop::with_buyer().selling([sku(4, "209", 9)]).writing(hindered)
    }

    fn record(digest: &str) -> IdempotencyRecord {
        IdempotencyRecord { digest: RequestDigest(digest.to_owned()), order_id: order_id() }
    }

    const DIGEST: &str = "address=7 sku=4*2 expected=";

    #[tokio::test]
    async fn a_repeated_request_gets_the_first_order() {
        let mut shop = in_use().charging("323.91");
        shop.orders
            .expect_find_by_key()
            .times(1)
            .withf(|user_id, key| *user_id == USER && key.as_str() == "k-1")
            .returning(|_, _| Ok(Some(record(DIGEST))));
        shop.orders.expect_find().times(1).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
        assert_eq!(shop.place(keyed()).await.unwrap().order_id, order_id());
    }

    /// As with operation 5: no buyer is offered to pay twice, or to pay an order that can no longer be paid.
    #[tokio::test]
    async fn its_repetition_does_not_invite_to_pay_what_is_not_to_be_paid() {
        use OrderStatus::{
            AwaitingPayment, AwaitingReceipt, AwaitingShipment, Cancelled, Completed, Refunded,
        };
        let repeat = async |found: Order| {
            let mut shop = in_use();
            shop.orders.expect_find_by_key().times(1).returning(|_, _| Ok(Some(record(DIGEST))));
            shop.orders.expect_find().times(1).return_once(|_| Ok(Some(found)));
            shop.start(keyed()).await.outcome
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
        let mut shop = in_use();
        shop.orders.expect_find_by_key().returning(|_, _| Ok(Some(record("address=8 sku=4*2 expected="))));
        assert!(matches!(shop.place(keyed()).await, Err(PlaceOrderError::KeyReused)));
    }

    #[tokio::test]
    async fn the_key_is_bound_with_the_order() {
        let shop = Shop::with_buyer().selling([sku(4, "209", 9)]).writing(committing()).charging("428");
        let placed = shop.start(keyed()).await;
        let bound =
            placed.order().idempotency.as_ref().map(|(key, digest)| (key.as_str(), digest.0.as_str()));
        assert_eq!(bound, Some(("k-1", DIGEST)));
        assert!(placed.invitation().is_ok());
    }

    /// The first request took the last piece, or emptied the cart: its repetition does not get that error.
    #[tokio::test]
    async fn the_order_of_the_first_counts_before_any_refusal_of_the_second() {
        let sold_out = Shop::with_buyer().selling([sku(4, "209", 0)]);
        let emptied = Shop::with_buyer().with_cart(cart(&[]));
        for (mut shop, items, digest) in
            [(sold_out, DIRECT, DIGEST), (emptied, OrderItems::Cart, "address=7 cart expected=")]
        {
            shop.orders.expect_find_by_key().times(1).returning(move |_, _| Ok(Some(record(digest))));
            shop.orders.expect_find().times(1).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
            let repeated = PlaceOrderRequest { items: Some(items), ..keyed() };
            assert_eq!(shop.charging("323.91").place(repeated).await.unwrap().order_id, order_id());
        }
    }

    /// After "too busy" a client uses another key for its next attempt, and would order twice.
    #[tokio::test]
    async fn while_the_first_cannot_be_looked_up_its_order_may_be_there() {
        let sold_out = || Shop::with_buyer().selling([sku(4, "209", 0)]);
        for mut shop in [in_use(), sold_out()] {
            shop.orders.expect_find_by_key().times(1).returning(|_, _| Err(rows_locked()));
            may_be_there(shop.place(keyed()).await);
        }
        let mut shop = in_use();
        shop.orders.expect_find_by_key().times(1).returning(|_, _| Ok(Some(record(DIGEST))));
        shop.orders.expect_find().times(1).returning(|_| Err(store_down()));
        may_be_there(shop.place(keyed()).await);
    }

    fn may_be_there(outcome: Result<impl std::fmt::Debug, PlaceOrderError>) {
        let Err(PlaceOrderError::Placement(PlacementError::Store(error))) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(matches!(*error, StoreError::OutcomeUnknown(_)), "{error:?}");
    }

    /// Also if the client does not name the goods, and its preview is outdated by now.
    #[tokio::test]
    async fn the_order_of_the_first_counts_before_the_latest_preview() {
        let mut shop = Shop::with_buyer().charging("323.91");
        knows_the_buyer(&mut shop, Some(address()));
        let digest = "address=7 latest expected=";
        shop.orders.expect_find_by_key().times(1).returning(move |_, _| Ok(Some(record(digest))));
        shop.orders.expect_find().times(1).returning(|_| Ok(Some(order(OrderStatus::AwaitingPayment))));
        let repeated = PlaceOrderRequest { items: LATEST, ..keyed() };
        assert_eq!(shop.place(repeated).await.unwrap().order_id, order_id());
    }
}
