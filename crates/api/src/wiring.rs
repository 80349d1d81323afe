//! Builds the program from its configuration: adapters into use cases, use cases into the shop.

mod database;
mod events;
mod jobs;
mod keys;
mod payment;
mod readiness;
mod start_error;
mod storefront;

use std::sync::Arc;

use adapters::{
    redis::RedisCarts,
    sql::{self, SqlStore},
    system::{SystemClock, SystemRandomness},
};
use alipay_sandbox::Sandbox;
use application::{
    Anonymise, Audit, CartCleaner, NightlyAudit, OrderBatcher, OrderService, PlaceOrder, Placement,
    PlacementPorts, PurgeKeys, PurgeRefused, Recently, RemoveOrderedLines, ShoppingService, StaffOrders,
    Supervisor, Transact,
};
use ports::{CartStore, Clock, PaymentChannels};
use tokio::{sync::Mutex, task::JoinSet};

pub(crate) use database::{connect, no_database, open_store, refuse_unsafe_engine};
pub(crate) use events::{Webhooks, open_webhooks};
use keys::check_kept_secrets;
pub(crate) use keys::{secrets, secrets_to_change, staff_key, token_key};
pub(crate) use payment::{CertificateLook, Payment};
pub use start_error::StartError;

use self::readiness::Parts;
use crate::{
    configuration::Configuration,
    http::{Admin, LoginCode, Pages, Secrets, SecretsInForce, SecurityLog, Shop, Stopping},
    metrics::Gauges,
};

/// The complete program, ready to serve.
pub struct Services {
    /// The state that the handlers share.
    pub shop: Shop,
    /// The sandbox for Alipay, if it runs in this process.
    pub sandbox: Option<Sandbox>,
    /// The background tasks of the handlers: the batcher's writers and the cart cleaner. They end after the shop is dropped.
    pub writers: JoinSet<()>,
    /// Jobs that run until they are stopped.
    pub jobs: Supervisor,
    /// The values to look up for metrics.
    pub(crate) gauges: Gauges,
    /// The signer of events of each endpoint.
    pub(crate) webhooks: Webhooks,
}

/// Checks the configured keys and servers without contacting any of them.
///
/// # Errors
/// A server could not start with this configuration.
pub(crate) fn check(configuration: &Configuration) -> Result<(), StartError> {
    sql::check(&configuration.database)?;
    check_kept_secrets(configuration)?;
    Payment::check(configuration)?;
    configuration.redis.as_ref().map(RedisCarts::new).transpose()?;
    Ok(())
}

impl Services {
    /// Builds the program on its database. Must be called within the runtime that drives it.
    ///
    /// # Errors
    /// A configured key, file or server cannot be used.
    pub async fn start(configuration: &Configuration, store: Arc<dyn SqlStore>) -> Result<Self, StartError> {
        if configuration.seed_demo && store.seed_demo(SystemClock.now()).await? {
            tracing::info!("the demo shop was set up");
        }
        let redis = configuration.redis.as_ref().map(RedisCarts::new).transpose()?.map(Arc::new);
        let Payment { channels, frames, sandbox } = Payment::open(configuration)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let carts: Arc<dyn CartStore> = match &redis {
            Some(redis) => Arc::clone(redis) as _,
            None => Arc::clone(&store) as _,
        };
        let remover = Arc::new(RemoveOrderedLines {
            queue: Arc::clone(&store) as _,
            carts: Arc::clone(&carts),
            clock: Arc::clone(&clock),
        });
        let (cleaner, cleaning) = CartCleaner::new(Arc::clone(&remover));
        let placement = placement(&store, &carts, cleaner, &clock, configuration);
        let (batcher, mut writers) = OrderBatcher::open(Arc::new(placement), configuration.batcher);
        writers.spawn(cleaning);
        let remover = redis.is_some().then_some(remover);
        let orders = Arc::new(order_service(&store, channels, configuration));
        let events = events::event_jobs(&store, configuration).await?;
        let webhooks = events.webhooks.clone();
        let keys = PurgeKeys {
            keys: Arc::clone(&store) as _,
            clock: Arc::clone(&clock),
            retention: configuration.key_retention,
        };
        let refused = PurgeRefused {
            messages: Arc::clone(&store) as _,
            clock: Arc::clone(&clock),
            retention: configuration.refused_retention,
        };
        let audit = configuration
            .audit
            .at
            .map(|at| NightlyAudit::new(audit(&store, configuration), Arc::clone(&clock), at));
        let jobs =
            jobs::start(&orders, remover, events, keys, refused, audit, configuration.jobs_stalled_after);
        let gauges = Gauges {
            store: Arc::clone(&store),
            redis: redis.clone(),
            queue: batcher.queue(),
            jobs: jobs.health(),
            clock: Arc::clone(&clock),
            asked: Mutex::default(),
        };
        let readiness = Arc::new(Parts::new(Arc::clone(&store), redis, batcher.clone(), jobs.health()));
        let secrets = secrets(configuration)?;
        if secrets.staff.is_none() {
            tracing::warn!("DASHOP_STAFF_SECRET is not set: the shop side, /v1/admin, lets nobody in");
        }
        let mut shop = shop(&store, orders, carts, batcher, secrets, readiness, configuration)?;
        if let Some(origins) = frames {
            shop.pages = shop.pages.framing(&configuration.http.base_url, &origins);
        }
        Ok(Self { shop, sandbox, writers, jobs, gauges, webhooks })
    }
}

/// The audit for a command. It only reads, so the schema is not updated for it.
///
/// # Errors
/// The database cannot be opened, or its schema is not up to date.
pub(crate) async fn open_audit(configuration: &Configuration) -> Result<Audit, StartError> {
    let store = connect(&configuration.database, configuration.database_start_timeout).await?;
    let schema = store.schema().await?;
    if !schema.is_current() {
        return Err(StartError::SchemaPending(schema.pending));
    }
    Ok(audit(&Arc::new(store), configuration))
}

fn audit(store: &Arc<dyn SqlStore>, configuration: &Configuration) -> Audit {
    Audit { store: Arc::clone(store) as _, terms: configuration.audit.terms }
}

/// The anonymisation of old orders, for a command.
///
/// # Errors
/// The database cannot be opened, or its schema is not up to date.
pub(crate) async fn open_anonymise(configuration: &Configuration) -> Result<Anonymise, StartError> {
    let store = open_store(configuration).await?;
    let retention = configuration.anonymise_after;
    Ok(Anonymise { data: store, clock: Arc::new(SystemClock), retention })
}

/// The use cases for placed orders, for a command: with the database and with Alipay, or with the sandbox of a running
/// server.
///
/// # Errors
/// A configured key, file or server cannot be used.
pub(crate) async fn open_orders(configuration: &Configuration) -> Result<OrderService, StartError> {
    let store = open_store(configuration).await?;
    let Payment { channels, .. } = Payment::reach(configuration)?;
    Ok(order_service(&store, channels, configuration))
}

fn order_service(
    store: &Arc<dyn SqlStore>,
    channels: PaymentChannels,
    configuration: &Configuration,
) -> OrderService {
    OrderService {
        users: Arc::clone(store) as _,
        orders: Arc::clone(store) as _,
        transact: Transact {
            orders: Arc::clone(store) as _,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
        },
        channels,
        refused: Arc::clone(store) as _,
        statements: Arc::clone(store) as _,
        asked: Recently::new(OrderService::ASKED_PAUSE, OrderService::ASKED_REMEMBERED),
        receipt_after: configuration.rules.receipt_after,
    }
}

/// The views of orders for staff, for a command, which knows its user without a token.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn open_staff_orders(configuration: &Configuration) -> Result<StaffOrders, StartError> {
    Ok(staff_orders(&open_store(configuration).await?))
}

fn staff_orders(store: &Arc<dyn SqlStore>) -> StaffOrders {
    StaffOrders { users: Arc::clone(store) as _, admin: Arc::clone(store) as _, clock: Arc::new(SystemClock) }
}

fn shop(
    store: &Arc<dyn SqlStore>,
    orders: Arc<OrderService>,
    carts: Arc<dyn CartStore>,
    batcher: OrderBatcher,
    secrets: Secrets,
    readiness: Arc<Parts>,
    configuration: &Configuration,
) -> Result<Shop, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rules = configuration.rules;
    let http = &configuration.http;
    let shopping = Arc::new(ShoppingService {
        users: Arc::clone(store) as _,
        address_book: Arc::clone(store) as _,
        catalog: Arc::clone(store) as _,
        carts,
        removals: configuration.redis.is_some().then(|| Arc::clone(store) as _),
        direct_buys: Arc::clone(store) as _,
        clock: Arc::clone(&clock),
        randomness: Arc::new(SystemRandomness),
        rules,
    });
    Ok(Shop {
        storefront: storefront::storefront(store, &shopping, &clock, configuration)?,
        shopping,
        place: PlaceOrder {
            direct_buys: Arc::clone(store) as _,
            store: Arc::clone(store) as _,
            batcher,
            service: Arc::clone(&orders),
            rules,
        },
        orders,
        admin: Admin {
            login_code: LoginCode::default(),
            orders: staff_orders(store),
            webhooks: events::manage_webhooks(store, configuration),
            clock,
        },
        readiness,
        stopping: Stopping::default(),
        secrets: Arc::new(SecretsInForce::new(secrets)),
        security: SecurityLog::default(),
        pages: Pages::embedded(&http.base_url),
        base_url: http.base_url.clone(),
        result_page: http.result_page.clone(),
        body_limit: http.body_limit,
        request_timeout: http.request_timeout,
    })
}

fn placement(
    store: &Arc<dyn SqlStore>,
    carts: &Arc<dyn CartStore>,
    cleaner: CartCleaner,
    clock: &Arc<dyn Clock>,
    configuration: &Configuration,
) -> Placement {
    let ports = PlacementPorts {
        store: Arc::clone(store) as _,
        carts: Arc::clone(carts),
        catalog: Arc::clone(store) as _,
        orders: Arc::clone(store) as _,
        cleaner,
        clock: Arc::clone(clock),
        randomness: Arc::new(SystemRandomness),
    };
    Placement::new(ports, configuration.rules)
}
