use diesel::{
    QueryResult,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

use super::{Backend, dialect};

/// A query whose rows stay locked until the transaction ends, on engines that lock rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Locked<Q> {
    query: Q,
    clause: &'static str,
}

/// The query waits for rows that other transactions have locked.
pub(super) fn for_update<Q>(query: Q) -> Locked<Q> {
    Locked { query, clause: dialect::FOR_UPDATE }
}

/// The query skips rows that other transactions have locked.
pub(super) fn for_update_skip_locked<Q>(query: Q) -> Locked<Q> {
    Locked { query, clause: dialect::FOR_UPDATE_SKIP_LOCKED }
}

impl<Q: QueryFragment<Backend>> QueryFragment<Backend> for Locked<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(self.clause);
        Ok(())
    }
}

impl<Q: Query> Query for Locked<Q> {
    type SqlType = Q::SqlType;
}

/// No static id: the prepared statement is found by its text.
impl<Q> QueryId for Locked<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}
