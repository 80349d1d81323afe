//! Puts the program together from its configuration: adapters into use cases, use cases into the shop.

mod keys;
mod readiness;

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use adapters::{
    alipay::{AlipayConfig, AlipayConfigError, AlipayGateway, AlipayTimeouts},
    redis::{RedisCarts, RedisConfigError},
    sql::{ConnectError, SqlStore},
    system::{SystemClock, SystemRandomness},
};
use alipay_protocol::{KeyError, PrivateKey, PublicKey};
use alipay_sandbox::{KeyFileError, Sandbox, SandboxConfig, SandboxKeys};
use application::{
    Cashier, ConfirmReceipt, ListOrders, OrderDesk, PaymentResult, PlaceOrder, Placement, PlacementPorts,
    PreviewOrder, SettlePayment, StartPayment, SweepCarts,
};
use domain::Merchant;
use ports::{CartStore, Clock, PaymentGateway, StoreError};
use tokio::task::JoinSet;

pub(crate) use keys::token_key;

use crate::{
    configuration::{AlipayAccount, AlipayConfiguration, Configuration},
    http::Shop,
    wiring::readiness::Parts,
};

/// How often left-over lines are taken out of carts.
const SWEEP_EVERY: Duration = Duration::from_secs(15);

/// The program put together, ready to serve.
pub struct Services {
    /// What the handlers work with.
    pub shop: Shop,
    /// The stand-in for Alipay, where one runs in this process.
    pub sandbox: Option<Sandbox>,
    /// What runs beside the handlers: the desk's writers, which end when the shop is gone.
    pub writers: JoinSet<()>,
    /// Jobs that run until they are dropped.
    pub jobs: JoinSet<()>,
}

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened.
    #[error("DASHOP_DATABASE_URL")]
    Database(#[from] ConnectError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
    /// The database's schema is not up to date, and must not be changed unasked.
    #[error("the database lacks {}; run: dashop migrate", .0.join(", "))]
    SchemaPending(Vec<&'static str>),
    /// The carts' configuration cannot be used.
    #[error("DASHOP_REDIS_URL")]
    Redis(#[from] RedisConfigError),
    /// A key cannot be read.
    #[error("{variable}")]
    Key {
        /// The setting.
        variable: &'static str,
        /// What is wrong with it.
        #[source]
        cause: KeyError,
    },
    /// The account at Alipay cannot be used.
    #[error("DASHOP_ALIPAY_…")]
    Alipay(#[from] AlipayConfigError),
    /// The sandbox's keys cannot be kept.
    #[error("the keys of the Alipay sandbox")]
    SandboxKeys(#[from] KeyFileError),
    /// The sandbox cannot be started.
    #[error("the Alipay sandbox cannot be started")]
    Sandbox(#[from] alipay_sandbox::StartError),
    /// An address cannot be listened on.
    #[error("{variable}: nobody can listen on {address}")]
    Listen {
        /// The setting.
        variable: &'static str,
        /// The address.
        address: String,
        /// What the operating system says.
        #[source]
        cause: std::io::Error,
    },
    /// A file in the data directory cannot be read or written.
    #[error("DASHOP_DATA_DIR: {file}")]
    File {
        /// Which.
        file: PathBuf,
        /// What the operating system says.
        #[source]
        cause: std::io::Error,
    },
}

/// Opens the database, with its schema up to date.
///
/// # Errors
/// It cannot be opened, or its schema is old and not to be changed at the start.
pub(crate) async fn open_store(configuration: &Configuration) -> Result<SqlStore, StartError> {
    let directory = &configuration.data_dir;
    if Path::new(configuration.database.url.trim_start_matches("sqlite:")).starts_with(directory) {
        keys::private_directory(directory)
            .map_err(|cause| StartError::File { file: directory.clone(), cause })?;
    }
    let store = SqlStore::connect(&configuration.database).await?;
    if configuration.migrate_at_start {
        for name in store.migrate().await? {
            tracing::info!(name, "schema changed");
        }
    }
    let schema = store.schema().await?;
    if schema.is_current() { Ok(store) } else { Err(StartError::SchemaPending(schema.pending)) }
}

impl Services {
    /// Puts the program together. Must be called within the runtime that drives it.
    ///
    /// # Errors
    /// Something that the configuration names cannot be used.
    pub async fn start(configuration: &Configuration) -> Result<Self, StartError> {
        let store = open_store(configuration).await?;
        if configuration.seed_demo && store.seed_demo(SystemClock.now()).await? {
            tracing::info!("the demo shop was set up");
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let redis = configuration.redis.as_ref().map(RedisCarts::new).transpose()?.map(Arc::new);
        let (gateway, merchant, sandbox) = payment(configuration, &clock)?;
        let store = Arc::new(store);
        let carts: Arc<dyn CartStore> = match &redis {
            Some(redis) => Arc::clone(redis) as _,
            None => Arc::clone(&store) as _,
        };
        let sweep = Arc::new(SweepCarts {
            units: Arc::clone(&store) as _,
            carts: Arc::clone(&carts),
            clock: Arc::clone(&clock),
        });
        let placement = placement(&store, &sweep, &clock, configuration);
        let (desk, writers) = OrderDesk::open(Arc::new(placement), configuration.desk);
        let mut jobs = JoinSet::new();
        if redis.is_some() {
            jobs.spawn(sweep_for_ever(sweep));
        }
        let readiness = Arc::new(Parts { store: Arc::clone(&store), redis, desk: desk.clone() });
        let backs = Backs { store, carts, gateway, merchant, clock };
        let tokens = token_key(configuration)?;
        Ok(Self { shop: backs.shop(desk, readiness, tokens, configuration), sandbox, writers, jobs })
    }
}

/// What the use cases stand on.
struct Backs {
    store: Arc<SqlStore>,
    carts: Arc<dyn CartStore>,
    gateway: Arc<dyn PaymentGateway>,
    merchant: Merchant,
    clock: Arc<dyn Clock>,
}

impl Backs {
    fn shop(
        self,
        desk: OrderDesk,
        readiness: Arc<Parts>,
        tokens: crate::http::TokenKey,
        configuration: &Configuration,
    ) -> Shop {
        let Self { store, carts, gateway, merchant, clock } = self;
        let rules = configuration.rules;
        let http = &configuration.http;
        let cashier = Arc::new(Cashier { gateway: Arc::clone(&gateway), clock: Arc::clone(&clock) });
        let settle = Arc::new(SettlePayment {
            gateway: Arc::clone(&gateway),
            units: Arc::clone(&store) as _,
            merchant,
            clock: Arc::clone(&clock),
        });
        Shop {
            preview: PreviewOrder {
                users: Arc::clone(&store) as _,
                address_book: Arc::clone(&store) as _,
                catalog: Arc::clone(&store) as _,
                carts: Arc::clone(&carts),
                direct_buys: Arc::clone(&store) as _,
                clock: Arc::clone(&clock),
                rules,
            },
            place: PlaceOrder {
                address_book: Arc::clone(&store) as _,
                carts,
                direct_buys: Arc::clone(&store) as _,
                orders: Arc::clone(&store) as _,
                desk,
                cashier: Arc::clone(&cashier),
                clock: Arc::clone(&clock),
                rules,
            },
            list: ListOrders { users: Arc::clone(&store) as _, orders: Arc::clone(&store) as _ },
            confirm: ConfirmReceipt {
                users: Arc::clone(&store) as _,
                units: Arc::clone(&store) as _,
                clock: Arc::clone(&clock),
            },
            start_payment: StartPayment {
                users: Arc::clone(&store) as _,
                orders: Arc::clone(&store) as _,
                cashier,
                clock,
            },
            payment_result: PaymentResult { gateway, orders: store, settle: Arc::clone(&settle) },
            settle,
            readiness,
            tokens,
            base_url: http.base_url.clone(),
            result_page: http.result_page.clone(),
            body_limit: http.body_limit,
            request_timeout: http.request_timeout,
        }
    }
}

fn placement(
    store: &Arc<SqlStore>,
    sweep: &Arc<SweepCarts>,
    clock: &Arc<dyn Clock>,
    configuration: &Configuration,
) -> Placement {
    let ports = PlacementPorts {
        catalog: Arc::clone(store) as _,
        units: Arc::clone(store) as _,
        orders: Arc::clone(store) as _,
        sweep: Arc::clone(sweep),
        clock: Arc::clone(clock),
        randomness: Arc::new(SystemRandomness),
    };
    Placement::new(ports, configuration.rules)
}

async fn sweep_for_ever(sweep: Arc<SweepCarts>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        match sweep.sweep().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "left-over lines were taken out of their carts"),
            Err(error) => tracing::warn!(%error, "left-over lines could not be taken out of their carts"),
        }
    }
}

type Payment = (Arc<dyn PaymentGateway>, Merchant, Option<Sandbox>);

fn payment(configuration: &Configuration, clock: &Arc<dyn Clock>) -> Result<Payment, StartError> {
    match &configuration.alipay {
        AlipayConfiguration::Alipay(account) => real(account, clock),
        AlipayConfiguration::Sandbox(listen) => {
            let directory = configuration.data_dir.join("alipay-sandbox");
            let keys = SandboxKeys::load_or_generate(&directory)?;
            let mut sandbox = SandboxConfig::new(keys.app.public_key().clone(), keys.alipay.clone());
            sandbox.state_file = Some(directory.join("trades.json"));
            let (app_id, seller_id) = (sandbox.app_id.clone(), sandbox.seller_id.clone());
            let listener = TcpListener::bind(listen).map_err(|cause| StartError::Listen {
                variable: "DASHOP_SANDBOX_LISTEN",
                address: listen.to_string(),
                cause,
            })?;
            let sandbox = Sandbox::start(sandbox, listener, Arc::clone(clock))?;
            let public_url = &configuration.http.public_url;
            let config = AlipayConfig {
                gateway_url: sandbox.gateway_url(),
                app_id: app_id.clone(),
                app_private_key: keys.app,
                alipay_public_key: keys.alipay.public_key().clone(),
                notify_url: Some(format!("{public_url}/v1/orders/success/")),
                return_url: Some(format!("{public_url}/v1/orders/return/")),
                timeouts: AlipayTimeouts::default(),
            };
            let gateway = AlipayGateway::new(config, Arc::clone(clock))?;
            Ok((Arc::new(gateway), Merchant { app_id, seller_id: Some(seller_id) }, Some(sandbox)))
        }
    }
}

fn real(account: &AlipayAccount, clock: &Arc<dyn Clock>) -> Result<Payment, StartError> {
    let app_private_key = PrivateKey::parse(account.app_private_key.reveal())
        .map_err(|cause| StartError::Key { variable: "DASHOP_ALIPAY_APP_PRIVATE_KEY", cause })?;
    let alipay_public_key = PublicKey::parse(&account.alipay_public_key)
        .map_err(|cause| StartError::Key { variable: "DASHOP_ALIPAY_PUBLIC_KEY", cause })?;
    let config = AlipayConfig {
        gateway_url: account.gateway_url.clone(),
        app_id: account.app_id.clone(),
        app_private_key,
        alipay_public_key,
        notify_url: Some(account.notify_url.clone()),
        return_url: Some(account.return_url.clone()),
        timeouts: AlipayTimeouts::default(),
    };
    let merchant = Merchant { app_id: account.app_id.clone(), seller_id: account.seller_id.clone() };
    Ok((Arc::new(AlipayGateway::new(config, Arc::clone(clock))?), merchant, None))
}
