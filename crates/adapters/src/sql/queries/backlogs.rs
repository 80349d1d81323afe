//! What waits in the tables that are worked off, for metrics: bounded, however much has piled up.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Timestamp},
};
use diesel_async::RunQueryDsl;
use domain::ShopTime;
use ports::StoreError;

use super::{Conn, Database};
use crate::sql::{failure::QueryError, metrics::Backlog, types::Moment};

/// Each by an index, in its order, and no further than [`Backlog::MOST`]. A zero date of the old shop's is no age.
macro_rules! backlog {
    ($since:literal, $rows:literal) => {
        concat!(
            "SELECT COUNT(*) AS waiting, MIN(CASE WHEN since >= '1970-01-01' THEN since END) AS oldest FROM (SELECT ",
            $since,
            " AS since FROM ",
            $rows,
            " LIMIT 10001) AS queue"
        )
    };
}
const OUTBOX: &str =
    backlog!("at", "dashop_outbox WHERE delivered_at IS NULL AND due_at IS NOT NULL ORDER BY due_at");
const GIVEN_UP: &str = backlog!("at", "dashop_outbox WHERE delivered_at IS NULL AND due_at IS NULL");
const DELIVERIES: &str =
    backlog!("at", "dashop_webhook_delivery WHERE delivered_at IS NULL AND due_at IS NOT NULL ORDER BY at");
const DELIVERIES_GIVEN_UP: &str =
    backlog!("at", "dashop_webhook_delivery WHERE delivered_at IS NULL AND due_at IS NULL");
const DUE_ORDERS: &str = backlog!("due_at", "tb_order_info WHERE due_at <= ? ORDER BY due_at");
const OPEN_REFUNDS: &str = backlog!("requested_at", "dashop_refund WHERE due_at IS NOT NULL ORDER BY due_at");
const CART_REMOVALS: &str =
    backlog!("recorded_at", "dashop_cart_removal WHERE parked_at IS NULL ORDER BY recorded_at");

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = Nullable<Timestamp>)]
    oldest: Option<Moment>,
}

impl Database {
    /// What waits at this moment.
    pub(in crate::sql) async fn backlogs(&self, now: ShopTime) -> Result<Vec<Backlog>, StoreError> {
        self.reader().await?.call(|conn| backlogs(conn, now)).await
    }
}

async fn backlogs(conn: &mut Conn, now: ShopTime) -> Result<Vec<Backlog>, QueryError> {
    let mut backlogs = Vec::new();
    for (queue, query) in [
        ("outbox", OUTBOX),
        ("outbox_given_up", GIVEN_UP),
        ("deliveries", DELIVERIES),
        ("deliveries_given_up", DELIVERIES_GIVEN_UP),
        ("open_refunds", OPEN_REFUNDS),
        ("cart_removals", CART_REMOVALS),
    ] {
        backlogs.push(sql_query(query).get_result::<Waiting>(conn).await?.of(queue));
    }
    let due = sql_query(DUE_ORDERS).bind::<Timestamp, _>(Moment(now));
    backlogs.push(due.get_result::<Waiting>(conn).await?.of("due_orders"));
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
