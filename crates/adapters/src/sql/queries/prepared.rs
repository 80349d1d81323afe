use diesel::{
    QueryResult,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

use super::Backend;

/// A statement with up to this number of rows or values is prepared once per connection. More of them would give too
/// many forms of the statement.
const KEPT_UP_TO: usize = 64;

/// A query that the connection prepares once and keeps, found again by its text.
///
/// diesel prepares updates, lists of values and multi-row inserts anew each time, because it cannot know how many forms
/// of them there will be. On MySQL that is another round trip for each statement of an order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prepared<Q> {
    query: Q,
    is_kept: bool,
}

/// For a query that has the same text each time.
pub(crate) fn prepared<Q>(query: Q) -> Prepared<Q> {
    Prepared { query, is_kept: true }
}

/// Pads a list to a length that is a power of two by repeating the last value, so that a statement with the list has
/// few forms and each of them can be kept.
pub(crate) fn padded<T: Clone>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    let length = values.len();
    pad_to(&mut values, length);
    values
}

/// Pads a list like [`padded`], to at least the length to which a list of `length` values is padded.
pub(crate) fn pad_to<T: Clone>(values: &mut Vec<T>, length: usize) {
    if let Some(last) = values.last().cloned() {
        values.resize(length.max(values.len()).next_power_of_two(), last);
    }
}

/// For a query whose text depends on how many `values` it has.
pub(crate) fn prepared_if_few<Q>(query: Q, values: usize) -> Prepared<Q> {
    prepared_if(query, values <= KEPT_UP_TO)
}

/// For a query of which the caller knows whether it has few forms.
pub(crate) fn prepared_if<Q>(query: Q, is_kept: bool) -> Prepared<Q> {
    Prepared { query, is_kept }
}

impl<Q: QueryFragment<Backend>> QueryFragment<Backend> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        self.query.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Backend) -> QueryResult<bool> {
        Ok(self.is_kept)
    }
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

/// No static id: the prepared statement is found by its text.
impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}
