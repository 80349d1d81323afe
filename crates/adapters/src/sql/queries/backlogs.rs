//! Counts the rows that wait in the queue tables, for metrics. The queries are bounded, however long a queue is.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, SmallInt, Text, Timestamp},
};
use diesel_async::RunQueryDsl;
use domain::{Order, OrderStatus, ShopTime};
use ports::StoreError;

use super::{Conn, Database};
use crate::sql::{failure::QueryError, metrics::Backlog, types::Moment};

/// Reads at most [`Backlog::MOST`] rows in the order of an index. A zero date of the old shop is not used as an age.
macro_rules! backlog {
    ($since:literal, $rows:expr) => {
        concat!(
            "SELECT COUNT(*) AS waiting, MIN(CASE WHEN since >= '1970-01-01' THEN since END) AS oldest FROM (SELECT ",
            $since,
            " AS since FROM ",
            $rows,
            " LIMIT 10001) AS queue"
        )
    };
}
/// Events in `$state` that wait for the first endpoint, if that endpoint is in use.
macro_rules! outbox {
    ($state:literal) => {
        backlog!(
            "at",
            concat!(
                "dashop_outbox WHERE EXISTS (SELECT 1 FROM dashop_webhook_endpoint WHERE name = 'default' AND seen_at >= ?) \
                 AND delivered_at IS NULL AND ",
                $state
            )
        )
    };
}
/// The same for the other endpoints.
macro_rules! deliveries {
    ($state:literal) => {
        backlog!(
            "at",
            concat!(
                "dashop_webhook_delivery WHERE endpoint IN (SELECT name FROM dashop_webhook_endpoint WHERE seen_at >= ?) \
                 AND delivered_at IS NULL AND ",
                $state
            )
        )
    };
}
const OUTBOX: &str = outbox!("due_at IS NOT NULL ORDER BY due_at");
const GIVEN_UP: &str = outbox!("due_at IS NULL");
const DELIVERIES: &str = deliveries!("due_at IS NOT NULL ORDER BY at");
const DELIVERIES_GIVEN_UP: &str = deliveries!("due_at IS NULL");
/// Orders that are due, and unpaid orders whose deadline has passed although their timer was put off: a claim and a
/// failure to cancel move `due_at`, by [`Order::LONGEST_OVERDUE`] at most. Of the latter, those put off furthest are
/// read first: in a busy shop, most orders that are due soon were placed a moment ago.
const DUE_ORDERS: &str = backlog!(
    "since",
    "(SELECT CASE WHEN status = ? AND expire_at < due_at THEN expire_at ELSE due_at END AS since FROM \
     (SELECT status, expire_at, due_at FROM tb_order_info WHERE due_at <= ? ORDER BY due_at LIMIT 10001) AS queue \
     UNION ALL SELECT expire_at FROM (SELECT status, expire_at FROM tb_order_info WHERE due_at > ? AND due_at <= ? \
     ORDER BY due_at DESC LIMIT 10001) AS queue WHERE status = ? AND expire_at <= ?) AS queue"
);
const OPEN_REFUNDS: &str = backlog!("requested_at", "dashop_refund WHERE due_at IS NOT NULL ORDER BY due_at");
/// The age is that of the oldest order, by its number, because a claim moves `recorded_at`. The order's row is not
/// joined: in the old shop's character set no index would find it.
const CART_REMOVALS: &str = "SELECT COUNT(*) AS waiting, MIN(order_id) AS first FROM (SELECT order_id FROM dashop_cart_removal \
     WHERE parked_at IS NULL ORDER BY recorded_at LIMIT 10001) AS queue";

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = Nullable<Timestamp>)]
    oldest: Option<Moment>,
}

#[derive(QueryableByName)]
struct WaitingRemovals {
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    /// The number of the first order, which begins with its time.
    #[diesel(sql_type = Nullable<Text>)]
    first: Option<String>,
}

impl Database {
    /// The backlogs at this moment.
    pub(super) async fn backlogs(
        &self,
        now: ShopTime,
        seen_since: ShopTime,
    ) -> Result<Vec<Backlog>, StoreError> {
        self.reader().await?.call(|conn| backlogs(conn, now, seen_since)).await
    }
}

async fn backlogs(conn: &mut Conn, now: ShopTime, seen_since: ShopTime) -> Result<Vec<Backlog>, QueryError> {
    let mut backlogs = Vec::new();
    let unpaid = OrderStatus::AwaitingPayment.code();
    let due_orders: Waiting = sql_query(DUE_ORDERS)
        .bind::<SmallInt, _>(unpaid)
        .bind::<Timestamp, _>(Moment(now))
        .bind::<Timestamp, _>(Moment(now))
        .bind::<Timestamp, _>(Moment(now.after(Order::LONGEST_OVERDUE)))
        .bind::<SmallInt, _>(unpaid)
        .bind::<Timestamp, _>(Moment(now))
        .get_result(conn)
        .await?;
    backlogs.push(due_orders.of("due_orders"));
    let removals: WaitingRemovals = sql_query(CART_REMOVALS).get_result(conn).await?;
    let oldest = removals.first.and_then(|number| ShopTime::from_compact(number.get(..14)?));
    backlogs.push(Waiting { waiting: removals.waiting, oldest: oldest.map(Moment) }.of("cart_removals"));
    for (queue, query, moment) in [
        ("outbox", OUTBOX, Some(seen_since)),
        ("outbox_given_up", GIVEN_UP, Some(seen_since)),
        ("deliveries", DELIVERIES, Some(seen_since)),
        ("deliveries_given_up", DELIVERIES_GIVEN_UP, Some(seen_since)),
        ("open_refunds", OPEN_REFUNDS, None),
    ] {
        let query = sql_query(query);
        let waiting: Waiting = match moment {
            Some(moment) => query.bind::<Timestamp, _>(Moment(moment)).get_result(conn).await?,
            None => query.get_result(conn).await?,
        };
        backlogs.push(waiting.of(queue));
    }
    Ok(backlogs)
}

impl Waiting {
    fn of(self, queue: &'static str) -> Backlog {
        Backlog {
            queue,
            rows: u64::try_from(self.waiting).unwrap_or(0),
            oldest: self.oldest.map(|moment| moment.0),
        }
    }
}
