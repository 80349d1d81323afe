use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    AddressChange, AddressEntries, AddressEntry, AddressId, Postcode, ShippingAddress, ShopTime, UserId,
};
use ports::{AddressBook, StoreError};

use super::{Conn, Database, locking::for_update, users::AddressRow};
use crate::sql::{
    failure::QueryError,
    schema::{address, user_profile},
    types::Moment,
};

#[async_trait]
impl AddressBook for Database {
    async fn entries(&self, user_id: UserId) -> Result<AddressEntries, StoreError> {
        self.reader().await?.call(|conn| entries(conn, user_id)).await
    }

    async fn apply(
        &self,
        user_id: UserId,
        decided_on: &AddressEntries,
        change: &AddressChange,
        at: ShopTime,
    ) -> Result<bool, StoreError> {
        let mut lease = self.begin().await?;
        if !lease.call(|conn| apply(conn, user_id, decided_on, change, Moment(at))).await? {
            return Ok(false);
        }
        lease.commit().await?;
        Ok(true)
    }
}

async fn entries(conn: &mut Conn, user_id: UserId) -> Result<AddressEntries, QueryError> {
    let rows: Vec<(AddressRow, Option<String>)> = address::table
        .filter(address::uid_id.eq(user_id.0).and(address::is_alive.eq(true)))
        .order((address::default_address.desc(), address::id))
        .select((AddressRow::as_select(), address::postcode))
        .load(conn)
        .await?;
    let entry = |(row, postcode): (AddressRow, Option<String>)| AddressEntry {
        address: row.into(),
        postcode: postcode.unwrap_or_default(),
    };
    Ok(AddressEntries(rows.into_iter().map(entry).collect()))
}

async fn apply(
    conn: &mut Conn,
    user_id: UserId,
    decided_on: &AddressEntries,
    change: &AddressChange,
    now: Moment,
) -> Result<bool, QueryError> {
    // The user's row is locked in place of the address book, because an empty book has no rows to lock.
    let owner = user_profile::table.find(user_id.0).select(user_profile::id);
    let _locked: Option<i32> = for_update(owner).get_result(conn).await.optional()?;
    if entries(conn, user_id).await? != *decided_on {
        return Ok(false);
    }
    match change {
        AddressChange::Insert { shipping, postcode, is_default } => {
            insert(conn, user_id, shipping, postcode, *is_default, now).await?;
        }
        AddressChange::Rewrite(id, shipping) => rewrite(conn, *id, shipping, now).await?,
        AddressChange::Delete { id, new_default } => {
            let unset = (address::is_alive.eq(false), address::default_address.eq(false));
            diesel::update(address::table.find(id.0))
                .set((unset, address::updated_time.eq(now)))
                .execute(conn)
                .await?;
            if let Some(new_default) = new_default {
                prefer(conn, user_id, *new_default, now).await?;
            }
        }
        AddressChange::Prefer(id) => prefer(conn, user_id, *id, now).await?,
    }
    Ok(true)
}

async fn insert(
    conn: &mut Conn,
    user_id: UserId,
    shipping: &ShippingAddress,
    postcode: &Postcode,
    is_default: bool,
    now: Moment,
) -> Result<(), QueryError> {
    diesel::insert_into(address::table)
        .values((
            address::created_time.eq(now),
            address::updated_time.eq(now),
            address::receiver.eq(&shipping.receiver),
            address::street.eq(&shipping.address),
            address::default_address.eq(is_default),
            address::is_alive.eq(true),
            address::postcode.eq(postcode.as_str()),
            address::receiver_mobile.eq(&shipping.mobile),
            address::tag.eq(&shipping.title),
            address::uid_id.eq(user_id.0),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn rewrite(
    conn: &mut Conn,
    id: AddressId,
    shipping: &ShippingAddress,
    now: Moment,
) -> Result<(), QueryError> {
    diesel::update(address::table.find(id.0))
        .set((
            address::receiver.eq(&shipping.receiver),
            address::street.eq(&shipping.address),
            address::receiver_mobile.eq(&shipping.mobile),
            address::tag.eq(&shipping.title),
            address::updated_time.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes one entry the only default.
async fn prefer(conn: &mut Conn, user_id: UserId, id: AddressId, now: Moment) -> Result<(), QueryError> {
    let alive = address::table.filter(address::uid_id.eq(user_id.0).and(address::is_alive.eq(true)));
    diesel::update(alive)
        .set((address::default_address.eq(address::id.eq(id.0)), address::updated_time.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}
