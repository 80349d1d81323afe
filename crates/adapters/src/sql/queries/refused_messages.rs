use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{RefusedMessage, ShopTime};
use ports::{REFUSED_MESSAGES_KEPT, RefusedMessages, StoreError};

use super::{
    Conn, Database,
    columns::{cut, name},
};
use crate::sql::{failure::QueryError, schema::dashop_refused_message, types::Moment};

/// How many characters of a reason are kept.
const REASON_CHARS: usize = 200;
/// How many characters of a message are kept: MySQL's TEXT has room for this number of any characters.
const MESSAGE_CHARS: usize = 16_000;

#[async_trait]
impl RefusedMessages for Database {
    async fn keep_refused(&self, message: &RefusedMessage) -> Result<(), StoreError> {
        self.writer().await?.call(|conn| keep(conn, message)).await
    }

    async fn forget_refused(&self, received_before: ShopTime) -> Result<u64, StoreError> {
        self.writer().await?.call(|conn| forget(conn, received_before)).await
    }
}

async fn forget(conn: &mut Conn, received_before: ShopTime) -> Result<u64, QueryError> {
    let old =
        dashop_refused_message::table.filter(dashop_refused_message::received_at.lt(Moment(received_before)));
    Ok(u64::try_from(diesel::delete(old).execute(conn).await?).unwrap_or(u64::MAX))
}

async fn keep(conn: &mut Conn, message: &RefusedMessage) -> Result<(), QueryError> {
    diesel::insert_into(dashop_refused_message::table)
        .values((
            dashop_refused_message::received_at.eq(Moment(message.received_at)),
            dashop_refused_message::reason.eq(cut(&message.reason, REASON_CHARS)),
            dashop_refused_message::trade_no.eq(name(&message.trade_no)),
            dashop_refused_message::out_trade_no.eq(name(&message.out_trade_no)),
            dashop_refused_message::message.eq(cut(&message.message, MESSAGE_CHARS)),
        ))
        .execute(conn)
        .await?;
    let last_to_go: Option<i32> = dashop_refused_message::table
        .order(dashop_refused_message::id.desc())
        .offset(REFUSED_MESSAGES_KEPT.into())
        .limit(1)
        .select(dashop_refused_message::id)
        .first(conn)
        .await
        .optional()?;
    if let Some(last_to_go) = last_to_go {
        let too_many = dashop_refused_message::table.filter(dashop_refused_message::id.le(last_to_go));
        diesel::delete(too_many).execute(conn).await?;
    }
    Ok(())
}
