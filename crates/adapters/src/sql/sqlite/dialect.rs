//! The part of the database code that is specific to SQLite.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use diesel::{
    Connection, ConnectionResult, QueryResult, SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection},
    dsl::sql,
    expression::SqlLiteral,
    result::{ConnectionError, DatabaseErrorKind, Error as DieselError},
    sql_types::BigInt,
};
use diesel_async::{
    SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod, deadpool::Pool,
    },
    sync_connection_wrapper::SpawnBlocking,
};
use futures_util::FutureExt;
use tokio::runtime::Handle;

use super::{Conn, Detached, queries::Pools};
use crate::{
    private_files,
    sql::{
        config::{ConnectError, SqlConfig},
        failure::{Fault, QueryError, fault_by_words, message, unavailable},
        metrics::StatementCounter,
        migration::{self, Migration},
        obstacle::Obstacle,
    },
};

/// Empty: a writing transaction locks the whole file, so rows need no locks.
pub(super) const FOR_UPDATE: &str = "";
/// As [`FOR_UPDATE`].
pub(super) const FOR_UPDATE_SKIP_LOCKED: &str = "";

/// Whether the engine has `UPDATE … FROM (VALUES …)`.
pub(super) const UPDATES_FROM_VALUES: bool = true;

/// Joins like `INNER JOIN`, and always reads the left table first.
pub(super) const JOIN_IN_THIS_ORDER: &str = "CROSS JOIN";

/// Whether one pool serves reads and writes.
pub(super) const HAS_ONE_POOL: bool = false;
/// Whether an index finds orders by their address. Only orders of the old back end need it, and SQLite has none of
/// them.
pub(super) const HAS_ADDRESS_INDEX: bool = false;

/// Maximum number of rows of one `INSERT`: SQLite binds at most 32,766 values, and no row has more than twenty.
pub(super) const ROWS_PER_INSERT: usize = 1_500;

/// Maximum number of reading connections. More of them take memory for their caches and are no faster.
const MOST_READERS: usize = 4;

pub(super) static MIGRATIONS: [Migration; 13] = migration::embed!("sqlite");

/// Inserts rows in one statement, or in as few as SQLite's limits allow.
///
/// diesel-async has no multi-row insert for SQLite; diesel itself has, for rows without default values.
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {
        $crate::sql::sqlite::dialect::insert_in_chunks($conn, $rows, |conn, rows| {
            diesel::RunQueryDsl::execute(diesel::insert_into($table).values(rows), conn)
        })
        .await
    };
}
pub(super) use insert_rows;

pub(super) async fn insert_in_chunks<Row, Insert>(
    conn: &mut Conn,
    rows: Vec<Row>,
    insert: Insert,
) -> Result<(), QueryError>
where
    Row: Send + 'static,
    Insert: Fn(&mut SqliteConnection, Vec<Row>) -> QueryResult<usize> + Send + 'static,
{
    conn.spawn_blocking(move |conn| {
        let mut rows = rows.into_iter();
        loop {
            let chunk: Vec<Row> = rows.by_ref().take(ROWS_PER_INSERT).collect();
            if chunk.is_empty() {
                return Ok(());
            }
            insert(conn, chunk)?;
        }
    })
    .await?;
    Ok(())
}

/// Does nothing: SQLite has no time limit for statements.
pub(super) async fn limit_statements(_conn: &mut Conn, _limit: Duration) -> QueryResult<()> {
    Ok(())
}

/// Begins a transaction that may write. It locks the file now and not at its first write, when the rows that it has
/// read may have changed already.
pub(super) async fn begin(conn: &mut Conn) -> QueryResult<()> {
    begin_by(conn, "BEGIN IMMEDIATE").await
}

async fn begin_by(conn: &mut Conn, statement: &'static str) -> QueryResult<()> {
    conn.spawn_blocking(move |conn| AnsiTransactionManager::begin_transaction_sql(conn, statement)).await
}

/// Begins a transaction. No other transaction writes meanwhile, so no rows need locks.
pub(super) async fn begin_holding(conn: &mut Conn, _users: &BTreeSet<i32>) -> QueryResult<()> {
    begin(conn).await
}

/// Begins a read-only transaction. The write-ahead log keeps the state of its first read.
pub(super) async fn begin_snapshot(conn: &mut Conn) -> QueryResult<()> {
    begin_by(conn, "BEGIN").await
}

/// Begins the one transaction of all migrations, which waits for the migrations of other processes.
pub(super) async fn begin_migrations(conn: &mut Conn) -> Result<(), QueryError> {
    Ok(conn.batch_execute("BEGIN IMMEDIATE").await?)
}

pub(super) async fn run_migration(conn: &mut Conn, migration: &Migration) -> QueryResult<()> {
    conn.batch_execute(migration.sql).await
}

pub(super) async fn end_migrations(conn: &mut Conn, succeeded: bool) -> Result<(), QueryError> {
    Ok(conn.batch_execute(if succeeded { "COMMIT" } else { "ROLLBACK" }).await?)
}

/// The sum of a money column, in fen: a text with two decimals is the number of fen if its point is removed.
pub(super) fn sum_of_fen(column: &'static str) -> SqlLiteral<BigInt> {
    sql(&format!("COALESCE(SUM(CAST(REPLACE({column}, '.', '') AS INTEGER)), 0)"))
}

pub(super) fn classify(error: &DieselError) -> Fault {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UnableToSendCommand, _)
        | DieselError::BrokenTransactionManager => return Fault::Lost,
        _ => {}
    }
    fault_by_words(error, &FAULTS)
}

const FAULTS: [(Fault, &[&str]); 4] = [
    (Fault::Locked, &["database is locked", "database table is locked", "database schema is locked"]),
    (Fault::Blocked(Obstacle::ReadOnly), &["readonly database"]),
    (Fault::Blocked(Obstacle::NoSpace), &["is full"]),
    (Fault::Lost, &["disk I/O error", "unable to open database", "malformed"]),
];

pub(super) fn is_no_such_table(error: &DieselError) -> bool {
    message(error).starts_with("no such table")
}

/// Always false: SQLite can compare any texts.
pub(super) fn is_not_comparable(_error: &DieselError) -> bool {
    false
}

/// Does nothing: there is no server on which an abandoned statement would continue.
pub(super) struct GivenUpStatements;

impl GivenUpStatements {
    /// Does nothing: the statement ends by itself, see [`Detached`].
    pub(super) fn end(&self, _conn: &mut Conn) {}
}

/// Always false: there is no server.
pub(super) fn is_server_full(_error: &PoolError) -> bool {
    false
}

/// A pool of one connection for writing, and a pool for reading.
pub(super) fn pools(
    path: &str,
    config: &SqlConfig,
    statements: &Arc<AtomicU64>,
    runtime: &Handle,
) -> Result<Pools, ConnectError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.contains(":memory:") {
        return Err(ConnectError::Url("a SQLite database is a file; name one".to_owned()));
    }
    if config.must_exist && is_absent(Path::new(path))? {
        return Err(ConnectError::Absent(path.into()));
    }
    if let Some(folder) = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_files::make_directory(folder)
            .map_err(|cause| ConnectError::Directory(folder.to_owned(), cause))?;
    }
    close_to_others(path)?;
    let pool = |max_size: usize, query_only: bool| {
        let counter = StatementCounter::new(Arc::clone(statements));
        let setup =
            Setup { counter, query_only, lock_timeout: config.lock_timeout, runtime: runtime.clone() };
        let mut manager = ManagerConfig::default();
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(move |path| setup.clone().open(path.to_owned()).boxed());
        Pool::builder(AsyncDieselConnectionManager::new_with_config(path, manager))
            .max_size(max_size.max(1))
            .build()
            .map_err(|error| ConnectError::Open(unavailable(error)))
    };
    Ok(Pools {
        readers: pool(config.max_connections.min(MOST_READERS), true)?,
        writers: pool(1, false)?,
        probes: None,
        given_up: GivenUpStatements,
    })
}

fn is_absent(path: &Path) -> Result<bool, ConnectError> {
    let exists = path.try_exists().map_err(|cause| ConnectError::File(path.to_owned(), cause))?;
    Ok(!exists)
}

/// Restricts the file to its owner, because it holds addresses and password hashes. An earlier version may have left it
/// open to others. SQLite gives its other files the permissions of this one.
fn close_to_others(path: &str) -> Result<(), ConnectError> {
    let failed = |path: &Path, cause| ConnectError::File(path.to_owned(), cause);
    let was_open =
        private_files::make_private(Path::new(path)).map_err(|cause| failed(Path::new(path), cause))?;
    if was_open {
        tracing::warn!(path, "the database could be read by others; now its owner alone can");
        for suffix in ["-wal", "-shm", "-journal"] {
            let beside = format!("{path}{suffix}");
            let beside = Path::new(&beside);
            if beside.exists() {
                private_files::make_private(beside).map_err(|cause| failed(beside, cause))?;
            }
        }
    }
    Ok(())
}

/// The settings of a new connection.
#[derive(Clone)]
struct Setup {
    counter: StatementCounter,
    query_only: bool,
    lock_timeout: Duration,
    runtime: Handle,
}

impl Setup {
    async fn open(self, path: String) -> ConnectionResult<Conn> {
        let runtime = self.runtime.clone();
        let opened = Detached::on(&runtime).spawn_blocking(move || self.open_blocking(&path)).await;
        let conn = opened.map_err(|error| ConnectionError::BadConnection(error.to_string()))??;
        Ok(Conn::with_runtime(conn, Detached::on(&runtime)))
    }

    fn open_blocking(self, path: &str) -> ConnectionResult<SqliteConnection> {
        let mut conn = SqliteConnection::establish(path)?;
        // The time limit comes first, because the other pragmas may have to wait for the file.
        let pragmas = format!(
            "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA foreign_keys = ON; PRAGMA query_only = {};",
            self.lock_timeout.as_millis(),
            self.query_only,
        );
        conn.batch_execute(&pragmas).map_err(ConnectionError::CouldntSetupConfiguration)?;
        conn.set_instrumentation(self.counter);
        Ok(conn)
    }
}
