//! What MySQL does in its own way.

use diesel::{
    QueryResult,
    dsl::sql,
    expression::SqlLiteral,
    result::{DatabaseErrorKind, Error as DieselError},
    sql_types::{BigInt, Nullable},
};
use diesel_async::{AnsiTransactionManager, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use ports::StoreError;

use super::Conn;
pub(super) use super::connecting::pools;
use crate::sql::{
    failure::{Fault, NoAnswer, QueryError, message, unavailable},
    migration::{self, Migration},
};

/// Waits for rows that others have locked, for as long as the session's limit allows.
pub(super) const FOR_UPDATE: &str = " FOR UPDATE";
/// Passes over rows that others have locked. MySQL 8.0, MariaDB 10.6.
pub(super) const FOR_UPDATE_SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";

/// Whether rows can be locked one by one.
pub(super) const LOCKS_ROWS: bool = true;

/// How many rows one statement inserts at most: MySQL binds 65,535 values, and no row here has more than sixteen.
pub(super) const ROWS_PER_INSERT: usize = 4_000;

pub(super) static MIGRATIONS: [Migration; 6] = migration::embed!("mysql");

pub(super) const CREATE_MIGRATIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\
    version VARCHAR(50) NOT NULL PRIMARY KEY, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)";

/// Inserts rows in one statement, or in as few as MySQL's limits allow.
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let rows: Vec<_> = $rows;
        let conn: &mut $crate::sql::mysql::Conn = &mut *$conn;
        async move {
            for some in rows.chunks($crate::sql::mysql::dialect::ROWS_PER_INSERT) {
                let insert = diesel::insert_into($table).values(some);
                let insert = $crate::sql::mysql::queries::prepared::prepared_if_few(insert, some.len());
                diesel_async::RunQueryDsl::execute(insert, conn).await?;
            }
            Ok::<(), $crate::sql::failure::QueryError>(())
        }
        .await
    }};
}
pub(super) use insert_rows;

pub(super) async fn begin(conn: &mut Conn) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction(conn).await
}

/// Schema changes are no part of a transaction here: a named lock keeps other processes out, and goes with the
/// connection if this one dies.
pub(super) async fn begin_migrations(conn: &mut Conn) -> Result<(), QueryError> {
    let waited = diesel::select(sql::<Nullable<BigInt>>(
        "GET_LOCK(LEFT(CONCAT('dashop_migrations_', DATABASE()), 64), 600)",
    ));
    let granted: Option<i64> = waited.get_result(conn).await?;
    if granted == Some(1) {
        // Changing a table may take longer than any statement of a request.
        conn.batch_execute("SET SESSION lock_wait_timeout = 600 /*M! , max_statement_time = 0 */").await?;
        Ok(())
    } else {
        Err(DieselError::QueryBuilderError("another process migrates and does not end".into()).into())
    }
}

/// The connection is not used again: its session was changed.
pub(super) async fn end_migrations(conn: &mut Conn, _succeeded: bool) -> Result<(), QueryError> {
    conn.batch_execute("DO RELEASE_LOCK(LEFT(CONCAT('dashop_migrations_', DATABASE()), 64))").await?;
    Ok(())
}

/// The sum of a column of money, in fen; what is below zero counts as nothing, as it reads. Decimals add up exactly.
pub(super) fn sum_of_fen(column: &'static str) -> SqlLiteral<BigInt> {
    sql(&format!("CAST(COALESCE(SUM(GREATEST({column}, 0)), 0) * 100 AS SIGNED)"))
}

/// The driver passes on MySQL's message, not its number.
pub(super) fn classify(error: &DieselError) -> Fault {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, _) => {}
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        )
        | DieselError::BrokenTransactionManager => return Fault::Lost,
        _ => return Fault::Refused,
    }
    let text = message(error);
    if LOCKED.iter().any(|words| text.contains(words)) {
        Fault::Locked
    } else if LOST.iter().any(|words| text.contains(words)) {
        Fault::Lost
    } else {
        Fault::Refused
    }
}

/// Errors 1213, 1205, 1020, a cluster's word for 1213, and 1615: the table was changed under a prepared statement.
const LOCKED: [&str; 5] = [
    "Deadlock found",
    "Lock wait timeout exceeded",
    "Record has changed since last read",
    "WSREP detected deadlock",
    "Prepared statement needs to be re-prepared",
];

/// The driver's words, and those of a server that goes away, is a replica by now, or has left its cluster.
const LOST: [&str; 11] = [
    "Input/output error",
    "Driver error",
    "Connection was killed",
    "Query execution was interrupted",
    "max_statement_time exceeded",
    "Server shutdown in progress",
    "Normal shutdown",
    "read-only",
    "read only",
    "WSREP has not yet prepared",
    "Lost connection to backend server",
];

pub(super) fn is_no_such_table(error: &DieselError) -> bool {
    message(error).contains("doesn't exist")
}

/// A value that the old tables' three-byte character set cannot hold was compared with one of their columns.
pub(super) fn is_not_comparable(error: &DieselError) -> bool {
    message(error).starts_with("Illegal mix of collations")
}

/// Too many at once, or a server that is slow to answer.
pub(super) fn no_free_connection(cause: NoAnswer) -> StoreError {
    unavailable(cause)
}
