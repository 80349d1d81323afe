use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{Cart, CartLineChange, CartStamp, OrderId, SkuId, UserId};
use ports::{CartError, CartRemoval, CartStore, StoreError};

use super::{
    Conn, Database,
    dialect::insert_rows,
    locking::for_update,
    prepared::{padded, prepared, prepared_if_few},
};
use crate::{
    cart_format,
    sql::{
        failure::{QueryError, is_new},
        schema::dashop_cart_line,
    },
};

/// Maximum number of lines that one statement removes: SQLite limits the depth of a condition.
const LINES_PER_STATEMENT: usize = 128;

#[async_trait]
impl CartStore for Database {
    async fn load(&self, user_id: UserId) -> Result<Cart, CartError> {
        let loaded = async { self.reader().await?.call(|conn| load(conn, user_id)).await }.await;
        loaded.map_err(|error: StoreError| CartError(error.into()))
    }

    async fn load_many(&self, user_ids: &[UserId]) -> Result<BTreeMap<UserId, Cart>, CartError> {
        let loaded = async { self.reader().await?.call(|conn| load_many(conn, user_ids)).await }.await;
        loaded.map_err(|error: StoreError| CartError(error.into()))
    }

    async fn remove_ordered(&self, removals: &[CartRemoval]) -> Result<Vec<OrderId>, CartError> {
        let removed = async {
            self.transact(async |conn| remove(conn, removals).await).await?;
            Ok(Vec::new())
        };
        removed.await.map_err(|error: StoreError| CartError(error.into()))
    }

    async fn write(&self, user_id: UserId, changes: &[CartLineChange]) -> Result<bool, CartError> {
        let written = async {
            let mut lease = self.begin().await?;
            match lease.call(|conn| write(conn, user_id, changes)).await {
                Ok(true) => lease.commit().await.map(|()| true),
                // Another transaction holds the lines, so it is changing them.
                Ok(false) | Err(StoreError::Busy(_)) => Ok(false),
                Err(error) => Err(error),
            }
        };
        written.await.map_err(|error| CartError(error.into()))
    }

    async fn discard(&self, user_id: UserId, sku_ids: &[SkuId]) -> Result<(), CartError> {
        let discarded = async { self.writer().await?.call(|conn| discard(conn, user_id, sku_ids)).await };
        discarded.await.map_err(|error: StoreError| CartError(error.into()))
    }
}

/// Writes the lines if none of them has changed. Otherwise returns false; the caller must then drop the transaction.
async fn write(conn: &mut Conn, user_id: UserId, changes: &[CartLineChange]) -> Result<bool, QueryError> {
    let skus = || changes.iter().map(|change| change.sku_id.0);
    let concerned = dashop_cart_line::table
        .filter(dashop_cart_line::user_id.eq(user_id.0).and(dashop_cart_line::sku_id.eq_any(skus())))
        .select((dashop_cart_line::sku_id, dashop_cart_line::value));
    let rows: Vec<(i32, String)> = for_update(concerned).load(conn).await?;
    let stored: BTreeMap<i32, CartStamp> = rows
        .iter()
        .filter_map(|(sku_id, value)| {
            Some((*sku_id, cart_format::read_line(&sku_id.to_string(), value)?.stamp))
        })
        .collect();
    if changes.iter().any(|change| stored.get(&change.sku_id.0) != change.was.as_ref()) {
        return Ok(false);
    }
    // Only locked lines are deleted: a line that another transaction inserts meanwhile must stay.
    let locked: Vec<i32> = rows.iter().map(|(sku_id, _)| *sku_id).collect();
    if !locked.is_empty() {
        let of_user = dashop_cart_line::table.filter(dashop_cart_line::user_id.eq(user_id.0));
        diesel::delete(of_user.filter(dashop_cart_line::sku_id.eq_any(locked))).execute(conn).await?;
    }
    let line = |change: &CartLineChange| {
        (
            dashop_cart_line::user_id.eq(user_id.0),
            dashop_cart_line::sku_id.eq(change.sku_id.0),
            dashop_cart_line::value.eq(cart_format::write_line(change.count, change.selected)),
        )
    };
    // False if another transaction has just inserted a line that did not exist when the rows were locked.
    is_new(insert_rows!(conn, dashop_cart_line::table, changes.iter().map(line).collect()))
}

async fn discard(conn: &mut Conn, user_id: UserId, sku_ids: &[SkuId]) -> Result<(), QueryError> {
    let of_user = dashop_cart_line::table.filter(dashop_cart_line::user_id.eq(user_id.0));
    let skus = sku_ids.iter().map(|sku_id| sku_id.0);
    diesel::delete(of_user.filter(dashop_cart_line::sku_id.eq_any(skus))).execute(conn).await?;
    Ok(())
}

async fn load(conn: &mut Conn, user_id: UserId) -> Result<Cart, QueryError> {
    Ok(load_many(conn, &[user_id]).await?.remove(&user_id).unwrap_or_default())
}

async fn load_many(conn: &mut Conn, user_ids: &[UserId]) -> Result<BTreeMap<UserId, Cart>, QueryError> {
    let users = padded(user_ids.iter().map(|user_id| user_id.0));
    let lines = dashop_cart_line::table
        .filter(dashop_cart_line::user_id.eq_any(users))
        .order((dashop_cart_line::user_id, dashop_cart_line::sku_id))
        .select((dashop_cart_line::user_id, dashop_cart_line::sku_id, dashop_cart_line::value));
    let rows: Vec<(i32, i32, String)> = prepared(lines).load(conn).await?;
    let mut carts: BTreeMap<UserId, Cart> =
        user_ids.iter().map(|user_id| (*user_id, Cart::default())).collect();
    for (user_id, sku_id, value) in rows {
        match cart_format::read_line(&sku_id.to_string(), &value) {
            Some(line) => carts.entry(UserId(user_id)).or_default().lines.push(line),
            None => tracing::warn!(user_id, sku_id, value, "a cart line cannot be read and is left out"),
        }
    }
    Ok(carts)
}

/// Removes the lines whose values still equal the stamps.
pub(super) async fn remove(conn: &mut Conn, removals: &[CartRemoval]) -> Result<(), QueryError> {
    let lines: Vec<_> = removals
        .iter()
        .flat_map(|removal| removal.lines.iter().map(|(sku_id, stamp)| (removal.user_id, *sku_id, stamp)))
        .collect();
    let unchanged = |(user_id, sku_id, stamp): &(UserId, SkuId, &CartStamp)| {
        let line = dashop_cart_line::user_id.eq(user_id.0).and(dashop_cart_line::sku_id.eq(sku_id.0));
        line.and(dashop_cart_line::value.eq(stamp.0.clone()))
    };
    for some in lines.chunks(LINES_PER_STATEMENT) {
        // Every condition names the key of a line: a single condition without an index makes a database read every
        // cart.
        let some = padded(some.iter().copied());
        let [first, others @ ..] = some.as_slice() else { continue };
        let delete = diesel::delete(dashop_cart_line::table).filter(unchanged(first)).into_boxed();
        let delete = others.iter().fold(delete, |delete, line| delete.or_filter(unchanged(line)));
        prepared_if_few(delete, some.len()).execute(conn).await?;
    }
    Ok(())
}
