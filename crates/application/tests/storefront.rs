//! Signing in, carts, addresses and goods, against mocked ports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::{net::IpAddr, sync::Arc, time::Duration};

use application::{
    BrowseGoods, BrowseGoodsError, EditAddresses, EditAddressesError, EditCart, EditCartError, SignIn,
    SignInError, SignInPorts, SignInRequest, SignInRules, SignedIn,
};
use domain::{
    AddressEdit, AddressEntries, AddressEntry, AddressId, AddressRefusal, CartEdit, CartRefusal, CatalogId,
    NotAdmitted, OfflineLine, Password, PasswordHash, SkuId, SpuId, StoredPassword, Username,
};
use ports::{
    Credential, PasswordError, ShelfPage, StoreError,
    mock::{
        MockAddressEditor, MockCartStore, MockCatalog, MockCredentials, MockPasswords, MockShowcase,
        MockUsers,
    },
};
use support::{
    USER, address, caller, cart, carts_down, clock, noon, rows_locked, rules, shelf, sku, store_down,
    username,
};

const RIGHT: &str = "123456";

#[derive(Default)]
struct Shop {
    users: MockUsers,
    carts: MockCartStore,
    catalog: MockCatalog,
    credentials: MockCredentials,
    passwords: MockPasswords,
}

impl Shop {
    /// One user, whose password is kept as a hash.
    fn with_user() -> Self {
        let mut shop = Self::default();
        shop.users.expect_authenticate().returning(|_| Ok(Ok(USER)));
        shop.credentials.expect_credential().returning(|name| {
            let found = Credential { user_id: USER, is_active: true, password: stored() };
            Ok(Some(found).filter(|_| *name == username()))
        });
        shop.passwords.expect_verify().returning(|password, hash| Ok(hash.is_some() && password.0 == RIGHT));
        shop
    }

    fn cart(self) -> (EditCart, MockCredentials, MockPasswords) {
        let Self { users, carts, catalog, credentials, passwords } = self;
        let cart = EditCart {
            users: Arc::new(users),
            carts: Arc::new(carts),
            catalog: Arc::new(catalog),
            limit: rules().quantity_limit,
        };
        (cart, credentials, passwords)
    }

    /// Bears two failures of a name, and five from an address.
    fn sign_in(self) -> SignIn {
        let (cart, credentials, passwords) = self.cart();
        let ports = SignInPorts {
            credentials: Arc::new(credentials),
            passwords: Arc::new(passwords),
            cart: Arc::new(cart),
            clock: Arc::new(clock()),
        };
        let token_life = Duration::from_secs(3600);
        SignIn::new(ports, SignInRules { token_life, failures_per_name: 2, failures_per_address: 5 })
    }
}

fn stored() -> StoredPassword {
    StoredPassword { md5: String::new(), hash: Some(PasswordHash("hash".to_owned())) }
}

fn attempt(name: &str, password: &str, address: &str) -> SignInRequest {
    SignInRequest {
        username: Username(name.to_owned()),
        password: Password(password.to_owned()),
        address: address.parse::<IpAddr>().ok(),
        offline_cart: Vec::new(),
    }
}

fn right() -> SignInRequest {
    attempt(&username().0, RIGHT, "10.0.0.1")
}

#[tokio::test]
async fn a_token_lives_as_long_as_configured() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[(4, 1, true)])));
    let signed_in = shop.sign_in().execute(&right()).await.unwrap();
    let token_until = noon().after(Duration::from_secs(3600));
    assert_eq!(signed_in, SignedIn { cart_lines: 1, token_until, password: stored() });
}

#[tokio::test]
async fn failures_are_counted_by_name_and_by_address() {
    let sign_in = Shop::with_user().sign_in();
    let outcome = async |name: &str, address: &str| sign_in.execute(&attempt(name, "wrong", address)).await;
    for name in ["a", "a", "b", "b", "c"] {
        assert!(matches!(outcome(name, "10.0.0.1").await, Err(SignInError::Wrong)), "{name}");
    }
    assert!(matches!(outcome("d", "10.0.0.1").await, Err(SignInError::TooMany)), "the address");
    assert!(matches!(outcome("a", "10.0.0.2").await, Err(SignInError::TooMany)), "the name");
    assert!(matches!(outcome("a", "").await, Err(SignInError::TooMany)), "the name, from nowhere");
    assert!(matches!(outcome("d", "::ffff:10.0.0.1").await, Err(SignInError::TooMany)), "the same address");
    assert!(matches!(outcome("d", "10.0.0.2").await, Err(SignInError::Wrong)));
}

#[tokio::test]
async fn a_network_of_the_sixth_version_is_one_address() {
    let sign_in = Shop::with_user().sign_in();
    for host in 0..5 {
        let request = attempt(&host.to_string(), "wrong", &format!("2001:db8:1:2::{host}"));
        assert!(matches!(sign_in.execute(&request).await, Err(SignInError::Wrong)));
    }
    let same = attempt("x", "wrong", "2001:db8:1:2:ffff::1");
    assert!(matches!(sign_in.execute(&same).await, Err(SignInError::TooMany)));
    let other = attempt("x", "wrong", "2001:db8:1:3::1");
    assert!(matches!(sign_in.execute(&other).await, Err(SignInError::Wrong)));
}

#[tokio::test]
async fn a_database_that_fails_locks_nobody_out() {
    let mut shop = Shop::default();
    shop.credentials.expect_credential().times(9).returning(|_| Err(store_down()));
    let sign_in = shop.sign_in();
    for _ in 0..9 {
        assert!(matches!(sign_in.execute(&right()).await, Err(SignInError::Store(_))));
    }
    let mut shop = Shop::default();
    shop.credentials.expect_credential().returning(|_| Ok(None));
    shop.passwords.expect_verify().times(9).returning(|_, _| Err(PasswordError::Busy));
    let sign_in = shop.sign_in();
    for _ in 0..9 {
        assert!(matches!(sign_in.execute(&right()).await, Err(SignInError::TooMany)));
    }
}

#[tokio::test]
async fn whoever_cannot_keep_their_offline_cart_is_not_signed_in() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Err(carts_down()));
    let refused = shop.sign_in().execute(&right()).await;
    assert!(matches!(refused, Err(SignInError::Cart(EditCartError::Carts(_)))));
}

#[tokio::test]
async fn merging_is_tried_again_on_what_is_there_by_then() {
    let mut shop = Shop::with_user();
    let mut stored = vec![cart(&[(4, 5, false), (5, 1, true)]), cart(&[(5, 1, true)])];
    shop.carts.expect_load().times(2).returning(move |_| Ok(stored.pop().unwrap()));
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "209", 9)])));
    let mut written = Vec::new();
    shop.carts.expect_write().times(2).returning(move |_, changes| {
        written.push((changes[0].was.is_some(), changes[0].count));
        Ok(written == [(false, 3), (true, 5)])
    });
    let (cart, ..) = shop.cart();
    let lines = cart.merge(USER, &[OfflineLine { sku_id: SkuId(4), count: 3 }]).await.unwrap();
    assert_eq!(lines, 2);
}

#[tokio::test]
async fn a_cart_that_others_change_all_the_time_is_given_up() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "209", 9)])));
    shop.carts.expect_write().times(8).returning(|_, _| Ok(false));
    let (cart, ..) = shop.cart();
    let refused = cart.edit(&caller(), CartEdit::Add { sku_id: SkuId(4), count: 1 }).await;
    assert!(matches!(refused, Err(EditCartError::Conflict)));
}

#[tokio::test]
async fn each_port_of_a_cart_may_fail() {
    let add = CartEdit::Add { sku_id: SkuId(4), count: 1 };
    let mut shop = Shop::default();
    shop.users.expect_authenticate().returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
    assert!(matches!(
        shop.cart().0.show(&caller()).await,
        Err(EditCartError::NotAdmitted(NotAdmitted::UnknownUser))
    ));
    let mut shop = Shop::default();
    shop.users.expect_authenticate().returning(|_| Err(store_down()));
    assert!(matches!(shop.cart().0.edit(&caller(), add).await, Err(EditCartError::Store(_))));
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    shop.catalog.expect_skus().returning(|_| Ok(shelf([])));
    let refused = shop.cart().0.edit(&caller(), add).await;
    assert!(matches!(refused, Err(EditCartError::Refused(CartRefusal::UnknownSku))));
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "209", 9)])));
    shop.carts.expect_write().returning(|_, _| Err(carts_down()));
    assert!(matches!(shop.cart().0.edit(&caller(), add).await, Err(EditCartError::Carts(_))));
    let mut shop = Shop::with_user();
    shop.carts.expect_discard().returning(|_, _| Err(carts_down()));
    assert!(matches!(shop.cart().0.discard(&caller(), &[SkuId(4)]).await, Err(EditCartError::Carts(_))));
}

fn entries() -> AddressEntries {
    AddressEntries(vec![AddressEntry { address: address(), postcode: "100062".to_owned() }])
}

async fn prefer(editor: MockAddressEditor, id: i32) -> Result<AddressEntries, EditAddressesError> {
    let mut users = MockUsers::new();
    users.expect_authenticate().returning(|_| Ok(Ok(USER)));
    let use_case =
        EditAddresses { users: Arc::new(users), editor: Arc::new(editor), clock: Arc::new(clock()) };
    use_case.edit(&caller(), &AddressEdit::Prefer(AddressId(id))).await
}

#[tokio::test]
async fn an_address_book_is_changed_as_it_is_by_then() {
    let mut editor = MockAddressEditor::new();
    editor.expect_entries().times(3).returning(|_| Ok(entries()));
    let mut outcomes = vec![Ok(true), Err(rows_locked())];
    editor.expect_apply().times(2).returning(move |_, _, _, _| outcomes.pop().unwrap());
    assert_eq!(prefer(editor, 7).await.unwrap(), entries());

    let mut editor = MockAddressEditor::new();
    editor.expect_entries().returning(|_| Ok(entries()));
    let refused = prefer(editor, 8).await;
    assert!(matches!(refused, Err(EditAddressesError::Refused(AddressRefusal::Unknown))));

    let unknown = || StoreError::OutcomeUnknown("lost".into());
    let mut editor = MockAddressEditor::new();
    editor.expect_entries().returning(|_| Ok(entries()));
    editor.expect_apply().times(1).returning(move |_, _, _, _| Err(unknown()));
    assert!(matches!(prefer(editor, 7).await, Err(EditAddressesError::Store(_))), "not done twice");
}

#[tokio::test]
async fn goods_that_are_not_there() {
    let browse = |showcase: MockShowcase| BrowseGoods { showcase: Arc::new(showcase) };
    let mut showcase = MockShowcase::new();
    showcase.expect_shelf_page().times(2).returning(|_, _, _| Ok(ShelfPage { skus: vec![], total: 0 }));
    let goods = browse(showcase);
    assert!(goods.shelf(CatalogId(1), 1).await.is_ok());
    assert!(matches!(goods.shelf(CatalogId(1), 2).await, Err(BrowseGoodsError::NoSuchPage)));
    assert!(matches!(goods.shelf(CatalogId(1), 0).await, Err(BrowseGoodsError::NoSuchPage)));
    assert!(matches!(goods.shelf(CatalogId(1), u32::MAX).await, Err(BrowseGoodsError::NoSuchPage)));

    let mut showcase = MockShowcase::new();
    showcase.expect_product_of().returning(|_| Ok(None));
    showcase.expect_product().returning(|_| Ok(None));
    showcase.expect_shelves().returning(|_, _| Err(store_down()));
    let goods = browse(showcase);
    assert!(matches!(goods.detail(SkuId(1)).await, Err(BrowseGoodsError::UnknownSku)));
    let chosen = Default::default();
    assert!(matches!(goods.choose(SpuId(1), &chosen).await, Err(BrowseGoodsError::NoSuchCombination)));
    assert!(matches!(goods.front().await, Err(BrowseGoodsError::Store(_))));
}
