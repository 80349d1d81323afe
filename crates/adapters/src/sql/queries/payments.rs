use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    Channel, EvidenceSource, Money, OrderId, PaymentRecord, PaymentStatus, Trade, TradeKey, TradeStatus,
    order_number,
};

use super::{
    Conn,
    locking::for_update,
    prepared::{padded, prepared, prepared_if_few},
    readable::{leave_out, load_each},
};
use crate::sql::{
    failure::{QueryError, is_new, word},
    schema::{dashop_payment, dashop_payment_attempt},
    types::{Amount, Moment},
};

pub(super) const TABLE: &str = "dashop_payment";

/// How many characters of the buyer's account are kept.
const BUYER_CHARS: usize = 128;

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = dashop_payment, treat_none_as_default_value = false)]
pub(super) struct PaymentRow {
    channel: String,
    trade_no: String,
    out_trade_no: String,
    trade_status: String,
    total_amount: Amount,
    refunded: Amount,
    buyer: Option<String>,
    paid_at: Option<Moment>,
    status: String,
    source: String,
    recorded_at: Moment,
}

/// The bounds, both exclusive, of the range that holds the numbers of an order's further attempts.
pub(super) fn around_attempts(number: &str) -> (String, String) {
    (format!("{number}_"), format!("{number}`"))
}

/// Whether a record under `out_trade_no` belongs to `number`: both are equal, or it is an attempt of that order.
pub(super) fn is_of(number: &str, out_trade_no: &str) -> bool {
    out_trade_no == number || order_number(out_trade_no) == number
}

/// The payments of a number and of its attempts, whether or not an order has this number and its attempts are on
/// record.
pub(super) async fn of_number(conn: &mut Conn, number: &str) -> Result<Vec<PaymentRecord>, QueryError> {
    let (before, behind) = around_attempts(number);
    let of_attempts = dashop_payment::out_trade_no.gt(before).and(dashop_payment::out_trade_no.lt(behind));
    let of_number = dashop_payment::table
        .filter(dashop_payment::out_trade_no.eq(number).or(of_attempts))
        .order(dashop_payment::id)
        .select(PaymentRow::as_select());
    let rows: Vec<PaymentRow> = prepared(of_number).load(conn).await?;
    rows.into_iter().filter(|row| is_of(number, &row.out_trade_no)).map(PaymentRecord::try_from).collect()
}

/// If a range of numbers holds this many payments, the payments of each order are searched separately.
const FEW: usize = 100;

/// The payments of these orders whose money must go back, in the order of recording.
///
/// Usually the range from the first order to the last holds no such payment. One query of that range costs a quarter of
/// a search for each order.
pub(super) async fn refund_due(conn: &mut Conn, ids: &[OrderId]) -> Result<Vec<PaymentRecord>, QueryError> {
    let statuses: Vec<_> = PaymentStatus::ALL.into_iter().filter(|status| status.is_refund_due()).collect();
    let numbers = || ids.iter().map(OrderId::as_str);
    let behind = numbers().map(|number| around_attempts(number).1).max();
    let Some((first, behind)) = numbers().min().zip(behind) else { return Ok(Vec::new()) };
    let between = dashop_payment::table
        .filter(dashop_payment::status.eq_any(statuses.iter().map(|status| status.as_str())))
        .filter(dashop_payment::out_trade_no.ge(first).and(dashop_payment::out_trade_no.lt(behind)))
        .limit(FEW.try_into().unwrap_or(i64::MAX))
        .select(dashop_payment::out_trade_no);
    let between: Vec<String> = prepared(between).load(conn).await?;
    if between.len() == FEW {
        return of_orders(conn, ids, &statuses).await;
    }
    let concerned: BTreeSet<&str> = between.iter().map(|number| order_number(number)).collect();
    let ids: Vec<OrderId> = ids.iter().filter(|id| concerned.contains(id.as_str())).cloned().collect();
    if ids.is_empty() { Ok(Vec::new()) } else { of_orders(conn, &ids, &statuses).await }
}

/// The payments of several orders that have one of these statuses, in the order of recording.
pub(super) async fn of_orders(
    conn: &mut Conn,
    ids: &[OrderId],
    statuses: &[PaymentStatus],
) -> Result<Vec<PaymentRecord>, QueryError> {
    let of_status = || dashop_payment::status.eq_any(statuses.iter().map(|status| status.as_str()));
    let ids = padded(ids.iter().map(OrderId::as_str));
    let columns = (dashop_payment::trade_no, (PaymentRow::as_select(), dashop_payment::id));
    let attempts = dashop_payment_attempt::table
        .filter(dashop_payment_attempt::order_id.eq_any(&ids))
        .filter(dashop_payment_attempt::out_trade_no.ne(dashop_payment_attempt::order_id))
        .select(dashop_payment_attempt::out_trade_no);
    let of_attempts = dashop_payment::table
        .filter(dashop_payment::out_trade_no.eq_any(attempts))
        .filter(of_status())
        .select(columns);
    // A union of two queries: with an OR, MySQL reads the whole table.
    let of_orders = dashop_payment::table
        .filter(dashop_payment::out_trade_no.eq_any(&ids))
        .filter(of_status())
        .select(columns)
        .union_all(of_attempts);
    let in_order = |(_, (row, id)): (String, (PaymentRow, i32))| Ok((id, PaymentRecord::try_from(row)?));
    let each = load_each(conn, prepared_if_few(of_orders, ids.len()), in_order).await?;
    let mut payments = leave_out(TABLE, each);
    payments.sort_by_key(|(id, _)| *id);
    Ok(payments.into_iter().map(|(_, payment)| payment).collect())
}

/// The payments of trades with these numbers, whatever their channel.
pub(super) async fn of_trades(
    conn: &mut Conn,
    trade_nos: &[String],
) -> Result<Vec<PaymentRecord>, QueryError> {
    let of_trades = dashop_payment::table
        .filter(dashop_payment::trade_no.eq_any(trade_nos))
        .order(dashop_payment::id.desc())
        .select((dashop_payment::trade_no, PaymentRow::as_select()));
    Ok(leave_out(TABLE, load_each(conn, of_trades, by_trade).await?))
}

/// Reads a row for [`load_each`].
pub(super) fn by_trade((_, row): (String, PaymentRow)) -> Result<PaymentRecord, QueryError> {
    row.try_into()
}

pub(super) async fn record(conn: &mut Conn, payment: &PaymentRecord) -> Result<bool, QueryError> {
    is_new(diesel::insert_into(dashop_payment::table).values(PaymentRow::from(payment)).execute(conn).await)
}

/// Locks every payment of a number that no order has, under all numbers that [`of_number`] reads, so that only one
/// caller at a time decides about them.
pub(super) async fn lock_of_order(conn: &mut Conn, number: &str) -> Result<(), QueryError> {
    let (before, behind) = around_attempts(number);
    let of_attempts = dashop_payment::out_trade_no.gt(before).and(dashop_payment::out_trade_no.lt(behind));
    let payments = dashop_payment::table
        .filter(dashop_payment::out_trade_no.eq(number).or(of_attempts))
        .order(dashop_payment::id)
        .select(dashop_payment::id);
    let _locked: Vec<i32> = for_update(payments).load(conn).await?;
    Ok(())
}

#[diesel::dsl::auto_type]
fn of_trade<'a>(trade: TradeKey<'a>) -> _ {
    let (word, trade_no): (&'static str, &'a str) = (trade.channel.as_str(), trade.trade_no);
    dashop_payment::table
        .filter(dashop_payment::trade_no.eq(trade_no))
        .filter(dashop_payment::channel.eq(word))
}

pub(super) async fn set_refunded(
    conn: &mut Conn,
    trade: TradeKey<'_>,
    amount: Money,
) -> Result<(), QueryError> {
    diesel::update(of_trade(trade)).set(dashop_payment::refunded.eq(Amount(amount))).execute(conn).await?;
    Ok(())
}

pub(super) async fn close(conn: &mut Conn, trade: TradeKey<'_>) -> Result<(), QueryError> {
    diesel::update(of_trade(trade))
        .set(dashop_payment::trade_status.eq(TradeStatus::Closed.as_str()))
        .execute(conn)
        .await?;
    Ok(())
}

impl From<&PaymentRecord> for PaymentRow {
    fn from(payment: &PaymentRecord) -> Self {
        let trade = &payment.trade;
        Self {
            channel: trade.channel.as_str().to_owned(),
            trade_no: trade.trade_no.clone(),
            out_trade_no: trade.out_trade_no.clone(),
            trade_status: trade.status.as_str().to_owned(),
            total_amount: Amount(trade.total_amount),
            refunded: Amount(trade.refunded),
            buyer: trade.buyer.as_ref().map(|buyer| buyer.chars().take(BUYER_CHARS).collect()),
            paid_at: trade.paid_at.map(Moment),
            status: payment.status.as_str().to_owned(),
            source: payment.source.as_str().to_owned(),
            recorded_at: Moment(payment.recorded_at),
        }
    }
}

impl TryFrom<PaymentRow> for PaymentRecord {
    type Error = QueryError;

    fn try_from(row: PaymentRow) -> Result<Self, QueryError> {
        let trade = Trade {
            channel: word("dashop_payment.channel", &row.channel, Channel::from_word)?,
            trade_no: row.trade_no,
            out_trade_no: row.out_trade_no,
            status: word("dashop_payment.trade_status", &row.trade_status, TradeStatus::from_word)?,
            total_amount: row.total_amount.0,
            refunded: row.refunded.0,
            refund_request_no: None,
            buyer: row.buyer,
            paid_at: row.paid_at.map(|moment| moment.0),
        };
        Ok(Self {
            trade,
            status: word("dashop_payment.status", &row.status, PaymentStatus::from_word)?,
            source: word("dashop_payment.source", &row.source, EvidenceSource::from_word)?,
            recorded_at: row.recorded_at.0,
        })
    }
}
