use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    Actor, Cause, IdempotencyKey, Order, OrderGoods, OrderId, PaymentAttempt, PaymentRecord, Quantity,
    Refund, RepeatGuard, SaleAttribute, Shipment, ShippingAddress, SkuId, TimelineEntry, UserId,
};
use ports::{IdempotencyRecord, OrderListQuery, OrderReader, StoreError};

use super::{
    Backend, Conn, Database, amendments, attempts, catalog,
    columns::{ORDER_ID, order_id, status},
    idempotency, payments,
    prepared::{padded, prepared_if_few},
    readable::{FullPage, Read, all, leave_out, load_each},
    refunds,
    users::AddressText,
};
use crate::sql::{
    failure::{QueryError, word},
    kept_lines::KeptLines,
    schema::{address, dashop_order_timeline, ddsc_sku, tb_order_goods, tb_order_info},
    types::{Amount, Moment},
};

#[async_trait]
impl OrderReader for Database {
    async fn find(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.reader().await?.call(|conn| find(conn, id)).await
    }

    async fn list(&self, query: &OrderListQuery) -> Result<Vec<Order>, StoreError> {
        self.reader().await?.call(|conn| list(conn, query, &self.lines)).await
    }

    async fn refund_due_payments(&self, ids: &[OrderId]) -> Result<Vec<PaymentRecord>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.reader().await?.call(|conn| payments::refund_due(conn, ids)).await
    }

    async fn refunds(&self, id: &OrderId) -> Result<Vec<Refund>, StoreError> {
        self.reader().await?.call(|conn| refunds::of_number(conn, id.as_str())).await
    }

    async fn attempts(&self, id: &OrderId) -> Result<Vec<PaymentAttempt>, StoreError> {
        self.reader().await?.call(|conn| attempts::of_order(conn, id.as_str())).await
    }

    async fn timeline(&self, id: &OrderId) -> Result<Vec<TimelineEntry>, StoreError> {
        self.reader().await?.call(|conn| timeline(conn, id)).await
    }

    async fn numbers_beginning_with(&self, second: &str) -> Result<Vec<OrderId>, StoreError> {
        self.reader().await?.call(|conn| numbers_beginning_with(conn, second)).await
    }

    async fn find_by_guard(&self, guard: &RepeatGuard) -> Result<Option<Order>, StoreError> {
        self.reader().await?.call(|conn| find_by_guard(conn, guard)).await
    }

    async fn find_by_key(
        &self,
        user_id: UserId,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        self.reader().await?.call(|conn| idempotency::find(conn, user_id, key)).await
    }
}

const TABLE: &str = "tb_order_info";

/// An order without its lines.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tb_order_info)]
struct OrderRow {
    user_id: i32,
    status: i16,
    total_count: i32,
    total_amount: Amount,
    freight: Amount,
    created_time: Moment,
    expire_at: Option<Moment>,
    ship_title: Option<String>,
    ship_receiver: Option<String>,
    ship_mobile: Option<String>,
    ship_address: Option<String>,
    carrier: Option<String>,
    tracking_number: Option<String>,
    shipped_at: Option<Moment>,
    refunded_amount: Amount,
    discount: Amount,
    amendments: i32,
    address_id: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = dashop_order_timeline)]
struct ChangeRow {
    from_status: i16,
    to_status: i16,
    actor: String,
    reason: String,
    at: Moment,
    actor_name: Option<String>,
    request_id: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tb_order_goods)]
struct GoodsRow {
    id: i32,
    sku_id: i32,
    pieces: i32,
    price: Amount,
    sku_name: Option<String>,
    sku_image_url: Option<String>,
    sku_sale_attrs: Option<String>,
}

/// The current name and image of a SKU in the catalogue.
#[derive(Queryable, Selectable)]
#[diesel(table_name = ddsc_sku)]
struct SkuNow {
    name: Option<String>,
    default_image_url: Option<String>,
}

/// Current addresses and catalogue data, for orders of the old back end, which have no snapshot of these.
#[derive(Default)]
struct Now {
    addresses: BTreeMap<i32, AddressText>,
    skus: BTreeMap<i32, SkuNow>,
    attributes: BTreeMap<i32, Vec<SaleAttribute>>,
}

/// One order, in two statements; an order of the old back end in at most five.
pub(super) async fn find(conn: &mut Conn, id: &OrderId) -> Result<Option<Order>, QueryError> {
    let header = tb_order_info::table
        .filter(tb_order_info::order_id.eq(id.as_str()))
        .select(OrderRow::as_select())
        .first(conn)
        .await
        .optional()?;
    let header = header.map(|header| (id.as_str().to_owned(), Ok(header)));
    Ok(all(with_goods(conn, header.into_iter().collect(), None).await?)?.pop())
}

/// The orders of these numbers, the largest number first, in as many statements as [`find`]. Unreadable orders are left
/// out.
pub(super) async fn of_ids(conn: &mut Conn, ids: &[OrderId]) -> Result<Vec<Order>, QueryError> {
    let these = tb_order_info::table
        .filter(tb_order_info::order_id.eq_any(ids.iter().map(OrderId::as_str)))
        .order(tb_order_info::order_id.desc())
        .select((tb_order_info::order_id, OrderRow::as_select()))
        .into_boxed::<Backend>();
    let headers = load_each(conn, these, |(_, header): (String, OrderRow)| Ok(header)).await?;
    Ok(leave_out(TABLE, with_goods(conn, headers, None).await?))
}

async fn find_by_guard(conn: &mut Conn, guard: &RepeatGuard) -> Result<Option<Order>, QueryError> {
    let id: Option<String> = tb_order_info::table
        .filter(tb_order_info::repeat_guard.eq(guard.as_str()))
        .select(tb_order_info::order_id)
        .first(conn)
        .await
        .optional()?;
    match id {
        Some(id) => find(conn, &order_id(ORDER_ID, &id)?).await,
        None => Ok(None),
    }
}

async fn list(conn: &mut Conn, query: &OrderListQuery, kept: &KeptLines) -> Result<Vec<Order>, QueryError> {
    let before = query.before.as_ref().map(|before| before.as_str().to_owned());
    let mut page = FullPage::new(TABLE, query.limit, before);
    while !page.is_full {
        let each = list_page(conn, query, page.after.as_deref(), kept).await?;
        page.add(each);
    }
    Ok(page.rows)
}

async fn list_page(
    conn: &mut Conn,
    query: &OrderListQuery,
    before: Option<&str>,
    kept: &KeptLines,
) -> Result<Vec<Read<String, Order>>, QueryError> {
    let mut page = tb_order_info::table
        .filter(tb_order_info::user_id.eq(query.user_id.0))
        .order((tb_order_info::created_time.desc(), tb_order_info::order_id.desc()))
        .limit(query.limit.into())
        .select((tb_order_info::order_id, OrderRow::as_select()))
        .into_boxed::<Backend>();
    if let Some(status) = query.status {
        page = page.filter(tb_order_info::status.eq(status.code()));
    }
    if let Some(before) = before {
        let last = diesel::alias!(tb_order_info as last_of_the_page_before);
        // NULL if this user has no such order; then no order follows it.
        let its_time = || {
            last.filter(last.field(tb_order_info::order_id).eq(before.to_owned()))
                .filter(last.field(tb_order_info::user_id).eq(query.user_id.0))
                .select(last.field(tb_order_info::created_time))
                .single_value()
        };
        let time = || tb_order_info::created_time.nullable();
        // The first condition lets the index find the start; the second excludes listed orders of the same moment.
        page = page
            .filter(time().le(its_time()))
            .filter(time().lt(its_time()).or(tb_order_info::order_id.nullable().lt(before.to_owned())));
    }
    let headers = load_each(conn, page, |(_, header): (String, OrderRow)| Ok(header)).await?;
    with_goods(conn, headers, Some(kept)).await
}

pub(super) async fn timeline(conn: &mut Conn, id: &OrderId) -> Result<Vec<TimelineEntry>, QueryError> {
    let rows: Vec<ChangeRow> = dashop_order_timeline::table
        .filter(dashop_order_timeline::order_id.eq(id.as_str()))
        .order(dashop_order_timeline::id)
        .select(ChangeRow::as_select())
        .load(conn)
        .await?;
    let changes = rows.into_iter().map(TimelineEntry::try_from).collect::<Result<_, _>>()?;
    Ok(TimelineEntry::in_order(changes, amendments::of_order(conn, id).await?))
}

async fn numbers_beginning_with(conn: &mut Conn, second: &str) -> Result<Vec<OrderId>, QueryError> {
    // A range and not LIKE, which cannot use the index on SQLite. In every collation, `last` is the last number that
    // consists of `second` and further digits.
    let last = format!("{second}{}", "9".repeat(OrderId::MAX_LEN.saturating_sub(second.len())));
    let numbers: Vec<String> = tb_order_info::table
        .filter(tb_order_info::order_id.between(second, last))
        .select(tb_order_info::order_id)
        .load(conn)
        .await?;
    // An invalid number cannot collide with a new one.
    Ok(numbers.iter().filter_map(|number| OrderId::parse(number).ok()).collect())
}

/// Adds the lines to orders, in at most one more statement, and current data where a snapshot is missing. An order with
/// an unreadable line is unreadable.
async fn with_goods(
    conn: &mut Conn,
    headers: Vec<Read<String, OrderRow>>,
    kept: Option<&KeptLines>,
) -> Result<Vec<Read<String, Order>>, QueryError> {
    let kept_lines = |(order_id, header): &Read<String, OrderRow>| {
        let lines = kept?.of(order_id, header.as_ref().ok()?.pieces())?;
        Some((order_id.clone(), FoundLines { lines: Ok(lines), are_for_keeping: false }))
    };
    let mut found: HashMap<String, FoundLines> = headers.iter().filter_map(kept_lines).collect();
    let ids = headers.iter().map(|(order_id, _)| order_id.as_str());
    let ids: Vec<&str> = ids.filter(|order_id| !found.contains_key(*order_id)).collect();
    let lines = lines(conn, &ids).await?;
    let now = now(conn, &headers, &lines).await?;
    for (order_id, line) in lines {
        let is_snapshot = line.as_ref().is_ok_and(GoodsRow::is_snapshot);
        let line = line.and_then(|line| line.into_goods(&order_id, &now));
        found.entry(order_id).or_default().add(line, is_snapshot);
    }
    let order = |(order_id, header): Read<String, OrderRow>| {
        let FoundLines { lines, are_for_keeping } = found.remove(&order_id).unwrap_or_default();
        let order = header.and_then(|header| header.into_order(&order_id, &now, lines?));
        if let (Some(kept), true, Ok(order)) = (kept, are_for_keeping, &order) {
            kept.keep(order);
        }
        (order_id, order)
    };
    Ok(headers.into_iter().map(order).collect())
}

/// The lines of one order.
struct FoundLines {
    lines: Result<Vec<OrderGoods>, QueryError>,
    /// Whether they were read from the database and will not change.
    are_for_keeping: bool,
}

impl Default for FoundLines {
    fn default() -> Self {
        Self { lines: Ok(Vec::new()), are_for_keeping: true }
    }
}

impl FoundLines {
    fn add(&mut self, line: Result<Option<OrderGoods>, QueryError>, is_snapshot: bool) {
        self.are_for_keeping &= is_snapshot;
        match (&mut self.lines, line) {
            (Ok(lines), Ok(line)) => lines.extend(line),
            (lines @ Ok(_), Err(error)) => *lines = Err(error),
            (Err(_), _) => {}
        }
    }
}

/// The lines of these orders, sorted by SKU.
async fn lines(conn: &mut Conn, ids: &[&str]) -> Result<Vec<Read<String, GoodsRow>>, QueryError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = padded(ids.iter().copied());
    let lines = tb_order_goods::table
        .filter(tb_order_goods::order_id.eq_any(&ids))
        .select((tb_order_goods::order_id, GoodsRow::as_select()));
    let mut lines =
        load_each(conn, prepared_if_few(lines, ids.len()), |(_, line): (String, GoodsRow)| Ok(line)).await?;
    // Sorted here, because the database would sort whole rows.
    lines.sort_by_key(|(_, line)| line.as_ref().map(|line| (line.sku_id, line.id)).ok());
    Ok(lines)
}

/// The current data for which these orders and lines have no snapshot. It sends no query if no snapshot is missing.
async fn now(
    conn: &mut Conn,
    headers: &[Read<String, OrderRow>],
    lines: &[Read<String, GoodsRow>],
) -> Result<Now, QueryError> {
    let headers = headers.iter().filter_map(|(_, header)| header.as_ref().ok());
    let lines = || lines.iter().filter_map(|(_, line)| line.as_ref().ok());
    let addresses: BTreeSet<i32> =
        headers.filter(|order| !order.has_address()).map(|order| order.address_id).collect();
    let skus: BTreeSet<i32> = lines()
        .filter(|line| line.sku_name.is_none() || line.sku_image_url.is_none())
        .map(|line| line.sku_id)
        .collect();
    let attributes: BTreeSet<i32> =
        lines().filter(|line| line.sku_sale_attrs.is_none()).map(|line| line.sku_id).collect();
    let mut now = Now::default();
    if !addresses.is_empty() {
        let these = address::table
            .filter(address::id.eq_any(addresses))
            .select((address::id, AddressText::as_select()));
        now.addresses = these.load(conn).await?.into_iter().collect();
    }
    if !skus.is_empty() {
        let these =
            ddsc_sku::table.filter(ddsc_sku::id.eq_any(skus)).select((ddsc_sku::id, SkuNow::as_select()));
        now.skus = these.load(conn).await?.into_iter().collect();
    }
    if !attributes.is_empty() {
        now.attributes = catalog::attributes(conn, &attributes.into_iter().collect::<Vec<_>>()).await?;
    }
    Ok(now)
}

impl OrderRow {
    fn has_address(&self) -> bool {
        self.ship_receiver.is_some() || self.ship_address.is_some()
    }

    /// The total number of pieces. The old shop accepted lines with a negative number of pieces, and added them up.
    fn pieces(&self) -> u32 {
        u32::try_from(self.total_count).unwrap_or(0)
    }

    fn into_order(self, number: &str, now: &Now, goods: Vec<OrderGoods>) -> Result<Order, QueryError> {
        let total_count = self.pieces();
        let shipping = match now.addresses.get(&self.address_id) {
            Some(book) if !self.has_address() => book.clone().into(),
            _has_a_snapshot_or_nothing => ShippingAddress {
                title: self.ship_title.unwrap_or_default(),
                receiver: self.ship_receiver.unwrap_or_default(),
                mobile: self.ship_mobile.unwrap_or_default(),
                address: self.ship_address.unwrap_or_default(),
            },
        };
        Ok(Order {
            id: order_id(ORDER_ID, number)?,
            user_id: UserId(self.user_id),
            status: status("tb_order_info.status", self.status)?,
            total_count,
            total_amount: self.total_amount.0,
            freight: self.freight.0,
            discount: self.discount.0,
            amendments: u32::try_from(self.amendments).unwrap_or(u32::MAX),
            shipping,
            created_at: self.created_time.0,
            expire_at: self.expire_at.map(|moment| moment.0),
            shipment: self.shipped_at.map(|shipped_at| Shipment {
                carrier: self.carrier.unwrap_or_default(),
                tracking_number: self.tracking_number.unwrap_or_default(),
                shipped_at: shipped_at.0,
            }),
            refunded_amount: self.refunded_amount.0,
            goods,
        })
    }
}

impl TryFrom<ChangeRow> for TimelineEntry {
    type Error = QueryError;

    fn try_from(row: ChangeRow) -> Result<Self, QueryError> {
        let actor = word("dashop_order_timeline.actor", &row.actor, Actor::from_word)?;
        Ok(Self {
            from: Some(status("dashop_order_timeline.from_status", row.from_status)?),
            to: status("dashop_order_timeline.to_status", row.to_status)?,
            cause: Cause { actor, name: row.actor_name, request_id: row.request_id },
            reason: row.reason,
            amendment: None,
            at: row.at.0,
        })
    }
}

impl GoodsRow {
    /// Whether the line has a full snapshot and needs no current data of the catalogue.
    fn is_snapshot(&self) -> bool {
        self.sku_name.is_some() && self.sku_image_url.is_some() && self.sku_sale_attrs.is_some()
    }

    /// The line. `None`, with an ERROR in the log, if it has no pieces, which the old shop accepted.
    fn into_goods(self, order_id: &str, now: &Now) -> Result<Option<OrderGoods>, QueryError> {
        let Some(quantity) = Quantity::stored(self.pieces) else {
            tracing::error!(
                table = "tb_order_goods",
                key = self.id,
                order_id,
                "an order line of no pieces is left out"
            );
            return Ok(None);
        };
        let sku = now.skus.get(&self.sku_id);
        let attributes = match self.sku_sale_attrs {
            Some(json) => attributes_from_json(&json)?,
            None => now.attributes.get(&self.sku_id).cloned().unwrap_or_default(),
        };
        Ok(Some(OrderGoods {
            sku_id: SkuId(self.sku_id),
            name: self.sku_name.or_else(|| sku?.name.clone()).unwrap_or_default(),
            default_image_url: self
                .sku_image_url
                .or_else(|| sku?.default_image_url.clone())
                .unwrap_or_default(),
            price: self.price.0,
            quantity,
            attributes,
        }))
    }
}

/// Reads `[["颜色","红色"],…]`.
fn attributes_from_json(json: &str) -> Result<Vec<SaleAttribute>, QueryError> {
    let pairs: Vec<(String, String)> = serde_json::from_str(json)
        .map_err(|error| QueryError::corrupt("tb_order_goods.sku_sale_attrs", error))?;
    Ok(pairs.into_iter().map(|(name, value)| SaleAttribute { name, value }).collect())
}
