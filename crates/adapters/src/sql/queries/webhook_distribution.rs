//! Copies events from the outbox for the endpoints other than the first one.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    dsl::{exists, select, sql},
    prelude::*,
    sql_types::{Nullable, Text},
};
use diesel_async::RunQueryDsl;
use domain::{EndpointName, ShopTime};

use super::{Conn, columns::many, locking::for_update_skip_locked};
use crate::sql::{
    failure::QueryError,
    schema::{dashop_outbox, dashop_webhook_delivery as deliveries, dashop_webhook_endpoint as endpoints},
    types::Moment,
};

/// The endpoints that get events.
struct Targets {
    /// The endpoints other than the first one, and since when each gets events.
    others: Vec<(String, ShopTime)>,
    has_first: bool,
}

/// The events since `$since` that were not distributed yet.
macro_rules! undistributed {
    ($since:expr) => {
        dashop_outbox::table
            .filter(dashop_outbox::distributed_at.is_null())
            .filter(dashop_outbox::at.ge(Moment($since)))
    };
}

/// The time since which events must be distributed: only the first endpoint gets earlier ones, from the outbox itself.
/// `None` if there is nothing to distribute.
pub(super) async fn since(conn: &mut Conn, seen_since: ShopTime) -> Result<Option<ShopTime>, QueryError> {
    let Targets { others, .. } = targets(conn, seen_since).await?;
    let Some(since) = others.iter().map(|(_, since)| *since).min() else { return Ok(None) };
    let is_there: bool =
        select(exists(undistributed!(since).select(dashop_outbox::id))).get_result(conn).await?;
    Ok(is_there.then_some(since))
}

async fn targets(conn: &mut Conn, seen_since: ShopTime) -> Result<Targets, QueryError> {
    let seen: Vec<(String, Moment)> = endpoints::table
        .filter(endpoints::seen_at.ge(Moment(seen_since)))
        .order(endpoints::name)
        .select((endpoints::name, endpoints::registered_at))
        .load(conn)
        .await?;
    let has_first = seen.iter().any(|(name, _)| name == EndpointName::FIRST);
    let others: Vec<_> = seen
        .into_iter()
        .filter(|(name, _)| name != EndpointName::FIRST)
        .map(|(name, registered_at)| (name, registered_at.0))
        .collect();
    Ok(Targets { others, has_first })
}

/// Distributes events since `since` to all endpoints, and returns how many.
///
/// Several processes do this at once, each with the rows that it locks. An event is left for later if another process
/// holds an earlier event of the same order, whose copies must be written first. The endpoints are read after the
/// events are locked: an endpoint that was registered before an event happened is on record by then.
pub(super) async fn distribute(
    conn: &mut Conn,
    since: ShopTime,
    seen_since: ShopTime,
    now: ShopTime,
    limit: u32,
) -> Result<u64, QueryError> {
    let found = undistributed!(since)
        .order((dashop_outbox::at, dashop_outbox::id))
        .limit(limit.into())
        .select((dashop_outbox::id, dashop_outbox::order_id));
    let locked: Vec<(i64, String)> = for_update_skip_locked(found).load(conn).await?;
    if locked.is_empty() {
        return Ok(0);
    }
    let orders: BTreeSet<&str> = locked.iter().map(|(_, order)| order.as_str()).collect();
    // This statement begins after the rows are locked, as in a claim.
    let waiting: Vec<(i64, String)> = undistributed!(since)
        .filter(dashop_outbox::order_id.eq_any(orders))
        .order(dashop_outbox::id)
        .select((dashop_outbox::id, dashop_outbox::order_id))
        .load(conn)
        .await?;
    let ids = first_of_each_order(&locked, waiting);
    if ids.is_empty() {
        return Ok(0);
    }
    let Targets { others, has_first } = targets(conn, seen_since).await?;
    for (name, since) in &others {
        copy(conn, &ids, name, *since).await?;
    }
    let these = || dashop_outbox::table.filter(dashop_outbox::id.eq_any(&ids));
    diesel::update(these()).set(dashop_outbox::distributed_at.eq(Moment(now))).execute(conn).await?;
    if !has_first {
        let undelivered = these().filter(dashop_outbox::delivered_at.is_null());
        diesel::update(undelivered)
            .set((dashop_outbox::delivered_at.eq(Moment(now)), dashop_outbox::due_at.eq(None::<Moment>)))
            .execute(conn)
            .await?;
    }
    Ok(many(i64::try_from(ids.len()).unwrap_or(i64::MAX)))
}

/// For each order, the waiting events before the first one that is not locked here.
fn first_of_each_order(locked: &[(i64, String)], waiting: Vec<(i64, String)>) -> Vec<i64> {
    let locked: BTreeSet<i64> = locked.iter().map(|(id, _)| *id).collect();
    let mut orders: BTreeMap<String, bool> = BTreeMap::new();
    let mut ids = Vec::new();
    for (id, order) in waiting {
        let is_free = orders.entry(order).or_insert(true);
        *is_free &= locked.contains(&id);
        if *is_free {
            ids.push(id);
        }
    }
    ids
}

/// Copies the events for an endpoint in their order, so that later events have larger ids.
async fn copy(conn: &mut Conn, ids: &[i64], endpoint: &str, since: ShopTime) -> Result<(), QueryError> {
    let copies = dashop_outbox::table
        .filter(dashop_outbox::id.eq_any(ids))
        .filter(dashop_outbox::at.ge(Moment(since)))
        .order(dashop_outbox::id)
        .select((
            endpoint.into_sql::<Text>(),
            dashop_outbox::order_id,
            dashop_outbox::kind,
            dashop_outbox::from_status,
            dashop_outbox::to_status,
            dashop_outbox::amount,
            dashop_outbox::actor,
            dashop_outbox::reason,
            dashop_outbox::at,
            // An event without a UUID has its row number as its id, at each endpoint.
            sql::<Nullable<Text>>("COALESCE(event_id, id)"),
            dashop_outbox::traceparent,
            dashop_outbox::at.nullable(),
        ));
    diesel::insert_into(deliveries::table)
        .values(copies)
        .into_columns((
            deliveries::endpoint,
            deliveries::order_id,
            deliveries::kind,
            deliveries::from_status,
            deliveries::to_status,
            deliveries::amount,
            deliveries::actor,
            deliveries::reason,
            deliveries::at,
            deliveries::event_id,
            deliveries::traceparent,
            deliveries::due_at,
        ))
        .execute(conn)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overtakes_what_others_hold() {
        let rows = |ids: &[(i64, &str)]| -> Vec<(i64, String)> {
            ids.iter().map(|(id, order)| (*id, (*order).to_owned())).collect()
        };
        let locked = rows(&[(1, "a"), (3, "b"), (5, "a"), (6, "c")]);
        let waiting = rows(&[(1, "a"), (2, "b"), (3, "b"), (5, "a"), (6, "c"), (7, "c")]);
        assert_eq!(first_of_each_order(&locked, waiting), [1, 5, 6]);
    }
}
