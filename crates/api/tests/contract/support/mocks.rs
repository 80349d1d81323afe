use std::{sync::Arc, time::Duration};

use actix_web::{test::TestRequest, web::Data};
use api::{
    configuration::Origins,
    http::{Readiness, ReadinessReport, Secrets, SecretsInForce},
};
use async_trait::async_trait;
use domain::{
    Address, AddressEntries, AddressEntry, Cart, NotAdmitted, OrderId, OrderLedger, OrderStatus, Refund,
    RepeatGuard, ShopTime, Sku, UnpaidOrders, UserId,
};
use ports::{
    AppendError, BegunPlacing, Buyer, BuyerQuery, Claimed, Destination, DueOrder, LockedOrder, OrderClaim,
    OrderRepo, PaymentChannels, PlacingStore, StoreError,
    mock::{
        BuyerAnswer, Ledgers, MockAddressBook, MockAdminOrders, MockCartRemovalQueue, MockCartStore,
        MockCatalog, MockCredentials, MockDirectBuys, MockOrderReader, MockPasswords, MockPaymentGateway,
        MockStorefrontReader, MockUsers, MockWebhookEndpoints, MockWebhookQueue, PreparedPlacing,
        PreparedTransaction,
    },
};
use serde_json::Value;

use super::{Answer, BODY_LIMIT, Backends, Client, PROCESSING, RESULT_PAGE, post_json, secrets, with_token};
use crate::samples::{USER, address, merchant, order, shelf, username};

/// The mocked ports of the shop.
pub(crate) struct Mocks {
    pub(crate) users: MockUsers,
    pub(crate) address_book: MockAddressBook,
    pub(crate) catalog: MockCatalog,
    pub(crate) carts: MockCartStore,
    pub(crate) direct_buys: MockDirectBuys,
    pub(crate) orders: MockOrderReader,
    pub(crate) admin: MockAdminOrders,
    /// The ledgers of placed orders.
    pub(crate) ledgers: Ledgers,
    /// The database's answer about the buyer who places an order.
    pub(crate) buyer: Box<BuyerAnswer>,
    /// The transactions that place orders.
    pub(crate) transactions: Vec<Result<PreparedTransaction, StoreError>>,
    pub(crate) gateway: MockPaymentGateway,
    pub(crate) storefront: MockStorefrontReader,
    pub(crate) credentials: MockCredentials,
    pub(crate) passwords: MockPasswords,
    pub(crate) webhooks: MockWebhookQueue,
    pub(crate) endpoints: MockWebhookEndpoints,
    /// Whether `/v1/tokens` is on.
    pub(crate) signs_in: bool,
    /// The secrets that sign and verify tokens.
    pub(crate) secrets: Secrets,
    pub(crate) readiness: ReadinessReport,
    pub(crate) result_page: &'static str,
    /// The largest body, in bytes.
    pub(crate) body_limit: usize,
    pub(crate) origins: Origins,
    /// How long it takes until a transaction has begun.
    pub(crate) begin_after: Duration,
    /// Whether delivery costs nothing in a preview.
    pub(crate) free_delivery: bool,
}

/// A fixed readiness report.
pub(super) struct Ready(pub(super) ReadinessReport);

#[async_trait]
impl Readiness for Ready {
    async fn report(&self) -> ReadinessReport {
        self.0.clone()
    }
}

/// A database in which placing an order waits for a connection.
struct SlowPlacing {
    placing: Arc<PreparedPlacing>,
    begin_after: Duration,
}

#[async_trait]
impl PlacingStore for SlowPlacing {
    async fn buyers(&self, queries: &[BuyerQuery]) -> Result<Vec<Result<Buyer, NotAdmitted>>, StoreError> {
        self.placing.buyers(queries).await
    }

    async fn begin_group(
        &self,
        claims: &[OrderClaim],
        count_unpaid: bool,
    ) -> Result<BegunPlacing, StoreError> {
        tokio::time::sleep(self.begin_after).await;
        self.placing.begin_group(claims, count_unpaid).await
    }

    async fn release_guard(&self, id: &OrderId, guard: &RepeatGuard) -> Result<(), StoreError> {
        self.placing.release_guard(id, guard).await
    }
}

/// The same for the ledgers.
struct SlowLedgers {
    ledgers: Ledgers,
    begin_after: Duration,
}

#[async_trait]
impl OrderRepo for SlowLedgers {
    async fn lock(&self, number: &str) -> Result<Box<dyn LockedOrder>, StoreError> {
        tokio::time::sleep(self.begin_after).await;
        self.ledgers.lock(number).await
    }

    async fn claim_due_orders(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<DueOrder>>, StoreError> {
        self.ledgers.claim_due_orders(now, lease_until, limit).await
    }

    async fn claim_due_refunds(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Refund>>, StoreError> {
        self.ledgers.claim_due_refunds(now, lease_until, limit).await
    }
}

/// No order has another stored attempt to pay.
fn with_first_attempts_alone() -> MockOrderReader {
    let mut orders = MockOrderReader::new();
    orders.expect_attempts().returning(|_| Ok(Vec::new()));
    orders
}

impl Mocks {
    /// Ports that expect no calls.
    pub(crate) fn untouched() -> Self {
        Self {
            users: MockUsers::new(),
            address_book: MockAddressBook::new(),
            catalog: MockCatalog::new(),
            carts: MockCartStore::new(),
            direct_buys: MockDirectBuys::new(),
            orders: with_first_attempts_alone(),
            admin: MockAdminOrders::new(),
            ledgers: Ledgers::default(),
            buyer: Box::new(|query| panic!("nobody orders: {query:?}")),
            transactions: Vec::new(),
            gateway: MockPaymentGateway::new(),
            storefront: MockStorefrontReader::new(),
            credentials: MockCredentials::new(),
            passwords: MockPasswords::new(),
            webhooks: MockWebhookQueue::new(),
            endpoints: MockWebhookEndpoints::new(),
            signs_in: true,
            secrets: secrets(),
            readiness: ReadinessReport::default(),
            result_page: RESULT_PAGE,
            body_limit: BODY_LIMIT,
            origins: Origins::Any,
            begin_after: Duration::ZERO,
            free_delivery: false,
        }
    }

    /// The token's user exists.
    pub(crate) fn signed_in() -> Self {
        let mut mocks = Self::untouched();
        mocks.users.expect_authenticate().withf(|who| who.username == username()).returning(|_| Ok(Ok(USER)));
        mocks
    }

    /// The token's user exists and has these addresses.
    pub(crate) fn with_addresses(addresses: Vec<Address>) -> Self {
        let entry = |address| AddressEntry { address, postcode: String::new() };
        let addresses: Vec<_> = addresses.into_iter().map(entry).collect();
        let mut mocks = Self::signed_in();
        mocks
            .address_book
            .expect_entries()
            .withf(|user_id| *user_id == USER)
            .returning(move |_| Ok(AddressEntries(addresses.clone())));
        // A direct buy that cannot be shown makes the shop forget the earlier one.
        mocks.direct_buys.expect_forget().withf(|user_id| *user_id == USER).returning(|_| Ok(()));
        mocks
    }

    /// The token's user exists, and orders to the requested address, or to none.
    pub(crate) fn ordering_to(found: Option<Address>) -> Self {
        let mut mocks = Self::signed_in();
        let address = found.clone();
        mocks
            .users
            .expect_destination()
            .withf(|who, _| who.username == username())
            .returning(move |_, _| Ok(Ok(Destination { user_id: USER, address: address.clone() })));
        mocks.buyer = Box::new(move |query| {
            assert_eq!(query.caller.username, username());
            let address = found.clone();
            Ok(Ok(Buyer { user_id: USER, address, ordered_lines: Vec::new(), latest_order_at: None }))
        });
        mocks
    }

    /// The usual buyer, about to order.
    pub(crate) fn ordering() -> Self {
        Self::ordering_to(Some(address()))
    }

    pub(crate) fn selling(mut self, skus: impl IntoIterator<Item = Sku>) -> Self {
        let skus = shelf(skus);
        self.catalog.expect_skus().returning(move |ids| {
            Ok(skus.iter().filter(|(id, _)| ids.contains(id)).map(|(id, sku)| (*id, sku.clone())).collect())
        });
        self
    }

    pub(crate) fn with_cart(mut self, cart: Cart) -> Self {
        let of_order = cart.clone();
        self.carts
            .expect_load_many()
            .withf(|user_ids| user_ids == [USER])
            .returning(move |_| Ok([(USER, of_order.clone())].into()));
        self.carts.expect_load().withf(|user_id| *user_id == USER).returning(move |_| Ok(cart.clone()));
        self
    }

    /// This ledger of an order is stored.
    pub(crate) fn on_record(self, ledger: OrderLedger) -> Self {
        self.ledgers.put(ledger);
        self
    }

    /// Locking a ledger fails this many times.
    pub(crate) fn failing_to_lock(mut self, times: usize, error: fn() -> StoreError) -> Self {
        self.ledgers = self.ledgers.failing_to_lock((0..times).map(|_| error()));
        self
    }

    /// Appending events fails this many times.
    pub(crate) fn failing_to_append(mut self, times: usize, error: fn() -> AppendError) -> Self {
        self.ledgers = self.ledgers.failing_to_append((0..times).map(|_| error()));
        self
    }

    /// One order is written.
    pub(crate) fn placing(self) -> Self {
        self.beginning(PreparedTransaction::committing())
    }

    /// One transaction that places an order begins.
    pub(crate) fn beginning(mut self, transaction: PreparedTransaction) -> Self {
        self.transactions.push(Ok(transaction));
        self
    }

    /// The buyer has these unpaid orders.
    pub(crate) fn owing(self, unpaid: UnpaidOrders) -> Self {
        let unpaid = std::collections::BTreeMap::<UserId, _>::from([(USER, unpaid)]);
        self.beginning(PreparedTransaction { unpaid, ..PreparedTransaction::committing() })
    }

    /// Readers find the order in this status.
    pub(crate) fn with_order(mut self, status: OrderStatus) -> Self {
        self.orders
            .expect_find()
            .returning(move |id| Ok(Some(order(status)).filter(|order| order.id == *id)));
        self
    }

    pub(crate) async fn open(self) -> Client {
        let orders = Arc::new(self.orders);
        let placing = Arc::new(PreparedPlacing::new(self.buyer, self.transactions));
        let backends = Backends {
            users: Arc::new(self.users),
            address_book: Arc::new(self.address_book),
            catalog: Arc::new(self.catalog),
            carts: Arc::new(self.carts),
            direct_buys: Arc::new(self.direct_buys),
            orders,
            admin: Arc::new(self.admin),
            ledgers: Arc::new(SlowLedgers { ledgers: self.ledgers.clone(), begin_after: self.begin_after }),
            placing: Arc::new(SlowPlacing { placing: Arc::clone(&placing), begin_after: self.begin_after }),
            removals: Arc::new(MockCartRemovalQueue::new()),
            channels: PaymentChannels::default().with(
                domain::Channel::Alipay,
                Arc::new(self.gateway),
                merchant(),
            ),
            storefront: Arc::new(self.storefront),
            credentials: Arc::new(self.credentials),
            passwords: Arc::new(self.passwords),
            webhooks: Arc::new(self.webhooks),
            endpoints: Arc::new(self.endpoints),
            free_delivery: self.free_delivery,
        };
        let (mut shop, writers) = backends.shop();
        shop.readiness = Arc::new(Ready(self.readiness));
        shop.storefront.sign_in = shop.storefront.sign_in.filter(|_| self.signs_in);
        shop.secrets = Arc::new(SecretsInForce::new(self.secrets));
        shop.body_limit = self.body_limit;
        shop.result_page = self.result_page.to_owned();
        Client { shop: Data::new(shop), placing, ledgers: self.ledgers, origins: self.origins, writers }
    }

    /// Opens the shop for one request.
    pub(crate) async fn send(self, request: TestRequest) -> Answer {
        let client = self.open().await;
        let answer = client.send(request).await;
        client.close().await;
        answer
    }

    /// Opens the shop for one request with the buyer's token.
    pub(crate) async fn answer(self, request: TestRequest) -> Answer {
        self.send(with_token(request)).await
    }

    /// Like [`Mocks::answer`], for an operation on `processing` whose answer is JSON.
    pub(crate) async fn get(self, query: &str) -> Value {
        self.answer(TestRequest::get().uri(&format!("{PROCESSING}?{query}"))).await.json()
    }

    /// Like [`Mocks::answer`], for an operation on `processing` with a JSON body.
    pub(crate) async fn post(self, body: Value) -> Value {
        self.answer(post_json(body)).await.json()
    }
}
