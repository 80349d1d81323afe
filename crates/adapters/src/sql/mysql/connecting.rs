use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use deadpool::managed::QueueMode;
use diesel::{ConnectionResult, result::ConnectionError};
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

use super::queries::Pools;
use crate::sql::{
    config::{ConnectError, MysqlTls, SqlConfig},
    failure::{NoAnswer, unavailable},
    metrics::StatementCounter,
};

/// A connection that lay idle for longer is asked for a sign of life before it is used again.
const TRUSTED_WHEN_IDLE_FOR: Duration = Duration::from_secs(5);

/// One pool for reading and writing.
pub(super) fn pools(
    address: &str,
    config: &SqlConfig,
    statements: &Arc<AtomicU64>,
    runtime: &Handle,
) -> Result<Pools, ConnectError> {
    let setup = Setup {
        opts: opts(address, config)?,
        session: session(config),
        connect_timeout: config.connect_timeout,
        counter: StatementCounter::new(Arc::clone(statements)),
        runtime: runtime.clone(),
    };
    let mut manager = ManagerConfig::default();
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |_url| setup.clone().open().boxed());
    let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config("", manager))
        .max_size(config.max_connections.max(1))
        // The connection that was used last knows the statements best.
        .queue_mode(QueueMode::Lifo)
        .pre_recycle(Hook::async_fn(|conn, metrics| {
            let trusted = metrics.last_used() < TRUSTED_WHEN_IDLE_FOR;
            async move { if trusted { Ok(()) } else { sign_of_life(conn).await } }.boxed()
        }))
        .build()
        .map_err(|error| ConnectError::Open(unavailable(error)))?;
    Ok(Pools { readers: pool.clone(), writers: pool })
}

async fn sign_of_life(conn: &mut AsyncMysqlConnection) -> Result<(), HookError> {
    let answer = timeout(TRUSTED_WHEN_IDLE_FOR, diesel::sql_query("DO 0").execute(conn)).await;
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(HookError::Backend(PoolError::QueryError(error))),
        Err(_elapsed) => Err(HookError::message(NoAnswer(TRUSTED_WHEN_IDLE_FOR).to_string())),
    }
}

/// How a new connection is opened.
#[derive(Clone)]
struct Setup {
    opts: Opts,
    session: String,
    connect_timeout: Duration,
    counter: StatementCounter,
    runtime: Handle,
}

impl Setup {
    /// Opens it on the store's own runtime: a socket is driven by the runtime that made it.
    async fn open(self) -> ConnectionResult<AsyncMysqlConnection> {
        let limit = self.connect_timeout;
        let opening = self.runtime.clone().spawn(timeout(limit, self.open_here()));
        match opening.await {
            Ok(Ok(opened)) => opened,
            Ok(Err(_elapsed)) => Err(ConnectionError::BadConnection(NoAnswer(limit).to_string())),
            Err(failed) => Err(ConnectionError::BadConnection(failed.to_string())),
        }
    }

    async fn open_here(self) -> ConnectionResult<AsyncMysqlConnection> {
        let conn = mysql_async::Conn::new(self.opts)
            .await
            .map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
        let mut conn = AsyncMysqlConnection::try_from(conn).await?;
        conn.batch_execute(&self.session).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        conn.set_instrumentation(self.counter);
        Ok(conn)
    }
}

fn opts(address: &str, config: &SqlConfig) -> Result<Opts, ConnectError> {
    let opts =
        Opts::from_url(&format!("mysql:{address}")).map_err(|error| ConnectError::Url(error.to_string()))?;
    if opts.db_name().is_none_or(str::is_empty) {
        return Err(ConnectError::Url("no database is named after the host".to_owned()));
    }
    let tls = match &config.tls {
        MysqlTls::Off => opts.ssl_opts().cloned(),
        MysqlTls::Required { root_certificates: None } => Some(SslOpts::default()),
        MysqlTls::Required { root_certificates: Some(file) } => Some(
            SslOpts::default().with_root_certs(vec![file.clone().into()]).with_disable_built_in_roots(true),
        ),
        MysqlTls::Unverified => Some(
            SslOpts::default()
                .with_danger_accept_invalid_certs(true)
                .with_danger_skip_domain_validation(true),
        ),
    };
    // The driver would ask a server on this machine for its socket and go there instead; only where the URL says so.
    let prefer_socket = address.contains("prefer_socket=true");
    Ok(OptsBuilder::from_opts(opts)
        .ssl_opts(tls)
        .prefer_socket(prefer_socket)
        .tcp_nodelay(true)
        // Prepared statements are kept by diesel, which also counts rows that it found, changed or not.
        .stmt_cache_size(0)
        .client_found_rows(true)
        .into())
}

/// What every session is set to, whatever the server's defaults.
///
/// Messages in English, because some errors are told apart by their text alone. Strict, so that nothing is cut to fit.
/// MariaDB also ends statements that nobody waits for any more; MySQL takes that part for a comment.
fn session(config: &SqlConfig) -> String {
    let lock_seconds = config.lock_timeout.as_secs().max(1);
    let statement_seconds = config.statement_timeout.as_secs_f64();
    format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET SESSION autocommit = 1, time_zone = '+08:00', lc_messages = 'en_US', \
         sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
         innodb_lock_wait_timeout = {lock_seconds} /*M! , max_statement_time = {statement_seconds:.3} */"
    )
}
