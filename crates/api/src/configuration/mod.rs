//! The operator's settings: environment variables `DASHOP_…` override an optional TOML file, which overrides defaults.
//!
//! All settings are read and checked once, at the start. An error names the variable and the problem.

mod alipay;
mod audit;
mod database;
mod events;
mod secret;
mod source;
mod tokens;

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, time::Duration};

use adapters::{
    is_on_this_machine,
    redis::RedisConfig,
    sql::{CartsIn, EventSink, SqlConfig},
};
use application::{BatcherSettings, ShopRules, SignInRules};
use domain::{Money, Pricing, QuantityLimit, UnpaidLimits};
use url::Url;

pub use alipay::{AlipayKeys, AlipayPages};
pub use audit::AuditConfiguration;
pub use database::DatabaseConfiguration;
pub use events::{EndpointConfiguration, EventsConfiguration};
pub use secret::Secret;
pub use source::{CertificateText, ConfigurationError, Source};
pub use tokens::{StaffSecret, TokenSecrets, VerifyOnly};

/// All settings.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Where generated secrets and the embedded database are kept.
    pub data_dir: PathBuf,
    /// The settings of the HTTP server.
    pub http: HttpConfiguration,
    /// The address of the metrics; `None` if they are not served.
    pub metrics_listen: Option<SocketAddr>,
    /// The database.
    pub database: SqlConfig,
    /// How long to wait at the start for a database that cannot be reached.
    pub database_start_timeout: Duration,
    /// Whether to update the schema at the start.
    pub migrate_at_start: bool,
    /// Whether to fill a shop without users with the demo goods, users and carts.
    pub seed_demo: bool,
    /// The carts' Redis; `None` if the carts are in the database.
    pub redis: Option<RedisConfig>,
    /// The sales rules.
    pub rules: ShopRules,
    /// The limits of the order batcher.
    pub batcher: BatcherSettings,
    /// How long a request can be repeated with its idempotency key.
    pub key_retention: Duration,
    /// The sign-in rules; `None` if the shop's old back end signs buyers in.
    pub sign_in: Option<SignInRules>,
    /// Alipay or the sandbox.
    pub alipay: AlipayConfiguration,
    /// How buyers see a payment at Alipay or the sandbox.
    pub alipay_pages: AlipayPages,
    /// The webhook endpoints.
    pub events: EventsConfiguration,
    /// How long refused messages are kept.
    pub refused_retention: Duration,
    /// How long after its end an order keeps its buyer's name, phone and address.
    pub anonymise_after: Duration,
    /// Whether to use a database version that is known to be unsafe.
    pub allows_unsafe_engine: bool,
    /// How the audit works.
    pub audit: AuditConfiguration,
    /// After how long without success a background job is stalled.
    pub jobs_stalled_after: Duration,
    /// The secrets that sign and verify tokens.
    pub tokens: TokenSecrets,
    /// The settings of the log.
    pub log: Log,
}

/// The settings of the log.
#[derive(Debug, Clone)]
pub struct Log {
    /// The level, such as `info` or `info,application=debug`.
    pub level: String,
    /// Whether lines are JSON.
    pub is_json: bool,
    /// Whether each request is logged.
    pub has_access: bool,
    /// The settings of the export of traces; `None` for no export.
    pub otlp: Option<OtlpConfiguration>,
}

/// How traces are exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfiguration {
    /// The collector's URL, without `/v1/traces`.
    pub endpoint: String,
    /// The percentage of traces to export, for traces without a decision of the caller.
    pub sample_percent: u8,
}

/// The origins whose pages may call from a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// All origins.
    Any,
    /// These origins, such as `https://shop.example`.
    These(Vec<String>),
}

/// The settings of the HTTP server.
#[derive(Debug, Clone)]
pub struct HttpConfiguration {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The public URL of the program, without a trailing slash; Alipay's return and notification URLs begin with it.
    pub public_url: String,
    /// The prefix for image names.
    pub base_url: String,
    /// The URL of the result page.
    pub result_page: String,
    /// The promises to buyers on the front page, such as 七天无理由退换; empty by default, because the shop keeps them and not the
    /// program.
    pub promises: Vec<String>,
    /// Whether a proxy in front sends the client's true address in `X-Forwarded-For`.
    pub trusted_proxy: bool,
    /// The origins whose pages may call.
    pub cors_origins: Origins,
    /// The number of worker threads.
    pub workers: usize,
    /// The most connections; `None` to derive it from the number of files that the program may open.
    pub connections: Option<usize>,
    /// The most connections of one address; `None` to derive it from the limit of all connections.
    pub connections_per_address: Option<usize>,
    /// How long the program is unready, but still answers, after SIGTERM.
    pub drain: Duration,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// The largest body, in bytes.
    pub body_limit: usize,
}

/// The payment provider.
#[derive(Debug, Clone)]
pub enum AlipayConfiguration {
    /// The sandbox, in this process, at this address.
    Sandbox(SocketAddr),
    /// Alipay.
    Alipay(Box<AlipayAccount>),
}

impl AlipayConfiguration {
    /// Whether real money is paid: neither at a sandbox on this machine, nor at Alipay's sandbox for developers.
    pub fn takes_money(&self) -> bool {
        let Self::Alipay(account) = self else { return false };
        let gateway = Url::parse(&account.gateway_url).ok();
        let host = gateway.as_ref().and_then(Url::host_str);
        let is_for_developers = host.is_some_and(|host| host.ends_with(".alipaydev.com"));
        !is_for_developers && !is_on_this_machine(&account.gateway_url)
    }
}

/// The shop's account at Alipay.
#[derive(Debug, Clone)]
pub struct AlipayAccount {
    /// The application id.
    pub app_id: String,
    /// The account that must receive the money; `None` for no check.
    pub seller_id: Option<String>,
    /// The URL of Alipay's gateway.
    pub gateway_url: String,
    /// Signs requests to Alipay: a key in any of the three formats.
    pub app_private_key: Secret,
    /// Verifies messages from Alipay.
    pub keys: AlipayKeys,
    /// The URL for Alipay's notifications.
    pub notify_url: String,
    /// The URL to which Alipay sends the buyer's browser back.
    pub return_url: String,
}

/// The most promises that fit beside the front page's heading.
const MAX_PROMISES: usize = 4;
const MAX_PROMISE_CHARS: usize = 12;
/// The longest payment deadline that Alipay accepts: 15 days.
const MAX_DEADLINE_MINUTES: u64 = 15 * 24 * 60;
/// How long a failed sign-in counts.
const SIGN_IN_WINDOW: Duration = Duration::from_secs(15 * 60);

impl Configuration {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// A setting is missing, invalid or unknown, or contradicts another.
    pub fn read(mut source: Source) -> Result<Self, ConfigurationError> {
        let configuration = Self::take(&mut source)?;
        source.nothing_left()?;
        Ok(configuration)
    }

    /// The data directory and listen address of a program with these settings. Other settings are not checked.
    ///
    /// # Errors
    /// One of the two is invalid, or a setting is unknown.
    pub fn place(mut source: Source) -> Result<(PathBuf, SocketAddr), ConfigurationError> {
        let place = (database::data_dir(&mut source)?, listen(&mut source)?);
        source.nothing_left_but(&Self::names())?;
        Ok(place)
    }

    /// The listen address of a program with these settings. No other setting is read, so that the health check of a running
    /// program works after its settings were changed for the next start.
    ///
    /// # Errors
    /// The address is invalid.
    pub fn listen(mut source: Source) -> Result<SocketAddr, ConfigurationError> {
        listen(&mut source)
    }

    /// The names of all settings.
    fn names() -> BTreeSet<String> {
        let mut source = Source::default();
        let _defaults = Self::take(&mut source);
        source.asked()
    }

    fn take(source: &mut Source) -> Result<Self, ConfigurationError> {
        let DatabaseConfiguration { data_dir, mut database, start_timeout, allows_unsafe_engine, log } =
            DatabaseConfiguration::take(source)?;
        let is_embedded = database::is_embedded(&database.url);
        let redis = redis(source)?;
        let http = http(source)?;
        let alipay = alipay(source, &http.public_url, is_embedded)?;
        let events = events::read(source)?;
        database.carts = if redis.is_some() { CartsIn::Elsewhere } else { CartsIn::Database };
        database.event_sink =
            if events.endpoints.is_empty() { EventSink::Dropped } else { EventSink::Outbox };
        let pays_at_sandbox = matches!(alipay, AlipayConfiguration::Sandbox(_));
        let seed_demo = source.get_or("seed_demo", is_embedded && pays_at_sandbox)?;
        if seed_demo && alipay.takes_money() {
            let problem =
                "is not possible where real money comes in: everybody knows the demo users' passwords";
            return Err(source.wrong("seed_demo", problem));
        }
        Ok(Self {
            seed_demo,
            database,
            database_start_timeout: start_timeout,
            migrate_at_start: source.get_or("migrate_at_start", is_embedded)?,
            redis,
            rules: rules(source)?,
            batcher: BatcherSettings {
                writers: source.within("batch_writers", 1, 1..=64)?,
                group: source.within("batch_size", 64, 1..=500)?,
                queue: source.within("batch_queue", 2000, 1..=100_000)?,
            },
            key_retention: Duration::from_secs(source.within("idempotency_days", 30, 1..=3650)? * 24 * 3600),
            sign_in: sign_in(source)?,
            alipay,
            alipay_pages: AlipayPages::read(source)?,
            tokens: tokens::read(source, is_embedded)?,
            events,
            metrics_listen: source.get("metrics_listen")?,
            refused_retention: Duration::from_secs(
                source.within("refused_messages_days", 365, 1..=3650)? * 24 * 3600,
            ),
            anonymise_after: Duration::from_secs(
                source.within("anonymise_days", 1095, 30..=36_500)? * 24 * 3600,
            ),
            allows_unsafe_engine,
            audit: audit::read(source)?,
            jobs_stalled_after: source.seconds("jobs_stalled_after", 600, 1..=86_400)?,
            log,
            data_dir,
            http,
        })
    }
}

fn listen(source: &mut Source) -> Result<SocketAddr, ConfigurationError> {
    source.get_or("listen", SocketAddr::from(([127, 0, 0, 1], 8000)))
}

fn http(source: &mut Source) -> Result<HttpConfiguration, ConfigurationError> {
    let listen = listen(source)?;
    let public_url = source.url_or("public_url", format!("http://{listen}"))?;
    let public_url = public_url.trim_end_matches('/').to_owned();
    Ok(HttpConfiguration {
        base_url: source.get_or("base_url", format!("{public_url}/media/"))?,
        result_page: source.url_or("result_page", format!("{public_url}/pay_success.html"))?,
        promises: promises(source)?,
        trusted_proxy: source.get_or("trusted_proxy", false)?,
        cors_origins: source.origins_or("cors_origins", &public_url)?,
        workers: source.within("workers", 2, 1..=256)?,
        connections: source.optional_within("connections", 16..=1_000_000)?,
        connections_per_address: source.optional_within("connections_per_address", 1..=1_000_000)?,
        drain: source.seconds("drain", 0, 0..=300)?,
        request_timeout: source.seconds("request_timeout", 20, 1..=300)?,
        // A notification from Alipay has some 2 KiB, and more with many coupons.
        body_limit: source.within("body_limit", 64 * 1024, 16 * 1024..=1024 * 1024)?,
        public_url,
        listen,
    })
}

fn promises(source: &mut Source) -> Result<Vec<String>, ConfigurationError> {
    let promises = source.list("promises")?;
    let fits = |promise: &String| promise.chars().count() <= MAX_PROMISE_CHARS;
    if promises.len() > MAX_PROMISES || !promises.iter().all(fits) {
        let problem =
            format!("must be at most {MAX_PROMISES} texts of at most {MAX_PROMISE_CHARS} characters");
        return Err(source.wrong("promises", &problem));
    }
    Ok(promises)
}

fn redis(source: &mut Source) -> Result<Option<RedisConfig>, ConfigurationError> {
    let urls = source.urls_or_file("redis_url")?;
    let root_certificates = source.authorities("redis_tls_ca")?;
    let cluster = source.get_or("redis_cluster", false)?;
    let connections = source.within("redis_connections", 16, 1..=1000)?;
    let timeout = source.seconds("redis_timeout", 2, 1..=60)?;
    if urls.is_empty() {
        return Ok(None);
    }
    if !cluster && urls.len() > 1 {
        return Err(source.wrong(
            "redis_url",
            "names several servers, which only a cluster has: set DASHOP_REDIS_CLUSTER",
        ));
    }
    // The rejected value may be a password, so it is not shown.
    if !urls.iter().all(|url| url.starts_with("redis://") || url.starts_with("rediss://")) {
        return Err(source.wrong("redis_url", "must begin with redis:// or rediss://"));
    }
    if cluster && root_certificates.is_some() {
        let problem =
            "is not possible with a cluster: SSL_CERT_FILE sets the authorities of the whole program";
        return Err(source.wrong("redis_tls_ca", problem));
    }
    Ok(Some(RedisConfig { urls, cluster, connections, timeout, root_certificates }))
}

fn rules(source: &mut Source) -> Result<ShopRules, ConfigurationError> {
    let flat: Money = source.get_or("freight", Money::from_fen(1000).unwrap_or(Money::ZERO))?;
    let free_from: Option<Money> = source.get("freight_free_from")?;
    let most = source.within("quantity_limit", 200, 1..=1_000_000)?;
    let quantity_limit = u32::try_from(most).ok().and_then(QuantityLimit::new);
    let minutes = source.within("payment_deadline_minutes", 30, 2..=MAX_DEADLINE_MINUTES)?;
    Ok(ShopRules {
        pricing: Pricing { freight: flat, free_from },
        quantity_limit: quantity_limit.ok_or_else(|| source.wrong("quantity_limit", "is out of range"))?,
        payment_deadline: Duration::from_secs(minutes * 60),
        unpaid_limits: unpaid_limits(source)?,
        double_click: source.seconds("double_click", 5, 0..=60)?,
        receipt_after: Duration::from_secs(source.within("receipt_days", 10, 1..=365)? * 24 * 3600),
    })
}

/// Zero means no limit.
fn unpaid_limits(source: &mut Source) -> Result<UnpaidLimits, ConfigurationError> {
    let limit = |most: u32| (most > 0).then_some(most);
    Ok(UnpaidLimits {
        orders: limit(source.within("unpaid_orders", 10, 0..=1_000_000)?),
        pieces: limit(source.within("unpaid_pieces", 200, 0..=1_000_000_000)?),
        share_percent: source.within("unpaid_share", 100, 1..=100)?,
    })
}

fn sign_in(source: &mut Source) -> Result<Option<SignInRules>, ConfigurationError> {
    let is_on = source.get_or("sign_in", true)?;
    // Against one password tried with many names. The limit is generous, because all buyers behind a proxy may share an
    // address.
    let per_address: u32 = source.within("sign_in_failures_per_address", 1000, 0..=1_000_000)?;
    let hours = source.within("token_hours", 24, 1..=24 * 365)?;
    let rules = SignInRules {
        token_life: Duration::from_secs(hours * 3600),
        window: SIGN_IN_WINDOW,
        failures: source.within("sign_in_failures", 10, 1..=10_000)?,
        failures_per_name: source.within("sign_in_failures_per_name", 200, 1..=1_000_000)?,
        failures_per_address: (per_address > 0).then_some(per_address),
    };
    Ok(is_on.then_some(rules))
}

fn alipay(
    source: &mut Source,
    public_url: &str,
    is_embedded: bool,
) -> Result<AlipayConfiguration, ConfigurationError> {
    let sandbox_listen = source.get_or("sandbox_listen", SocketAddr::from(([127, 0, 0, 1], 8001)))?;
    let app_private_key = source.secret_or_file("alipay_app_private_key")?;
    let keys = AlipayKeys::read(source)?;
    let app_id: Option<String> = source.get("alipay_app_id")?;
    let seller_id: Option<String> = source.get("alipay_seller_id")?;
    // With any other id, each payment would be refused as another shop's.
    if !seller_id.as_deref().is_none_or(is_account) {
        let problem = "must be the account at Alipay: 16 digits that begin with 2088";
        return Err(source.wrong("alipay_seller_id", problem));
    }
    // If one of these is set, the shop is to be paid through Alipay.
    let has_account = app_private_key.is_some() || keys.is_some() || app_id.is_some() || seller_id.is_some();
    let wants_sandbox = source.get_or("sandbox", is_embedded && !has_account)?;
    let gateway = "https://openapi.alipay.com/gateway.do".to_owned();
    let gateway_url = source.url_or("alipay_gateway_url", gateway)?;
    let notify_url = source.url_or("alipay_notify_url", format!("{public_url}/v1/orders/success/"))?;
    let return_url = source.url_or("alipay_return_url", format!("{public_url}/v1/orders/return/"))?;
    if wants_sandbox {
        return Ok(AlipayConfiguration::Sandbox(sandbox_listen));
    }
    let missing = |source: &Source, name| source.wrong(name, "is missing: without it nobody can pay");
    Ok(AlipayConfiguration::Alipay(Box::new(AlipayAccount {
        app_private_key: Secret::new(
            app_private_key.ok_or_else(|| missing(source, "alipay_app_private_key"))?,
        ),
        keys: keys.ok_or_else(|| missing(source, "alipay_public_key"))?,
        app_id: app_id.ok_or_else(|| missing(source, "alipay_app_id"))?,
        seller_id,
        gateway_url,
        notify_url,
        return_url,
    })))
}

/// Whether this has the form of the id of an account at Alipay.
fn is_account(id: &str) -> bool {
    id.len() == 16 && id.starts_with("2088") && id.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
