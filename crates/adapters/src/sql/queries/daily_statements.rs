use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{Channel, DailyStatement, Difference, PaymentRecord, Refund, ShopDate, ShopTime};
use ports::{DailyStatements, StoreError};

use super::{
    Conn, Database,
    columns::{cut, name},
    dialect::insert_rows,
    payments,
    readable::{leave_out, load_each},
    refunds,
};
use crate::sql::{
    failure::QueryError,
    schema::{dashop_difference, dashop_payment, dashop_refund},
    types::Moment,
};

/// Maximum count of numbers in one statement.
const NUMBERS: usize = 500;
/// How many characters of the note about a difference's repair are kept.
const REPAIR_CHARS: usize = 200;

#[async_trait]
impl DailyStatements for Database {
    async fn statement_of(
        &self,
        channel: Channel,
        day: ShopDate,
        trade_nos: &[String],
        request_nos: &[String],
    ) -> Result<DailyStatement, StoreError> {
        // Each chunk is a separate call with its own time limit.
        let mut statement = self.reader().await?.call(|conn| of_day(conn, channel, day)).await?;
        for some in trade_nos.chunks(NUMBERS) {
            statement
                .payments
                .extend(self.reader().await?.call(|conn| payments::of_trades(conn, some)).await?);
        }
        for some in request_nos.chunks(NUMBERS) {
            statement
                .refunds
                .extend(self.reader().await?.call(|conn| refunds_of(conn, channel, some)).await?);
        }
        let of_channel = statement.payments.into_iter().filter(|payment| payment.trade.channel == channel);
        let payments: BTreeMap<String, PaymentRecord> =
            of_channel.map(|payment| (payment.trade.trade_no.clone(), payment)).collect();
        let refunds: BTreeMap<String, Refund> =
            statement.refunds.into_iter().map(|refund| (refund.out_request_no.clone(), refund)).collect();
        Ok(DailyStatement {
            payments: payments.into_values().collect(),
            refunds: refunds.into_values().collect(),
        })
    }

    async fn keep(
        &self,
        channel: Channel,
        day: ShopDate,
        found: &[(Difference, Option<String>)],
        at: ShopTime,
    ) -> Result<(), StoreError> {
        self.transact(async |conn| keep(conn, channel, day, found, at).await).await
    }
}

async fn of_day(conn: &mut Conn, channel: Channel, day: ShopDate) -> Result<DailyStatement, QueryError> {
    let (begin, end) = (Moment(day.begin()), Moment(day.next().begin()));
    let paid = dashop_payment::paid_at.ge(begin).and(dashop_payment::paid_at.lt(end));
    let finished = dashop_refund::finished_at.ge(begin).and(dashop_refund::finished_at.lt(end));
    let payments = dashop_payment::table
        .filter(paid)
        .filter(dashop_payment::channel.eq(channel.as_str()))
        .select((dashop_payment::trade_no, payments::PaymentRow::as_select()));
    let refunds = dashop_refund::table
        .filter(finished)
        .filter(dashop_refund::channel.eq(channel.as_str()))
        .select((dashop_refund::out_request_no, refunds::RefundRow::as_select()));
    Ok(DailyStatement {
        payments: leave_out(payments::TABLE, load_each(conn, payments, payments::by_trade).await?),
        refunds: leave_out(refunds::TABLE, load_each(conn, refunds, refunds::by_number).await?),
    })
}

async fn refunds_of(
    conn: &mut Conn,
    channel: Channel,
    request_nos: &[String],
) -> Result<Vec<Refund>, QueryError> {
    let of_numbers = dashop_refund::table
        .filter(dashop_refund::out_request_no.eq_any(request_nos))
        .filter(dashop_refund::channel.eq(channel.as_str()))
        .select((dashop_refund::out_request_no, refunds::RefundRow::as_select()));
    Ok(leave_out(refunds::TABLE, load_each(conn, of_numbers, refunds::by_number).await?))
}

async fn keep(
    conn: &mut Conn,
    channel: Channel,
    day: ShopDate,
    found: &[(Difference, Option<String>)],
    at: ShopTime,
) -> Result<(), QueryError> {
    let of_day = dashop_difference::table
        .filter(dashop_difference::bill_date.eq(day.to_string()))
        .filter(dashop_difference::channel.eq(channel.as_str()));
    diesel::delete(of_day).execute(conn).await?;
    let row = |(difference, repair): &(Difference, Option<String>)| {
        (
            dashop_difference::bill_date.eq(day.to_string()),
            dashop_difference::channel.eq(channel.as_str()),
            dashop_difference::kind.eq(difference.kind.as_str()),
            dashop_difference::trade_no.eq(name(&difference.trade_no)),
            dashop_difference::out_trade_no.eq(name(&difference.out_trade_no)),
            dashop_difference::out_request_no.eq(difference.out_request_no.as_deref().map(name)),
            dashop_difference::ours.eq(difference.ours.as_deref().map(name)),
            dashop_difference::theirs.eq(difference.theirs.as_deref().map(name)),
            dashop_difference::repair.eq(repair.as_deref().map(|done| cut(done, REPAIR_CHARS))),
            dashop_difference::found_at.eq(Moment(at)),
        )
    };
    insert_rows!(conn, dashop_difference::table, found.iter().map(row).collect())
}
