use async_trait::async_trait;
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::RunQueryDsl;
use domain::{Actor, Cause, Refund, RefundKind, RefundStatus, Restock, ShopTime, SkuId};
use ports::{Claimed, RefundRepo, StoreError};

use super::{
    Conn, Unit,
    locking::for_update_skip_locked,
    orders::{cut, name},
    readable::{load_each, park},
};
use crate::sql::{
    failure::QueryError,
    schema::dashop_refund,
    types::{Amount, Moment},
};

pub(super) const TABLE: &str = "dashop_refund";

/// How many characters of a reason, and of Alipay's words, are kept.
const REASON_CHARS: usize = 200;

#[async_trait]
impl RefundRepo for Unit {
    async fn of_order(&mut self, out_trade_no: &str) -> Result<Vec<Refund>, StoreError> {
        self.lease.call(|conn| of_order(conn, out_trade_no)).await
    }

    async fn find(&mut self, out_request_no: &str) -> Result<Option<Refund>, StoreError> {
        self.lease.call(|conn| find(conn, out_request_no)).await
    }

    async fn record(&mut self, refund: &Refund, due_at: Option<ShopTime>) -> Result<bool, StoreError> {
        self.lease.call(|conn| record(conn, refund, due_at)).await
    }

    async fn finish(
        &mut self,
        out_request_no: &str,
        status: RefundStatus,
        failure: Option<String>,
        at: ShopTime,
    ) -> Result<bool, StoreError> {
        self.lease.call(|conn| finish(conn, out_request_no, status, failure, at)).await
    }

    async fn correct(&mut self, refund: &Refund) -> Result<bool, StoreError> {
        self.lease.call(|conn| correct(conn, refund)).await
    }

    async fn claim_due(
        &mut self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Refund>>, StoreError> {
        let (claimed, parked) = self.lease.call(|conn| claim_due(conn, now, lease_until, limit)).await?;
        self.parked.add(parked);
        Ok(claimed)
    }

    async fn set_due(
        &mut self,
        out_request_no: &str,
        due_at: ShopTime,
        failure: Option<String>,
    ) -> Result<(), StoreError> {
        self.lease.call(|conn| set_due(conn, out_request_no, due_at, failure)).await
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = dashop_refund, treat_none_as_default_value = false)]
pub(super) struct RefundRow {
    out_request_no: String,
    out_trade_no: String,
    trade_no: String,
    amount: Amount,
    reason: String,
    kind: String,
    status: String,
    restock: String,
    actor: String,
    actor_name: Option<String>,
    request_id: Option<String>,
    requested_at: Moment,
    finished_at: Option<Moment>,
    failure: Option<String>,
}

pub(super) async fn of_order(conn: &mut Conn, out_trade_no: &str) -> Result<Vec<Refund>, QueryError> {
    let rows: Vec<RefundRow> = dashop_refund::table
        .filter(dashop_refund::out_trade_no.eq(out_trade_no))
        .order(dashop_refund::id)
        .select(RefundRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Refund::try_from).collect()
}

/// For [`load_each`].
pub(super) fn by_number((_, row): (String, RefundRow)) -> Result<Refund, QueryError> {
    row.try_into()
}

async fn find(conn: &mut Conn, out_request_no: &str) -> Result<Option<Refund>, QueryError> {
    let row: Option<RefundRow> = dashop_refund::table
        .filter(dashop_refund::out_request_no.eq(out_request_no))
        .select(RefundRow::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(Refund::try_from).transpose()
}

async fn record(conn: &mut Conn, refund: &Refund, due_at: Option<ShopTime>) -> Result<bool, QueryError> {
    let row = (RefundRow::of(refund)?, dashop_refund::due_at.eq(due_at.map(Moment)));
    match diesel::insert_into(dashop_refund::table).values(row).execute(conn).await {
        Ok(_one) => Ok(true),
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn finish(
    conn: &mut Conn,
    out_request_no: &str,
    status: RefundStatus,
    failure: Option<String>,
    at: ShopTime,
) -> Result<bool, QueryError> {
    let open = dashop_refund::table
        .filter(dashop_refund::out_request_no.eq(out_request_no))
        .filter(dashop_refund::status.eq(RefundStatus::Requested.as_str()));
    let finished = diesel::update(open)
        .set((
            dashop_refund::status.eq(status.as_str()),
            dashop_refund::failure.eq(failure.map(|why| cut(&why, REASON_CHARS))),
            dashop_refund::finished_at.eq(Moment(at)),
            dashop_refund::due_at.eq(None::<Moment>),
        ))
        .execute(conn)
        .await?;
    Ok(finished > 0)
}

async fn correct(conn: &mut Conn, refund: &Refund) -> Result<bool, QueryError> {
    let RefundRow { out_request_no, amount, status, restock, finished_at, failure, .. } =
        RefundRow::of(refund)?;
    let failed = dashop_refund::table
        .filter(dashop_refund::out_request_no.eq(out_request_no))
        .filter(dashop_refund::status.eq(RefundStatus::Failed.as_str()));
    let corrected = diesel::update(failed)
        .set((
            dashop_refund::amount.eq(amount),
            dashop_refund::status.eq(status),
            dashop_refund::restock.eq(restock),
            dashop_refund::finished_at.eq(finished_at),
            dashop_refund::failure.eq(failure),
        ))
        .execute(conn)
        .await?;
    Ok(corrected > 0)
}

/// The refunds that are due, and how many are parked now because they cannot be read.
async fn claim_due(
    conn: &mut Conn,
    now: ShopTime,
    lease_until: ShopTime,
    limit: u32,
) -> Result<(Vec<Claimed<Refund>>, usize), QueryError> {
    let due = dashop_refund::table
        .filter(dashop_refund::due_at.le(Moment(now)))
        .order(dashop_refund::due_at)
        .limit(limit.into())
        .select((dashop_refund::out_request_no, (RefundRow::as_select(), dashop_refund::due_attempts)));
    let claimed = |(_, (row, attempts)): (String, (RefundRow, i32))| {
        Ok(Claimed { item: row.try_into()?, attempts: u32::try_from(attempts).unwrap_or(0) })
    };
    let each = load_each(conn, for_update_skip_locked(due), claimed).await?;
    let (claimed, unreadable): (Vec<Claimed<Refund>>, _) = park(TABLE, each);
    if !unreadable.is_empty() {
        let these = dashop_refund::table.filter(dashop_refund::out_request_no.eq_any(&unreadable));
        diesel::update(these).set(dashop_refund::due_at.eq(None::<Moment>)).execute(conn).await?;
    }
    if !claimed.is_empty() {
        let these =
            dashop_refund::out_request_no.eq_any(claimed.iter().map(|claimed| &claimed.item.out_request_no));
        diesel::update(dashop_refund::table.filter(these))
            .set((
                dashop_refund::due_at.eq(Moment(lease_until)),
                dashop_refund::due_attempts.eq(dashop_refund::due_attempts + 1),
            ))
            .execute(conn)
            .await?;
    }
    Ok((claimed, unreadable.len()))
}

async fn set_due(
    conn: &mut Conn,
    out_request_no: &str,
    due_at: ShopTime,
    failure: Option<String>,
) -> Result<(), QueryError> {
    let open = dashop_refund::table
        .filter(dashop_refund::out_request_no.eq(out_request_no))
        .filter(dashop_refund::status.eq(RefundStatus::Requested.as_str()));
    diesel::update(open)
        .set((
            dashop_refund::due_at.eq(Moment(due_at)),
            dashop_refund::failure.eq(failure.map(|why| cut(&why, REASON_CHARS))),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

impl RefundRow {
    fn of(refund: &Refund) -> Result<Self, QueryError> {
        let pieces: Vec<(i32, u32)> =
            refund.restock.iter().map(|back| (back.sku_id.0, back.pieces)).collect();
        Ok(Self {
            out_request_no: refund.out_request_no.clone(),
            out_trade_no: refund.out_trade_no.clone(),
            trade_no: refund.trade_no.clone(),
            amount: Amount(refund.amount),
            reason: cut(&refund.reason, REASON_CHARS),
            kind: refund.kind.as_str().to_owned(),
            status: refund.status.as_str().to_owned(),
            restock: serde_json::to_string(&pieces)
                .map_err(|error| QueryError::corrupt("pieces as JSON", error))?,
            actor: refund.cause.actor.as_str().to_owned(),
            actor_name: refund.cause.name.as_deref().map(name),
            request_id: refund.cause.request_id.as_deref().map(name),
            requested_at: Moment(refund.requested_at),
            finished_at: refund.finished_at.map(Moment),
            failure: refund.failure.as_deref().map(|why| cut(why, REASON_CHARS)),
        })
    }
}

impl TryFrom<RefundRow> for Refund {
    type Error = QueryError;

    fn try_from(row: RefundRow) -> Result<Self, QueryError> {
        let pieces: Vec<(i32, u32)> = serde_json::from_str(&row.restock)
            .map_err(|error| QueryError::corrupt("dashop_refund.restock", error))?;
        let actor = Actor::from_word(&row.actor)
            .ok_or_else(|| QueryError::corrupt("dashop_refund.actor", &row.actor))?;
        Ok(Self {
            out_request_no: row.out_request_no,
            out_trade_no: row.out_trade_no,
            trade_no: row.trade_no,
            amount: row.amount.0,
            reason: row.reason,
            kind: RefundKind::from_word(&row.kind)
                .ok_or_else(|| QueryError::corrupt("dashop_refund.kind", &row.kind))?,
            status: RefundStatus::from_word(&row.status)
                .ok_or_else(|| QueryError::corrupt("dashop_refund.status", &row.status))?,
            restock: pieces
                .into_iter()
                .map(|(sku_id, pieces)| Restock { sku_id: SkuId(sku_id), pieces })
                .collect(),
            cause: Cause { actor, name: row.actor_name, request_id: row.request_id },
            requested_at: row.requested_at.0,
            finished_at: row.finished_at.map(|moment| moment.0),
            failure: row.failure,
        })
    }
}
