use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::{Duration, Instant},
};

use deadpool::managed::QueueMode;
use diesel::{
    ConnectionResult,
    result::{ConnectionError, DatabaseErrorInformation, DatabaseErrorKind},
};
use diesel_async::{
    AsyncConnection, AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod,
        deadpool::{Hook, HookError, Pool},
    },
};
use futures_util::FutureExt;
use mysql_async::{Opts, OptsBuilder, SslOpts};
use tokio::{runtime::Handle, time::timeout};

use super::{
    faults::classify,
    given_up::{GivenUpStatements, server_of},
    queries::Pools,
};
use crate::sql::{
    config::{ConnectError, MysqlTls, SqlConfig},
    failure::{Fault, NoAnswer, unavailable},
    metrics::{ServerThread, StatementCounter},
};

/// A connection that was idle for longer is tested with a statement before it is used again.
const TRUSTED_WHEN_IDLE_FOR: Duration = Duration::from_secs(5);

/// The error message if the server has no connection left.
const SERVER_FULL: &str = "the server has no connection left";
/// How long no new connection is requested after that error; callers wait for one that returns to the pool.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// One pool for reading and writing, and a pool of one connection for health checks.
pub(super) fn pools(
    address: &str,
    config: &SqlConfig,
    statements: &Arc<AtomicU64>,
    runtime: &Handle,
) -> Result<Pools, ConnectError> {
    let opts = opts(address, config)?;
    let given_up = GivenUpStatements::ended_over(opts.clone(), config.connect_timeout, runtime);
    let setup = Setup {
        opts,
        session: session(config),
        connect_timeout: config.connect_timeout,
        counter: StatementCounter::new(Arc::clone(statements)),
        runtime: runtime.clone(),
        refused_at: Arc::default(),
    };
    let pool = |max_size: usize| {
        let setup = setup.clone();
        let mut manager = ManagerConfig::default();
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(move |_url| setup.clone().open().boxed());
        Pool::builder(AsyncDieselConnectionManager::new_with_config("", manager))
            .max_size(max_size.max(1))
            // The connection that was used last most likely has the needed statements prepared.
            .queue_mode(QueueMode::Lifo)
            .pre_recycle(Hook::async_fn(|conn, metrics| {
                let trusted = metrics.last_used() < TRUSTED_WHEN_IDLE_FOR;
                async move { if trusted { Ok(()) } else { sign_of_life(conn).await } }.boxed()
            }))
            .build()
            .map_err(|error| ConnectError::Open(unavailable(error)))
    };
    let all = pool(config.max_connections)?;
    Ok(Pools { readers: all.clone(), writers: all, probes: Some(pool(1)?), given_up })
}

async fn sign_of_life(conn: &mut AsyncMysqlConnection) -> Result<(), HookError> {
    let answer = timeout(TRUSTED_WHEN_IDLE_FOR, diesel::sql_query("DO 0").execute(conn)).await;
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(HookError::Backend(PoolError::QueryError(error))),
        Err(_elapsed) => Err(HookError::message(NoAnswer(TRUSTED_WHEN_IDLE_FOR).to_string())),
    }
}

/// The settings of a new connection.
#[derive(Clone)]
struct Setup {
    opts: Opts,
    session: String,
    connect_timeout: Duration,
    counter: StatementCounter,
    runtime: Handle,
    /// When the server last reported that it has no connection left.
    refused_at: Arc<Mutex<Option<Instant>>>,
}

impl Setup {
    /// Opens a connection on the store's own runtime, because a socket is driven by the runtime that created it.
    async fn open(self) -> ConnectionResult<AsyncMysqlConnection> {
        let refused_at = Arc::clone(&self.refused_at);
        let last = *refused_at.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < ASK_AGAIN) {
            return Err(ConnectionError::BadConnection(SERVER_FULL.to_owned()));
        }
        let opened = self.open_there().await;
        if let Err(ConnectionError::BadConnection(why)) = &opened
            && why == SERVER_FULL
        {
            *refused_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        opened
    }

    async fn open_there(self) -> ConnectionResult<AsyncMysqlConnection> {
        let limit = self.connect_timeout;
        let opening = self.runtime.clone().spawn(timeout(limit, self.open_here()));
        match opening.await {
            Ok(Ok(opened)) => opened,
            Ok(Err(_elapsed)) => Err(ConnectionError::BadConnection(NoAnswer(limit).to_string())),
            Err(failed) => Err(ConnectionError::BadConnection(failed.to_string())),
        }
    }

    async fn open_here(self) -> ConnectionResult<AsyncMysqlConnection> {
        let mut conn = mysql_async::Conn::new(self.opts).await.map_err(refusal)?;
        let server = server_of(&mut conn).await.map_err(refusal)?;
        let counter = self.counter.on_thread(ServerThread { server, id: conn.id() });
        let mut conn = AsyncMysqlConnection::try_from(conn).await?;
        conn.batch_execute(&self.session).await.map_err(|error| match classify(&error) {
            Fault::Lost | Fault::Locked | Fault::TimedOut => {
                ConnectionError::BadConnection(error.to_string())
            }
            Fault::Blocked(_) | Fault::Refused => ConnectionError::CouldntSetupConfiguration(error),
        })?;
        conn.set_instrumentation(counter);
        Ok(conn)
    }
}

/// Classifies the server's refusal of a connection by the error number.
fn refusal(error: mysql_async::Error) -> ConnectionError {
    let mysql_async::Error::Server(error) = error else {
        return ConnectionError::BadConnection(error.to_string());
    };
    match error.code {
        // A limit of the server is reached (1040), or of the user (1203; 1226 also for a limit per hour).
        1040 | 1203 | 1226 => ConnectionError::BadConnection(SERVER_FULL.to_owned()),
        // The user, host, password, authentication method or database is wrong.
        1044 | 1045 | 1049 | 1130 | 1251 | 1698 => {
            let message: Box<dyn DatabaseErrorInformation + Send + Sync> = Box::new(error.message);
            let error = diesel::result::Error::DatabaseError(DatabaseErrorKind::Unknown, message);
            ConnectionError::CouldntSetupConfiguration(error)
        }
        _ => ConnectionError::BadConnection(error.to_string()),
    }
}

/// Whether no connection was opened because the server or the user has reached a limit of connections.
pub(super) fn is_server_full(error: &PoolError) -> bool {
    matches!(error, PoolError::ConnectionError(ConnectionError::BadConnection(why)) if why == SERVER_FULL)
}

/// Checks that the address can be parsed and names a database.
pub(in crate::sql) fn check(address: &str, config: &SqlConfig) -> Result<(), ConnectError> {
    opts(address, config).map(drop)
}

fn opts(address: &str, config: &SqlConfig) -> Result<Opts, ConnectError> {
    let opts =
        Opts::from_url(&format!("mysql:{address}")).map_err(|error| ConnectError::Url(error.to_string()))?;
    if opts.db_name().is_none_or(str::is_empty) {
        return Err(ConnectError::Url("no database is named after the host".to_owned()));
    }
    let tls = match &config.tls {
        MysqlTls::Off => opts.ssl_opts().cloned(),
        MysqlTls::Required { root_certificates } => Some(trusting(root_certificates.as_deref())),
        MysqlTls::Unverified => Some(
            SslOpts::default()
                .with_danger_accept_invalid_certs(true)
                .with_danger_skip_domain_validation(true),
        ),
    };
    // By default the driver switches to the Unix socket of a server on this machine. Here the URL must ask for that.
    let prefer_socket = address.contains("prefer_socket=true");
    // The driver keeps the brackets of an IPv6 address.
    let host = opts.ip_or_hostname().trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(OptsBuilder::from_opts(opts)
        .ip_or_hostname(host)
        .ssl_opts(tls)
        .prefer_socket(prefer_socket)
        .tcp_nodelay(true)
        // diesel keeps prepared statements itself. An UPDATE counts the rows that it found, changed or not.
        .stmt_cache_size(0)
        .client_found_rows(true)
        .into())
}

/// TLS options that trust the authorities in this file, or else the well-known ones.
fn trusting(root_certificates: Option<&Path>) -> SslOpts {
    match root_certificates {
        Some(file) => {
            SslOpts::default().with_root_certs(vec![file.to_owned().into()]).with_disable_built_in_roots(true)
        }
        None => SslOpts::default(),
    }
}

/// The `SET` statements of every session, whatever the server's defaults.
///
/// Messages are in English, because some errors can be recognised only by their text. The SQL mode is strict, so that
/// no value is truncated. The lock timeout is the same for rows and tables. MariaDB also ends a transaction that is
/// idle for three times the statement timeout, and releases its locks: its program has probably vanished.
fn session(config: &SqlConfig) -> String {
    let lock_seconds = config.lock_timeout.as_secs().max(1);
    let silent_seconds = config.statement_timeout.as_secs().max(1) * 3;
    format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET SESSION autocommit = 1, time_zone = '+08:00', lc_messages = 'en_US', \
         sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
         innodb_lock_wait_timeout = {lock_seconds}, lock_wait_timeout = {lock_seconds} \
         /*M! , idle_transaction_timeout = {silent_seconds} */{}",
        statement_limit(config.statement_timeout)
    )
}

/// The end of a `SET SESSION` that limits how long a statement may take. MariaDB limits every statement, MySQL only
/// `SELECT`s. Each of them treats the other's part as a comment.
pub(super) fn statement_limit(limit: Duration) -> String {
    format!(
        " /*M! , max_statement_time = {:.3} */ /*!80000 , max_execution_time = {} */",
        limit.as_secs_f64(),
        limit.as_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_a_host_without_its_brackets() {
        let of = |url: &str| opts(url.strip_prefix("mysql:").unwrap(), &SqlConfig::new(url)).unwrap();
        let opts = of("mysql://shop:p%40ss@[::1]:3307/shop");
        assert_eq!((opts.ip_or_hostname(), opts.tcp_port(), opts.pass()), ("::1", 3307, Some("p@ss")));
        assert_eq!(of("mysql://shop@db.example/shop").ip_or_hostname(), "db.example");
    }
}
