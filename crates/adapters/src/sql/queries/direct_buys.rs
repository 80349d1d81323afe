use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{Quantity, SkuId, UserId};
use ports::{DirectBuy, DirectBuys, StoreError};

use super::{Conn, Database};
use crate::sql::{failure::QueryError, schema::dashop_direct_buy, types::Moment};

#[async_trait]
impl DirectBuys for Database {
    async fn remember(&self, user_id: UserId, latest: DirectBuy) -> Result<(), StoreError> {
        self.writer().await?.call(|conn| remember(conn, user_id, latest)).await
    }

    async fn forget(&self, user_id: UserId) -> Result<(), StoreError> {
        self.writer().await?.call(|conn| forget(conn, user_id)).await
    }

    async fn latest(&self, user_id: UserId) -> Result<Option<DirectBuy>, StoreError> {
        self.reader().await?.call(|conn| latest(conn, user_id)).await
    }
}

async fn remember(conn: &mut Conn, user_id: UserId, latest: DirectBuy) -> Result<(), QueryError> {
    let quantity = i32::try_from(latest.quantity.pieces())
        .map_err(|_| QueryError::corrupt("a quantity beyond the column", latest.quantity.pieces()))?;
    diesel::replace_into(dashop_direct_buy::table)
        .values((
            dashop_direct_buy::user_id.eq(user_id.0),
            dashop_direct_buy::sku_id.eq(latest.sku_id.0),
            dashop_direct_buy::quantity.eq(quantity),
            dashop_direct_buy::previewed_at.eq(Moment(latest.previewed_at)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn forget(conn: &mut Conn, user_id: UserId) -> Result<(), QueryError> {
    diesel::delete(dashop_direct_buy::table.find(user_id.0)).execute(conn).await?;
    Ok(())
}

async fn latest(conn: &mut Conn, user_id: UserId) -> Result<Option<DirectBuy>, QueryError> {
    let row: Option<(i32, i32, Moment)> = dashop_direct_buy::table
        .find(user_id.0)
        .select((dashop_direct_buy::sku_id, dashop_direct_buy::quantity, dashop_direct_buy::previewed_at))
        .first(conn)
        .await
        .optional()?;
    let Some((sku_id, pieces, previewed_at)) = row else { return Ok(None) };
    let quantity =
        Quantity::stored(pieces).ok_or_else(|| QueryError::corrupt("dashop_direct_buy.quantity", pieces))?;
    Ok(Some(DirectBuy { sku_id: SkuId(sku_id), quantity, previewed_at: previewed_at.0 }))
}
