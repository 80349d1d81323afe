//! The routes over use cases over mocked ports. What a test does not expect of a port must not be asked of it.

use std::{sync::Arc, time::Duration};

use actix_http::Request;
use actix_web::{
    App,
    body::to_bytes,
    http::{StatusCode, header::HeaderMap},
    middleware::from_fn,
    test::{TestRequest, call_service, init_service},
    web::{Bytes, Data},
};
use api::{
    configuration::Secret,
    http::{Office, Pages, Readiness, Shop, StaffKey, Storefront, TokenKey, cors, named, routes},
};
use application::{
    BrowseGoods, CancelOrder, Cashier, ConfirmReceipt, DeskSettings, EditAddresses, EditCart, InspectOrder,
    ListOrders, OrderDesk, PaymentResult, PlaceOrder, Placement, PlacementPorts, PreviewOrder, RefundOrder,
    SearchOrders, SettlePayment, ShipOrder, ShowFigures, ShowOrder, SignIn, SignInPorts, SignInRules,
    StartPayment, SweepCarts,
};
use async_trait::async_trait;
use domain::{Address, Cart, OrderStatus, Sku, StatusChange};
use ports::{
    AddressBook, AddressEditor, BackOffice, CartStore, Catalog, Clock, Credentials, Destination, DirectBuys,
    OrderReader, Passwords, PaymentGateway, Showcase, StockOutcome, StoreError, UnitOfWork, UnitsOfWork,
    Users,
    mock::{
        MockAddressBook, MockAddressEditor, MockBackOffice, MockCartStore, MockCatalog, MockCredentials,
        MockDirectBuys, MockOrderReader, MockPasswords, MockPaymentGateway, MockRandomness, MockShowcase,
        MockUnitOfWork, MockUsers, PreparedUnits, clock_at,
    },
};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::samples::{BASE_URL, USER, address, merchant, noon, order, rules, shelf, username};

pub(crate) const PROCESSING: &str = "/v1/orders/processing/";
pub(crate) const SUCCESS: &str = "/v1/orders/success/";
const RESULT_PAGE: &str = "http://shop.example/pay_success.html";
pub(crate) const BODY_LIMIT: usize = 4096;
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// What signs the tokens of the shop's people.
pub(crate) const STAFF_SECRET: &str = "another secret of the tests, as long as HS256 asks for";
const JWT_SECRET: &str = "a secret of the tests, long enough for HS256";

/// The ports around the shop.
pub(crate) struct Parts {
    pub(crate) users: MockUsers,
    pub(crate) address_book: MockAddressBook,
    pub(crate) catalog: MockCatalog,
    pub(crate) carts: MockCartStore,
    pub(crate) direct_buys: MockDirectBuys,
    pub(crate) orders: MockOrderReader,
    pub(crate) office: MockBackOffice,
    pub(crate) units: Vec<Result<MockUnitOfWork, StoreError>>,
    pub(crate) gateway: MockPaymentGateway,
    pub(crate) showcase: MockShowcase,
    pub(crate) editor: MockAddressEditor,
    pub(crate) credentials: MockCredentials,
    pub(crate) passwords: MockPasswords,
    /// Whether `/v1/tokens` is on.
    pub(crate) signs_in: bool,
    pub(crate) missing: Vec<String>,
    pub(crate) result_page: &'static str,
    pub(crate) origins: Vec<String>,
    /// How long it takes until a unit of work has begun.
    pub(crate) begin_after: Duration,
}

/// The shop, open.
pub(crate) struct Client {
    shop: Data<Shop>,
    units: Arc<PreparedUnits>,
    origins: Vec<String>,
    _writers: JoinSet<()>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

struct Missing(Vec<String>);

#[async_trait]
impl Readiness for Missing {
    async fn missing(&self) -> Vec<String> {
        self.0.clone()
    }
}

/// A database that lets its callers wait for a connection.
struct SlowUnits {
    units: Arc<PreparedUnits>,
    begin_after: Duration,
}

#[async_trait]
impl UnitsOfWork for SlowUnits {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        tokio::time::sleep(self.begin_after).await;
        self.units.begin().await
    }
}

impl Parts {
    /// Ports of which nothing is expected.
    pub(crate) fn untouched() -> Self {
        Self {
            users: MockUsers::new(),
            address_book: MockAddressBook::new(),
            catalog: MockCatalog::new(),
            carts: MockCartStore::new(),
            direct_buys: MockDirectBuys::new(),
            orders: MockOrderReader::new(),
            office: MockBackOffice::new(),
            units: Vec::new(),
            gateway: MockPaymentGateway::new(),
            showcase: MockShowcase::new(),
            editor: MockAddressEditor::new(),
            credentials: MockCredentials::new(),
            passwords: MockPasswords::new(),
            signs_in: true,
            missing: Vec::new(),
            result_page: RESULT_PAGE,
            origins: Vec::new(),
            begin_after: Duration::ZERO,
        }
    }

    /// The token's user exists.
    pub(crate) fn signed_in() -> Self {
        let mut parts = Self::untouched();
        parts.users.expect_find().withf(|name| *name == username()).returning(|_| Ok(Some(USER)));
        parts
    }

    /// The token's user exists and has these addresses.
    pub(crate) fn with_addresses(addresses: Vec<Address>) -> Self {
        let mut parts = Self::signed_in();
        parts
            .address_book
            .expect_of_user()
            .withf(|user_id| *user_id == USER)
            .returning(move |_| Ok(addresses.clone()));
        // A direct buy that cannot be shown makes the shop forget the one before.
        parts.direct_buys.expect_forget().withf(|user_id| *user_id == USER).returning(|_| Ok(()));
        parts
    }

    /// The token's user exists, and orders to the address that is asked for, or to none.
    pub(crate) fn ordering_to(found: Option<Address>) -> Self {
        let mut parts = Self::signed_in();
        parts
            .address_book
            .expect_destination()
            .withf(|name, _| *name == username())
            .returning(move |_, _| Ok(Some(Destination { user_id: USER, address: found.clone() })));
        parts
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
        self.carts.expect_load().withf(|user_id| *user_id == USER).returning(move |_| Ok(cart.clone()));
        self
    }

    pub(crate) fn with_unit(mut self, unit: MockUnitOfWork) -> Self {
        self.units.push(Ok(unit));
        self
    }

    /// The order that is stored is in this status, for readers.
    pub(crate) fn with_order(mut self, status: OrderStatus) -> Self {
        self.orders
            .expect_find()
            .returning(move |id| Ok(Some(order(status)).filter(|order| order.id == *id)));
        self
    }

    pub(crate) async fn open(self) -> Client {
        let units = Arc::new(PreparedUnits::new(self.units));
        let orders = Arc::new(self.orders);
        let backs = Backs {
            users: Arc::new(self.users),
            address_book: Arc::new(self.address_book),
            catalog: Arc::new(self.catalog),
            carts: Arc::new(self.carts),
            direct_buys: Arc::new(self.direct_buys),
            orders,
            office: Arc::new(self.office),
            units: Arc::new(SlowUnits { units: Arc::clone(&units), begin_after: self.begin_after }),
            gateway: Arc::new(self.gateway),
            showcase: Arc::new(self.showcase),
            editor: Arc::new(self.editor),
            credentials: Arc::new(self.credentials),
            passwords: Arc::new(self.passwords),
        };
        let (mut shop, writers) = backs.shop();
        shop.readiness = Arc::new(Missing(self.missing));
        shop.storefront.sign_in = shop.storefront.sign_in.filter(|_| self.signs_in);
        shop.result_page = self.result_page.to_owned();
        Client { shop: Data::new(shop), units, origins: self.origins, _writers: writers }
    }

    /// Opens the shop for one request with the buyer's token.
    pub(crate) async fn answer(self, request: TestRequest) -> Answer {
        self.open().await.send(with_token(request)).await
    }

    /// As [`Parts::answer`], for an operation on `processing` whose answer is JSON.
    pub(crate) async fn get(self, query: &str) -> Value {
        self.answer(TestRequest::get().uri(&format!("{PROCESSING}?{query}"))).await.json()
    }

    /// As [`Parts::answer`], for an operation on `processing` with a JSON body.
    pub(crate) async fn post(self, body: Value) -> Value {
        self.answer(post_json(body)).await.json()
    }
}

/// What the use cases stand on, mocked or real.
pub(crate) struct Backs {
    pub(crate) users: Arc<dyn Users>,
    pub(crate) address_book: Arc<dyn AddressBook>,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) carts: Arc<dyn CartStore>,
    pub(crate) direct_buys: Arc<dyn DirectBuys>,
    pub(crate) orders: Arc<dyn OrderReader>,
    pub(crate) office: Arc<dyn BackOffice>,
    pub(crate) units: Arc<dyn UnitsOfWork>,
    pub(crate) gateway: Arc<dyn PaymentGateway>,
    pub(crate) showcase: Arc<dyn Showcase>,
    pub(crate) editor: Arc<dyn AddressEditor>,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) passwords: Arc<dyn Passwords>,
}

impl Backs {
    /// The shop at [`noon`], and the writers of its desk.
    pub(crate) fn shop(self) -> (Shop, JoinSet<()>) {
        let storefront = self.storefront();
        let Self { users, address_book, catalog, carts, direct_buys, orders, office, units, gateway, .. } =
            self;
        let clock: Arc<dyn Clock> = Arc::new(clock_at(noon()));
        let mut randomness = MockRandomness::new();
        randomness.expect_draw().return_const(7_u32);
        let sweep =
            SweepCarts { units: Arc::clone(&units), carts: Arc::clone(&carts), clock: Arc::clone(&clock) };
        let ports = PlacementPorts {
            catalog: Arc::clone(&catalog),
            units: Arc::clone(&units),
            orders: Arc::clone(&orders),
            sweep: Arc::new(sweep),
            clock: Arc::clone(&clock),
            randomness: Arc::new(randomness),
        };
        let settings = DeskSettings { writers: 1, group: 8, queue: 8 };
        let (desk, writers) = OrderDesk::open(Arc::new(Placement::new(ports, rules())), settings);
        let cashier = Arc::new(Cashier { gateway: Arc::clone(&gateway), clock: Arc::clone(&clock) });
        let settle = Arc::new(SettlePayment {
            gateway: Arc::clone(&gateway),
            units: Arc::clone(&units),
            merchant: merchant(),
            clock: Arc::clone(&clock),
        });
        let office = Office {
            staff: Some(staff_key()),
            search: SearchOrders { users: Arc::clone(&users), office: Arc::clone(&office) },
            inspect: InspectOrder { office: Arc::clone(&office) },
            figures: ShowFigures { office, clock: Arc::clone(&clock) },
            ship: Arc::new(ShipOrder {
                units: Arc::clone(&units),
                clock: Arc::clone(&clock),
                receipt_after: rules().receipt_after,
            }),
            refund: Arc::new(RefundOrder {
                units: Arc::clone(&units),
                gateway: Arc::clone(&gateway),
                settle: Arc::clone(&settle),
                clock: Arc::clone(&clock),
            }),
            clock: Arc::clone(&clock),
        };
        let shop = Shop {
            office,
            preview: PreviewOrder {
                users: Arc::clone(&users),
                address_book: Arc::clone(&address_book),
                catalog,
                carts: Arc::clone(&carts),
                direct_buys: Arc::clone(&direct_buys),
                clock: Arc::clone(&clock),
                rules: rules(),
            },
            place: PlaceOrder {
                address_book,
                carts,
                direct_buys,
                orders: Arc::clone(&orders),
                units: Arc::clone(&units),
                desk,
                cashier: Arc::clone(&cashier),
                clock: Arc::clone(&clock),
                rules: rules(),
            },
            list: ListOrders { users: Arc::clone(&users), orders: Arc::clone(&orders) },
            confirm: ConfirmReceipt {
                users: Arc::clone(&users),
                units: Arc::clone(&units),
                clock: Arc::clone(&clock),
            },
            start_payment: StartPayment {
                users: Arc::clone(&users),
                orders: Arc::clone(&orders),
                units: Arc::clone(&units),
                cashier,
                clock: Arc::clone(&clock),
            },
            cancel: Arc::new(CancelOrder {
                users: Arc::clone(&users),
                orders: Arc::clone(&orders),
                units,
                gateway: Arc::clone(&gateway),
                settle: Arc::clone(&settle),
                clock,
            }),
            show: ShowOrder { users, orders: Arc::clone(&orders) },
            payment_result: PaymentResult { gateway, orders, settle: Arc::clone(&settle) },
            settle,
            storefront,
            readiness: Arc::new(Missing(Vec::new())),
            tokens: tokens(),
            pages: Pages::embedded(BASE_URL),
            base_url: BASE_URL.to_owned(),
            result_page: RESULT_PAGE.to_owned(),
            body_limit: BODY_LIMIT,
            request_timeout: REQUEST_TIMEOUT,
        };
        (shop, writers)
    }
}

impl Backs {
    /// The shop around the orders, which bears three failures of a name.
    fn storefront(&self) -> Storefront {
        let clock: Arc<dyn Clock> = Arc::new(clock_at(noon()));
        let cart = Arc::new(EditCart {
            users: Arc::clone(&self.users),
            carts: Arc::clone(&self.carts),
            catalog: Arc::clone(&self.catalog),
            limit: rules().quantity_limit,
        });
        let ports = SignInPorts {
            credentials: Arc::clone(&self.credentials),
            passwords: Arc::clone(&self.passwords),
            cart: Arc::clone(&cart),
            clock: Arc::clone(&clock),
        };
        let sign_in = SignInRules {
            token_life: Duration::from_secs(24 * 3600),
            failures_per_name: 3,
            failures_per_address: 100,
        };
        Storefront {
            sign_in: Some(SignIn::new(ports, sign_in)),
            goods: BrowseGoods { showcase: Arc::clone(&self.showcase) },
            cart,
            addresses: EditAddresses {
                users: Arc::clone(&self.users),
                editor: Arc::clone(&self.editor),
                clock,
            },
            trusts_proxy: false,
        }
    }
}

impl Client {
    /// Over these, with everything else as usual.
    pub(crate) fn of(backs: Backs) -> Self {
        let (shop, writers) = backs.shop();
        Self { shop: Data::new(shop), units: Arc::default(), origins: Vec::new(), _writers: writers }
    }

    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        self.call(request.to_request()).await
    }

    pub(crate) async fn call(&self, request: Request) -> Answer {
        let app = App::new()
            .app_data(self.shop.clone())
            .wrap(cors(&self.origins))
            .wrap(from_fn(named))
            .configure(routes);
        let response = call_service(&init_service(app).await, request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("the body ended early"));
        Answer { status, headers, body }
    }

    /// How many units of work were committed.
    pub(crate) fn commits(&self) -> usize {
        self.units.commits()
    }

    /// How many of the prepared units of work were not begun.
    pub(crate) fn units_left(&self) -> usize {
        self.units.left()
    }
}

impl Answer {
    /// The body as JSON, of an answer that the contract makes: HTTP 200 and `application/json`.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"), "{:?}", self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    /// The body of an answer to Alipay: HTTP 200 and plain text.
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("text/plain"), "{content_type}");
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) fn tokens() -> TokenKey {
    TokenKey::new(&Secret::new(JWT_SECRET.to_owned()))
}

pub(crate) fn staff_key() -> StaffKey {
    StaffKey::new(&Secret::new(STAFF_SECRET.to_owned()))
}

/// A token of the buyer that is valid in any year in which this is run.
pub(crate) fn token() -> String {
    tokens().issue(&username(), 4_102_444_800).unwrap()
}

pub(crate) fn with_token(request: TestRequest) -> TestRequest {
    request.insert_header(("authorization", token()))
}

/// As the old pages post: JSON text under the wrong content type.
pub(crate) fn post_json(body: Value) -> TestRequest {
    post_text(body.to_string())
}

pub(crate) fn post_text(body: impl Into<Bytes>) -> TestRequest {
    let request = TestRequest::post().uri(PROCESSING);
    request.insert_header(("content-type", "application/x-www-form-urlencoded")).set_payload(body)
}

/// A unit of work that takes the stock and writes the order.
pub(crate) fn placing() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stock.expect_take().times(1).returning(|_| Ok(StockOutcome::Taken));
    unit.orders.expect_insert().times(1).withf(|orders| orders.len() == 1).returning(|_| Ok(()));
    unit
}

/// A unit of work in which the order is found in this status.
pub(crate) fn finding(status: OrderStatus) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.orders
        .expect_find_for_update()
        .returning(move |id| Ok(Some(order(status)).filter(|order| order.id == *id)));
    unit
}

/// The same, which then changes to another status.
pub(crate) fn changing(from: OrderStatus, to: OrderStatus) -> MockUnitOfWork {
    let mut unit = finding(from);
    let is_it = move |change: &StatusChange| change.from == from && change.to == to;
    unit.orders.expect_change_status().times(1).withf(is_it).returning(|_| Ok(true));
    unit
}
