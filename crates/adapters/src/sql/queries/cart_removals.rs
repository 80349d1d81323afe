use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{CartStamp, OrderId, ShopTime, SkuId, UserId};
use ports::{CartRemoval, CartRemovalQueue, StoreError};

use super::{
    Conn, Database,
    columns::order_id,
    dialect::insert_rows,
    locking::for_update_skip_locked,
    readable::{leave_out, load_each, park},
};
use crate::sql::{failure::QueryError, schema::dashop_cart_removal, types::Moment};

const TABLE: &str = "dashop_cart_removal";

#[async_trait]
impl CartRemovalQueue for Database {
    async fn take_over(
        &self,
        before: ShopTime,
        now: ShopTime,
        limit: u32,
    ) -> Result<Vec<CartRemoval>, StoreError> {
        let (taken, parked) = self.transact(async |conn| take_over(conn, before, now, limit).await).await?;
        self.add_parked(parked);
        Ok(taken)
    }

    async fn pending_of(&self, user_id: UserId) -> Result<Vec<CartRemoval>, StoreError> {
        self.reader().await?.call(|conn| of_user(conn, user_id)).await
    }

    async fn forget(&self, order_ids: &[OrderId]) -> Result<(), StoreError> {
        if order_ids.is_empty() {
            return Ok(());
        }
        self.writer().await?.call(|conn| forget(conn, order_ids)).await
    }
}

async fn of_user(conn: &mut Conn, user_id: UserId) -> Result<Vec<CartRemoval>, QueryError> {
    let of_user = dashop_cart_removal::table
        .filter(dashop_cart_removal::user_id.eq(user_id.0))
        .select((dashop_cart_removal::order_id, RemovalRow::as_select()));
    let each = load_each(conn, of_user, |(_, row): (String, RemovalRow)| CartRemoval::try_from(row)).await?;
    Ok(leave_out(TABLE, each))
}

/// Parses the stored lines of a removal.
pub(super) fn lines(stored: &str) -> Result<Vec<(SkuId, CartStamp)>, QueryError> {
    let lines: StoredLines = serde_json::from_str(stored)
        .map_err(|error| QueryError::corrupt("dashop_cart_removal.lines", error))?;
    Ok(lines.into_iter().map(|(sku_id, value)| (SkuId(sku_id), CartStamp(value))).collect())
}

/// The lines of a removal as JSON: `[[4,"<stored value>"],…]`.
type StoredLines = Vec<(i32, String)>;

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = dashop_cart_removal, treat_none_as_default_value = false)]
struct RemovalRow {
    order_id: String,
    user_id: i32,
    lines: String,
    recorded_at: Moment,
}

pub(super) async fn record(
    conn: &mut Conn,
    removals: &[CartRemoval],
    at: ShopTime,
) -> Result<(), QueryError> {
    let rows = removals.iter().map(|removal| RemovalRow::of(removal, at));
    insert_rows!(conn, dashop_cart_removal::table, rows.collect::<Result<_, _>>()?)
}

/// Takes over the oldest removals. Also returns how many removals it parked because they cannot be read.
async fn take_over(
    conn: &mut Conn,
    before: ShopTime,
    now: ShopTime,
    limit: u32,
) -> Result<(Vec<CartRemoval>, usize), QueryError> {
    let oldest = dashop_cart_removal::table
        .filter(dashop_cart_removal::recorded_at.lt(Moment(before)))
        .filter(dashop_cart_removal::parked_at.is_null())
        .order((dashop_cart_removal::recorded_at, dashop_cart_removal::order_id))
        .limit(limit.into())
        .select((dashop_cart_removal::order_id, RemovalRow::as_select()));
    let oldest = for_update_skip_locked(oldest);
    let each = load_each(conn, oldest, |(_, row): (String, RemovalRow)| CartRemoval::try_from(row)).await?;
    let (taken, unreadable) = park(TABLE, each);
    if !unreadable.is_empty() {
        let these = dashop_cart_removal::table.filter(dashop_cart_removal::order_id.eq_any(&unreadable));
        diesel::update(these).set(dashop_cart_removal::parked_at.eq(Moment(now))).execute(conn).await?;
    }
    if !taken.is_empty() {
        let these =
            dashop_cart_removal::order_id.eq_any(taken.iter().map(|removal| removal.order_id.as_str()));
        let moved = dashop_cart_removal::recorded_at.eq(Moment(now));
        diesel::update(dashop_cart_removal::table.filter(these)).set(moved).execute(conn).await?;
    }
    Ok((taken, unreadable.len()))
}

async fn forget(conn: &mut Conn, order_ids: &[OrderId]) -> Result<(), QueryError> {
    let of_these = dashop_cart_removal::order_id.eq_any(order_ids.iter().map(OrderId::as_str));
    diesel::delete(dashop_cart_removal::table.filter(of_these)).execute(conn).await?;
    Ok(())
}

impl RemovalRow {
    fn of(removal: &CartRemoval, at: ShopTime) -> Result<Self, QueryError> {
        let lines: StoredLines =
            removal.lines.iter().map(|(sku_id, stamp)| (sku_id.0, stamp.0.clone())).collect();
        Ok(Self {
            order_id: removal.order_id.as_str().to_owned(),
            user_id: removal.user_id.0,
            lines: serde_json::to_string(&lines)
                .map_err(|error| QueryError::corrupt("cart lines as JSON", error))?,
            recorded_at: Moment(at),
        })
    }
}

impl TryFrom<RemovalRow> for CartRemoval {
    type Error = QueryError;

    fn try_from(row: RemovalRow) -> Result<Self, QueryError> {
        Ok(Self {
            order_id: order_id("dashop_cart_removal.order_id", &row.order_id)?,
            user_id: UserId(row.user_id),
            lines: lines(&row.lines)?,
        })
    }
}
