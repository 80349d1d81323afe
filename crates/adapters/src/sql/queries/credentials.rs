use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{PasswordHash, UserId, Username};
use ports::{Credential, Credentials, StoreError};

use super::{
    Conn, Database,
    users::{AccountRow, no_row_if_not_comparable},
};
use crate::sql::{failure::QueryError, schema::user_profile};

#[async_trait]
impl Credentials for Database {
    async fn credential(&self, username: &Username) -> Result<Option<Credential>, StoreError> {
        self.reader().await?.call(|conn| credential(conn, username)).await
    }

    async fn keep_hash(&self, user_id: UserId, md5: &str, hash: &PasswordHash) -> Result<bool, StoreError> {
        self.writer().await?.call(|conn| keep_hash(conn, user_id, md5, hash)).await
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = user_profile)]
struct CredentialRow {
    id: i32,
    username: String,
    #[diesel(embed)]
    account: AccountRow,
}

async fn credential(conn: &mut Conn, username: &Username) -> Result<Option<Credential>, QueryError> {
    let similar: Vec<CredentialRow> = user_profile::table
        .filter(user_profile::username.eq(&username.0))
        .select(CredentialRow::as_select())
        .load(conn)
        .await
        .or_else(no_row_if_not_comparable)?;
    Ok(similar.into_iter().find(|row| row.username == username.0).map(Credential::from))
}

async fn keep_hash(
    conn: &mut Conn,
    user_id: UserId,
    md5: &str,
    hash: &PasswordHash,
) -> Result<bool, QueryError> {
    let without_hash = user_profile::table
        .find(user_id.0)
        .filter(user_profile::dashop_password.is_null().and(user_profile::password.eq(md5)));
    let kept =
        diesel::update(without_hash).set(user_profile::dashop_password.eq(&hash.0)).execute(conn).await?;
    Ok(kept == 1)
}

impl From<CredentialRow> for Credential {
    fn from(row: CredentialRow) -> Self {
        let is_active = row.account.is_active;
        Self { user_id: UserId(row.id), is_active, password: row.account.password() }
    }
}
