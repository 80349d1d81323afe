use diesel::prelude::*;
use domain::{OrderEvent, ShopTime};
use ports::Randomness;

use super::{Conn, dialect::insert_rows, orders::cut};
use crate::{
    sql::{
        failure::QueryError,
        schema::dashop_outbox,
        types::{Amount, Moment},
    },
    system::SystemRandomness,
};

/// How many characters of a reason are kept.
const REASON_CHARS: usize = 200;

#[derive(Insertable)]
#[diesel(table_name = dashop_outbox, treat_none_as_default_value = false)]
struct OutboxRow {
    order_id: String,
    kind: String,
    from_status: Option<i16>,
    to_status: i16,
    amount: Option<Amount>,
    actor: String,
    reason: String,
    at: Moment,
    due_at: Option<Moment>,
    event_id: Option<String>,
    traceparent: Option<String>,
}

pub(super) async fn add(conn: &mut Conn, events: &[OrderEvent]) -> Result<(), QueryError> {
    let rows = events.iter().map(OutboxRow::from).collect();
    insert_rows!(conn, dashop_outbox::table, rows)
}

/// A UUID of version 7: it never comes again, not even where the row's number does, in a database that was restored.
fn event_id(at: ShopTime) -> String {
    let milliseconds = at.unix_milliseconds();
    let mut random = [0; 10];
    for bytes in random.chunks_mut(4) {
        let drawn = SystemRandomness.draw().to_be_bytes();
        bytes.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
    }
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid().to_string()
}

impl From<&OrderEvent> for OutboxRow {
    fn from(event: &OrderEvent) -> Self {
        Self {
            order_id: event.order_id.as_str().to_owned(),
            kind: event.kind.as_str().to_owned(),
            from_status: event.from.map(domain::OrderStatus::code),
            to_status: event.to.code(),
            amount: event.amount.map(Amount),
            actor: event.actor.as_str().to_owned(),
            reason: cut(&event.reason, REASON_CHARS),
            at: Moment(event.at),
            due_at: Some(Moment(event.at)),
            event_id: Some(event_id(event.at)),
            traceparent: event.trace.as_ref().map(|trace| trace.as_str().to_owned()),
        }
    }
}
