use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{IdempotencyKey, NewOrder, RequestDigest, ShopTime, UserId};
use ports::{IdempotencyKeys, IdempotencyRecord, StoreError};

use super::{Conn, Database, columns, dialect::insert_rows};
use crate::sql::{
    failure::{QueryError, is_new},
    schema::dashop_idempotency,
    types::Moment,
};

/// Records the keys of these orders. Returns false if one of the keys is in use.
pub(super) async fn record(conn: &mut Conn, orders: &[NewOrder], at: ShopTime) -> Result<bool, QueryError> {
    let row = |new: &NewOrder| {
        let (key, digest) = new.idempotency.as_ref()?;
        Some((
            dashop_idempotency::user_id.eq(new.order.user_id.0),
            dashop_idempotency::idempotency_key.eq(key.as_str().to_owned()),
            dashop_idempotency::digest.eq(digest.0.clone()),
            dashop_idempotency::order_id.eq(new.order.id.as_str().to_owned()),
            dashop_idempotency::created_at.eq(Moment(at)),
        ))
    };
    is_new(insert_rows!(conn, dashop_idempotency::table, orders.iter().filter_map(row).collect()))
}

#[async_trait]
impl IdempotencyKeys for Database {
    async fn purge(&self, used_before: ShopTime, limit: u32) -> Result<u64, StoreError> {
        self.transact(async |conn| purge(conn, used_before, limit).await).await
    }
}

/// Selects old keys, and then deletes them one by one: neither engine deletes a limited number of rows by a key of two
/// columns. A key must still be old: another process may have deleted it meanwhile, and the buyer may have used it
/// again.
async fn purge(conn: &mut Conn, used_before: ShopTime, limit: u32) -> Result<u64, QueryError> {
    let old: Vec<(i32, String)> = dashop_idempotency::table
        .filter(dashop_idempotency::created_at.lt(Moment(used_before)))
        .order(dashop_idempotency::created_at)
        .limit(limit.into())
        .select((dashop_idempotency::user_id, dashop_idempotency::idempotency_key))
        .load(conn)
        .await?;
    let mut purged = 0_u64;
    for (user_id, key) in old {
        let one = dashop_idempotency::table
            .find((user_id, key))
            .filter(dashop_idempotency::created_at.lt(Moment(used_before)));
        purged += u64::try_from(diesel::delete(one).execute(conn).await?).unwrap_or(0);
    }
    Ok(purged)
}

/// What this user's key was used for.
pub(super) async fn find(
    conn: &mut Conn,
    user_id: UserId,
    key: &IdempotencyKey,
) -> Result<Option<IdempotencyRecord>, QueryError> {
    let row: Option<(String, String)> = dashop_idempotency::table
        .find((user_id.0, key.as_str()))
        .select((dashop_idempotency::digest, dashop_idempotency::order_id))
        .first(conn)
        .await
        .optional()?;
    let Some((digest, order_id)) = row else { return Ok(None) };
    let order_id = columns::order_id("dashop_idempotency.order_id", &order_id)?;
    Ok(Some(IdempotencyRecord { digest: RequestDigest(digest), order_id }))
}
