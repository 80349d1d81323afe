//! What SQLite reports about itself and its file.

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;

use super::{Conn, queries::words};
use crate::sql::{facts::DatabaseFacts, failure::QueryError};

#[derive(QueryableByName)]
struct Check {
    #[diesel(sql_type = Text, column_name = "quick_check")]
    found: String,
}

pub(super) async fn version(conn: &mut Conn) -> Result<String, QueryError> {
    Ok(words(conn, "SELECT sqlite_version() AS n").await?.pop().unwrap_or_default())
}

pub(super) async fn facts(conn: &mut Conn) -> Result<DatabaseFacts, QueryError> {
    let check: Vec<Check> = diesel::sql_query("PRAGMA quick_check(1)").load(conn).await?;
    Ok(DatabaseFacts {
        version: version(conn).await?,
        damage: check.into_iter().map(|check| check.found).find(|found| found != "ok"),
        ..DatabaseFacts::default()
    })
}
