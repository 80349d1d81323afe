use std::time::Duration;

use async_trait::async_trait;
use diesel::{
    dsl::{exists, max, select},
    prelude::*,
};
use diesel_async::RunQueryDsl;
use domain::{
    AttemptOutcome, DeliveryAttempt, EndpointName, EndpointState, EventId, OrderEventKind, ShopTime,
    failing_since,
};
use ports::{AttemptQuery, LoggedAttempt, Pause, StoreError, WebhookEndpoints};

use super::{
    Conn, Database,
    columns::many,
    columns::order_id,
    dialect::insert_rows,
    locking::for_update,
    readable::{FullPage, Read, leave_out, load_each},
};
use crate::sql::{
    failure::{QueryError, word},
    schema::{
        dashop_outbox, dashop_webhook_attempt as attempts, dashop_webhook_delivery as deliveries,
        dashop_webhook_endpoint as endpoints,
    },
    types::Moment,
};

/// While attempts succeed, at most one success is recorded in this time.
const SUCCESS_EVERY: Duration = Duration::from_secs(1);

#[async_trait]
impl WebhookEndpoints for Database {
    async fn register(
        &self,
        names: &[EndpointName],
        now: ShopTime,
        absent_for: Duration,
    ) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        // Not in the transaction: if two processes start together, each would wait for a row of the other.
        self.writer().await?.call(|conn| put_on_record(conn, names, now)).await?;
        self.transact(async |conn| see(conn, names, now, absent_for).await).await
    }

    async fn states(&self) -> Result<Vec<EndpointState>, StoreError> {
        self.reader().await?.call(states).await
    }

    async fn pause(
        &self,
        name: &EndpointName,
        failing_before: ShopTime,
        at: ShopTime,
    ) -> Result<Pause, StoreError> {
        self.transact(async |conn| pause(conn, name, failing_before, at).await).await
    }

    async fn resume(&self, name: &EndpointName) -> Result<bool, StoreError> {
        self.writer().await?.call(|conn| resume(conn, name)).await
    }

    async fn attempts(&self, query: &AttemptQuery) -> Result<Vec<LoggedAttempt>, StoreError> {
        self.reader().await?.call(|conn| attempts(conn, query)).await
    }

    async fn purge_attempts(&self, before: ShopTime, most: u64, limit: u32) -> Result<u64, StoreError> {
        self.writer().await?.call(|conn| purge_attempts(conn, before, most, limit)).await
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = endpoints)]
struct EndpointRow {
    name: String,
    registered_at: Moment,
    seen_at: Moment,
    paused_at: Option<Moment>,
    failing_since: Option<Moment>,
    last_failure_at: Option<Moment>,
    last_success_at: Option<Moment>,
}

/// A row of the delivery log, without its id.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
struct AttemptRow {
    endpoint: String,
    event_id: String,
    order_id: String,
    kind: String,
    at: Moment,
    took_ms: i32,
    outcome: String,
    http_status: Option<i16>,
}

fn named(
    name: &EndpointName,
) -> diesel::dsl::Filter<endpoints::table, diesel::dsl::Eq<endpoints::name, &str>> {
    endpoints::table.filter(endpoints::name.eq(name.as_str()))
}

/// Inserts the endpoints that are not on record, as never seen.
async fn put_on_record(conn: &mut Conn, names: &[EndpointName], now: ShopTime) -> Result<(), QueryError> {
    for name in names {
        let row = (
            endpoints::name.eq(name.as_str()),
            endpoints::registered_at.eq(Moment(now)),
            endpoints::seen_at.eq(Moment(ShopTime::UNIX_EPOCH)),
        );
        diesel::insert_or_ignore_into(endpoints::table).values(row).execute(conn).await?;
    }
    Ok(())
}

/// Records that these endpoints were seen. All rows are locked first, in one order: if two processes start together,
/// the second one sees what the first one has written about all endpoints.
async fn see(
    conn: &mut Conn,
    names: &[EndpointName],
    now: ShopTime,
    absent_for: Duration,
) -> Result<(), QueryError> {
    let all = endpoints::table.order(endpoints::name).select((endpoints::name, endpoints::seen_at));
    let seen: Vec<(String, Moment)> = for_update(all).load(conn).await?;
    let Some(latest) = seen.iter().map(|(_, seen_at)| seen_at.0).max() else { return Ok(()) };
    for name in names {
        let seen_at = seen.iter().find(|(known, _)| known == name.as_str()).map_or(now, |(_, at)| at.0);
        if seen_at < latest.before(absent_for) {
            if seen_at > ShopTime::UNIX_EPOCH {
                tracing::warn!(endpoint = %name, %seen_at, "it was in no settings for long: it gets no events of that time");
            }
            diesel::update(named(name)).set(endpoints::registered_at.eq(Moment(now))).execute(conn).await?;
        }
        diesel::update(named(name))
            .set(endpoints::seen_at.eq(Moment(seen_at.max(now))))
            .execute(conn)
            .await?;
    }
    Ok(())
}

async fn states(conn: &mut Conn) -> Result<Vec<EndpointState>, QueryError> {
    let all = endpoints::table.order(endpoints::name).select((endpoints::name, EndpointRow::as_select()));
    let each = load_each(conn, all, |(_, row): (String, EndpointRow)| row.read()).await?;
    Ok(leave_out("dashop_webhook_endpoint", each))
}

async fn pause(
    conn: &mut Conn,
    name: &EndpointName,
    failing_before: ShopTime,
    at: ShopTime,
) -> Result<Pause, QueryError> {
    let known =
        named(name).select((endpoints::paused_at, endpoints::failing_since, endpoints::last_failure_at));
    let known: Option<(Option<Moment>, Option<Moment>, Option<Moment>)> =
        for_update(known).get_result(conn).await.optional()?;
    match known {
        Some((Some(_), _, _)) => Ok(Pause::GoesOn),
        Some((None, since, last)) if failing(since, last, at) <= failing_before => {
            diesel::update(named(name)).set(endpoints::paused_at.eq(Moment(at))).execute(conn).await?;
            Ok(Pause::Begun)
        }
        Some(_) | None => Ok(Pause::None),
    }
}

/// Since when all attempts have failed, if one failed at `at`.
fn failing(since: Option<Moment>, last: Option<Moment>, at: ShopTime) -> ShopTime {
    failing_since(since.map(|moment| moment.0), last.map(|moment| moment.0), at)
}

async fn resume(conn: &mut Conn, name: &EndpointName) -> Result<bool, QueryError> {
    let paused = named(name).filter(endpoints::paused_at.is_not_null());
    let resumed = diesel::update(paused)
        .set((endpoints::paused_at.eq(None::<Moment>), endpoints::failing_since.eq(None::<Moment>)))
        .execute(conn)
        .await?;
    Ok(resumed > 0)
}

pub(super) async fn is_paused(conn: &mut Conn, name: &EndpointName) -> Result<bool, QueryError> {
    let paused = named(name).filter(endpoints::paused_at.is_not_null()).select(endpoints::name);
    Ok(select(exists(paused)).get_result(conn).await?)
}

pub(super) async fn succeeded(conn: &mut Conn, name: &EndpointName, at: ShopTime) -> Result<(), QueryError> {
    let is_due = endpoints::failing_since
        .is_not_null()
        .or(endpoints::last_success_at.is_null())
        .or(endpoints::last_success_at.le(Moment(at.before(SUCCESS_EVERY))));
    diesel::update(named(name).filter(is_due))
        .set((endpoints::last_success_at.eq(Moment(at)), endpoints::failing_since.eq(None::<Moment>)))
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn failed(conn: &mut Conn, name: &EndpointName, at: ShopTime) -> Result<(), QueryError> {
    let known = named(name).select((endpoints::failing_since, endpoints::last_failure_at));
    let known: Option<(Option<Moment>, Option<Moment>)> =
        for_update(known).get_result(conn).await.optional()?;
    let Some((since, last)) = known else { return Ok(()) };
    diesel::update(named(name))
        .set((
            endpoints::failing_since.eq(Moment(failing(since, last, at))),
            endpoints::last_failure_at.eq(Moment(at)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn log(
    conn: &mut Conn,
    endpoint: &EndpointName,
    attempts: &[DeliveryAttempt],
) -> Result<(), QueryError> {
    let rows: Vec<_> = attempts.iter().map(|attempt| AttemptRow::new(endpoint, attempt)).collect();
    insert_rows!(conn, attempts::table, rows)
}

async fn attempts(conn: &mut Conn, query: &AttemptQuery) -> Result<Vec<LoggedAttempt>, QueryError> {
    let mut page = FullPage::new("dashop_webhook_attempt", query.limit, query.before);
    while !page.is_full {
        let each = attempts_page(conn, query, page.after).await?;
        page.add(each);
    }
    Ok(page.rows)
}

async fn attempts_page(
    conn: &mut Conn,
    query: &AttemptQuery,
    before: Option<i64>,
) -> Result<Vec<Read<i64, LoggedAttempt>>, QueryError> {
    let mut found = attempts::table
        .order(attempts::id.desc())
        .limit(query.limit.into())
        .select((attempts::id, AttemptRow::as_select()))
        .into_boxed();
    if let Some(endpoint) = &query.endpoint {
        found = found.filter(attempts::endpoint.eq(endpoint.as_str()));
    }
    if let Some(order_id) = &query.order_id {
        found = found.filter(attempts::order_id.eq(order_id.as_str()));
    }
    if let Some(before) = before {
        found = found.filter(attempts::id.lt(before));
    }
    load_each(conn, found, |(id, row): (i64, AttemptRow)| row.read(id)).await
}

async fn purge_attempts(conn: &mut Conn, before: ShopTime, most: u64, limit: u32) -> Result<u64, QueryError> {
    let old: Vec<i64> = attempts::table
        .filter(attempts::at.lt(Moment(before)))
        .order(attempts::at)
        .limit(limit.into())
        .select(attempts::id)
        .load(conn)
        .await?;
    let old_ones = attempts::table.filter(attempts::id.eq_any(old));
    let mut purged = diesel::delete(old_ones).execute(conn).await?;
    let last: Option<i64> = attempts::table.select(max(attempts::id)).first(conn).await?;
    // Because some ids are not used, a few rows less may stay.
    let first_kept = last.unwrap_or(0).saturating_sub(i64::try_from(most).unwrap_or(i64::MAX));
    let left = i64::from(limit).saturating_sub(i64::try_from(purged).unwrap_or(i64::MAX));
    let beyond: Vec<i64> = attempts::table
        .filter(attempts::id.le(first_kept))
        .order(attempts::id)
        .limit(left.max(0))
        .select(attempts::id)
        .load(conn)
        .await?;
    let beyond = attempts::table.filter(attempts::id.eq_any(beyond));
    purged += diesel::delete(beyond).execute(conn).await?;
    Ok(u64::try_from(purged).unwrap_or(u64::MAX))
}

/// Deletes the events that wait for endpoints that no process has had in its settings since `seen_before`, and then the
/// endpoints themselves.
pub(super) async fn purge_unseen(
    conn: &mut Conn,
    seen_before: ShopTime,
    limit: u32,
) -> Result<u64, QueryError> {
    let unseen = endpoints::table.filter(endpoints::seen_at.lt(Moment(seen_before))).select(endpoints::name);
    let names: Vec<String> = unseen.load(conn).await?;
    let mut purged = 0;
    for name in names {
        let waiting = waiting_for(conn, &name, seen_before, limit).await?;
        let gone = if waiting.is_empty() {
            let still_unseen = endpoints::table
                .filter(endpoints::name.eq(&name))
                .filter(endpoints::seen_at.lt(Moment(seen_before)));
            diesel::delete(still_unseen).execute(conn).await?
        } else if name == EndpointName::FIRST {
            let these = dashop_outbox::table.filter(dashop_outbox::id.eq_any(waiting));
            diesel::delete(these).execute(conn).await?
        } else {
            let these = deliveries::table.filter(deliveries::id.eq_any(waiting));
            diesel::delete(these).execute(conn).await?
        };
        purged += many(i64::try_from(gone).unwrap_or(i64::MAX));
    }
    Ok(purged)
}

/// The rows that are kept for this endpoint only. In the outbox these are neither events that must still be distributed
/// to other endpoints, nor delivered events, which have their own retention time.
async fn waiting_for(
    conn: &mut Conn,
    name: &str,
    before: ShopTime,
    limit: u32,
) -> Result<Vec<i64>, QueryError> {
    if name == EndpointName::FIRST {
        let is_given = dashop_outbox::distributed_at.is_not_null().or(dashop_outbox::at.lt(Moment(before)));
        let waiting = dashop_outbox::table.filter(dashop_outbox::delivered_at.is_null()).filter(is_given);
        return Ok(waiting.limit(limit.into()).select(dashop_outbox::id).load(conn).await?);
    }
    let waiting = deliveries::table.filter(deliveries::endpoint.eq(name));
    Ok(waiting.limit(limit.into()).select(deliveries::id).load(conn).await?)
}

fn endpoint_name(table: &str, name: &str) -> Result<EndpointName, QueryError> {
    EndpointName::parse(name).map_err(|error| QueryError::corrupt(table, format!("{name}: {error}")))
}

impl EndpointRow {
    fn read(self) -> Result<EndpointState, QueryError> {
        let moment = |moment: Option<Moment>| moment.map(|moment| moment.0);
        Ok(EndpointState {
            name: endpoint_name("dashop_webhook_endpoint.name", &self.name)?,
            registered_at: self.registered_at.0,
            seen_at: self.seen_at.0,
            paused_at: moment(self.paused_at),
            failing_since: moment(self.failing_since),
            last_failure_at: moment(self.last_failure_at),
            last_success_at: moment(self.last_success_at),
        })
    }
}

impl AttemptRow {
    fn new(endpoint: &EndpointName, attempt: &DeliveryAttempt) -> Self {
        Self {
            endpoint: endpoint.to_string(),
            event_id: attempt.event_id.to_string(),
            order_id: attempt.order_id.as_str().to_owned(),
            kind: attempt.kind.as_str().to_owned(),
            at: Moment(attempt.at),
            took_ms: i32::try_from(attempt.took.as_millis()).unwrap_or(i32::MAX),
            outcome: attempt.outcome.as_str().to_owned(),
            // An HTTP status has three digits.
            http_status: attempt.outcome.http_status().and_then(|status| i16::try_from(status).ok()),
        }
    }

    fn read(self, id: i64) -> Result<LoggedAttempt, QueryError> {
        let http_status = self.http_status.and_then(|status| u16::try_from(status).ok());
        Ok(LoggedAttempt {
            id,
            endpoint: endpoint_name("dashop_webhook_attempt.endpoint", &self.endpoint)?,
            attempt: DeliveryAttempt {
                event_id: word("dashop_webhook_attempt.event_id", &self.event_id, EventId::parse)?,
                order_id: order_id("dashop_webhook_attempt.order_id", &self.order_id)?,
                kind: word("dashop_webhook_attempt.kind", &self.kind, OrderEventKind::from_word)?,
                at: self.at.0,
                took: Duration::from_millis(u64::try_from(self.took_ms).unwrap_or(0)),
                outcome: word("dashop_webhook_attempt.outcome", &self.outcome, |word| {
                    AttemptOutcome::from_stored(word, http_status)
                })?,
            },
        })
    }
}
