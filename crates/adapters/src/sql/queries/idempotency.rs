use async_trait::async_trait;
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::RunQueryDsl;
use domain::{IdempotencyKey, NewOrder, OrderId, RequestDigest, ShopTime, UserId};
use ports::{IdempotencyKeys, IdempotencyRecord, StoreError};

use super::{Conn, Database, dialect::insert_rows};
use crate::sql::{failure::QueryError, schema::dashop_idempotency, types::Moment};

#[derive(Insertable)]
#[diesel(table_name = dashop_idempotency, treat_none_as_default_value = false)]
struct KeyRow {
    user_id: i32,
    idempotency_key: String,
    digest: String,
    order_id: String,
    created_at: Moment,
}

pub(super) async fn record(conn: &mut Conn, orders: &[NewOrder], at: ShopTime) -> Result<bool, QueryError> {
    let rows: Vec<KeyRow> = orders.iter().filter_map(|new| KeyRow::of(new, at)).collect();
    match insert_rows!(conn, dashop_idempotency::table, rows) {
        Ok(()) => Ok(true),
        Err(QueryError::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[async_trait]
impl IdempotencyKeys for Database {
    async fn purge(&self, used_before: ShopTime, limit: u32) -> Result<u64, StoreError> {
        let mut lease = self.begin().await?;
        let purged = lease.call(|conn| purge(conn, used_before, limit)).await?;
        lease.commit().await?;
        Ok(purged)
    }
}

/// Looked for first, and then one by one: neither engine deletes a limited number of rows by a key of two columns. Each only
/// if it is still old: another process may have forgotten it meanwhile, and its buyer used it anew.
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
    let order_id = OrderId::parse(&order_id)
        .map_err(|_| QueryError::corrupt("dashop_idempotency.order_id", &order_id))?;
    Ok(Some(IdempotencyRecord { digest: RequestDigest(digest), order_id }))
}

impl KeyRow {
    fn of(new: &NewOrder, at: ShopTime) -> Option<Self> {
        let (key, digest) = new.idempotency.as_ref()?;
        Some(Self {
            user_id: new.order.user_id.0,
            idempotency_key: key.as_str().to_owned(),
            digest: digest.0.clone(),
            order_id: new.order.id.as_str().to_owned(),
            created_at: Moment(at),
        })
    }
}
