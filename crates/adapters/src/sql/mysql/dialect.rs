//! The part of the database code that is specific to MySQL and MariaDB.

use std::{collections::BTreeSet, time::Duration};

use diesel::{
    QueryResult,
    dsl::sql,
    expression::SqlLiteral,
    result::Error as DieselError,
    sql_types::{BigInt, Nullable},
};
use diesel_async::{AnsiTransactionManager, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use tokio::time::sleep;

use super::{Conn, connecting::statement_limit};
pub(super) use super::{
    connecting::{is_server_full, pools},
    faults::classify,
    given_up::GivenUpStatements,
};
use crate::sql::{
    failure::{Fault, QueryError, message},
    migration::{self, Migration},
};

/// Waits for rows that other transactions have locked, up to the session's lock timeout.
pub(super) const FOR_UPDATE: &str = " FOR UPDATE";
/// Skips rows that other transactions have locked. It needs MySQL 8.0 or MariaDB 10.6.
pub(super) const FOR_UPDATE_SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";

/// Whether the engine has `UPDATE … FROM (VALUES …)`. MySQL does not.
pub(super) const UPDATES_FROM_VALUES: bool = false;

/// Joins like `INNER JOIN`, and always reads the left table first.
pub(super) const JOIN_IN_THIS_ORDER: &str = "STRAIGHT_JOIN";

/// Whether one pool serves reads and writes.
pub(super) const HAS_ONE_POOL: bool = true;
/// Whether an index finds orders by their address: InnoDB has an index for each foreign key.
pub(super) const HAS_ADDRESS_INDEX: bool = true;

/// Maximum number of rows of one `INSERT`: MySQL binds at most 65,535 values, and no row has more than twenty.
const ROWS_PER_INSERT: usize = 3_000;

pub(super) static MIGRATIONS: [Migration; 13] = migration::embed!("mysql");

/// The row counts of the `INSERT`s that each connection prepares once and keeps, besides all counts up to
/// [`EACH_UP_TO`]. Each count is a separate prepared statement, which costs the program and the server memory for every
/// bound value, on every connection. With these counts, up to 64 rows take at most two statements, and up to 128 three.
const KEPT_LENGTHS: [usize; 6] = [128, 96, 64, 48, 32, 24];
const EACH_UP_TO: usize = 16;

/// How many of `rows` the next `INSERT` takes, and whether its prepared statement is kept.
pub(super) fn next_insert(rows: usize) -> (usize, bool) {
    let [longest, ..] = KEPT_LENGTHS;
    if rows > longest {
        return (rows.min(ROWS_PER_INSERT), false);
    }
    let length = KEPT_LENGTHS.into_iter().find(|length| *length <= rows);
    (length.unwrap_or(rows.min(EACH_UP_TO)), true)
}

/// Inserts rows in few statements.
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let rows: Vec<_> = $rows;
        let conn: &mut $crate::sql::mysql::Conn = &mut *$conn;
        async move {
            let mut rest = rows.as_slice();
            while !rest.is_empty() {
                let (length, is_kept) = $crate::sql::mysql::dialect::next_insert(rest.len());
                let (some, more) = rest.split_at(length);
                let insert = diesel::insert_into($table).values(some);
                let insert = $crate::sql::mysql::queries::prepared::prepared_if(insert, is_kept);
                diesel_async::RunQueryDsl::execute(insert, conn).await?;
                rest = more;
            }
            Ok::<(), $crate::sql::failure::QueryError>(())
        }
        .await
    }};
}
pub(super) use insert_rows;

/// How long a migration waits for a table that other transactions use, in seconds.
const TABLE_WAIT: u32 = 2;
/// How long it then pauses, so that the statements that queued up behind it can use the table.
const PAUSE: Duration = Duration::from_secs(3);
/// How often a migration is tried: for ten minutes in total.
const TRIES: u32 = 120;

/// Sets another time limit for the statements of this session.
pub(super) async fn limit_statements(conn: &mut Conn, limit: Duration) -> QueryResult<()> {
    conn.batch_execute(&format!("SET SESSION autocommit = 1{}", statement_limit(limit))).await
}

pub(super) async fn begin(conn: &mut Conn) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction(conn).await
}

/// Begins a transaction that locks the rows of these users, in one round trip. If the rows cannot be locked, no
/// transaction stays open.
pub(super) async fn begin_holding(conn: &mut Conn, users: &BTreeSet<i32>) -> QueryResult<()> {
    if users.is_empty() {
        return begin(conn).await;
    }
    let ids = users.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
    let hold = format!("BEGIN; SELECT id FROM user_profile WHERE id IN ({ids}) ORDER BY id FOR UPDATE");
    let begun = AnsiTransactionManager::begin_transaction_sql(conn, &hold).await;
    if begun.is_err() {
        // The server may have begun the transaction although the transaction manager does not know it.
        conn.batch_execute("ROLLBACK").await?;
    }
    begun
}

/// Begins a read-only transaction that sees what is committed at this moment. It locks no row.
pub(super) async fn begin_snapshot(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    let begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
    AnsiTransactionManager::begin_transaction_sql(conn, begin).await
}

/// MySQL does not run schema changes in a transaction. A named lock keeps other processes out; the server releases it
/// if the connection ends.
pub(super) async fn begin_migrations(conn: &mut Conn) -> Result<(), QueryError> {
    let waited = diesel::select(sql::<Nullable<BigInt>>(
        "GET_LOCK(LEFT(CONCAT('dashop_migrations_', DATABASE()), 64), 600)",
    ));
    let granted: Option<i64> = waited.get_result(conn).await?;
    if granted == Some(1) {
        // Other statements on a table queue up behind a migration that waits for it.
        let limits =
            format!("SET SESSION lock_wait_timeout = {TABLE_WAIT}, innodb_lock_wait_timeout = {TABLE_WAIT}");
        conn.batch_execute(&limits).await?;
        Ok(())
    } else {
        Err(DieselError::QueryBuilderError("another process migrates and does not end".into()).into())
    }
}

/// Runs a migration. If another transaction holds a table, it pauses, so that the queued statements can run, and tries
/// again: each step of a migration does nothing if it was done before.
pub(super) async fn run_migration(conn: &mut Conn, migration: &Migration) -> QueryResult<()> {
    for _ in 0..TRIES {
        match conn.batch_execute(migration.sql).await {
            Err(error) if classify(&error) == Fault::Locked => {
                tracing::warn!(
                    migration = migration.name,
                    "a transaction of another program holds a table that is to be changed; trying again"
                );
                sleep(PAUSE).await;
            }
            ended => return ended,
        }
    }
    conn.batch_execute(migration.sql).await
}

pub(super) async fn end_migrations(conn: &mut Conn, _succeeded: bool) -> Result<(), QueryError> {
    conn.batch_execute("DO RELEASE_LOCK(LEFT(CONCAT('dashop_migrations_', DATABASE()), 64))").await?;
    Ok(())
}

/// The sum of a money column, in fen. Decimals add up exactly.
pub(super) fn sum_of_fen(column: &'static str) -> SqlLiteral<BigInt> {
    sql(&format!("CAST(COALESCE(SUM({column}), 0) * 100 AS SIGNED)"))
}

pub(super) fn is_no_such_table(error: &DieselError) -> bool {
    message(error).contains("doesn't exist")
}

/// The messages of MariaDB and of MySQL 9.
const NOT_COMPARABLE: [&str; 2] = ["Illegal mix of collations", "Conversion from collation"];

/// Whether a value was compared with a column of the old tables whose three-byte character set cannot hold it.
pub(super) fn is_not_comparable(error: &DieselError) -> bool {
    NOT_COMPARABLE.iter().any(|words| message(error).starts_with(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_inserted_by_few_statements_of_few_lengths() {
        for rows in 1..=128 {
            let (mut left, mut statements) = (rows, 0);
            while left > 0 {
                let (length, is_kept) = next_insert(left);
                assert!(is_kept && (1..=left).contains(&length), "{rows}: {length} of {left}");
                (left, statements) = (left - length, statements + 1);
            }
            assert!(statements <= if rows <= 64 { 2 } else { 3 }, "{rows}: {statements}");
        }
        let lengths: BTreeSet<usize> = (1..=128).map(|rows| next_insert(rows).0).collect();
        assert_eq!(lengths.len(), 22);
        assert_eq!([129, 3_000, 3_001].map(next_insert), [(129, false), (3_000, false), (3_000, false)]);
    }
}
