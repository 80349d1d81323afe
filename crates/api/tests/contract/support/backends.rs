use std::{sync::Arc, time::Duration};

use api::http::{
    Admin, GoodsCache, LoginCode, Pages, ReadinessReport, SecretsInForce, SecurityLog, Shop, Stopping,
    Storefront,
};
use application::{
    BatcherSettings, BrowseGoods, CartCleaner, ManageWebhooks, OrderBatcher, OrderService, PlaceOrder,
    Placement, PlacementPorts, Recently, RemoveOrderedLines, ShoppingService, SignIn, SignInPorts,
    SignInRules, StaffOrders, Transact, WebhookSettings,
};
use domain::{EndpointName, EventFilter, Money, OrderEventKind};
use ports::{
    AddressBook, AdminOrders, CartRemovalQueue, CartStore, Catalog, Clock, Credentials, DirectBuys,
    OrderReader, OrderRepo, Passwords, PaymentChannels, PlacingStore, StorefrontReader, Users,
    WebhookEndpoints, WebhookQueue,
    mock::{MockDailyStatements, MockRandomness, MockRefusedMessages, clock_at},
};
use tokio::task::JoinSet;

use super::{BODY_LIMIT, REQUEST_TIMEOUT, RESULT_PAGE, mocks::Ready, secrets};
use crate::samples::{BASE_URL, noon, rules};

/// The ports of the use cases, mocked or real.
pub(crate) struct Backends {
    pub(crate) users: Arc<dyn Users>,
    pub(crate) address_book: Arc<dyn AddressBook>,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) carts: Arc<dyn CartStore>,
    pub(crate) direct_buys: Arc<dyn DirectBuys>,
    pub(crate) orders: Arc<dyn OrderReader>,
    pub(crate) admin: Arc<dyn AdminOrders>,
    pub(crate) ledgers: Arc<dyn OrderRepo>,
    pub(crate) placing: Arc<dyn PlacingStore>,
    pub(crate) removals: Arc<dyn CartRemovalQueue>,
    pub(crate) channels: PaymentChannels,
    pub(crate) storefront: Arc<dyn StorefrontReader>,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) passwords: Arc<dyn Passwords>,
    pub(crate) webhooks: Arc<dyn WebhookQueue>,
    pub(crate) endpoints: Arc<dyn WebhookEndpoints>,
    /// Whether previews have no freight.
    pub(crate) free_delivery: bool,
}

impl Backends {
    /// The shop at [`noon`], with the writers of its batcher.
    pub(crate) fn shop(self) -> (Shop, JoinSet<()>) {
        let shopping = self.shopping();
        let storefront = self.storefront(&shopping);
        let Self {
            users,
            catalog,
            carts,
            direct_buys,
            orders,
            admin,
            ledgers,
            channels,
            webhooks,
            endpoints,
            ..
        } = self;
        let (placing, queue) = (self.placing, self.removals);
        let clock: Arc<dyn Clock> = Arc::new(clock_at(noon()));
        let mut randomness = MockRandomness::new();
        randomness.expect_draw().return_const(7_u32);
        let remover = RemoveOrderedLines { queue, carts: Arc::clone(&carts), clock: Arc::clone(&clock) };
        let (cleaner, cleaning) = CartCleaner::new(Arc::new(remover));
        let ports = PlacementPorts {
            store: Arc::clone(&placing),
            carts: Arc::clone(&carts),
            catalog: Arc::clone(&catalog),
            orders: Arc::clone(&orders),
            cleaner,
            clock: Arc::clone(&clock),
            randomness: Arc::new(randomness),
        };
        let mut randomness = MockRandomness::new();
        randomness.expect_draw().return_const(0_u32);
        let settings = BatcherSettings { writers: 1, group: 8, queue: 8 };
        let (batcher, mut writers) = OrderBatcher::open(Arc::new(Placement::new(ports, rules())), settings);
        writers.spawn(cleaning);
        let orders = Arc::new(OrderService {
            users: Arc::clone(&users),
            orders,
            transact: Transact {
                orders: ledgers,
                clock: Arc::clone(&clock),
                randomness: Arc::new(randomness),
            },
            channels,
            refused: Arc::new(MockRefusedMessages::new()),
            statements: Arc::new(MockDailyStatements::new()),
            asked: Recently::new(OrderService::ASKED_PAUSE, OrderService::ASKED_REMEMBERED),
            receipt_after: rules().receipt_after,
        });
        let admin = Admin {
            login_code: LoginCode::default(),
            orders: StaffOrders { users: Arc::clone(&users), admin, clock: Arc::clone(&clock) },
            webhooks: ManageWebhooks {
                queue: webhooks,
                endpoints,
                settings: vec![WebhookSettings {
                    name: EndpointName::parse("erp").unwrap(),
                    host: "erp.example:8443".to_owned(),
                    filter: EventFilter::Kinds(vec![OrderEventKind::Refund]),
                }],
                clock: Arc::clone(&clock),
            },
            clock: Arc::clone(&clock),
        };
        let shop = Shop {
            admin,
            shopping,
            place: PlaceOrder {
                direct_buys,
                store: placing,
                batcher,
                service: Arc::clone(&orders),
                rules: rules(),
            },
            orders,
            storefront,
            readiness: Arc::new(Ready(ReadinessReport::default())),
            stopping: Stopping::default(),
            secrets: Arc::new(SecretsInForce::new(secrets())),
            security: SecurityLog::default(),
            pages: Pages::embedded(BASE_URL),
            base_url: BASE_URL.to_owned(),
            result_page: RESULT_PAGE.to_owned(),
            body_limit: BODY_LIMIT,
            request_timeout: REQUEST_TIMEOUT,
        };
        (shop, writers)
    }
}

impl Backends {
    fn shopping(&self) -> Arc<ShoppingService> {
        let mut randomness = MockRandomness::new();
        randomness.expect_draw().return_const(0_u32);
        let mut rules = rules();
        if self.free_delivery {
            rules.pricing.freight = Money::ZERO;
        }
        Arc::new(ShoppingService {
            users: Arc::clone(&self.users),
            address_book: Arc::clone(&self.address_book),
            catalog: Arc::clone(&self.catalog),
            carts: Arc::clone(&self.carts),
            removals: None,
            direct_buys: Arc::clone(&self.direct_buys),
            clock: Arc::new(clock_at(noon())),
            randomness: Arc::new(randomness),
            rules,
        })
    }

    /// The storefront, which allows three failed sign-ins per name.
    fn storefront(&self, shopping: &Arc<ShoppingService>) -> Storefront {
        let clock: Arc<dyn Clock> = Arc::new(clock_at(noon()));
        let ports = SignInPorts {
            credentials: Arc::clone(&self.credentials),
            passwords: Arc::clone(&self.passwords),
            shopping: Arc::clone(shopping),
            clock,
        };
        let sign_in = SignInRules {
            token_life: Duration::from_secs(24 * 3600),
            window: Duration::from_secs(15 * 60),
            failures: 3,
            failures_per_name: 100,
            failures_per_address: None,
        };
        Storefront {
            sign_in: Some(SignIn::new(ports, sign_in)),
            cache: GoodsCache::default(),
            goods: BrowseGoods::new(Arc::clone(&self.storefront)),
            promises: vec!["七天无理由退换".to_owned()],
            trusts_proxy: false,
        }
    }
}
