//! Reads each row of a query on its own, so that an unreadable row does not make the other rows unreadable.

use std::fmt::Display;

use diesel::{
    backend::Backend as DieselBackend,
    deserialize::{FromSql, FromSqlRow},
    expression::QueryMetadata,
    query_builder::{AsQuery, QueryFragment, QueryId},
    query_dsl::CompatibleType,
    result::Error as DieselError,
    row::{Field, Row},
    sql_types::{BigInt, Integer, Text},
};
use diesel_async::AsyncConnectionCore;
use futures_util::TryStreamExt;

use super::{Backend, Conn};
use crate::sql::failure::QueryError;

/// The key of a row, and the row or why it cannot be read.
pub(super) type Read<K, T> = (K, Result<T, QueryError>);

type Raw<'a> = <Backend as DieselBackend>::RawValue<'a>;

/// A key, which can be read even if the rest of its row cannot.
pub(super) trait Key: Display + Sized {
    /// Reads the key from the value of its column.
    fn read(value: Option<Raw<'_>>) -> diesel::deserialize::Result<Self>;
}

impl Key for String {
    fn read(value: Option<Raw<'_>>) -> diesel::deserialize::Result<Self> {
        <Self as FromSql<Text, Backend>>::from_nullable_sql(value)
    }
}

impl Key for i32 {
    fn read(value: Option<Raw<'_>>) -> diesel::deserialize::Result<Self> {
        <Self as FromSql<Integer, Backend>>::from_nullable_sql(value)
    }
}

impl Key for i64 {
    fn read(value: Option<Raw<'_>>) -> diesel::deserialize::Result<Self> {
        <Self as FromSql<BigInt, Backend>>::from_nullable_sql(value)
    }
}

/// A row whose first column is its key.
pub(super) trait Keyed {
    type Key: Key;
}

impl<K: Key, R> Keyed for (K, R) {
    type Key = K;
}

/// Reads each row of a query on its own.
pub(super) async fn load_each<'query, U, T, Q, ST>(
    conn: &mut Conn,
    query: Q,
    read: impl Fn(U) -> Result<T, QueryError>,
) -> Result<Vec<Read<U::Key, T>>, QueryError>
where
    U: Keyed + FromSqlRow<ST, Backend>,
    Q: AsQuery + Send + 'query,
    Q::Query: QueryFragment<Backend> + QueryId + Send + 'query,
    Q::SqlType: CompatibleType<U, Backend, SqlType = ST>,
    Backend: QueryMetadata<Q::SqlType>,
{
    let unreadable = DieselError::DeserializationError;
    let mut rows = AsyncConnectionCore::load(conn, query).await?;
    let mut each = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let key = row.get(0).ok_or(DieselError::NotFound)?;
        let key = U::Key::read(key.value()).map_err(unreadable)?;
        let row = U::build_from_row(&row).map_err(|cause| QueryError::from(unreadable(cause)));
        each.push((key, row.and_then(&read)));
    }
    Ok(each)
}

/// The readable rows. The others are left out, with an ERROR in the log for each.
pub(super) fn leave_out<K: Key, T>(table: &'static str, each: Vec<Read<K, T>>) -> Vec<T> {
    let (rows, _unreadable) = split(table, each, "is left out");
    rows
}

/// A page that several queries fill until it is full or there are no more rows. Each query starts after the last key of
/// the previous one. So an unreadable row is left out and does not make the page shorter.
pub(super) struct FullPage<K, T> {
    table: &'static str,
    limit: usize,
    /// The last key so far.
    pub(super) after: Option<K>,
    pub(super) rows: Vec<T>,
    pub(super) is_full: bool,
}

impl<K: Key + Clone, T> FullPage<K, T> {
    pub(super) fn new(table: &'static str, limit: u32, after: Option<K>) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self { table, limit, after, rows: Vec::new(), is_full: false }
    }

    pub(super) fn add(&mut self, each: Vec<Read<K, T>>) {
        let is_last = each.len() < self.limit;
        self.after = each.last().map(|(key, _)| key.clone());
        self.rows.extend(leave_out(self.table, each));
        self.is_full = is_last || self.rows.len() >= self.limit;
        self.rows.truncate(self.limit);
    }
}

/// The readable rows, and the keys of the others, which the caller must park, with an ERROR in the log for each.
pub(super) fn park<K: Key, T>(table: &'static str, each: Vec<Read<K, T>>) -> (Vec<T>, Vec<K>) {
    split(table, each, "is parked")
}

fn split<K: Key, T>(table: &'static str, each: Vec<Read<K, T>>, fate: &str) -> (Vec<T>, Vec<K>) {
    let mut rows = Vec::new();
    let mut unreadable = Vec::new();
    for (key, row) in each {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(table, %key, error, "a row that cannot be read {fate}");
                unreadable.push(key);
            }
        }
    }
    (rows, unreadable)
}

/// All rows, or why the first unreadable row cannot be read.
pub(super) fn all<K, T>(each: Vec<Read<K, T>>) -> Result<Vec<T>, QueryError> {
    each.into_iter().map(|(_key, row)| row).collect()
}
