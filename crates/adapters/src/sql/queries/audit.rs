//! Reads all records for an audit, by ranges of order numbers, in one snapshot.

use std::{collections::BTreeMap, fmt::Display, time::Duration};

use async_trait::async_trait;
use diesel::{
    dsl::{count_star, exists, not},
    prelude::*,
};
use diesel_async::RunQueryDsl;
use domain::{
    OrderEventKind, OrderStatus, PaymentRecord, Refund, SkuId, StockMove,
    audit::{AuditRecord, StoredLine, StoredOrder, StoredSku, UnreadableRow},
    order_number,
};
use ports::{AuditSnapshot, AuditStore, StoreError};

use super::{
    Backend, Conn, Database, Lease,
    columns::{ORDER_ID, order_id, status},
    payments::{self, PaymentRow},
    readable::{Read, load_each},
    refunds::{self, RefundRow},
    stock::MoveRow,
};
use crate::sql::{
    failure::{QueryError, word},
    schema::{
        dashop_order_amendment, dashop_order_timeline, dashop_outbox, dashop_payment, dashop_payment_attempt,
        dashop_refund, dashop_stock_move, dashop_webhook_delivery, ddsc_sku, tb_order_goods, tb_order_info,
    },
    types::{Fen, Moment},
};

/// How long one call may take: a busy server must not end an audit.
const PATIENCE: Duration = Duration::from_secs(60);

#[async_trait]
impl AuditStore for Database {
    async fn open(&self) -> Result<Box<dyn AuditSnapshot>, StoreError> {
        let mut lease = self.reader().await?;
        lease.allow(PATIENCE).await?;
        lease.begin_snapshot().await?;
        Ok(Box::new(Snapshot { lease, after: None, is_done: false, after_sku: None, endpoints: None }))
    }
}

/// A read-only transaction. If it is dropped, the lease ends it.
struct Snapshot {
    lease: Lease,
    /// The last number of the previous range.
    after: Option<String>,
    is_done: bool,
    after_sku: Option<i32>,
    /// The endpoints that have deliveries on record; `None` until they are read.
    endpoints: Option<Vec<String>>,
}

#[async_trait]
impl AuditSnapshot for Snapshot {
    async fn orders(&mut self) -> Result<u64, StoreError> {
        let count: i64 = self
            .lease
            .call(async |conn| Ok(tb_order_info::table.select(count_star()).get_result(conn).await?))
            .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn next(&mut self, orders: u32) -> Result<Option<Vec<AuditRecord>>, StoreError> {
        if self.is_done {
            return Ok(None);
        }
        let after = self.after.take();
        if self.endpoints.is_none() {
            self.endpoints = Some(self.lease.call(endpoints).await?);
        }
        let endpoints = self.endpoints.as_deref().unwrap_or_default();
        let (records, last) = self.lease.call(|conn| stored_orders(conn, after, orders, endpoints)).await?;
        self.is_done = last.is_none();
        self.after = last;
        Ok(Some(records))
    }

    async fn next_skus(&mut self, limit: u32) -> Result<Vec<StoredSku>, StoreError> {
        let after = self.after_sku;
        let skus = self.lease.call(|conn| skus(conn, after, limit)).await?;
        self.after_sku = skus.last().map(|sku| sku.id.0).or(after);
        Ok(skus)
    }
}

/// The rows of a table whose number is in a range: greater than its first bound, and at most its second one.
macro_rules! within {
    ($table:ident, $number:ident, $range:expr) => {{
        let mut rows = $table::table.into_boxed::<Backend>();
        let (after, until): (&Option<String>, &Option<String>) = $range;
        if let Some(after) = after {
            rows = rows.filter($table::$number.gt(after.clone()));
        }
        if let Some(until) = until {
            rows = rows.filter($table::$number.le(until.clone()));
        }
        rows
    }};
}

/// The numbers of all attempts but the first of the orders of a range. Payments under these numbers belong to the
/// orders.
macro_rules! later_attempts {
    ($range:expr) => {
        within!(dashop_payment_attempt, order_id, $range)
            .filter(dashop_payment_attempt::order_id.ne(dashop_payment_attempt::out_trade_no))
            .select(dashop_payment_attempt::out_trade_no)
    };
}

/// The rows of a range whose number is not that of a later attempt: it is an order's number, or no order has it.
macro_rules! own {
    ($table:ident, $range:expr) => {
        within!($table, out_trade_no, $range).filter(not(exists(
            dashop_payment_attempt::table
                .filter(dashop_payment_attempt::out_trade_no.eq($table::out_trade_no))
                .filter(dashop_payment_attempt::order_id.ne(dashop_payment_attempt::out_trade_no)),
        )))
    };
}

/// The rows of attempts, under the numbers of their orders.
fn of_their_orders<T>(each: Vec<Read<String, T>>) -> impl Iterator<Item = Read<String, T>> {
    each.into_iter().map(|(number, row)| (order_number(&number).to_owned(), row))
}

/// The endpoints other than the first one that have deliveries on record, also those that are no longer in the
/// settings.
async fn endpoints(conn: &mut Conn) -> Result<Vec<String>, QueryError> {
    let names = dashop_webhook_delivery::table.select(dashop_webhook_delivery::endpoint).distinct();
    Ok(names.load(conn).await?)
}

/// The records of the next orders, and the last of their numbers; `None` instead of the number if no order follows.
async fn stored_orders(
    conn: &mut Conn,
    after: Option<String>,
    orders: u32,
    endpoints: &[String],
) -> Result<(Vec<AuditRecord>, Option<String>), QueryError> {
    let mut found = Found::default();
    let limit = i64::from(orders);
    let rows = within!(tb_order_info, order_id, (&after, &None))
        .order(tb_order_info::order_id)
        .limit(limit)
        .select((tb_order_info::order_id, OrderRow::as_select()));
    let each = load_each(conn, rows, |(number, row): (String, OrderRow)| row.into_order(&number)).await?;
    let is_last = each.len() < usize::try_from(orders).unwrap_or(usize::MAX);
    let until = if is_last { None } else { each.last().map(|(number, _)| number.clone()) };
    for (number, order) in each {
        match order {
            Ok(order) => found.of(&number).order = Some(order),
            Err(error) => found.unreadable("tb_order_info", &number, number.clone(), &error, false),
        }
    }
    let range = (&after, &until);
    let lines = within!(tb_order_goods, order_id, range).select((
        tb_order_goods::order_id,
        (tb_order_goods::id, tb_order_goods::sku_id, tb_order_goods::pieces, tb_order_goods::price),
    ));
    let read = |(_, (id, sku_id, pieces, price)): (String, (i32, i32, i32, Fen))| {
        Ok((id, Ok(StoredLine { sku_id: SkuId(sku_id), count: pieces.into(), price_fen: price.0 })))
    };
    found.note("tb_order_goods", true, load_each(conn, lines, read).await?, |record, line| {
        record.lines.push(line);
    });
    let timeline = within!(dashop_order_timeline, order_id, range)
        .order((dashop_order_timeline::order_id, dashop_order_timeline::id))
        .select((
            dashop_order_timeline::order_id,
            (dashop_order_timeline::id, dashop_order_timeline::from_status, dashop_order_timeline::to_status),
        ));
    let read = |(_, (id, from, to)): (String, (i32, i16, i16))| Ok((id, change(from, to)));
    found.note("dashop_order_timeline", false, load_each(conn, timeline, read).await?, |record, change| {
        record.timeline.push(change);
    });
    let amendments = within!(dashop_order_amendment, order_id, range)
        .order((dashop_order_amendment::order_id, dashop_order_amendment::id))
        .select((dashop_order_amendment::order_id, (dashop_order_amendment::id, AmendmentRow::as_select())));
    let read = |(_, (id, row)): (String, (i32, AmendmentRow))| Ok((id, row.into_amounts()));
    found.note(
        "dashop_order_amendment",
        false,
        load_each(conn, amendments, read).await?,
        |record, amounts| {
            record.amendments.push(amounts);
        },
    );
    let payments = own!(dashop_payment, range)
        .order((dashop_payment::out_trade_no, dashop_payment::id))
        .select((dashop_payment::out_trade_no, (dashop_payment::trade_no, PaymentRow::as_select())));
    let read = |(_, (no, row)): (String, (String, PaymentRow))| Ok((no, PaymentRecord::try_from(row)));
    let mut each = load_each(conn, payments, read).await?;
    let later = dashop_payment::table
        .filter(dashop_payment::out_trade_no.eq_any(later_attempts!(range)))
        .order(dashop_payment::id)
        .select((dashop_payment::out_trade_no, (dashop_payment::trade_no, PaymentRow::as_select())));
    each.extend(of_their_orders(load_each(conn, later, read).await?));
    found.note(payments::TABLE, false, each, |record, payment| record.payments.push(payment));
    let refunds =
        own!(dashop_refund, range).order((dashop_refund::out_trade_no, dashop_refund::id)).select((
            dashop_refund::out_trade_no,
            (dashop_refund::out_request_no, dashop_refund::due_at, RefundRow::as_select()),
        ));
    let read = |(_, (no, due_at, row)): (String, (String, Option<Moment>, RefundRow))| {
        Ok((no, Refund::try_from(row).map(|refund| (refund, due_at))))
    };
    let mut each = load_each(conn, refunds, read).await?;
    let later = dashop_refund::table
        .filter(dashop_refund::out_trade_no.eq_any(later_attempts!(range)))
        .order(dashop_refund::id)
        .select((
            dashop_refund::out_trade_no,
            (dashop_refund::out_request_no, dashop_refund::due_at, RefundRow::as_select()),
        ));
    each.extend(of_their_orders(load_each(conn, later, read).await?));
    found.note(refunds::TABLE, false, each, |record, (refund, due_at)| {
        if due_at.is_none() {
            record.refunds_without_due_at.push(refund.out_request_no.clone());
        }
        record.refunds.push(refund);
    });
    let movements = within!(dashop_stock_move, order_id, range)
        .order((dashop_stock_move::order_id, dashop_stock_move::id))
        .select((dashop_stock_move::order_id, (dashop_stock_move::id, MoveRow::as_select())));
    let read = |(_, (id, row)): (String, (i32, MoveRow))| Ok((id, StockMove::try_from(row)));
    found.note("dashop_stock_move", true, load_each(conn, movements, read).await?, |record, moved| {
        record.movements.push(moved);
    });
    let events = within!(dashop_outbox, order_id, range).select((
        dashop_outbox::order_id,
        (dashop_outbox::id, dashop_outbox::kind, dashop_outbox::to_status),
    ));
    let read = |(_, (id, kind, to)): (String, (i64, String, i16))| Ok((id, check_event(&kind, to)));
    found.note("dashop_outbox", false, load_each(conn, events, read).await?, |record, ()| record.events += 1);
    // The index begins with the endpoint, so the query must name the endpoints.
    let deliveries = within!(dashop_webhook_delivery, order_id, range)
        .filter(dashop_webhook_delivery::endpoint.eq_any(endpoints))
        .select((
            dashop_webhook_delivery::order_id,
            (dashop_webhook_delivery::id, dashop_webhook_delivery::kind, dashop_webhook_delivery::to_status),
        ));
    let each = load_each(conn, deliveries, read).await?;
    found.note("dashop_webhook_delivery", false, each, |record, ()| record.events += 1);
    Ok((found.0.into_values().collect(), until))
}

/// The own key of a row, and the row or why it cannot be read.
type OfKey<K, T> = (K, Result<T, QueryError>);

/// Records by their numbers.
#[derive(Default)]
struct Found(BTreeMap<String, AuditRecord>);

impl Found {
    fn of(&mut self, number: &str) -> &mut AuditRecord {
        self.0
            .entry(number.to_owned())
            .or_insert_with(|| AuditRecord { number: number.to_owned(), ..AuditRecord::default() })
    }

    /// Adds the rows of a table to the records of their numbers.
    fn note<K: Display, T>(
        &mut self,
        table: &'static str,
        has_pieces: bool,
        each: Vec<Read<String, OfKey<K, T>>>,
        add: impl Fn(&mut AuditRecord, T),
    ) {
        for (number, row) in each {
            match row {
                Ok((_, Ok(row))) => add(self.of(&number), row),
                Ok((key, Err(error))) => {
                    let key = format!("{key} of order {number}");
                    self.unreadable(table, &number, key, &error, has_pieces);
                }
                Err(error) => {
                    self.unreadable(table, &number, format!("of order {number}"), &error, has_pieces);
                }
            }
        }
    }

    fn unreadable(
        &mut self,
        table: &'static str,
        number: &str,
        key: String,
        error: &QueryError,
        has_pieces: bool,
    ) {
        let row = UnreadableRow { table, key, why: error.to_string(), has_pieces };
        self.of(number).unreadable.push(row);
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tb_order_info)]
struct OrderRow {
    created_time: Moment,
    total_count: i32,
    total_amount: Fen,
    freight: Fen,
    status: i16,
    refunded_amount: Fen,
    discount: Fen,
    amendments: i32,
    expire_at: Option<Moment>,
    due_at: Option<Moment>,
    shipped_at: Option<Moment>,
}

impl OrderRow {
    fn into_order(self, number: &str) -> Result<StoredOrder, QueryError> {
        let _created = self.created_time;
        order_id(ORDER_ID, number)?;
        Ok(StoredOrder {
            status: status("tb_order_info.status", self.status)?,
            total_count: self.total_count.into(),
            total_fen: self.total_amount.0,
            freight_fen: self.freight.0,
            discount_fen: self.discount.0,
            // A negative number becomes one that is too large to be right.
            amendments: u64::try_from(self.amendments).unwrap_or(u64::MAX),
            refunded_fen: self.refunded_amount.0,
            has_due_at: self.due_at.is_some(),
            is_shipped_here: self.shipped_at.is_some(),
            // Only this service sets `expire_at`, and it sets it on every order.
            is_old: self.expire_at.is_none(),
        })
    }
}

fn change(from: i16, to: i16) -> Result<(OrderStatus, OrderStatus), QueryError> {
    let from = status("dashop_order_timeline.from_status", from)?;
    Ok((from, status("dashop_order_timeline.to_status", to)?))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = dashop_order_amendment)]
struct AmendmentRow {
    kind: String,
    amount_before: Option<Fen>,
    amount_after: Option<Fen>,
}

impl AmendmentRow {
    fn into_amounts(self) -> Result<Option<(i64, i64)>, QueryError> {
        match (self.kind.as_str(), self.amount_before, self.amount_after) {
            ("amount", Some(before), Some(after)) => Ok(Some((before.0, after.0))),
            ("address", None, None) => Ok(None),
            _other => Err(QueryError::corrupt("dashop_order_amendment.kind", &self.kind)),
        }
    }
}

fn check_event(kind: &str, to_status: i16) -> Result<(), QueryError> {
    word("kind", kind, OrderEventKind::from_word)?;
    status("to_status", to_status).map(drop)
}

async fn skus(conn: &mut Conn, after: Option<i32>, limit: u32) -> Result<Vec<StoredSku>, QueryError> {
    let rows: Vec<(i32, i32, i32)> = ddsc_sku::table
        .filter(ddsc_sku::id.gt(after.unwrap_or(i32::MIN)))
        .order(ddsc_sku::id)
        .limit(limit.into())
        .select((ddsc_sku::id, ddsc_sku::stock, ddsc_sku::sales))
        .load(conn)
        .await?;
    let sku = |(id, stock, sales): (i32, i32, i32)| StoredSku {
        id: SkuId(id),
        stock: stock.into(),
        sales: sales.into(),
    };
    Ok(rows.into_iter().map(sku).collect())
}
