//! What MySQL does in its own way.

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

/// Waits for rows that others have locked, for as long as the session's limit allows.
pub(super) const FOR_UPDATE: &str = " FOR UPDATE";
/// Passes over rows that others have locked. MySQL 8.0, MariaDB 10.6.
pub(super) const FOR_UPDATE_SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";

/// Whether there is `UPDATE … FROM (VALUES …)`. MySQL has no such form.
pub(super) const UPDATES_FROM_VALUES: bool = false;

/// Joins as `INNER JOIN` does, and reads the left table first.
pub(super) const JOIN_IN_THIS_ORDER: &str = "STRAIGHT_JOIN";

/// Whether one pool reads and writes.
pub(super) const HAS_ONE_POOL: bool = true;
/// Whether orders are found by their addresses: InnoDB has an index for each foreign key.
pub(super) const HAS_ADDRESS_INDEX: bool = true;

/// How many rows one statement inserts at most: MySQL binds 65,535 values, and no row here has more than twenty.
const ROWS_PER_INSERT: usize = 3_000;

pub(super) static MIGRATIONS: [Migration; 13] = migration::embed!("mysql");

/// How many rows an `INSERT` has that is prepared once a connection and kept, beside all up to [`EACH_UP_TO`]: each length is a form of
/// its own, which costs the program and the server memory for every value that it binds, on every connection. So up to 64 rows take
/// two statements at most, and up to 128 three.
const KEPT_LENGTHS: [usize; 6] = [128, 96, 64, 48, 32, 24];
const EACH_UP_TO: usize = 16;

/// How many of so many rows the next `INSERT` takes, and whether it is kept.
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

/// How many seconds a migration waits for a table that others use.
const TABLE_WAIT: u32 = 2;
/// How long it then leaves the table to those who queued up behind it.
const PAUSE: Duration = Duration::from_secs(3);
/// How often it tries: for ten minutes.
const TRIES: u32 = 120;

/// Has the server end statements after another time than the session's.
pub(super) async fn limit_statements(conn: &mut Conn, limit: Duration) -> QueryResult<()> {
    conn.batch_execute(&format!("SET SESSION autocommit = 1{}", statement_limit(limit))).await
}

pub(super) async fn begin(conn: &mut Conn) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction(conn).await
}

/// Begins a transaction that holds the rows of these users, in one round trip. Where they cannot be had, nothing is begun.
pub(super) async fn begin_holding(conn: &mut Conn, users: &BTreeSet<i32>) -> QueryResult<()> {
    if users.is_empty() {
        return begin(conn).await;
    }
    let ids = users.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
    let hold = format!("BEGIN; SELECT id FROM user_profile WHERE id IN ({ids}) ORDER BY id FOR UPDATE");
    let begun = AnsiTransactionManager::begin_transaction_sql(conn, &hold).await;
    if begun.is_err() {
        // The transaction manager knows of none, but the server may have begun it.
        conn.batch_execute("ROLLBACK").await?;
    }
    begun
}

/// Begins a transaction that only looks, at what is committed at this moment. It locks no row.
pub(super) async fn begin_snapshot(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    let begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
    AnsiTransactionManager::begin_transaction_sql(conn, begin).await
}

/// Schema changes are no part of a transaction here: a named lock keeps other processes out, and goes with the
/// connection if this one dies.
pub(super) async fn begin_migrations(conn: &mut Conn) -> Result<(), QueryError> {
    let waited = diesel::select(sql::<Nullable<BigInt>>(
        "GET_LOCK(LEFT(CONCAT('dashop_migrations_', DATABASE()), 64), 600)",
    ));
    let granted: Option<i64> = waited.get_result(conn).await?;
    if granted == Some(1) {
        // What else wants a table queues up behind who waits for it.
        let limits =
            format!("SET SESSION lock_wait_timeout = {TABLE_WAIT}, innodb_lock_wait_timeout = {TABLE_WAIT}");
        conn.batch_execute(&limits).await?;
        Ok(())
    } else {
        Err(DieselError::QueryBuilderError("another process migrates and does not end".into()).into())
    }
}

/// Runs a migration. While others hold its tables, it gives way to those that queue up, and tries again: each step of
/// the migrations does nothing where it was done.
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

/// The sum of a column of money, in fen. Decimals add up exactly.
pub(super) fn sum_of_fen(column: &'static str) -> SqlLiteral<BigInt> {
    sql(&format!("CAST(COALESCE(SUM({column}), 0) * 100 AS SIGNED)"))
}

pub(super) fn is_no_such_table(error: &DieselError) -> bool {
    message(error).contains("doesn't exist")
}

/// MariaDB's words, and those of MySQL 9.
const NOT_COMPARABLE: [&str; 2] = ["Illegal mix of collations", "Conversion from collation"];

/// A value that the old tables' three-byte character set cannot hold was compared with one of their columns.
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
