//! The two tables of events to deliver. The first endpoint uses the outbox itself, because programs of the previous
//! release deliver from it. The second table has the events of all other endpoints, with their names. The queries are
//! the same.

use diesel::{dsl::sql, prelude::*, sql_types::Bool};

use domain::{
    Actor, Delivery, EventFilter, EventId, OrderEvent, OrderEventKind, OrderId, OutboxId, ShopTime,
    TraceParent,
};
use ports::{Claimed, OutboxBacklog, Resend, Resent};

use super::{
    Conn, columns,
    locking::{for_update, for_update_skip_locked},
    readable::{load_each, park},
};
use crate::sql::{
    failure::{QueryError, word},
    schema::{dashop_outbox, dashop_webhook_delivery},
    types::{Amount, Moment},
};

/// Defines the queries of one table. `ours` selects the rows of one endpoint. `same` selects, in the alias, the rows of
/// the endpoint of the row that they are compared with.
macro_rules! queries {
    ($module:ident, $table:ident, |$endpoint:ident| $ours:expr, |$alias:ident| $same:expr) => {
        pub(super) mod $module {
            use diesel::{
                alias,
                dsl::{exists, min, not},
            };
            use diesel_async::RunQueryDsl;

            use super::{super::columns::many, *};

            /// The undelivered rows of the same order before this row.
            macro_rules! undelivered_before {
                () => {{
                    let $alias = alias!($table as earlier);
                    $alias
                        .filter($same)
                        .filter($alias.field($table::order_id).eq($table::order_id))
                        .filter($alias.field($table::id).lt($table::id))
                        .filter($alias.field($table::delivered_at).is_null())
                        .select($alias.field($table::id))
                }};
            }

            /// Whether a row is given up: it is not sent until it is resent.
            macro_rules! is_given_up {
                () => {
                    $table::delivered_at.is_null().and($table::due_at.is_null())
                };
            }

            /// Whether all attempts failed so far and another one follows.
            macro_rules! is_failing {
                () => {
                    $table::delivered_at
                        .is_null()
                        .and($table::due_at.is_not_null())
                        .and($table::due_attempts.gt(0))
                };
            }

            /// Claims the earliest due row of each order, and returns also how many unreadable rows it parked.
            ///
            /// A locking statement reads the rows that it locks as they are now, and the rows of its subquery as they
            /// were when it began: an event that was committed in between could be overtaken. So the rows are locked
            /// first, and a second statement looks for undelivered earlier rows again.
            pub(in super::super) async fn claim(
                conn: &mut Conn,
                $endpoint: &str,
                now: ShopTime,
                lease_until: ShopTime,
                limit: u32,
            ) -> Result<(Vec<Claimed<Delivery>>, usize), QueryError> {
                let due = $table::table
                    .filter($ours)
                    .filter($table::due_at.le(Moment(now)))
                    .filter(not(exists(undelivered_before!())))
                    .order(($table::due_at, $table::id))
                    .limit(limit.into())
                    .select($table::id);
                let locked: Vec<i64> = for_update_skip_locked(due).load(conn).await?;
                if locked.is_empty() {
                    return Ok((Vec::new(), 0));
                }
                let first = $table::table
                    .filter($table::id.eq_any(locked))
                    .filter(not(exists(undelivered_before!())))
                    .order(($table::due_at, $table::id))
                    .select((
                        $table::id,
                        (
                            $table::id,
                            $table::order_id,
                            $table::kind,
                            $table::from_status,
                            $table::to_status,
                            $table::amount,
                            $table::actor,
                            $table::reason,
                            $table::at,
                            $table::event_id,
                            $table::traceparent,
                            $table::due_attempts,
                        ),
                    ));
                let read = |(_, row): (i64, DeliveryRow)| row.read(stringify!($table));
                let each = load_each(conn, first, read).await?;
                let (claimed, unreadable) = park(stringify!($table), each);
                for id in &unreadable {
                    put_off(conn, $endpoint, OutboxId(*id), None).await?;
                }
                if !claimed.is_empty() {
                    let these = $table::id.eq_any(claimed.iter().map(|claimed| claimed.item.id.0));
                    diesel::update($table::table.filter(these))
                        .set((
                            $table::due_at.eq(Moment(lease_until)),
                            $table::due_attempts.eq($table::due_attempts + 1),
                        ))
                        .execute(conn)
                        .await?;
                }
                Ok((claimed, unreadable.len()))
            }

            /// Only a first delivery makes later events of the order due, and only those that were never tried: a late
            /// confirmation or the delivery of a resent event must not release an event that another process has
            /// claimed.
            pub(in super::super) async fn delivered(
                conn: &mut Conn,
                $endpoint: &str,
                ids: &[OutboxId],
                at: ShopTime,
            ) -> Result<(), QueryError> {
                let done = $table::table
                    .filter($table::id.eq_any(ids.iter().map(|id| id.0)))
                    .filter($table::delivered_at.is_null())
                    .order($table::id)
                    .select(($table::id, $table::order_id));
                let rows: Vec<(i64, String)> = for_update(done).load(conn).await?;
                let (done, orders): (Vec<i64>, Vec<String>) = rows.into_iter().unzip();
                if done.is_empty() {
                    return Ok(());
                }
                diesel::update($table::table.filter($table::id.eq_any(done)))
                    .set(($table::delivered_at.eq(Moment(at)), $table::due_at.eq(None::<Moment>)))
                    .execute(conn)
                    .await?;
                let waiting = $table::table
                    .filter($ours)
                    .filter($table::order_id.eq_any(orders))
                    .filter($table::delivered_at.is_null())
                    .filter($table::due_attempts.eq(0))
                    .filter($table::due_at.is_null().or($table::due_at.gt(Moment(at))));
                diesel::update(waiting).set($table::due_at.eq(Moment(at))).execute(conn).await?;
                Ok(())
            }

            /// Events that wait for it are put off as well, so that claims do not skip them each time.
            pub(in super::super) async fn put_off(
                conn: &mut Conn,
                $endpoint: &str,
                id: OutboxId,
                due_at: Option<ShopTime>,
            ) -> Result<(), QueryError> {
                let open = $table::table
                    .filter($table::id.eq(id.0))
                    .filter($table::delivered_at.is_null())
                    .select($table::order_id);
                let Some(order): Option<String> = for_update(open).get_result(conn).await.optional()? else {
                    return Ok(());
                };
                let waits = $table::id.gt(id.0).and($table::due_attempts.eq(0));
                let with_what_waits = $table::table
                    .filter($ours)
                    .filter($table::order_id.eq(order))
                    .filter($table::id.eq(id.0).or(waits))
                    .filter($table::delivered_at.is_null());
                diesel::update(with_what_waits)
                    .set($table::due_at.eq(due_at.map(Moment)))
                    .execute(conn)
                    .await?;
                Ok(())
            }

            /// The ids of the selected events, oldest first.
            pub(in super::super) async fn meant(
                conn: &mut Conn,
                $endpoint: &str,
                which: &Resend,
            ) -> Result<Vec<i64>, QueryError> {
                macro_rules! these {
                    ($meant:expr) => {
                        $table::table.filter($ours).filter($meant).select($table::id).load(conn).await?
                    };
                }
                let mut ids: Vec<i64> = match which {
                    Resend::GivenUp => these!(is_given_up!()),
                    Resend::Failing => these!(is_failing!()),
                    Resend::OfOrder(order_id) => these!($table::order_id.eq(order_id.as_str())),
                    Resend::Happened { from, until } => {
                        these!($table::at.ge(Moment(*from)).and($table::at.lt(Moment(*until))))
                    }
                    Resend::Event { order_id, event_id } => {
                        // Rows from before there were UUIDs have their row number as their event id.
                        let row = event_id.row().map_or(0, |id| id.0);
                        let is_it = $table::event_id
                            .eq(event_id.bare())
                            .or($table::event_id.is_null().and($table::id.nullable().eq(row)));
                        these!($table::order_id.eq(order_id.as_str()).and(is_it))
                    }
                };
                ids.sort_unstable();
                Ok(ids)
            }

            /// Makes some of the selected events due.
            pub(in super::super) async fn resend(
                conn: &mut Conn,
                $endpoint: &str,
                which: &Resend,
                ids: &[i64],
                sent: &EventFilter,
                now: ShopTime,
            ) -> Result<Resent, QueryError> {
                let again = (
                    $table::delivered_at.eq(None::<Moment>),
                    $table::due_at.eq(Moment(now)),
                    $table::due_attempts.eq(0),
                );
                let kinds: Vec<&str> = sent.kinds().map(OrderEventKind::as_str).collect();
                let is_wanted = || $table::kind.eq_any(&kinds);
                // Since the selection, a given-up event may have been resent, and a failing one may have been
                // delivered.
                let [failing, any] = match which {
                    Resend::GivenUp => ["1 = 0", "1 = 0"],
                    Resend::Failing => ["1 = 1", "1 = 0"],
                    Resend::OfOrder(_) | Resend::Event { .. } | Resend::Happened { .. } => ["1 = 1", "1 = 1"],
                };
                let meant = || {
                    let is_meant = is_given_up!().or(is_failing!().and(sql::<Bool>(failing)));
                    $table::table
                        .filter($ours)
                        .filter($table::id.eq_any(ids))
                        .filter(is_meant.or(sql::<Bool>(any)))
                };
                let due: i64 = meant().filter(is_wanted()).count().get_result(conn).await?;
                let all: i64 = meant().count().get_result(conn).await?;
                // Before the event itself: rows of an order are locked by ascending id.
                if let Resend::Event { order_id, .. } = which
                    && due > 0
                {
                    let in_its_way = $table::table
                        .filter($ours)
                        .filter($table::order_id.eq(order_id.as_str()))
                        .filter($table::id.lt(ids.first().copied().unwrap_or(0)))
                        .filter(is_given_up!());
                    diesel::update(in_its_way).set(again).execute(conn).await?;
                }
                let these = meant().filter(is_wanted().or($table::delivered_at.is_null()));
                diesel::update(these).set(again).execute(conn).await?;
                Ok(Resent { due: many(due), unwanted: many(all - due) })
            }

            /// Deletes delivered events of all endpoints of the table.
            pub(in super::super) async fn purge(
                conn: &mut Conn,
                delivered_before: ShopTime,
                limit: u32,
            ) -> Result<u64, QueryError> {
                let old: Vec<i64> = $table::table
                    .filter($table::delivered_at.lt(Moment(delivered_before)))
                    .order($table::delivered_at)
                    .limit(limit.into())
                    .select($table::id)
                    .load(conn)
                    .await?;
                // An event that was resent meanwhile stays.
                let still_old = $table::table
                    .filter($table::id.eq_any(old))
                    .filter($table::delivered_at.lt(Moment(delivered_before)));
                let purged = diesel::delete(still_old).execute(conn).await?;
                Ok(u64::try_from(purged).unwrap_or(u64::MAX))
            }

            pub(in super::super) async fn backlog(
                conn: &mut Conn,
                $endpoint: &str,
            ) -> Result<OutboxBacklog, QueryError> {
                let undelivered = || $table::table.filter($ours).filter($table::delivered_at.is_null());
                let count: i64 = undelivered().count().get_result(conn).await?;
                // Without zero dates, which cannot be read.
                let oldest: Option<Moment> = undelivered()
                    .filter($table::at.ge(Moment(ShopTime::UNIX_EPOCH)))
                    .select(min($table::at))
                    .first(conn)
                    .await?;
                let given_up: i64 =
                    undelivered().filter($table::due_at.is_null()).count().get_result(conn).await?;
                Ok(OutboxBacklog {
                    undelivered: many(count),
                    given_up: many(given_up),
                    oldest: oldest.map(|moment| moment.0),
                })
            }
        }
    };
}

queries!(first, dashop_outbox, |_endpoint| sql::<Bool>("1 = 1"), |earlier| sql::<Bool>("1 = 1"));
queries!(
    others,
    dashop_webhook_delivery,
    |endpoint| dashop_webhook_delivery::endpoint.eq(endpoint),
    |earlier| earlier.field(dashop_webhook_delivery::endpoint).eq(dashop_webhook_delivery::endpoint)
);

/// An event of either table.
#[derive(Queryable)]
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
    traceparent: Option<String>,
    due_attempts: i32,
}

impl DeliveryRow {
    fn read(self, table: &'static str) -> Result<Claimed<Delivery>, QueryError> {
        let status = |code: i16| columns::status(&format!("{table}, a status"), code);
        let event = OrderEvent {
            order_id: OrderId::parse(&self.order_id)
                .map_err(|error| QueryError::corrupt(&format!("{table}.order_id"), error))?,
            kind: word(&format!("{table}.kind"), &self.kind, OrderEventKind::from_word)?,
            from: self.from_status.map(status).transpose()?,
            to: status(self.to_status)?,
            amount: self.amount.map(|amount| amount.0),
            actor: word(&format!("{table}.actor"), &self.actor, Actor::from_word)?,
            reason: self.reason,
            at: self.at.0,
            trace: self.traceparent.as_deref().and_then(TraceParent::parse),
        };
        let id = OutboxId(self.id);
        let event_id = self.event_id.map_or_else(|| EventId::of_row(id), |uuid| EventId::of_uuid(&uuid));
        let attempts = u32::try_from(self.due_attempts).unwrap_or(0);
        Ok(Claimed { item: Delivery { id, event_id, event }, attempts })
    }
}
