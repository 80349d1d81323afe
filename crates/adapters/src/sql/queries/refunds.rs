use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    Actor, Cause, Channel, PaymentRecord, Refund, RefundKind, RefundStatus, Restock, ShopTime, SkuId,
};
use ports::Claimed;

use super::{
    Conn,
    columns::{cut, name},
    locking::for_update_skip_locked,
    payments::{around_attempts, is_of},
    prepared::prepared,
    readable::{leave_out, load_each, park},
};
use crate::sql::{
    failure::{QueryError, is_new, word},
    schema::dashop_refund,
    types::{Amount, Moment},
};

pub(super) const TABLE: &str = "dashop_refund";

/// How many characters of a reason, and of a failure message, are kept.
const REASON_CHARS: usize = 200;

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = dashop_refund, treat_none_as_default_value = false)]
pub(super) struct RefundRow {
    out_request_no: String,
    out_trade_no: String,
    channel: String,
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

/// The refunds of a number and of its attempts, whether or not an order has this number.
pub(super) async fn of_number(conn: &mut Conn, number: &str) -> Result<Vec<Refund>, QueryError> {
    let (before, behind) = around_attempts(number);
    let of_attempts = dashop_refund::out_trade_no.gt(before).and(dashop_refund::out_trade_no.lt(behind));
    let of_number = dashop_refund::table
        .filter(dashop_refund::out_trade_no.eq(number).or(of_attempts))
        .order(dashop_refund::id)
        .select(RefundRow::as_select());
    let rows: Vec<RefundRow> = prepared(of_number).load(conn).await?;
    rows.into_iter().filter(|row| is_of(number, &row.out_trade_no)).map(Refund::try_from).collect()
}

/// The refunds of these payments that have not succeeded, in the order of their requests.
pub(super) async fn not_done(
    conn: &mut Conn,
    payments: impl Iterator<Item = &PaymentRecord>,
) -> Result<Vec<Refund>, QueryError> {
    let (orders, trades): (Vec<&str>, Vec<&str>) = payments
        .map(|payment| (payment.trade.out_trade_no.as_str(), payment.trade.trade_no.as_str()))
        .unzip();
    if trades.is_empty() {
        return Ok(Vec::new());
    }
    let not_done = dashop_refund::table
        .filter(dashop_refund::out_trade_no.eq_any(orders))
        .filter(dashop_refund::trade_no.eq_any(trades))
        .filter(dashop_refund::status.ne(RefundStatus::Succeeded.as_str()))
        .order(dashop_refund::id)
        .select((dashop_refund::out_request_no, RefundRow::as_select()));
    Ok(leave_out(TABLE, load_each(conn, not_done, by_number).await?))
}

/// Reads a row for [`load_each`].
pub(super) fn by_number((_, row): (String, RefundRow)) -> Result<Refund, QueryError> {
    row.try_into()
}

pub(super) async fn record(
    conn: &mut Conn,
    refund: &Refund,
    due_at: Option<ShopTime>,
) -> Result<bool, QueryError> {
    let row = (RefundRow::of(refund)?, dashop_refund::due_at.eq(due_at.map(Moment)));
    is_new(diesel::insert_into(dashop_refund::table).values(row).execute(conn).await)
}

/// Makes a failed refund a new request. Returns false, and changes nothing, if the refund has another status.
pub(super) async fn reopen(conn: &mut Conn, refund: &Refund, due_at: ShopTime) -> Result<bool, QueryError> {
    let row = RefundRow::of(refund)?;
    let reopened = diesel::update(of_status(&row.out_request_no, RefundStatus::Failed))
        .set((
            dashop_refund::reason.eq(row.reason),
            dashop_refund::status.eq(row.status),
            dashop_refund::restock.eq(row.restock),
            dashop_refund::actor.eq(row.actor),
            dashop_refund::actor_name.eq(row.actor_name),
            dashop_refund::request_id.eq(row.request_id),
            dashop_refund::requested_at.eq(row.requested_at),
            dashop_refund::finished_at.eq(row.finished_at),
            dashop_refund::failure.eq(row.failure),
            dashop_refund::due_at.eq(Moment(due_at)),
            dashop_refund::due_attempts.eq(0),
        ))
        .execute(conn)
        .await?;
    Ok(reopened > 0)
}

/// Ends a refund that has the status `before`: stores its result and clears its due time. Returns false, and changes
/// nothing, if the refund has another status.
pub(super) async fn finish(
    conn: &mut Conn,
    refund: &Refund,
    before: RefundStatus,
) -> Result<bool, QueryError> {
    let RefundRow { out_request_no, amount, status, restock, finished_at, failure, .. } =
        RefundRow::of(refund)?;
    let finished = diesel::update(of_status(&out_request_no, before))
        .set((
            dashop_refund::amount.eq(amount),
            dashop_refund::status.eq(status),
            dashop_refund::restock.eq(restock),
            dashop_refund::finished_at.eq(finished_at),
            dashop_refund::failure.eq(failure),
            dashop_refund::due_at.eq(None::<Moment>),
        ))
        .execute(conn)
        .await?;
    Ok(finished > 0)
}

/// Marks a requested refund as failed: no money went back. Returns false if the refund has another status.
pub(super) async fn fail(
    conn: &mut Conn,
    out_request_no: &str,
    failure: &str,
    at: ShopTime,
) -> Result<bool, QueryError> {
    let failed = diesel::update(of_status(out_request_no, RefundStatus::Requested))
        .set((
            dashop_refund::status.eq(RefundStatus::Failed.as_str()),
            dashop_refund::failure.eq(cut(failure, REASON_CHARS)),
            dashop_refund::finished_at.eq(Moment(at)),
            dashop_refund::due_at.eq(None::<Moment>),
        ))
        .execute(conn)
        .await?;
    Ok(failed > 0)
}

/// Claims the due refunds. Also returns how many refunds it parked because they cannot be read.
pub(super) async fn claim_due(
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

/// Sets when a requested refund is due next, and why it has not succeeded so far.
pub(super) async fn postpone(
    conn: &mut Conn,
    out_request_no: &str,
    due_at: ShopTime,
    failure: Option<&str>,
) -> Result<bool, QueryError> {
    let postponed = diesel::update(of_status(out_request_no, RefundStatus::Requested))
        .set((
            dashop_refund::due_at.eq(Moment(due_at)),
            dashop_refund::failure.eq(failure.map(|why| cut(why, REASON_CHARS))),
        ))
        .execute(conn)
        .await?;
    Ok(postponed > 0)
}

#[diesel::dsl::auto_type]
fn of_status<'a>(out_request_no: &'a str, status: RefundStatus) -> _ {
    let word: &'static str = status.as_str();
    dashop_refund::table
        .filter(dashop_refund::out_request_no.eq(out_request_no))
        .filter(dashop_refund::status.eq(word))
}

impl RefundRow {
    fn of(refund: &Refund) -> Result<Self, QueryError> {
        let pieces: Vec<(i32, u32)> =
            refund.restock.iter().map(|back| (back.sku_id.0, back.pieces)).collect();
        Ok(Self {
            out_request_no: refund.out_request_no.clone(),
            out_trade_no: refund.out_trade_no.clone(),
            channel: refund.channel.as_str().to_owned(),
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
        let actor = word("dashop_refund.actor", &row.actor, Actor::from_word)?;
        Ok(Self {
            out_request_no: row.out_request_no,
            out_trade_no: row.out_trade_no,
            channel: word("dashop_refund.channel", &row.channel, Channel::from_word)?,
            trade_no: row.trade_no,
            amount: row.amount.0,
            reason: row.reason,
            kind: word("dashop_refund.kind", &row.kind, RefundKind::from_word)?,
            status: word("dashop_refund.status", &row.status, RefundStatus::from_word)?,
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
