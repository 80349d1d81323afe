//! Sign-in, carts, addresses and goods, with mocked ports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod carts;
mod sign_in;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use application::{
    BrowseGoods, BrowseGoodsError, SectionPage, ShoppingError, ShoppingService, SignIn, SignInError,
    SignInPorts, SignInRequest, SignInRules, SignedIn,
};
use async_trait::async_trait;
use domain::{
    AddressEdit, AddressEntries, AddressEntry, AddressId, AddressRefusal, CartEdit, CartRefusal, CatalogId,
    NotAdmitted, OfflineLine, Password, PasswordHash, SkuId, SpuId, StoredPassword, Username,
};
use futures_util::future::join_all;
use ports::{
    Credential, PasswordError, Passwords, StoreError,
    mock::{
        MockAddressBook, MockCartRemovalQueue, MockCartStore, MockCatalog, MockClock, MockCredentials,
        MockPasswords, MockStorefrontReader, MockUsers,
    },
};

use crate::support::{
    USER, address, caller, cart, carts_down, clock, noon, rows_locked, shelf, shopping, sku, store_down,
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
    /// One user, whose password is stored as a hash.
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

    fn cart(self) -> (ShoppingService, MockCredentials, MockPasswords) {
        let Self { users, carts, removals, catalog, credentials, passwords } = self;
        let cart = ShoppingService {
            users: Arc::new(users),
            carts: Arc::new(carts),
            removals: removals.map(|removals| Arc::new(removals) as _),
            catalog: Arc::new(catalog),
            ..shopping()
        };
        (cart, credentials, passwords)
    }

    /// Allows two failures per name and address.
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
            shopping: Arc::new(cart),
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

fn entries() -> AddressEntries {
    AddressEntries(vec![AddressEntry { address: address(), postcode: "100062".to_owned() }])
}

async fn prefer(book: MockAddressBook, id: i32) -> Result<AddressEntries, ShoppingError> {
    let mut users = MockUsers::new();
    users.expect_authenticate().returning(|_| Ok(Ok(USER)));
    let use_case = ShoppingService { users: Arc::new(users), address_book: Arc::new(book), ..shopping() };
    use_case.edit_addresses(&caller(), &AddressEdit::Prefer(AddressId(id))).await
}

#[tokio::test]
async fn an_address_book_is_changed_as_it_is_by_then() {
    let mut book = MockAddressBook::new();
    book.expect_entries().times(3).returning(|_| Ok(entries()));
    let mut outcomes = vec![Ok(true), Err(rows_locked())];
    book.expect_apply().times(2).returning(move |_, _, _, _| outcomes.pop().unwrap());
    assert_eq!(prefer(book, 7).await.unwrap(), entries());

    let mut book = MockAddressBook::new();
    book.expect_entries().returning(|_| Ok(entries()));
    let refused = prefer(book, 8).await;
    assert!(matches!(refused, Err(ShoppingError::Address(AddressRefusal::Unknown))));

    let unknown = || StoreError::OutcomeUnknown("lost".into());
    let mut book = MockAddressBook::new();
    book.expect_entries().returning(|_| Ok(entries()));
    book.expect_apply().times(1).returning(move |_, _, _, _| Err(unknown()));
    assert!(matches!(prefer(book, 7).await, Err(ShoppingError::Store(_))), "not done twice");
}

/// However many clients read different pages at the same time, the category is counted once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kind_is_counted_once_for_all_who_wait() {
    let mut storefront = MockStorefrontReader::new();
    storefront.expect_section_size().times(1).returning(|_| {
        std::thread::sleep(Duration::from_millis(100));
        Ok(0)
    });
    let goods = Arc::new(BrowseGoods::new(Arc::new(storefront)));
    let look = |page| {
        let goods = Arc::clone(&goods);
        tokio::spawn(async move { goods.section(CatalogId(1), page).await })
    };
    for looked in join_all((2..6).map(look)).await {
        assert!(matches!(looked.unwrap(), Err(BrowseGoodsError::NoSuchPage)));
    }
}

#[tokio::test]
async fn goods_that_are_not_there() {
    let browse = |storefront: MockStorefrontReader| BrowseGoods::new(Arc::new(storefront));
    let mut storefront = MockStorefrontReader::new();
    // Pages beyond the end cost the database one count per second, however many are requested.
    storefront.expect_section_size().times(1).returning(|_| Ok(0));
    storefront.expect_section_page().times(1).returning(|_, _, _| Ok(vec![]));
    let goods = browse(storefront);
    assert_eq!(goods.section(CatalogId(1), 1).await.unwrap(), SectionPage { skus: vec![], total: 0 });
    for page in 2..9 {
        assert!(matches!(goods.section(CatalogId(1), page).await, Err(BrowseGoodsError::NoSuchPage)));
    }
    assert!(matches!(goods.section(CatalogId(1), 0).await, Err(BrowseGoodsError::NoSuchPage)));
    assert!(matches!(goods.section(CatalogId(1), u32::MAX).await, Err(BrowseGoodsError::NoSuchPage)));

    let mut storefront = MockStorefrontReader::new();
    storefront.expect_section_size().returning(|_| Ok(10));
    // The SKUs left the shelf after they were counted.
    storefront.expect_section_page().times(2).returning(|_, _, _| Ok(vec![]));
    let goods = browse(storefront);
    assert!(goods.section(CatalogId(1), 1).await.is_ok());
    assert!(matches!(goods.section(CatalogId(1), 2).await, Err(BrowseGoodsError::NoSuchPage)));

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
