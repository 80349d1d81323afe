//! Signing in, carts, addresses and goods, against mocked ports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use application::{
    BrowseGoods, BrowseGoodsError, EditAddresses, EditAddressesError, EditCart, EditCartError, SignIn,
    SignInError, SignInPorts, SignInRequest, SignInRules, SignedIn,
};
use async_trait::async_trait;
use domain::{
    AddressEdit, AddressEntries, AddressEntry, AddressId, AddressRefusal, CartEdit, CartRefusal, CatalogId,
    NotAdmitted, OfflineLine, Password, PasswordHash, SkuId, SpuId, StoredPassword, Username,
};
use futures_util::future::join_all;
use ports::{
    Credential, PasswordError, Passwords, SectionPage, StoreError,
    mock::{
        MockAddressEditor, MockCartRemovalQueue, MockCartStore, MockCatalog, MockClock, MockCredentials,
        MockPasswords, MockStorefrontReader, MockUsers,
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
    removals: Option<MockCartRemovalQueue>,
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
        let Self { users, carts, removals, catalog, credentials, passwords } = self;
        let cart = EditCart {
            users: Arc::new(users),
            carts: Arc::new(carts),
            removals: removals.map(|removals| Arc::new(removals) as _),
            catalog: Arc::new(catalog),
            limit: rules().quantity_limit,
        };
        (cart, credentials, passwords)
    }

    /// Bears two failures of a name from an address.
    fn sign_in(self) -> SignIn {
        self.sign_in_under(RULES)
    }

    fn sign_in_under(self, rules: SignInRules) -> SignIn {
        self.sign_in_at(clock(), rules)
    }

    fn sign_in_at(self, clock: MockClock, rules: SignInRules) -> SignIn {
        let (cart, credentials, passwords) = self.cart();
        let ports = SignInPorts {
            credentials: Arc::new(credentials),
            passwords: Arc::new(passwords),
            cart: Arc::new(cart),
            clock: Arc::new(clock),
        };
        SignIn::new(ports, rules)
    }
}

const RULES: SignInRules = SignInRules {
    token_life: Duration::from_secs(3600),
    window: Duration::from_secs(3600),
    failures: 2,
    failures_per_name: 1000,
    failures_per_address: None,
};

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

/// What comes of wrong passwords.
async fn wrong(sign_in: &SignIn, name: &str, address: &str) -> SignInError {
    sign_in.execute(&attempt(name, "wrong", address)).await.unwrap_err()
}

#[tokio::test]
async fn whoever_guesses_locks_out_themselves_alone() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    let sign_in = shop.sign_in();
    let name = &username().0;
    for _ in 0..2 {
        assert!(matches!(wrong(&sign_in, name, "10.0.0.9").await, SignInError::Wrong));
    }
    let guessed = sign_in.execute(&attempt(name, RIGHT, "10.0.0.9")).await;
    assert!(matches!(guessed, Err(SignInError::LockedOut)), "the right one too, from there");
    assert!(sign_in.execute(&right()).await.is_ok(), "the buyer, elsewhere");
    assert!(matches!(wrong(&sign_in, "another", "10.0.0.9").await, SignInError::Wrong), "another name");
    assert!(
        matches!(wrong(&sign_in, name, "::ffff:10.0.0.9").await, SignInError::LockedOut),
        "the same address"
    );
}

#[tokio::test]
async fn a_name_bears_more_from_many_addresses_but_not_everything() {
    let sign_in = Shop::with_user().sign_in_under(SignInRules { failures_per_name: 6, ..RULES });
    for host in [1, 1, 2, 2, 3, 3] {
        assert!(matches!(wrong(&sign_in, "a", &format!("10.0.0.{host}")).await, SignInError::Wrong));
    }
    for address in ["10.0.0.4", ""] {
        assert!(matches!(wrong(&sign_in, "a", address).await, SignInError::LockedOut));
    }
    assert!(matches!(wrong(&sign_in, "b", "10.0.0.4").await, SignInError::Wrong));
}

/// One password, tried for name after name.
#[tokio::test]
async fn an_address_is_counted_whoever_is_named_unless_that_is_not_wanted() {
    let counting =
        |most| Shop::with_user().sign_in_under(SignInRules { failures_per_address: most, ..RULES });
    let sign_in = counting(None);
    for name in 0..300 {
        assert!(matches!(wrong(&sign_in, &name.to_string(), "10.0.0.1").await, SignInError::Wrong));
    }
    let sign_in = counting(Some(5));
    for name in 0..5 {
        assert!(matches!(wrong(&sign_in, &name.to_string(), "10.0.0.1").await, SignInError::Wrong));
    }
    assert!(matches!(wrong(&sign_in, "x", "10.0.0.1").await, SignInError::LockedOut));
    assert!(matches!(wrong(&sign_in, "x", "10.0.0.2").await, SignInError::Wrong));
}

/// The removal of a line that was ordered is late: nobody is shown it, or adds to it what they then buy twice.
#[tokio::test]
async fn what_was_ordered_leaves_the_cart_before_it_is_shown_or_changed() {
    let ordering = || {
        let lines = cart(&[(4, 2, true)]).lines.into_iter().map(|line| (line.sku_id, line.stamp));
        let order_id = domain::OrderId::parse("2019112820400804").unwrap();
        ports::CartRemoval { order_id, user_id: USER, lines: lines.collect() }
    };
    let shop = || {
        let mut shop = Shop::with_user();
        let removed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let is_removed = Arc::clone(&removed);
        shop.carts.expect_load().returning(move |_| {
            let is_removed = is_removed.load(std::sync::atomic::Ordering::SeqCst);
            Ok(cart(if is_removed { &[(5, 1, true)] } else { &[(4, 2, true), (5, 1, true)] }))
        });
        let is_removed = Arc::clone(&removed);
        shop.carts
            .expect_remove_ordered()
            .times(1)
            .withf(move |removals| *removals == [ordering()])
            .returning(move |_| {
                is_removed.store(true, std::sync::atomic::Ordering::SeqCst);
                Ok(())
            });
        let mut removals = MockCartRemovalQueue::new();
        let mut pending = vec![ordering()];
        removals
            .expect_pending_of()
            .withf(|user| *user == USER)
            .returning(move |_| Ok(std::mem::take(&mut pending)));
        removals.expect_forget().times(1).withf(|ids| ids.len() == 1).returning(|_| Ok(()));
        shop.removals = Some(removals);
        shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "1.00", 9), sku(5, "1.00", 9)])));
        shop
    };
    let (edit, ..) = shop().cart();
    let shown = edit.show(&caller()).await.unwrap();
    assert_eq!(shown.iter().map(|line| line.sku_id).collect::<Vec<_>>(), [SkuId(5)]);
    let mut adding = shop();
    adding.carts.expect_write().times(1).returning(|_, changes| {
        assert_eq!(
            (changes.len(), changes[0].sku_id, &changes[0].was),
            (1, SkuId(4), &None),
            "as a new line"
        );
        Ok(true)
    });
    let (edit, ..) = adding.cart();
    edit.edit(&caller(), CartEdit::Add { sku_id: SkuId(4), count: 1 }).await.unwrap();
    let mut merging = shop();
    merging.carts.expect_write().times(1).returning(|_, _| Ok(true));
    let (edit, ..) = merging.cart();
    let offline = [OfflineLine { sku_id: SkuId(4), count: 1 }];
    assert_eq!(edit.merge(USER, &offline).await.unwrap(), 2);
}

/// Failures of so many names are remembered; an address that has no try left does not push others out.
#[tokio::test]
async fn an_address_that_is_locked_out_makes_nothing_be_forgotten() {
    let sign_in = Shop::with_user().sign_in_under(SignInRules { failures_per_address: Some(3), ..RULES });
    for name in 0..3 {
        wrong(&sign_in, &name.to_string(), "10.0.0.1").await;
    }
    for _ in 0..2 {
        assert!(matches!(wrong(&sign_in, "x", "10.0.0.2").await, SignInError::Wrong));
    }
    for name in 0..20_000 {
        assert!(matches!(
            wrong(&sign_in, &format!("made up {name}"), "10.0.0.1").await,
            SignInError::LockedOut
        ));
    }
    assert!(matches!(wrong(&sign_in, "x", "10.0.0.2").await, SignInError::LockedOut));
}

#[tokio::test]
async fn a_network_of_the_sixth_version_is_one_address() {
    let sign_in = Shop::with_user().sign_in();
    for host in 0..2 {
        assert!(matches!(wrong(&sign_in, "x", &format!("2001:db8:1:2::{host}")).await, SignInError::Wrong));
    }
    assert!(matches!(wrong(&sign_in, "x", "2001:db8:1:2:ffff::1").await, SignInError::LockedOut));
    assert!(matches!(wrong(&sign_in, "x", "2001:db8:1:3::1").await, SignInError::Wrong));
}

/// Passwords whose arithmetic lets others in between.
struct Slow {
    is_right: bool,
    tried: AtomicU32,
}

#[async_trait]
impl Passwords for Slow {
    fn is_md5(&self, _password: &Password, _md5: &str) -> bool {
        false
    }

    async fn verify(&self, _password: &Password, _hash: Option<PasswordHash>) -> Result<bool, PasswordError> {
        self.tried.fetch_add(1, Ordering::Relaxed);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        Ok(self.is_right)
    }

    async fn hash(&self, _password: &Password) -> Result<PasswordHash, PasswordError> {
        Err(PasswordError::Busy)
    }
}

/// What comes of all these at the same moment, and how many passwords were looked at.
async fn at_once(
    is_right: bool,
    rules: SignInRules,
    requests: Vec<SignInRequest>,
) -> (Vec<Result<SignedIn, SignInError>>, u32) {
    let mut shop = Shop::with_user();
    shop.credentials = MockCredentials::new();
    shop.credentials
        .expect_credential()
        .returning(|_| Ok(Some(Credential { user_id: USER, is_active: true, password: stored() })));
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    let (cart, credentials, _) = shop.cart();
    let passwords = Arc::new(Slow { is_right, tried: AtomicU32::new(0) });
    let ports = SignInPorts {
        credentials: Arc::new(credentials),
        passwords: Arc::clone(&passwords) as _,
        cart: Arc::new(cart),
        clock: Arc::new(clock()),
    };
    let sign_in = SignIn::new(ports, rules);
    let ends = join_all(requests.iter().map(|request| sign_in.execute(request))).await;
    (ends, passwords.tried.load(Ordering::Relaxed))
}

/// Attempts that have not ended are no failures.
#[tokio::test]
async fn right_ones_at_the_same_moment_are_all_let_in() {
    let same_name = (0..20).map(|_| attempt("a", RIGHT, "10.0.0.1"));
    let others = (0..200).map(|name| attempt(&name.to_string(), RIGHT, "10.0.0.1"));
    let rules = SignInRules { failures_per_address: Some(2), ..RULES };
    let (ends, tried) = at_once(true, rules, same_name.chain(others).collect()).await;
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    assert_eq!(tried, 220);
}

/// However many are sent before the first of them has failed.
#[tokio::test]
async fn guesses_at_the_same_moment_are_no_more_than_those_one_after_the_other() {
    let (ends, tried) = at_once(false, RULES, vec![attempt("a", "wrong", "10.0.0.1"); 50]).await;
    assert_eq!(tried, 2);
    assert_eq!(ends.iter().filter(|end| matches!(end, Err(SignInError::LockedOut))).count(), 48);
}

#[tokio::test]
async fn the_right_password_forgives_the_wrong_ones_before() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    let sign_in = shop.sign_in();
    for _ in 0..5 {
        assert!(matches!(wrong(&sign_in, &username().0, "10.0.0.1").await, SignInError::Wrong));
        assert!(sign_in.execute(&right()).await.is_ok());
    }
}

/// The shop's clock may have been a day ahead when the attempts failed.
#[tokio::test]
async fn a_lock_ends_whatever_the_clock_says() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    let day = Duration::from_secs(24 * 3600);
    let mut times = vec![noon().after(day); 2];
    let mut clock = MockClock::new();
    clock.expect_now().returning(move || times.pop().unwrap_or_else(noon));
    let sign_in =
        shop.sign_in_at(clock, SignInRules { window: Duration::from_millis(1), failures: 1, ..RULES });
    assert!(matches!(wrong(&sign_in, &username().0, "10.0.0.1").await, SignInError::Wrong));
    while let Err(error) = sign_in.execute(&right()).await {
        assert!(matches!(error, SignInError::LockedOut), "{error:?}");
        tokio::task::yield_now().await;
    }
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
        assert!(matches!(sign_in.execute(&right()).await, Err(SignInError::Busy)));
    }
}

#[tokio::test]
async fn whoever_cannot_keep_their_offline_cart_is_not_signed_in() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Err(carts_down()));
    let offline_cart = vec![OfflineLine { sku_id: SkuId(4), count: 3 }];
    let sign_in = shop.sign_in();
    let refused = sign_in.execute(&SignInRequest { offline_cart, ..right() }).await;
    assert!(matches!(refused, Err(SignInError::Cart(EditCartError::Carts(_)))));
    // Nothing is to be kept, and nothing is lost.
    assert!(sign_in.execute(&right()).await.is_ok());
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
    let browse = |storefront: MockStorefrontReader| BrowseGoods { storefront: Arc::new(storefront) };
    let mut storefront = MockStorefrontReader::new();
    storefront.expect_section_page().times(2).returning(|_, _, _| Ok(SectionPage { skus: vec![], total: 0 }));
    let goods = browse(storefront);
    assert!(goods.section(CatalogId(1), 1).await.is_ok());
    assert!(matches!(goods.section(CatalogId(1), 2).await, Err(BrowseGoodsError::NoSuchPage)));
    assert!(matches!(goods.section(CatalogId(1), 0).await, Err(BrowseGoodsError::NoSuchPage)));
    assert!(matches!(goods.section(CatalogId(1), u32::MAX).await, Err(BrowseGoodsError::NoSuchPage)));

    let mut storefront = MockStorefrontReader::new();
    storefront.expect_product_of().returning(|_| Ok(None));
    storefront.expect_product().returning(|_| Ok(None));
    storefront.expect_sections().returning(|_, _| Err(store_down()));
    let goods = browse(storefront);
    assert!(matches!(goods.detail(SkuId(1)).await, Err(BrowseGoodsError::UnknownSku)));
    let chosen = Default::default();
    assert!(matches!(goods.choose(SpuId(1), &chosen).await, Err(BrowseGoodsError::NoSuchCombination)));
    assert!(matches!(goods.front().await, Err(BrowseGoodsError::Store(_))));
}
