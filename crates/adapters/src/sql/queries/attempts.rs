//! Attempts to pay an order.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{AttemptState, Channel, PaymentAttempt, PaymentProduct, ShopTime};

use super::{Conn, prepared::prepared};
use crate::sql::{
    failure::{QueryError, is_new, word},
    schema::dashop_payment_attempt,
    types::{Amount, Moment},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = dashop_payment_attempt, treat_none_as_default_value = false)]
struct AttemptRow {
    out_trade_no: String,
    channel: String,
    product: String,
    amount: Amount,
    state: String,
    opened_at: Moment,
    closed_at: Option<Moment>,
    paid_at: Option<Moment>,
}

/// The attempts of an order that are on record, the oldest first.
pub(super) async fn of_order(conn: &mut Conn, number: &str) -> Result<Vec<PaymentAttempt>, QueryError> {
    let rows: Vec<AttemptRow> = dashop_payment_attempt::table
        .filter(dashop_payment_attempt::order_id.eq(number))
        .order(dashop_payment_attempt::id)
        .select(AttemptRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(PaymentAttempt::try_from).collect()
}

/// Records an attempt. Returns false, and writes nothing, if the attempt's number is on record.
pub(super) async fn open(
    conn: &mut Conn,
    number: &str,
    attempt: &PaymentAttempt,
) -> Result<bool, QueryError> {
    let row = (AttemptRow::from(attempt), dashop_payment_attempt::order_id.eq(number));
    is_new(diesel::insert_into(dashop_payment_attempt::table).values(row).execute(conn).await)
}

/// Closes an attempt. Returns false, and writes nothing, if it can no longer be paid or is paid.
pub(super) async fn close(
    conn: &mut Conn,
    out_trade_no: &str,
    is_final: bool,
    at: ShopTime,
) -> Result<bool, QueryError> {
    let state = if is_final { AttemptState::Closed } else { AttemptState::GivenUp };
    let may_be_paid = [AttemptState::Open.as_str(), AttemptState::GivenUp.as_str()];
    let this = dashop_payment_attempt::table
        .filter(dashop_payment_attempt::out_trade_no.eq(out_trade_no))
        .filter(dashop_payment_attempt::state.eq_any(may_be_paid));
    let closed = diesel::update(this).set((
        dashop_payment_attempt::state.eq(state.as_str()),
        dashop_payment_attempt::closed_at.eq(Moment(at)),
    ));
    Ok(prepared(closed).execute(conn).await? > 0)
}

/// Marks an attempt as paid. Returns false, and writes nothing, if it was paid before.
pub(super) async fn pay(conn: &mut Conn, out_trade_no: &str, at: ShopTime) -> Result<bool, QueryError> {
    let this = dashop_payment_attempt::table
        .filter(dashop_payment_attempt::out_trade_no.eq(out_trade_no))
        .filter(dashop_payment_attempt::state.ne(AttemptState::Paid.as_str()));
    let paid = diesel::update(this).set((
        dashop_payment_attempt::state.eq(AttemptState::Paid.as_str()),
        dashop_payment_attempt::paid_at.eq(Moment(at)),
    ));
    Ok(prepared(paid).execute(conn).await? > 0)
}

impl From<&PaymentAttempt> for AttemptRow {
    fn from(attempt: &PaymentAttempt) -> Self {
        Self {
            out_trade_no: attempt.out_trade_no.clone(),
            channel: attempt.channel.as_str().to_owned(),
            product: attempt.product.as_str().to_owned(),
            amount: Amount(attempt.amount),
            state: attempt.state.as_str().to_owned(),
            opened_at: Moment(attempt.opened_at),
            closed_at: attempt.closed_at.map(Moment),
            paid_at: attempt.paid_at.map(Moment),
        }
    }
}

impl TryFrom<AttemptRow> for PaymentAttempt {
    type Error = QueryError;

    fn try_from(row: AttemptRow) -> Result<Self, QueryError> {
        Ok(Self {
            channel: word("dashop_payment_attempt.channel", &row.channel, Channel::from_word)?,
            product: word("dashop_payment_attempt.product", &row.product, PaymentProduct::from_word)?,
            state: word("dashop_payment_attempt.state", &row.state, AttemptState::from_word)?,
            out_trade_no: row.out_trade_no,
            amount: row.amount.0,
            opened_at: row.opened_at.0,
            closed_at: row.closed_at.map(|moment| moment.0),
            paid_at: row.paid_at.map(|moment| moment.0),
        })
    }
}
