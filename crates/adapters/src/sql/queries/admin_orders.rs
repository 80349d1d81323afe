use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use async_trait::async_trait;
use diesel::{
    dsl::{count_star, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types::{Bool, Text, Timestamp},
};
use diesel_async::RunQueryDsl;
use domain::{
    MoneySum, OrderId, OrderStatus, PaymentRecord, PaymentStatus, Refund, RefundKind, RefundStatus, ShopDate,
    ShopTime, Trade, TradeStatus, UserId, Username, order_number,
};
use ports::{
    AdminOrders, DayFigures, FoundOrder, OrderRecords, OrderSearch, ShippingListEntry, StoreError,
    UnmatchedPayment,
};

use super::{
    Backend, Conn, Database,
    columns::{ORDER_ID, order_id, status},
    dialect, ledger, order_reader,
    payments::{self, PaymentRow},
    readable::{FullPage, Read, leave_out, load_each},
    refunds, stock,
};
use crate::sql::{
    failure::QueryError,
    schema::{address, dashop_payment, dashop_refund, tb_order_info, user_profile},
    types::{Amount, Moment},
};

#[async_trait]
impl AdminOrders for Database {
    async fn search(&self, search: &OrderSearch) -> Result<Vec<FoundOrder>, StoreError> {
        self.reader().await?.call(|conn| self::search(conn, search)).await
    }

    async fn exceeds(&self, search: &OrderSearch) -> Result<bool, StoreError> {
        self.reader().await?.call(|conn| exceeds(conn, search)).await
    }

    async fn shipping_list(&self, ids: &[OrderId]) -> Result<Vec<ShippingListEntry>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.reader().await?.call(|conn| shipping_list(conn, ids)).await
    }

    async fn file(&self, id: &OrderId) -> Result<Option<OrderRecords>, StoreError> {
        self.reader().await?.call(|conn| file(conn, id)).await
    }

    async fn figures(&self, first: ShopDate, last: ShopDate) -> Result<Vec<DayFigures>, StoreError> {
        self.reader().await?.call(|conn| figures(conn, first, last)).await
    }

    async fn unmatched_payments(
        &self,
        first: ShopDate,
        last: ShopDate,
        limit: u32,
    ) -> Result<Vec<UnmatchedPayment>, StoreError> {
        self.reader().await?.call(|conn| unmatched_payments(conn, first, last, limit)).await
    }

    async fn count(&self, status: OrderStatus) -> Result<u64, StoreError> {
        self.reader().await?.call(|conn| count(conn, status)).await
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tb_order_info)]
struct FoundRow {
    order_id: String,
    user_id: i32,
    status: i16,
    total_count: i32,
    total_amount: Amount,
    freight: Amount,
    refunded_amount: Amount,
    created_time: Moment,
    expire_at: Option<Moment>,
    ship_receiver: Option<String>,
}

/// An order with the buyer's name, and the receiver in the address book.
type Found = (FoundRow, Option<String>, Option<String>);

async fn search(conn: &mut Conn, search: &OrderSearch) -> Result<Vec<FoundOrder>, QueryError> {
    let mut found = FullPage::new("tb_order_info", search.limit, search.numbers.end().map(str::to_owned));
    while !found.is_full {
        let each = search_page(conn, search, found.after.as_deref(), 0).await?;
        found.add(each);
    }
    Ok(found.rows)
}

async fn exceeds(conn: &mut Conn, search: &OrderSearch) -> Result<bool, QueryError> {
    let next = OrderSearch { limit: 1, ..search.clone() };
    let rest = search_page(conn, &next, search.numbers.end(), search.limit).await?;
    Ok(!rest.is_empty())
}

async fn search_page(
    conn: &mut Conn,
    search: &OrderSearch,
    below: Option<&str>,
    skipped: u32,
) -> Result<Vec<Read<String, FoundOrder>>, QueryError> {
    let numbers = &search.numbers;
    let mut found = tb_order_info::table
        .left_join(user_profile::table.on(user_profile::id.eq(tb_order_info::user_id)))
        .left_join(address::table.on(address::id.eq(tb_order_info::address_id)))
        .filter(tb_order_info::order_id.between(numbers.first(), numbers.last()))
        .order(tb_order_info::order_id.desc())
        .limit(search.limit.into())
        .select((
            tb_order_info::order_id,
            (FoundRow::as_select(), user_profile::username.nullable(), address::receiver.nullable()),
        ))
        .into_boxed::<Backend>();
    if skipped > 0 {
        found = found.offset(skipped.into());
    }
    if let Some(below) = below {
        found = found.filter(tb_order_info::order_id.lt(below));
    }
    if let Some(UserId(user_id)) = search.user_id {
        found = found.filter(tb_order_info::user_id.eq(user_id));
    }
    if let Some(status) = search.status {
        found = found.filter(tb_order_info::status.eq(status.code()));
    }
    load_each(conn, found, |(_, row): (String, Found)| found_order(row)).await
}

async fn shipping_list(conn: &mut Conn, ids: &[OrderId]) -> Result<Vec<ShippingListEntry>, QueryError> {
    let orders = order_reader::of_ids(conn, ids).await?;
    let users: BTreeSet<i32> = orders.iter().map(|order| order.user_id.0).collect();
    let names: Vec<(i32, String)> = user_profile::table
        .filter(user_profile::id.eq_any(users))
        .select((user_profile::id, user_profile::username))
        .load(conn)
        .await?;
    let names: BTreeMap<i32, String> = names.into_iter().collect();
    let paid = payments::of_orders(conn, ids, &[PaymentStatus::Settled]).await?.into_iter();
    let mut paid: BTreeMap<String, PaymentRecord> =
        paid.map(|payment| (order_number(&payment.trade.out_trade_no).to_owned(), payment)).collect();
    let mut movements = stock::moves_of_all(conn, ids).await?;
    let listed = orders.into_iter().map(|order| ShippingListEntry {
        movements: movements.remove(order.id.as_str()).unwrap_or_default(),
        username: Username(names.get(&order.user_id.0).cloned().unwrap_or_default()),
        payment: paid.remove(order.id.as_str()),
        order,
    });
    Ok(listed.collect())
}

async fn file(conn: &mut Conn, id: &OrderId) -> Result<Option<OrderRecords>, QueryError> {
    let Some(order) = order_reader::find(conn, id).await? else { return Ok(None) };
    let username: Option<String> = user_profile::table
        .filter(user_profile::id.eq(order.user_id.0))
        .select(user_profile::username)
        .first(conn)
        .await
        .optional()?;
    Ok(Some(OrderRecords {
        ledger: ledger::rest_of(conn, id.as_str(), Some(order)).await?,
        username: Username(username.unwrap_or_default()),
        changes: order_reader::timeline(conn, id).await?,
    }))
}

/// Payments whose [`PaymentRecord::counts_at`] is at `$begin` or later and before `$end`. Both conditions begin with
/// `paid_at`, so that its index can be used.
macro_rules! counts_within {
    ($begin:expr, $end:expr) => {{
        let (begin, end) = (Moment($begin), Moment($end));
        let recorded = dashop_payment::recorded_at.ge(begin).and(dashop_payment::recorded_at.lt(end));
        let paid = dashop_payment::paid_at.ge(begin).and(dashop_payment::paid_at.lt(end));
        paid.or(dashop_payment::paid_at.is_null().and(recorded))
    }};
}

/// A day, whether the amounts are below zero, how many there are, and their sum in fen.
type DaySum = (String, bool, i64, i64);

/// The number and the sum of the rows of each day. Rows with a negative amount are separate groups.
macro_rules! day_sums {
    ($table:expr, $day:expr, $amount:literal) => {{
        let (day, is_below_zero) = (|| sql::<Text>($day), || sql::<Bool>(concat!($amount, " < 0")));
        $table.group_by((day(), is_below_zero())).select((
            day(),
            is_below_zero(),
            count_star(),
            dialect::sum_of_fen($amount),
        ))
    }};
}

/// Takes three statements for any number of days.
async fn figures(conn: &mut Conn, first: ShopDate, last: ShopDate) -> Result<Vec<DayFigures>, QueryError> {
    let (begin, end) = (first.begin(), last.next().begin());
    // An order's number begins with its day, so a range of numbers finds the orders.
    let placed = tb_order_info::table
        .filter(tb_order_info::order_id.ge(begin.compact()))
        .filter(tb_order_info::order_id.lt(end.compact()));
    let placed = day_sums!(placed, PLACED_ON, "total_amount").load(conn).await?;
    // Not `=`: SQLite would use the index of the status, which nearly all payments have, and not that of the days.
    let paid = dashop_payment::table
        .filter(counts_within!(begin, end))
        .filter(dashop_payment::status.like(PaymentStatus::Settled.as_str()));
    let paid = day_sums!(paid, PAID_ON, "total_amount").load(conn).await?;
    let refunded = dashop_refund::table
        .inner_join(
            dashop_payment::table.on(dashop_payment::trade_no
                .eq(dashop_refund::trade_no)
                .and(dashop_payment::channel.eq(dashop_refund::channel))),
        )
        .filter(dashop_refund::finished_at.ge(Moment(begin)).and(dashop_refund::finished_at.lt(Moment(end))))
        .filter(dashop_refund::status.eq(RefundStatus::Succeeded.as_str()))
        .filter(dashop_payment::status.eq(PaymentStatus::Settled.as_str()));
    let refunded = day_sums!(refunded, REFUNDED_ON, "amount").load(conn).await?;
    let (placed, paid, refunded) =
        (by_day("tb_order_info", placed)?, by_day(payments::TABLE, paid)?, by_day(refunds::TABLE, refunded)?);
    let mut days = Vec::new();
    let mut date = first;
    while date <= last {
        let of = |sums: &BTreeMap<ShopDate, (u64, MoneySum)>| sums.get(&date).copied().unwrap_or_default();
        let ((orders, order_amount), (paid, paid_amount)) = (of(&placed), of(&paid));
        let (refunded, refunded_amount) = of(&refunded);
        days.push(DayFigures { date, orders, order_amount, paid, paid_amount, refunded, refunded_amount });
        if date.next() == date {
            break;
        }
        date = date.next();
    }
    Ok(days)
}

/// Takes four statements for any number of payments. If there are more payments than the limit, those with open refunds
/// are kept first, then those with failed refunds, then those about which staff must decide.
async fn unmatched_payments(
    conn: &mut Conn,
    first: ShopDate,
    last: ShopDate,
    limit: u32,
) -> Result<Vec<UnmatchedPayment>, QueryError> {
    let undecided = PaymentStatus::ALL.into_iter().filter(|status| status.is_undecided());
    let without_order = dashop_payment::table
        .filter(dashop_payment::status.eq_any(undecided.map(PaymentStatus::as_str)))
        .filter(dashop_payment::refunded.ne(dashop_payment::total_amount))
        .filter(dashop_payment::trade_status.ne(TradeStatus::Closed.as_str()))
        .order((coalesced_time(), dashop_payment::id.desc()))
        .limit(limit.into())
        .select((dashop_payment::trade_no, PaymentRow::as_select()));
    let undecided = leave_out(payments::TABLE, load_each(conn, without_order, payments::by_trade).await?);
    let days = (first.begin(), last.next().begin());
    let waiting = payments_with_refunds_to_come(conn, days, limit).await?;
    let refunds = refunds::not_done(conn, waiting.iter().chain(&undecided)).await?;
    let refund_of = |trade: &Trade| {
        let its = || refunds.iter().filter(|refund| refund.trade() == trade.key());
        its().rfind(|refund| refund.status == RefundStatus::Requested).or_else(|| its().next_back()).cloned()
    };
    let is_to_come = |payment: &PaymentRecord| {
        let is_staffs_or_open =
            |refund: Refund| refund.status == RefundStatus::Requested || !refund.kind.is_automatic();
        refund_of(&payment.trade).is_some_and(is_staffs_or_open) || payment.is_automatic()
    };
    let mut payments: Vec<_> = waiting.into_iter().filter(is_to_come).collect();
    for payment in undecided {
        if !payments.iter().any(|known| known.trade.key() == payment.trade.key()) {
            payments.push(payment);
        }
    }
    payments.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    payments.sort_by_key(|payment| Reverse(payment.counts_at()));
    let shown = |payment: PaymentRecord| UnmatchedPayment { refund: refund_of(&payment.trade), payment };
    Ok(payments.into_iter().map(shown).collect())
}

/// At most `limit` payments with a refund that has not succeeded: an automatic one (late, duplicate), an open one that
/// was tried without success, or one that failed within these times. Open refunds come before failed ones.
async fn payments_with_refunds_to_come(
    conn: &mut Conn,
    (begin, end): (ShopTime, ShopTime),
    limit: u32,
) -> Result<Vec<PaymentRecord>, QueryError> {
    let automatic = RefundKind::ALL.into_iter().filter(|kind| kind.is_automatic()).map(RefundKind::as_str);
    let open = dashop_refund::status.eq(RefundStatus::Requested.as_str());
    let is_automatic = dashop_refund::kind.eq_any(automatic.collect::<Vec<_>>());
    let failed = dashop_refund::status
        .eq(RefundStatus::Failed.as_str())
        .and(dashop_refund::finished_at.ge(Moment(begin)))
        .and(dashop_refund::finished_at.lt(Moment(end)));
    // The statuses come first: their index finds the few unfinished refunds.
    let not_done = [RefundStatus::Requested, RefundStatus::Failed].map(RefundStatus::as_str);
    let waiting: Vec<(String, String)> = dashop_refund::table
        .filter(dashop_refund::status.eq_any(not_done))
        .filter(is_automatic.or(open.and(dashop_refund::failure.is_not_null())).or(failed))
        .order((dashop_refund::status.desc(), dashop_refund::id.desc()))
        .limit(limit.into())
        .select((dashop_refund::channel, dashop_refund::trade_no))
        .load(conn)
        .await?;
    let trade_nos: Vec<String> = waiting.iter().map(|(_, trade_no)| trade_no.clone()).collect();
    let mut payments = payments::of_trades(conn, &trade_nos).await?;
    payments.retain(|PaymentRecord { trade, .. }| {
        waiting.iter().any(|(word, no)| word == trade.channel.as_str() && *no == trade.trade_no)
    });
    Ok(payments)
}

/// Sorts the latest payment first.
fn coalesced_time() -> SqlLiteral<Timestamp> {
    sql("COALESCE(paid_at, recorded_at) DESC")
}

/// The day as `YYYYMMDD`.
const PLACED_ON: &str = "SUBSTR(order_id, 1, 8)";
/// The day as `YYYY-MM-DD`, on both engines.
const PAID_ON: &str = "SUBSTR(COALESCE(paid_at, recorded_at), 1, 10)";
/// As [`PAID_ON`].
const REFUNDED_ON: &str = "SUBSTR(finished_at, 1, 10)";

/// The number and the sum by day. Rows of a day that is not in the calendar are left out, because order numbers and
/// times of the old shop may be invalid. Rows with a negative amount are left out too, as they are from all lists.
fn by_day(table: &'static str, sums: Vec<DaySum>) -> Result<BTreeMap<ShopDate, (u64, MoneySum)>, QueryError> {
    let mut days = BTreeMap::new();
    for (day, is_below_zero, count, fen) in sums {
        let date = ShopDate::parse(&day).or_else(|| ShopDate::parse_compact(&day));
        let Some(date) = date.filter(|_| !is_below_zero) else {
            tracing::error!(
                table,
                day,
                count,
                "rows of a day that does not exist, or of an amount below zero, are left out of the figures"
            );
            continue;
        };
        let fen = u64::try_from(fen).map_err(|_| QueryError::corrupt("a sum of money", fen))?;
        days.insert(date, (u64::try_from(count).unwrap_or(0), MoneySum::from_fen(fen)));
    }
    Ok(days)
}

async fn count(conn: &mut Conn, status: OrderStatus) -> Result<u64, QueryError> {
    let count: i64 = tb_order_info::table
        .filter(tb_order_info::status.eq(status.code()))
        .select(count_star())
        .first(conn)
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn found_order((row, username, receiver): Found) -> Result<FoundOrder, QueryError> {
    Ok(FoundOrder {
        id: order_id(ORDER_ID, &row.order_id)?,
        user_id: UserId(row.user_id),
        username: Username(username.unwrap_or_default()),
        status: status("tb_order_info.status", row.status)?,
        // The old shop accepted lines with a negative number of pieces, and added them up.
        total_count: u32::try_from(row.total_count).unwrap_or(0),
        total_amount: row.total_amount.0,
        freight: row.freight.0,
        refunded_amount: row.refunded_amount.0,
        created_at: row.created_time.0,
        expire_at: row.expire_at.map(|moment| moment.0),
        receiver: row.ship_receiver.or(receiver).unwrap_or_default(),
    })
}
