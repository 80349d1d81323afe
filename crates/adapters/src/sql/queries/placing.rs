use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::NaiveDateTime;
use diesel::{
    QueryResult,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment},
    sql_types::{BigInt, Integer, Nullable, Text, Timestamp},
};
use diesel_async::RunQueryDsl;
use domain::{
    Address, Allocation, CartStamp, NewOrder, NotAdmitted, OrderEvent, OrderId, OrderStatus, RepeatGuard,
    ShopTime, Sku, SkuId, UnpaidOrders, UserId,
};
use ports::{
    BegunPlacing, Buyer, BuyerQuery, CartRemoval, CartRemovalMode, Obstacle, OrderClaim, PlacingOutcome,
    PlacingStore, PlacingTransaction, StockOutcome, StockRepo, StoreError,
};

use super::{
    Backend, Conn, Database, Lease, cart_removals, carts, catalog, dialect, idempotency,
    orders::{self, Inserted},
    outbox,
    prepared::{pad_to, prepared},
    stock,
    users::{AddressRow, UserRow, no_row_if_not_comparable},
};
use crate::sql::{
    config::{CartsIn, EventSink},
    failure::QueryError,
    schema::{address, dashop_cart_removal, tb_order_info, user_profile},
    types::Moment,
};

#[async_trait]
impl PlacingStore for Database {
    async fn buyers(&self, queries: &[BuyerQuery]) -> Result<Vec<Result<Buyer, NotAdmitted>>, StoreError> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        self.reader().await?.call(|conn| buyers(conn, queries)).await
    }

    async fn begin_group(
        &self,
        claims: &[OrderClaim],
        count_unpaid: bool,
    ) -> Result<BegunPlacing, StoreError> {
        let users: BTreeSet<i32> = claims.iter().map(|claim| claim.user_id.0).collect();
        let mut lease = self.begin_holding(&users).await?;
        let counted = if count_unpaid { users } else { BTreeSet::new() };
        let (obstacles, unpaid) = lease.call(|conn| preconditions(conn, claims, counted)).await?;
        let transaction = Box::new(Placing { lease, carts: self.carts, event_sink: self.event_sink });
        Ok(BegunPlacing { transaction, obstacles, unpaid })
    }

    async fn release_guard(&self, id: &OrderId, guard: &RepeatGuard) -> Result<(), StoreError> {
        self.writer().await?.call(|conn| orders::release_guard(conn, id, guard)).await
    }
}

/// The transaction that places a group of orders. If it is dropped, the lease rolls it back.
struct Placing {
    lease: Lease,
    carts: CartsIn,
    event_sink: EventSink,
}

#[async_trait]
impl StockRepo for Placing {
    async fn take(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError> {
        self.lease.call(|conn| stock::take(conn, allocations)).await
    }
}

#[async_trait]
impl PlacingTransaction for Placing {
    async fn skus(&mut self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError> {
        self.lease.call(|conn| catalog::skus(conn, ids)).await
    }

    async fn write(mut self: Box<Self>, orders: &[NewOrder]) -> Result<PlacingOutcome, StoreError> {
        let (carts, event_sink) = (self.carts, self.event_sink);
        if !orders.is_empty() {
            let refused = self.lease.call(|conn| write(conn, orders, carts, event_sink)).await?;
            if let Some(refused) = refused {
                return Ok(refused);
            }
        }
        self.lease.commit().await?;
        Ok(PlacingOutcome::Committed(match carts {
            CartsIn::Database => CartRemovalMode::InTransaction,
            CartsIn::Elsewhere => CartRemovalMode::AfterCommit,
        }))
    }
}

/// A user, the time of the latest order, one of the addresses, and the order and lines of one of the cart removals.
type BuyerRow = (UserRow, Option<Moment>, Option<AddressRow>, Option<String>, Option<String>);

async fn buyers(
    conn: &mut Conn,
    queries: &[BuyerQuery],
) -> Result<Vec<Result<Buyer, NotAdmitted>>, QueryError> {
    let names: BTreeSet<&str> = queries.iter().map(|query| query.caller.username.0.as_str()).collect();
    let ids: BTreeSet<i32> = queries.iter().map(|query| query.address_id.0).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let rows = match buyer_rows(conn, &names, &ids).await {
        Err(error) if dialect::is_not_comparable(&error) => {
            // One of the names has characters that the column cannot hold. The other buyers must still be found.
            let mut rows = Vec::new();
            for name in names {
                rows.extend(buyer_rows(conn, &[name], &ids).await.or_else(no_row_if_not_comparable)?);
            }
            rows
        }
        rows => rows?,
    };
    let mut found: BTreeMap<&str, FoundBuyer> = BTreeMap::new();
    for (user, latest_order_at, address, order_id, lines) in &rows {
        let buyer = found.entry(&user.username).or_insert_with(|| FoundBuyer {
            user,
            latest_order_at: latest_order_at.map(|at| at.0),
            addresses: Vec::new(),
            removals: BTreeMap::new(),
        });
        buyer.addresses.extend(address.clone().map(Address::from));
        if let Some((order_id, lines)) = order_id.as_deref().zip(lines.as_deref()) {
            buyer.removals.insert(order_id, lines);
        }
    }
    let answer = |query: &BuyerQuery| {
        let found = found.get(query.caller.username.0.as_str()).ok_or(NotAdmitted::UnknownUser)?;
        found.answer(query)
    };
    Ok(queries.iter().map(answer).collect())
}

struct FoundBuyer<'a> {
    user: &'a UserRow,
    latest_order_at: Option<ShopTime>,
    addresses: Vec<Address>,
    removals: BTreeMap<&'a str, &'a str>,
}

impl FoundBuyer<'_> {
    fn answer(&self, query: &BuyerQuery) -> Result<Buyer, NotAdmitted> {
        let user_id = self.user.admit(&query.caller)?;
        let mut ordered_lines: Vec<(SkuId, CartStamp)> = Vec::new();
        for (order_id, lines) in &self.removals {
            match cart_removals::lines(lines) {
                Ok(lines) => ordered_lines.extend(lines),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(
                        table = "dashop_cart_removal",
                        key = order_id,
                        error,
                        "a row that cannot be read is left out"
                    );
                }
            }
        }
        Ok(Buyer {
            user_id,
            address: self.addresses.iter().find(|address| address.id == query.address_id).cloned(),
            ordered_lines,
            latest_order_at: self.latest_order_at,
        })
    }
}

async fn buyer_rows(conn: &mut Conn, names: &[&str], ids: &BTreeSet<i32>) -> QueryResult<Vec<BuyerRow>> {
    let (mut names, mut ids) = (names.to_vec(), ids.iter().copied().collect::<Vec<_>>());
    let length = names.len().max(ids.len());
    pad_to(&mut names, length);
    pad_to(&mut ids, length);
    let valid =
        address::uid_id.eq(user_profile::id).and(address::id.eq_any(ids)).and(address::is_alive.eq(true));
    // Orders with a zero date, which the old shop may have, are left out: the date cannot be read.
    let latest_order_at = tb_order_info::table
        .filter(tb_order_info::user_id.eq(user_profile::id).and(tb_order_info::created_time.gt(long_ago())))
        .order(tb_order_info::created_time.desc())
        .select(tb_order_info::created_time)
        .limit(1)
        .single_value();
    let buyers = user_profile::table
        .left_join(address::table.on(valid))
        .left_join(dashop_cart_removal::table.on(dashop_cart_removal::user_id.eq(user_profile::id)))
        .filter(user_profile::username.eq_any(names))
        .select((
            UserRow::as_select(),
            latest_order_at,
            Option::<AddressRow>::as_select(),
            dashop_cart_removal::order_id.nullable(),
            dashop_cart_removal::lines.nullable(),
        ));
    prepared(buyers).load(conn).await
}

/// A time before any order.
fn long_ago() -> Moment {
    Moment(ShopTime::from_shanghai(NaiveDateTime::default()))
}

/// The obstacle to each order of a group, if any, and the buyers' unpaid orders. Together with the stock they decide
/// which orders can be placed.
async fn preconditions(
    conn: &mut Conn,
    claims: &[OrderClaim],
    counted: BTreeSet<i32>,
) -> Result<(Vec<Option<Obstacle>>, BTreeMap<UserId, UnpaidOrders>), QueryError> {
    let query = PreconditionQuery::new(claims, counted);
    let rows: Vec<PreconditionRow> =
        if query.asks_anything() { prepared(query).load(conn).await? } else { Vec::new() };
    let mut found = Found::default();
    for (part, user, sku, count, text, at) in rows {
        found.add(part, i32::try_from(user).ok(), sku, count, text, at);
    }
    Ok((claims.iter().map(|claim| found.obstacle(claim)).collect(), found.unpaid))
}

/// The part of [`PreconditionQuery`] that gave the row, then a user, a SKU, a count, a text (key, guard or order
/// number) and a time. Each part fills only the columns that it needs.
type PreconditionRow = (i64, i64, Option<i64>, Option<i64>, Option<String>, Option<Moment>);

/// The rows of [`PreconditionQuery`] by their part.
#[derive(Default)]
struct Found {
    latest_orders: BTreeMap<UserId, ShopTime>,
    guards: BTreeSet<String>,
    keys: BTreeSet<(UserId, String)>,
    unpaid: BTreeMap<UserId, UnpaidOrders>,
    unpaid_orders: BTreeSet<String>,
}

impl Found {
    fn add(
        &mut self,
        part: i64,
        user: Option<i32>,
        sku: Option<i64>,
        count: Option<i64>,
        text: Option<String>,
        at: Option<Moment>,
    ) {
        let Some(user_id) = user.map(UserId) else { return };
        let count = count.map_or(0, |count| u32::try_from(count.max(0)).unwrap_or(u32::MAX));
        let sku_id = sku.and_then(|sku| i32::try_from(sku).ok()).map(SkuId);
        match (part, sku_id, text, at) {
            (PreconditionQuery::ORDERED, .., Some(at)) => drop(self.latest_orders.insert(user_id, at.0)),
            (PreconditionQuery::GUARDS, _, Some(guard), _) => drop(self.guards.insert(guard)),
            (PreconditionQuery::KEYS, _, Some(key), _) => drop(self.keys.insert((user_id, key))),
            (PreconditionQuery::UNPAID_LINES, Some(sku_id), Some(order_id), _) => {
                let unpaid = self.unpaid.entry(user_id).or_default();
                let held = unpaid.pieces.entry(sku_id).or_default();
                *held = held.saturating_add(count);
                if self.unpaid_orders.insert(order_id) {
                    unpaid.orders = unpaid.orders.saturating_add(1);
                }
            }
            _ => {}
        }
    }

    fn obstacle(&self, claim: &OrderClaim) -> Option<Obstacle> {
        let key_in_use =
            |key: &domain::IdempotencyKey| self.keys.contains(&(claim.user_id, key.as_str().to_owned()));
        if claim.key.as_ref().is_some_and(key_in_use) {
            Some(Obstacle::KeyInUse)
        } else if claim.guard.as_ref().is_some_and(|guard| self.guards.contains(guard.as_str())) {
            Some(Obstacle::GuardInUse)
        } else if claim.is_of_cart && self.latest_orders.get(&claim.user_id) > claim.latest_order_at.as_ref()
        {
            Some(Obstacle::CartOrdered)
        } else {
            None
        }
    }
}

/// Reads the obstacles to the members of a group, and the buyers' unpaid orders, in one statement.
struct PreconditionQuery {
    /// Buyers who order their carts. The time of their latest order shows whether one was placed since the cart was
    /// read.
    carts: Vec<i32>,
    /// A time before any order.
    long_ago: Moment,
    guards: Vec<String>,
    keys: Vec<(i32, String)>,
    /// Buyers whose unpaid orders are counted.
    unpaid: Vec<i32>,
    /// The status that makes an order unpaid.
    status: i32,
}

impl PreconditionQuery {
    const ORDERED: i64 = 1;
    const GUARDS: i64 = 2;
    const KEYS: i64 = 3;
    const UNPAID_LINES: i64 = 4;

    fn new(claims: &[OrderClaim], unpaid: BTreeSet<i32>) -> Self {
        let of_carts = claims.iter().filter(|claim| claim.is_of_cart);
        let carts: BTreeSet<i32> = of_carts.map(|claim| claim.user_id.0).collect();
        let key = |claim: &OrderClaim| Some((claim.user_id.0, claim.key.as_ref()?.as_str().to_owned()));
        let guard = |claim: &OrderClaim| Some(claim.guard.as_ref()?.as_str().to_owned());
        // All lists have one length: with a length of its own for each, the statement would have hundreds of prepared
        // forms.
        Self {
            carts: padded_to_claims(carts, claims),
            long_ago: long_ago(),
            guards: padded_to_claims(claims.iter().filter_map(guard), claims),
            keys: padded_to_claims(claims.iter().filter_map(key), claims),
            unpaid: padded_to_claims(unpaid, claims),
            status: OrderStatus::AwaitingPayment.code().into(),
        }
    }

    fn asks_anything(&self) -> bool {
        let Self { carts, guards, keys, unpaid, long_ago: _, status: _ } = self;
        !(carts.is_empty() && guards.is_empty() && keys.is_empty() && unpaid.is_empty())
    }
}

/// Pads the list to the length that one value for each claim would have. An empty list stays empty.
fn padded_to_claims<T: Clone>(values: impl IntoIterator<Item = T>, claims: &[OrderClaim]) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    pad_to(&mut values, claims.len());
    values
}

/// Puts the text before each part of a statement except the first.
struct Between(&'static str, bool);

impl Between {
    fn next(&mut self, out: &mut AstPass<'_, '_, Backend>) {
        if std::mem::replace(&mut self.1, true) {
            out.push_sql(self.0);
        }
    }
}

impl QueryFragment<Backend> for PreconditionQuery {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        let mut parts = Between(" UNION ALL ", false);
        if !self.carts.is_empty() {
            parts.next(&mut out);
            // One access to the index for each user. Zero dates are left out, as in `buyer_rows`.
            out.push_sql(
                "SELECT 1, user_id, NULL, NULL, NULL, MAX(created_time) FROM tb_order_info WHERE created_time > ",
            );
            out.push_bind_param::<Timestamp, _>(&self.long_ago)?;
            out.push_sql(" AND user_id IN (");
            list::<Integer, _>(&mut out, &self.carts)?;
            out.push_sql(" GROUP BY user_id");
        }
        if !self.guards.is_empty() {
            parts.next(&mut out);
            out.push_sql(
                "SELECT 2, user_id, NULL, NULL, repeat_guard, NULL FROM tb_order_info WHERE repeat_guard IN (",
            );
            list::<Text, _>(&mut out, &self.guards)?;
        }
        if !self.keys.is_empty() {
            parts.next(&mut out);
            out.push_sql(
                "SELECT 3, user_id, NULL, NULL, idempotency_key, NULL FROM dashop_idempotency WHERE ",
            );
            let mut or = Between(" OR ", false);
            for (user, key) in &self.keys {
                or.next(&mut out);
                out.push_sql("(user_id = ");
                out.push_bind_param::<Integer, _>(user)?;
                out.push_sql(" AND idempotency_key = ");
                out.push_bind_param::<Text, _>(key)?;
                out.push_sql(")");
            }
        }
        if !self.unpaid.is_empty() {
            parts.next(&mut out);
            // The orders are read first, whatever cost the planner assumes for the lines.
            out.push_sql(
                "SELECT 4, user_id, sku_id, count, tb_order_info.order_id, NULL FROM tb_order_info ",
            );
            out.push_sql(dialect::JOIN_IN_THIS_ORDER);
            out.push_sql(
                " tb_order_goods ON tb_order_goods.order_id = tb_order_info.order_id WHERE status = ",
            );
            out.push_bind_param::<Integer, _>(&self.status)?;
            out.push_sql(" AND expire_at IS NOT NULL AND user_id IN (");
            list::<Integer, _>(&mut out, &self.unpaid)?;
        }
        Ok(())
    }
}

/// Writes the values of a list and its closing bracket.
fn list<'b, ST, T>(out: &mut AstPass<'_, 'b, Backend>, values: &'b [T]) -> QueryResult<()>
where
    Backend: diesel::sql_types::HasSqlType<ST>,
    T: diesel::serialize::ToSql<ST, Backend>,
{
    let mut comma = Between(", ", false);
    for value in values {
        comma.next(out);
        out.push_bind_param::<ST, _>(value)?;
    }
    out.push_sql(")");
    Ok(())
}

impl Query for PreconditionQuery {
    type SqlType = (BigInt, BigInt, Nullable<BigInt>, Nullable<BigInt>, Nullable<Text>, Nullable<Timestamp>);
}

/// Writes the orders and everything that belongs to them, without the commit. `None` if everything was written.
async fn write(
    conn: &mut Conn,
    orders: &[NewOrder],
    carts_in: CartsIn,
    event_sink: EventSink,
) -> Result<Option<PlacingOutcome>, QueryError> {
    match orders::insert(conn, orders).await? {
        Inserted::All => {}
        Inserted::NumberTaken => return Ok(Some(PlacingOutcome::NumberTaken)),
        Inserted::Repeated => return Ok(Some(PlacingOutcome::ClaimTaken)),
    }
    match event_sink {
        EventSink::Dropped => {}
        EventSink::Outbox => {
            let events: Vec<OrderEvent> = orders.iter().map(OrderEvent::created).collect();
            outbox::add(conn, &events).await?;
        }
    }
    let Some(now) = orders.iter().map(|new| new.order.created_at).max() else { return Ok(None) };
    if orders.iter().any(|new| new.idempotency.is_some()) && !idempotency::record(conn, orders, now).await? {
        return Ok(Some(PlacingOutcome::ClaimTaken));
    }
    let removals: Vec<CartRemoval> = orders.iter().filter_map(CartRemoval::of).collect();
    if !removals.is_empty() {
        match carts_in {
            CartsIn::Database => carts::remove(conn, &removals).await?,
            CartsIn::Elsewhere => cart_removals::record(conn, &removals, now).await?,
        }
    }
    Ok(None)
}
