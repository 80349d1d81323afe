use async_trait::async_trait;
use diesel::{prelude::*, result::Error as DieselError};
use diesel_async::RunQueryDsl;
use domain::{Address, AddressId, ShippingAddress, UserId, Username};
use ports::{AddressBook, Destination, StoreError, Users};

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
}

#[async_trait]
impl AddressBook for Database {
    async fn of_user(&self, user_id: UserId) -> Result<Vec<Address>, StoreError> {
        self.reader().await?.call(|conn| addresses(conn, user_id)).await
    }

    async fn destination(
        &self,
        username: &Username,
        address_id: AddressId,
    ) -> Result<Option<Destination>, StoreError> {
        self.reader().await?.call(|conn| destination(conn, username, address_id)).await
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

async fn addresses(conn: &mut Conn, user_id: UserId) -> Result<Vec<Address>, QueryError> {
    let rows: Vec<AddressRow> = address::table
        .filter(address::uid_id.eq(user_id.0).and(address::is_alive.eq(true)))
        .order((address::default_address.desc(), address::id))
        .select(AddressRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Address::from).collect())
}

async fn destination(
    conn: &mut Conn,
    username: &Username,
    address_id: AddressId,
) -> Result<Option<Destination>, QueryError> {
    let valid = address::uid_id
        .eq(user_profile::id)
        .and(address::id.eq(address_id.0))
        .and(address::is_alive.eq(true));
    let similar: Vec<(i32, String, Option<AddressRow>)> = user_profile::table
        .left_join(address::table.on(valid))
        .filter(user_profile::username.eq(&username.0))
        .select((user_profile::id, user_profile::username, Option::<AddressRow>::as_select()))
        .load(conn)
        .await
        .or_else(no_row_if_not_comparable)?;
    // The database may think that names are equal which are not, letter for letter: that depends on its collation.
    let found = similar.into_iter().find(|(_, stored, _)| *stored == username.0);
    Ok(found.map(|(id, _, row)| Destination { user_id: UserId(id), address: row.map(Address::from) }))
}

/// A name with characters that the column's character set does not have is nobody's.
pub(super) fn no_row_if_not_comparable<Row>(error: DieselError) -> QueryResult<Vec<Row>> {
    if dialect::is_not_comparable(&error) { Ok(Vec::new()) } else { Err(error) }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = address)]
pub(super) struct AddressRow {
    id: i32,
    default_address: bool,
    #[diesel(embed)]
    text: AddressText,
}

/// What an address says, in the columns of the address book.
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
