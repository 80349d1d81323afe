use async_trait::async_trait;
use diesel::{alias, dsl::exists, dsl::min, dsl::not, prelude::*};
use diesel_async::RunQueryDsl;
use domain::{
    Actor, Delivery, EventId, OrderEvent, OrderEventKind, OrderId, OrderStatus, OutboxId, ShopTime,
};
use ports::{Claimed, OutboxBacklog, Resend, StoreError, WebhookQueue};

use super::{
    Conn, Database,
    locking::{for_update, for_update_skip_locked},
    readable::{load_each, park},
};
use crate::sql::{
    failure::QueryError,
    schema::dashop_outbox,
    types::{Amount, Moment},
};

#[async_trait]
impl WebhookQueue for Database {
    async fn claim(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError> {
        let mut lease = Database::begin(self).await?;
        let (claimed, parked) = lease.call(|conn| claim(conn, now, lease_until, limit)).await?;
        lease.commit().await?;
        self.parked.add(parked);
        Ok(claimed)
    }

    async fn delivered(&self, ids: &[OutboxId], at: ShopTime) -> Result<(), StoreError> {
        let mut lease = Database::begin(self).await?;
        lease.call(|conn| delivered(conn, ids, at)).await?;
        lease.commit().await
    }

    async fn put_off(&self, id: OutboxId, due_at: Option<ShopTime>) -> Result<(), StoreError> {
        let mut lease = Database::begin(self).await?;
        lease.call(|conn| put_off(conn, id, due_at)).await?;
        lease.commit().await
    }

    async fn resend(&self, which: &Resend, now: ShopTime) -> Result<u64, StoreError> {
        self.writer().await?.call(|conn| resend(conn, which, now)).await
    }

    async fn purge(&self, delivered_before: ShopTime, limit: u32) -> Result<u64, StoreError> {
        self.writer().await?.call(|conn| purge(conn, delivered_before, limit)).await
    }

    async fn backlog(&self) -> Result<OutboxBacklog, StoreError> {
        self.reader().await?.call(backlog).await
    }
}

/// What of a row's order is not delivered and comes before the row.
macro_rules! undelivered_before {
    () => {{
        let earlier = alias!(dashop_outbox as earlier);
        earlier
            .filter(earlier.field(dashop_outbox::order_id).eq(dashop_outbox::order_id))
            .filter(earlier.field(dashop_outbox::id).lt(dashop_outbox::id))
            .filter(earlier.field(dashop_outbox::delivered_at).is_null())
            .select(earlier.field(dashop_outbox::id))
    }};
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = dashop_outbox)]
struct DeliveryRow {
    id: i64,
    order_id: String,
    kind: String,
    from_status: Option<i16>,
    to_status: i16,
    amount: Option<Amount>,
    actor: String,
    reason: String,
    at: Moment,
    event_id: Option<String>,
    due_attempts: i32,
}

/// The earliest of each order that are due, and how many are parked now because they cannot be read.
///
/// A statement that locks rows reads those that it locks as they are now, and those that it only compares them with as
/// they were when it began: what was committed in between could be overtaken. So the rows are locked first, and what is
/// undelivered before them is looked for again in a statement that begins after that.
async fn claim(
    conn: &mut Conn,
    now: ShopTime,
    lease_until: ShopTime,
    limit: u32,
) -> Result<(Vec<Claimed<Delivery>>, usize), QueryError> {
    let due = dashop_outbox::table
        .filter(dashop_outbox::due_at.le(Moment(now)))
        .filter(not(exists(undelivered_before!())))
        .order((dashop_outbox::due_at, dashop_outbox::id))
        .limit(limit.into())
        .select(dashop_outbox::id);
    let locked: Vec<i64> = for_update_skip_locked(due).load(conn).await?;
    if locked.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let first = dashop_outbox::table
        .filter(dashop_outbox::id.eq_any(locked))
        .filter(not(exists(undelivered_before!())))
        .order((dashop_outbox::due_at, dashop_outbox::id))
        .select((dashop_outbox::id, DeliveryRow::as_select()));
    let each = load_each(conn, first, |(_, row): (i64, DeliveryRow)| Claimed::try_from(row)).await?;
    let (claimed, unreadable) = park("dashop_outbox", each);
    for id in &unreadable {
        put_off(conn, OutboxId(*id), None).await?;
    }
    if !claimed.is_empty() {
        let these = dashop_outbox::id.eq_any(claimed.iter().map(|claimed| claimed.item.id.0));
        diesel::update(dashop_outbox::table.filter(these))
            .set((
                dashop_outbox::due_at.eq(Moment(lease_until)),
                dashop_outbox::due_attempts.eq(dashop_outbox::due_attempts + 1),
            ))
            .execute(conn)
            .await?;
    }
    Ok((claimed, unreadable.len()))
}

/// Only what was not delivered yet lets others follow: a late confirmation of its delivery must not wake what another
/// process has in its hands by now.
async fn delivered(conn: &mut Conn, ids: &[OutboxId], at: ShopTime) -> Result<(), QueryError> {
    let told = dashop_outbox::table
        .filter(dashop_outbox::id.eq_any(ids.iter().map(|id| id.0)))
        .filter(dashop_outbox::delivered_at.is_null())
        .order(dashop_outbox::id)
        .select((dashop_outbox::id, dashop_outbox::order_id));
    let rows: Vec<(i64, String)> = for_update(told).load(conn).await?;
    let (told, orders): (Vec<i64>, Vec<String>) = rows.into_iter().unzip();
    if told.is_empty() {
        return Ok(());
    }
    diesel::update(dashop_outbox::table.filter(dashop_outbox::id.eq_any(told)))
        .set((dashop_outbox::delivered_at.eq(Moment(at)), dashop_outbox::due_at.eq(None::<Moment>)))
        .execute(conn)
        .await?;
    let waiting = dashop_outbox::table
        .filter(dashop_outbox::order_id.eq_any(orders))
        .filter(dashop_outbox::delivered_at.is_null())
        .filter(dashop_outbox::due_at.is_null().or(dashop_outbox::due_at.gt(Moment(at))));
    diesel::update(waiting).set(dashop_outbox::due_at.eq(Moment(at))).execute(conn).await?;
    Ok(())
}

/// What waits for them is put off as well, so that looking for what is due does not pass over it each time.
async fn put_off(conn: &mut Conn, id: OutboxId, due_at: Option<ShopTime>) -> Result<(), QueryError> {
    let open = dashop_outbox::table
        .filter(dashop_outbox::id.eq(id.0))
        .filter(dashop_outbox::delivered_at.is_null())
        .select(dashop_outbox::order_id);
    let Some(order): Option<String> = for_update(open).get_result(conn).await.optional()? else {
        return Ok(());
    };
    let with_what_waits = dashop_outbox::table
        .filter(dashop_outbox::order_id.eq(order))
        .filter(dashop_outbox::id.ge(id.0))
        .filter(dashop_outbox::delivered_at.is_null());
    diesel::update(with_what_waits).set(dashop_outbox::due_at.eq(due_at.map(Moment))).execute(conn).await?;
    Ok(())
}

async fn resend(conn: &mut Conn, which: &Resend, now: ShopTime) -> Result<u64, QueryError> {
    let again = (
        dashop_outbox::delivered_at.eq(None::<Moment>),
        dashop_outbox::due_at.eq(Moment(now)),
        dashop_outbox::due_attempts.eq(0),
    );
    let all = diesel::update(dashop_outbox::table);
    let resent = match which {
        Resend::GivenUp => {
            let given_up = dashop_outbox::delivered_at.is_null().and(dashop_outbox::due_at.is_null());
            all.filter(given_up).set(again).execute(conn).await?
        }
        Resend::OfOrder(order_id) => {
            all.filter(dashop_outbox::order_id.eq(order_id.as_str())).set(again).execute(conn).await?
        }
        Resend::Happened { from, until } => {
            let then = dashop_outbox::at.ge(Moment(*from)).and(dashop_outbox::at.lt(Moment(*until)));
            all.filter(then).set(again).execute(conn).await?
        }
    };
    Ok(u64::try_from(resent).unwrap_or(u64::MAX))
}

async fn purge(conn: &mut Conn, delivered_before: ShopTime, limit: u32) -> Result<u64, QueryError> {
    let old: Vec<i64> = dashop_outbox::table
        .filter(dashop_outbox::delivered_at.lt(Moment(delivered_before)))
        .order(dashop_outbox::delivered_at)
        .limit(limit.into())
        .select(dashop_outbox::id)
        .load(conn)
        .await?;
    // What is to be delivered again meanwhile stays.
    let still_old = dashop_outbox::table
        .filter(dashop_outbox::id.eq_any(old))
        .filter(dashop_outbox::delivered_at.lt(Moment(delivered_before)));
    let purged = diesel::delete(still_old).execute(conn).await?;
    Ok(u64::try_from(purged).unwrap_or(u64::MAX))
}

async fn backlog(conn: &mut Conn) -> Result<OutboxBacklog, QueryError> {
    let undelivered = dashop_outbox::table.filter(dashop_outbox::delivered_at.is_null());
    let count: i64 = undelivered.count().get_result(conn).await?;
    // Not a zero date, which cannot be read.
    let oldest: Option<Moment> = undelivered
        .filter(dashop_outbox::at.ge(Moment(ShopTime::UNIX_EPOCH)))
        .select(min(dashop_outbox::at))
        .first(conn)
        .await?;
    let given_up: i64 = undelivered.filter(dashop_outbox::due_at.is_null()).count().get_result(conn).await?;
    Ok(OutboxBacklog {
        undelivered: u64::try_from(count).unwrap_or(0),
        given_up: u64::try_from(given_up).unwrap_or(0),
        oldest: oldest.map(|moment| moment.0),
    })
}

impl TryFrom<DeliveryRow> for Claimed<Delivery> {
    type Error = QueryError;

    fn try_from(row: DeliveryRow) -> Result<Self, QueryError> {
        let status = |code: i16| {
            OrderStatus::from_code(code.into())
                .ok_or_else(|| QueryError::corrupt("dashop_outbox, a status", code))
        };
        let event = OrderEvent {
            order_id: OrderId::parse(&row.order_id)
                .map_err(|error| QueryError::corrupt("dashop_outbox.order_id", error))?,
            kind: OrderEventKind::from_word(&row.kind)
                .ok_or_else(|| QueryError::corrupt("dashop_outbox.kind", &row.kind))?,
            from: row.from_status.map(status).transpose()?,
            to: status(row.to_status)?,
            amount: row.amount.map(|amount| amount.0),
            actor: Actor::from_word(&row.actor)
                .ok_or_else(|| QueryError::corrupt("dashop_outbox.actor", &row.actor))?,
            reason: row.reason,
            at: row.at.0,
        };
        let id = OutboxId(row.id);
        let event_id = row.event_id.map_or_else(|| EventId::of_row(id), |uuid| EventId::of_uuid(&uuid));
        let attempts = u32::try_from(row.due_attempts).unwrap_or(0);
        Ok(Self { item: Delivery { id, event_id, event }, attempts })
    }
}
