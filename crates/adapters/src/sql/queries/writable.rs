use std::collections::BTreeSet;

use diesel::{ExpressionMethods, QueryDsl, result::Error as DieselError};
use diesel_async::RunQueryDsl;
use domain::ShopTime;
use ports::StoreError;

use super::{Conn, Database, dialect};
use crate::sql::{
    failure::{Fault, QueryError},
    obstacle::{NotWritable, Obstacle},
    schema::dashop_idempotency,
    types::Moment,
};

/// No user has this number.
const NOBODY: i32 = 0;

impl Database {
    /// Checks that a row can be written as durably as an order. The transaction inserts the row and deletes it, so that
    /// no other transaction ever sees it.
    pub(super) async fn check_writable(&self) -> Result<(), NotWritable> {
        match self.write_and_take_back().await {
            Ok(()) if self.terms.space.is_full() => Err(NotWritable::Obstacle(Obstacle::NoSpace)),
            Ok(()) => Ok(()),
            Err(error) => Err(obstacle(&error).map_or(NotWritable::Store(error), NotWritable::Obstacle)),
        }
    }

    async fn write_and_take_back(&self) -> Result<(), StoreError> {
        let mut lease = self.writing_probe().await?;
        lease.begin_holding(&BTreeSet::new()).await?;
        lease.call(|conn| write_and_take_back(conn, &self.name)).await?;
        lease.commit().await
    }
}

async fn write_and_take_back(conn: &mut Conn, name: &str) -> Result<(), QueryError> {
    let row = (
        dashop_idempotency::user_id.eq(NOBODY),
        dashop_idempotency::idempotency_key.eq(name),
        dashop_idempotency::digest.eq(""),
        dashop_idempotency::order_id.eq(""),
        dashop_idempotency::created_at.eq(Moment(ShopTime::from_shanghai(Default::default()))),
    );
    diesel::insert_into(dashop_idempotency::table).values(row).execute(conn).await?;
    diesel::delete(dashop_idempotency::table.find((NOBODY, name))).execute(conn).await?;
    Ok(())
}

/// The obstacle that the engine's error reports, if any.
fn obstacle(error: &StoreError) -> Option<Obstacle> {
    let cause = match error {
        StoreError::Busy(cause)
        | StoreError::Unavailable(cause)
        | StoreError::OutcomeUnknown(cause)
        | StoreError::Refused(cause) => cause,
        StoreError::Corrupt(_) => return None,
    };
    match dialect::classify(cause.downcast_ref::<DieselError>()?) {
        Fault::Blocked(obstacle) => Some(obstacle),
        Fault::Locked | Fault::Lost | Fault::TimedOut | Fault::Refused => None,
    }
}
