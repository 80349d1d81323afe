use async_trait::async_trait;
use diesel::{prelude::*, result::Error as DieselError};
use diesel_async::RunQueryDsl;
use domain::{
    Address, AddressId, Caller, NotAdmitted, PasswordHash, ShippingAddress, StoredPassword, UserId, Username,
};
use ports::{Destination, StoreError, Users};

use super::{Conn, Database, dialect};
use crate::sql::{
    failure::QueryError,
    schema::{address, user_profile},
};

#[async_trait]
impl Users for Database {
    async fn find(&self, username: &Username) -> Result<Option<UserId>, StoreError> {
        self.reader().await?.call(|conn| user(conn, username)).await
    }

    async fn authenticate(&self, caller: &Caller) -> Result<Result<UserId, NotAdmitted>, StoreError> {
        self.reader().await?.call(|conn| authenticate(conn, caller)).await
    }

    async fn destination(
        &self,
        caller: &Caller,
        address_id: AddressId,
    ) -> Result<Result<Destination, NotAdmitted>, StoreError> {
        self.reader().await?.call(|conn| destination(conn, caller, address_id)).await
    }
}

async fn user(conn: &mut Conn, username: &Username) -> Result<Option<UserId>, QueryError> {
    let similar: Vec<(i32, String)> = user_profile::table
        .filter(user_profile::username.eq(&username.0))
        .select((user_profile::id, user_profile::username))
        .load(conn)
        .await
        .or_else(no_row_if_not_comparable)?;
    Ok(similar.into_iter().find(|(_, stored)| *stored == username.0).map(|(id, _)| UserId(id)))
}

async fn authenticate(conn: &mut Conn, caller: &Caller) -> Result<Result<UserId, NotAdmitted>, QueryError> {
    let similar: Vec<UserRow> = user_profile::table
        .filter(user_profile::username.eq(&caller.username.0))
        .select(UserRow::as_select())
        .load(conn)
        .await
        .or_else(no_row_if_not_comparable)?;
    let found = similar.into_iter().find(|row| row.username == caller.username.0);
    Ok(found.ok_or(NotAdmitted::UnknownUser).and_then(|row| row.admit(caller)))
}

async fn destination(
    conn: &mut Conn,
    caller: &Caller,
    address_id: AddressId,
) -> Result<Result<Destination, NotAdmitted>, QueryError> {
    let valid = address::uid_id
        .eq(user_profile::id)
        .and(address::id.eq(address_id.0))
        .and(address::is_alive.eq(true));
    let similar: Vec<(UserRow, Option<AddressRow>)> = user_profile::table
        .left_join(address::table.on(valid))
        .filter(user_profile::username.eq(&caller.username.0))
        .select((UserRow::as_select(), Option::<AddressRow>::as_select()))
        .load(conn)
        .await
        .or_else(no_row_if_not_comparable)?;
    // Depending on its collation, the database may also find names that are not exactly equal.
    let found = similar.into_iter().find(|(user, _)| user.username == caller.username.0);
    Ok(found.ok_or(NotAdmitted::UnknownUser).and_then(|(user, row)| {
        Ok(Destination { user_id: user.admit(caller)?, address: row.map(Address::from) })
    }))
}

/// No rows, if the error says that the column cannot hold the name's characters: no user has such a name.
pub(super) fn no_row_if_not_comparable<Row>(error: DieselError) -> QueryResult<Vec<Row>> {
    if dialect::is_not_comparable(&error) { Ok(Vec::new()) } else { Err(error) }
}

/// Whether a user may sign in, and the stored password.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = user_profile)]
pub(super) struct AccountRow {
    pub(super) is_active: bool,
    password: String,
    dashop_password: Option<String>,
}

impl AccountRow {
    pub(super) fn password(self) -> StoredPassword {
        StoredPassword { md5: self.password, hash: self.dashop_password.map(PasswordHash) }
    }
}

/// A user whom a token may name.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = user_profile)]
pub(super) struct UserRow {
    pub(super) id: i32,
    pub(super) username: String,
    #[diesel(embed)]
    account: AccountRow,
}

impl UserRow {
    pub(super) fn admit(&self, caller: &Caller) -> Result<UserId, NotAdmitted> {
        let is_active = self.account.is_active;
        caller.admitted(is_active, &self.account.clone().password()).map(|()| UserId(self.id))
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = address)]
pub(super) struct AddressRow {
    id: i32,
    default_address: bool,
    #[diesel(embed)]
    text: AddressText,
}

/// The text columns of an entry in the address book.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = address)]
pub(super) struct AddressText {
    tag: Option<String>,
    receiver: Option<String>,
    receiver_mobile: Option<String>,
    street: Option<String>,
}

impl From<AddressRow> for Address {
    fn from(row: AddressRow) -> Self {
        Self { id: AddressId(row.id), is_default: row.default_address, shipping: row.text.into() }
    }
}

impl From<AddressText> for ShippingAddress {
    fn from(text: AddressText) -> Self {
        Self {
            title: text.tag.unwrap_or_default(),
            receiver: text.receiver.unwrap_or_default(),
            mobile: text.receiver_mobile.unwrap_or_default(),
            address: text.street.unwrap_or_default(),
        }
    }
}
