use diesel::prelude::*;
use domain::{OrderEvent, OrderStatus, ShopTime};
use ports::Randomness;

use super::{Conn, columns::cut, dialect::insert_rows};
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

pub(super) async fn add(conn: &mut Conn, events: &[OrderEvent]) -> Result<(), QueryError> {
    let row = |event: &OrderEvent| {
        (
            dashop_outbox::order_id.eq(event.order_id.as_str().to_owned()),
            dashop_outbox::kind.eq(event.kind.as_str()),
            dashop_outbox::from_status.eq(event.from.map(OrderStatus::code)),
            dashop_outbox::to_status.eq(event.to.code()),
            dashop_outbox::amount.eq(event.amount.map(Amount)),
            dashop_outbox::actor.eq(event.actor.as_str()),
            dashop_outbox::reason.eq(cut(&event.reason, REASON_CHARS)),
            dashop_outbox::at.eq(Moment(event.at)),
            dashop_outbox::due_at.eq(Moment(event.at)),
            dashop_outbox::event_id.eq(event_id(event.at)),
            dashop_outbox::traceparent.eq(event.trace.as_ref().map(|trace| trace.as_str().to_owned())),
        )
    };
    insert_rows!(conn, dashop_outbox::table, events.iter().map(row).collect())
}

/// A UUID of version 7. It stays unique even in a restored database, where row numbers are used again.
fn event_id(at: ShopTime) -> String {
    let milliseconds = at.unix_milliseconds();
    let mut random = [0; 10];
    for bytes in random.chunks_mut(4) {
        let drawn = SystemRandomness.draw().to_be_bytes();
        bytes.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
    }
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid().to_string()
}
