use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::sql::failure::QueryError;

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    n: String,
}

/// The column `n` of the rows that a statement returns.
pub(in crate::sql) async fn words(conn: &mut Conn, sql: &str) -> Result<Vec<String>, QueryError> {
    let words: Vec<Word> = sql_query(sql).load(conn).await?;
    Ok(words.into_iter().map(|word| word.n).collect())
}
