//! 确认订单 with mocked ports.

use std::sync::Arc;

use application::{OrderItems, PlacementError, Preview, ShoppingService};
use domain::{
    AddressEntries, AddressEntry, InvalidQuantity, Money, NotAdmitted, Refusal, SkuId, UnavailableReason,
};
use ports::{
    CartRemoval, DirectBuy,
    mock::{MockAddressBook, MockCartRemovalQueue, MockCartStore, MockCatalog, MockDirectBuys, MockUsers},
};

use crate::support::*;

/// The ports of one preview. A call that a test does not prepare fails the test.
#[derive(Default)]
struct Shop {
    users: MockUsers,
    address_book: MockAddressBook,
    catalog: MockCatalog,
    carts: MockCartStore,
    removals: MockCartRemovalQueue,
    direct_buys: MockDirectBuys,
    free_delivery: bool,
}

impl Shop {
    fn with_buyer() -> Self {
        let mut shop = Self::default();
        shop.users.expect_authenticate().times(1).returning(|_| Ok(Ok(USER)));
        shop.address_book.expect_entries().times(1).returning(|_| {
            let entry = AddressEntry { address: address(), postcode: String::new() };
            Ok(AddressEntries(vec![entry]))
        });
        shop
    }

    fn with_cart(lines: &'static [(i32, i64, bool)]) -> Self {
        let mut shop = Self::with_buyer();
        shop.carts.expect_load().times(1).returning(|_| Ok(cart(lines)));
        shop.removals.expect_pending_of().times(1).withf(|user| *user == USER).returning(|_| Ok(Vec::new()));
        shop
    }

    /// Expects the earlier preview to be forgotten.
    fn forgetting(mut self) -> Self {
        self.direct_buys.expect_forget().times(1).withf(|user| *user == USER).returning(|_| Ok(()));
        self
    }

    async fn preview(self, items: OrderItems) -> Preview {
        let mut rules = rules();
        if self.free_delivery {
            rules.pricing.freight = Money::ZERO;
        }
        let use_case = ShoppingService {
            users: Arc::new(self.users),
            address_book: Arc::new(self.address_book),
            catalog: Arc::new(self.catalog),
            carts: Arc::new(self.carts),
            removals: Some(Arc::new(self.removals)),
            direct_buys: Arc::new(self.direct_buys),
            clock: Arc::new(clock()),
            randomness: Arc::new(always_0()),
            rules,
        };
        use_case.preview(&caller(), items).await
    }

    /// The refusal. The preview must contain the buyer's addresses.
    async fn refusal(self, items: OrderItems) -> PlacementError {
        let Preview { addresses, quote } = self.preview(items).await;
        assert_eq!(addresses, [address()], "the page shows the addresses whatever went wrong");
        quote.unwrap_err()
    }
}

const DIRECT: OrderItems = OrderItems::Direct { sku_id: SkuId(4), quantity: 2 };

#[tokio::test]
async fn the_ticked_lines_are_priced_and_the_rest_left_out() {
    let mut shop = Shop::with_cart(&[(4, 2, true), (5, 1, false), (6, 1, true), (9, 3, true)]);
    shop.catalog.expect_skus().times(1).withf(|ids| ids == [SkuId(4), SkuId(6), SkuId(9)]).returning(|_| {
        let mut off_shelf = sku(9, "5", 5);
        off_shelf.is_launched = false;
        Ok(shelf([sku(4, "104.95", 0), off_shelf]))
    });
    let Preview { addresses, quote } = shop.preview(OrderItems::Cart).await;
    let quote = quote.unwrap();
    assert_eq!(addresses, [address()]);
    assert_eq!(quote.goods_amount, money("209.90"));
    assert_eq!(quote.payment_amount, money("219.90"));
    let missing: Vec<_> = quote.unavailable.iter().map(|line| (line.sku_id.0, line.reason)).collect();
    assert_eq!(missing, [(6, UnavailableReason::Gone), (9, UnavailableReason::OffShelf)]);
}

#[tokio::test]
async fn what_was_ordered_and_is_still_in_the_cart_is_not_shown() {
    let mut shop = Shop::with_buyer();
    let lines = cart(&[(4, 2, true), (5, 1, true)]);
    let ordered = vec![(SkuId(5), lines.lines[1].stamp.clone())];
    let ordered = CartRemoval { order_id: order_id(), user_id: USER, lines: ordered };
    shop.carts.expect_load().returning(move |_| Ok(lines.clone()));
    shop.removals.expect_pending_of().returning(move |_| Ok(vec![ordered.clone()]));
    shop.catalog
        .expect_skus()
        .times(1)
        .withf(|ids| ids == [SkuId(4)])
        .returning(|_| Ok(shelf([sku(4, "104.95", 9)])));
    let quote = shop.preview(OrderItems::Cart).await.quote.unwrap();
    assert_eq!(quote.total_count, 2);
}

#[tokio::test]
async fn a_direct_buy_is_remembered_and_leaves_the_cart_alone() {
    let mut shop = Shop::with_buyer();
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "209", 9)])));
    shop.direct_buys
        .expect_remember()
        .times(1)
        .withf(|user, buy| {
            let DirectBuy { sku_id, quantity, previewed_at } = *buy;
            *user == USER && sku_id == SkuId(4) && quantity.pieces() == 2 && previewed_at == noon()
        })
        .returning(|_, _| Ok(()));
    let quote = shop.preview(DIRECT).await.quote.unwrap();
    assert_eq!(quote.payment_amount, money("428"));
}

#[tokio::test]
async fn a_direct_buy_of_what_is_not_on_the_shelf_is_refused_and_what_was_shown_before_is_forgotten() {
    let mut shop = Shop::with_buyer();
    shop.catalog.expect_skus().returning(|_| Ok(shelf([])));
    let shop = shop.forgetting();
    assert!(matches!(shop.refusal(DIRECT).await, PlacementError::Refused(Refusal::Unavailable(SkuId(4)))));
}

#[tokio::test]
async fn a_quantity_that_is_not_allowed_is_refused() {
    for quantity in [0, -1, 201] {
        let items = OrderItems::Direct { sku_id: SkuId(4), quantity };
        let refusal = Shop::with_buyer().forgetting().refusal(items).await;
        assert!(
            matches!(refusal, PlacementError::InvalidQuantity(InvalidQuantity { most: 200 })),
            "{quantity}"
        );
    }
    let mut shop = Shop::with_cart(&[(4, 0, true)]);
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "209", 9)])));
    assert!(matches!(shop.refusal(OrderItems::Cart).await, PlacementError::InvalidQuantity(_)));
}

/// A cart line with an invalid count, from the old back end, must not prevent an order of the rest.
#[tokio::test]
async fn the_count_of_what_cannot_be_bought_does_not_matter() {
    let mut shop = Shop::with_cart(&[(4, 2, true), (6, 0, true), (9, 201, true)]);
    shop.catalog.expect_skus().returning(|_| {
        let mut off_shelf = sku(9, "5", 5);
        off_shelf.is_launched = false;
        Ok(shelf([sku(4, "104.95", 9), off_shelf]))
    });
    let quote = shop.preview(OrderItems::Cart).await.quote.unwrap();
    assert_eq!((quote.total_count, quote.payment_amount), (2, money("219.90")));
    assert_eq!(quote.unavailable.iter().map(|line| line.sku_id.0).collect::<Vec<_>>(), [6, 9]);
}

#[tokio::test]
async fn nothing_ticked_is_refused() {
    for lines in [&[][..], &[(4, 1, false)][..]] {
        let refusal = Shop::with_cart(lines).refusal(OrderItems::Cart).await;
        assert!(matches!(refusal, PlacementError::NothingSelected));
    }
}

#[tokio::test]
async fn a_sum_past_all_bounds_is_refused() {
    let mut shop = Shop::with_cart(&[(4, 2, true)]);
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "99999999.99", 9)])));
    assert!(matches!(shop.refusal(OrderItems::Cart).await, PlacementError::Refused(Refusal::TooExpensive)));
}

#[tokio::test]
async fn what_costs_nothing_is_refused() {
    let mut shop = Shop::with_cart(&[(4, 2, true)]);
    shop.free_delivery = true;
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "0", 9)])));
    assert!(matches!(shop.refusal(OrderItems::Cart).await, PlacementError::Refused(Refusal::CostsNothing)));
}

#[tokio::test]
async fn a_user_who_is_not_there_sees_nothing() {
    let mut shop = Shop::default();
    shop.users.expect_authenticate().returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
    let refusal = shop.preview(OrderItems::Cart).await.quote.unwrap_err();
    assert!(matches!(refusal, PlacementError::NotAdmitted(NotAdmitted::UnknownUser)));
}

#[tokio::test]
async fn each_port_may_fail() {
    let mut shop = Shop::default();
    shop.users.expect_authenticate().returning(|_| Err(store_down()));
    assert!(matches!(shop.preview(DIRECT).await.quote.unwrap_err(), PlacementError::Store(_)));

    let mut shop = Shop::default();
    shop.users.expect_authenticate().returning(|_| Ok(Ok(USER)));
    shop.address_book.expect_entries().returning(|_| Err(store_down()));
    assert!(matches!(shop.preview(DIRECT).await.quote.unwrap_err(), PlacementError::Store(_)));

    let mut shop = Shop::with_buyer();
    shop.carts.expect_load().returning(|_| Err(carts_down()));
    assert!(matches!(shop.refusal(OrderItems::Cart).await, PlacementError::Carts(_)));

    let mut shop = Shop::with_buyer();
    shop.carts.expect_load().returning(|_| Ok(cart(&[(4, 1, true)])));
    shop.removals.expect_pending_of().returning(|_| Err(store_down()));
    assert!(matches!(shop.refusal(OrderItems::Cart).await, PlacementError::Store(_)));

    let mut shop = Shop::with_buyer();
    shop.catalog.expect_skus().returning(|_| Err(store_down()));
    let shop = shop.forgetting();
    assert!(matches!(shop.refusal(DIRECT).await, PlacementError::Store(_)));

    let mut shop = Shop::with_buyer();
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "209", 9)])));
    shop.direct_buys.expect_remember().times(1).returning(|_, _| Err(store_down()));
    assert!(
        matches!(shop.refusal(DIRECT).await, PlacementError::Store(_)),
        "a page that does not say what it buys would order what was shown before"
    );

    let mut shop = Shop::with_buyer();
    shop.catalog.expect_skus().returning(|_| Ok(shelf([])));
    shop.direct_buys.expect_forget().times(1).returning(|_| Err(store_down()));
    assert!(matches!(shop.refusal(DIRECT).await, PlacementError::Store(_)));
}
