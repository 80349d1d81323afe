use std::collections::BTreeMap;

use diesel::{
    QueryResult,
    prelude::*,
    query_builder::{AstPass, QueryFragment},
    sql_types::Integer,
};
use diesel_async::RunQueryDsl;
use domain::{Allocation, OrderId, Restock, ShopTime, SkuId, StockMove, StockMoveKind};
use ports::StockOutcome;

use super::{
    Backend, Conn,
    dialect::{self, insert_rows},
    orders::column_count,
    prepared::{padded, prepared, prepared_if_few},
    readable::{leave_out, load_each},
};
use crate::sql::{
    failure::{QueryError, is_new, word},
    schema::{dashop_stock_move, ddsc_sku},
    types::{Amount, Moment, Yuan},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = dashop_stock_move)]
pub(super) struct MoveRow {
    sku_id: i32,
    kind: String,
    pieces: i32,
    at: Moment,
}

/// Takes the pieces of a whole group of orders from stock, at the quoted prices.
pub(super) async fn take(conn: &mut Conn, allocations: &[Allocation]) -> Result<StockOutcome, QueryError> {
    for some in allocations.chunks(SKUS_PER_STATEMENT) {
        // `stock` is an i32: a larger number of pieces cannot be in stock.
        let Some(takings) = some.iter().map(Taking::of).collect::<Option<Vec<_>>>() else {
            return Ok(StockOutcome::Changed);
        };
        let taken = prepared(TakeTogether(padded(takings))).execute(conn).await?;
        if taken != some.len() {
            return Ok(StockOutcome::Changed);
        }
    }
    Ok(StockOutcome::Taken)
}

/// Maximum number of SKUs in one statement: the engines limit the number of bound values.
const SKUS_PER_STATEMENT: usize = 512;

/// Pieces of one SKU that are taken, with the types of the columns.
#[derive(Debug, Clone, Copy)]
struct Taking {
    sku_id: i32,
    pieces: i32,
    price: Amount,
}

impl Taking {
    fn of(allocation: &Allocation) -> Option<Self> {
        let pieces = i32::try_from(allocation.pieces).ok()?;
        Some(Self { sku_id: allocation.sku_id.0, pieces, price: Amount(allocation.price) })
    }
}

/// One `UPDATE` that takes the pieces of several SKUs. It updates one row for each SKU, except for SKUs that have
/// changed since they were quoted.
#[derive(Debug)]
struct TakeTogether(Vec<Taking>);

impl QueryFragment<Backend> for TakeTogether {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if dialect::UPDATES_FROM_VALUES {
            return self.with_a_table(out);
        }
        out.push_sql("UPDATE DDSC_SKU SET stock = stock - ");
        self.by_sku(&mut out, |out, taking| out.push_bind_param::<Integer, _>(&taking.pieces))?;
        out.push_sql(", sales = sales + ");
        self.by_sku(&mut out, |out, taking| out.push_bind_param::<Integer, _>(&taking.pieces))?;
        out.push_sql(", version = version + 1 WHERE id IN (");
        for (number, taking) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 { "" } else { ", " });
            out.push_bind_param::<Integer, _>(&taking.sku_id)?;
        }
        out.push_sql(") AND is_launched = TRUE AND stock >= ");
        self.by_sku(&mut out, |out, taking| out.push_bind_param::<Integer, _>(&taking.pieces))?;
        out.push_sql(" AND price = ");
        self.by_sku(&mut out, |out, taking| out.push_bind_param::<Yuan, _>(&taking.price))?;
        Ok(())
    }
}

impl TakeTogether {
    /// Uses a table of the takings, because a `CASE` checks every `WHEN` for every row: its cost grows quadratically.
    fn with_a_table<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE DDSC_SKU SET stock = stock - taking.column2, sales = sales + taking.column2, \
             version = version + 1 FROM (VALUES ",
        );
        for (number, taking) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 { "(" } else { ", (" });
            out.push_bind_param::<Integer, _>(&taking.sku_id)?;
            out.push_sql(", ");
            out.push_bind_param::<Integer, _>(&taking.pieces)?;
            out.push_sql(", ");
            out.push_bind_param::<Yuan, _>(&taking.price)?;
            out.push_sql(")");
        }
        out.push_sql(
            ") AS taking WHERE id = taking.column1 AND is_launched = TRUE AND stock >= taking.column2 \
             AND price = taking.column3",
        );
        Ok(())
    }

    /// `(CASE id WHEN … THEN … END)`, with a value for each SKU.
    fn by_sku<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Backend>,
        value: impl Fn(&mut AstPass<'_, 'b, Backend>, &'b Taking) -> QueryResult<()>,
    ) -> QueryResult<()> {
        out.push_sql("(CASE id");
        for taking in &self.0 {
            out.push_sql(" WHEN ");
            out.push_bind_param::<Integer, _>(&taking.sku_id)?;
            out.push_sql(" THEN ");
            value(out, taking)?;
        }
        out.push_sql(" END)");
        Ok(())
    }
}

/// Takes a cancelled order's pieces from stock again. Returns false if the stock is too low or the pieces were retaken
/// before; the caller must then drop the transaction.
pub(super) async fn retake(
    conn: &mut Conn,
    number: &str,
    pieces: &[Restock],
    at: ShopTime,
) -> Result<bool, QueryError> {
    for retaken in pieces {
        // `stock` is an i32: a larger number of pieces cannot be in stock.
        let Ok(count) = i32::try_from(retaken.pieces) else { return Ok(false) };
        // The current price does not matter, nor whether the SKU is on the shelf: the order exists already.
        let available = ddsc_sku::id.eq(retaken.sku_id.0).and(ddsc_sku::stock.ge(count));
        let retake = diesel::update(ddsc_sku::table.filter(available)).set((
            ddsc_sku::stock.eq(ddsc_sku::stock - count),
            ddsc_sku::sales.eq(ddsc_sku::sales + count),
            ddsc_sku::version.eq(ddsc_sku::version + 1),
        ));
        if prepared(retake).execute(conn).await? == 0 {
            return Ok(false);
        }
    }
    record(conn, number, &StockMoveKind::Revived, pieces, at).await
}

/// Puts pieces back into stock and subtracts them from the sales. Returns false if pieces of one of the SKUs went back
/// for this reason before, or a SKU was deleted; the caller must then drop the transaction.
pub(super) async fn give_back(
    conn: &mut Conn,
    number: &str,
    reason: &StockMoveKind,
    pieces: &[Restock],
    at: ShopTime,
) -> Result<bool, QueryError> {
    if !record(conn, number, reason, pieces, at).await? {
        return Ok(false);
    }
    for back in pieces {
        let count = column_count(back.pieces)?;
        let give_back = diesel::update(ddsc_sku::table.find(back.sku_id.0)).set((
            ddsc_sku::stock.eq(ddsc_sku::stock + count),
            ddsc_sku::sales.eq(ddsc_sku::sales - count),
            ddsc_sku::version.eq(ddsc_sku::version + 1),
        ));
        if prepared(give_back).execute(conn).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many pieces of each of these SKUs are in stock. Deleted SKUs are missing.
pub(super) async fn in_stock(conn: &mut Conn, skus: &[i32]) -> Result<BTreeMap<SkuId, u32>, QueryError> {
    if skus.is_empty() {
        return Ok(BTreeMap::new());
    }
    let skus = padded(skus.iter().copied());
    let stocks = ddsc_sku::table.filter(ddsc_sku::id.eq_any(&skus)).select((ddsc_sku::id, ddsc_sku::stock));
    let rows: Vec<(i32, i32)> = prepared_if_few(stocks, skus.len()).load(conn).await?;
    // The old shop may have left a negative stock: no piece is available.
    Ok(rows.into_iter().map(|(id, stock)| (SkuId(id), u32::try_from(stock).unwrap_or(0))).collect())
}

/// Inserts the stock movements. Returns false if one of this order, SKU and kind exists already.
async fn record(
    conn: &mut Conn,
    number: &str,
    kind: &StockMoveKind,
    pieces: &[Restock],
    at: ShopTime,
) -> Result<bool, QueryError> {
    let row = |moved: &Restock| {
        Ok((
            dashop_stock_move::order_id.eq(number.to_owned()),
            dashop_stock_move::sku_id.eq(moved.sku_id.0),
            dashop_stock_move::kind.eq(kind.to_word()),
            dashop_stock_move::pieces.eq(column_count(moved.pieces)?),
            dashop_stock_move::at.eq(Moment(at)),
        ))
    };
    let rows = pieces.iter().map(row).collect::<Result<Vec<_>, QueryError>>()?;
    is_new(insert_rows!(conn, dashop_stock_move::table, rows))
}

pub(super) async fn moves_of(conn: &mut Conn, number: &str) -> Result<Vec<StockMove>, QueryError> {
    let rows: Vec<MoveRow> = dashop_stock_move::table
        .filter(dashop_stock_move::order_id.eq(number))
        .order(dashop_stock_move::id)
        .select(MoveRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(StockMove::try_from).collect()
}

/// The stock movements of these orders, by order. An unreadable movement is left out.
pub(super) async fn moves_of_all(
    conn: &mut Conn,
    orders: &[OrderId],
) -> Result<BTreeMap<String, Vec<StockMove>>, QueryError> {
    let rows = dashop_stock_move::table
        .filter(dashop_stock_move::order_id.eq_any(orders.iter().map(OrderId::as_str)))
        .order(dashop_stock_move::id)
        .select((dashop_stock_move::id, (dashop_stock_move::order_id, MoveRow::as_select())));
    let read = |(_, (order, row)): (i32, (String, MoveRow))| Ok((order, StockMove::try_from(row)?));
    let mut moves: BTreeMap<String, Vec<StockMove>> = BTreeMap::new();
    for (order, moved) in leave_out("dashop_stock_move", load_each(conn, rows, read).await?) {
        moves.entry(order).or_default().push(moved);
    }
    Ok(moves)
}

impl TryFrom<MoveRow> for StockMove {
    type Error = QueryError;

    fn try_from(row: MoveRow) -> Result<Self, QueryError> {
        Ok(Self {
            sku_id: SkuId(row.sku_id),
            pieces: u32::try_from(row.pieces)
                .map_err(|_| QueryError::corrupt("dashop_stock_move.pieces", row.pieces))?,
            kind: word("dashop_stock_move.kind", &row.kind, StockMoveKind::from_word)?,
            at: row.at.0,
        })
    }
}
