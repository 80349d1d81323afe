use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::RunQueryDsl;
use domain::{
    Money, NewOrder, Order, OrderGoods, OrderId, OrderStatus, RepeatGuard, SaleAttribute, Shipment, ShopTime,
    StatusChange,
};
use ports::{Claimed, DueOrder};

use super::{
    Conn,
    columns::{ORDER_ID, cut, name, order_id},
    dialect::insert_rows,
    locking::{for_update, for_update_skip_locked},
    order_reader,
    prepared::prepared,
    readable::{load_each, park},
};
use crate::sql::{
    failure::{QueryError, message},
    schema::{dashop_order_timeline, tb_order_goods, tb_order_info},
    types::{Amount, Moment},
};

/// 支付宝 in the old back end's column `pay_method`. The channel is stored with attempts and payments.
const PAY_METHOD: i16 = 1;
/// How many characters of a reason are kept.
const REASON_CHARS: usize = 200;

/// The result of inserting orders, if the database did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inserted {
    All,
    /// One of the numbers is in use.
    NumberTaken,
    /// One of the guards is in use.
    Repeated,
}

pub(super) async fn insert(conn: &mut Conn, orders: &[NewOrder]) -> Result<Inserted, QueryError> {
    let row = |new: &NewOrder| {
        let NewOrder { order, address_id, due_at, repeat_guard, .. } = new;
        Ok((
            tb_order_info::order_id.eq(order.id.as_str().to_owned()),
            tb_order_info::created_time.eq(Moment(order.created_at)),
            tb_order_info::updated_time.eq(Moment(order.created_at)),
            tb_order_info::total_count.eq(column_count(order.total_count)?),
            tb_order_info::total_amount.eq(Amount(order.total_amount)),
            tb_order_info::freight.eq(Amount(order.freight)),
            tb_order_info::pay_method.eq(PAY_METHOD),
            tb_order_info::status.eq(order.status.code()),
            tb_order_info::address_id.eq(address_id.0),
            tb_order_info::user_id.eq(order.user_id.0),
            tb_order_info::ship_title.eq(order.shipping.title.clone()),
            tb_order_info::ship_receiver.eq(order.shipping.receiver.clone()),
            tb_order_info::ship_mobile.eq(order.shipping.mobile.clone()),
            tb_order_info::ship_address.eq(order.shipping.address.clone()),
            tb_order_info::expire_at.eq(order.expire_at.map(Moment)),
            tb_order_info::due_at.eq(due_at.map(Moment)),
            tb_order_info::repeat_guard.eq(repeat_guard.as_ref().map(|guard| guard.as_str().to_owned())),
        ))
    };
    let rows = orders.iter().map(row).collect::<Result<Vec<_>, QueryError>>()?;
    match insert_rows!(conn, tb_order_info::table, rows) {
        Ok(()) => {}
        Err(QueryError::Database(
            error @ DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _),
        )) => {
            // The messages of both engines name the key or its column.
            let is_guard = message(&error).contains("repeat_guard");
            return Ok(if is_guard { Inserted::Repeated } else { Inserted::NumberTaken });
        }
        Err(error) => return Err(error),
    }
    let row = |(order, line): (&Order, &OrderGoods)| {
        Ok((
            tb_order_goods::created_time.eq(Moment(order.created_at)),
            tb_order_goods::updated_time.eq(Moment(order.created_at)),
            tb_order_goods::pieces.eq(column_count(line.quantity.pieces())?),
            tb_order_goods::price.eq(Amount(line.price)),
            tb_order_goods::order_id.eq(order.id.as_str().to_owned()),
            tb_order_goods::sku_id.eq(line.sku_id.0),
            tb_order_goods::sku_name.eq(line.name.clone()),
            tb_order_goods::sku_image_url.eq(line.default_image_url.clone()),
            tb_order_goods::sku_sale_attrs.eq(attributes_to_json(&line.attributes)?),
        ))
    };
    let lines = orders.iter().flat_map(|new| new.order.goods.iter().map(|line| (&new.order, line)));
    let rows = lines.map(row).collect::<Result<Vec<_>, QueryError>>()?;
    insert_rows!(conn, tb_order_goods::table, rows)?;
    Ok(Inserted::All)
}

pub(super) async fn find_for_update(conn: &mut Conn, id: &OrderId) -> Result<Option<Order>, QueryError> {
    // Only the order's row: a lock on joined rows would block callers that do not use this order.
    let row = tb_order_info::table.find(id.as_str()).select(tb_order_info::order_id);
    let locked: Option<String> = for_update(row).get_result(conn).await.optional()?;
    match locked {
        Some(_) => order_reader::find(conn, id).await,
        None => Ok(None),
    }
}

pub(super) async fn change_status(conn: &mut Conn, change: &StatusChange) -> Result<bool, QueryError> {
    let unchanged = tb_order_info::table
        .find(change.order_id.as_str())
        .filter(tb_order_info::status.eq(change.from.code()));
    let compare_and_set = diesel::update(unchanged).set((
        tb_order_info::status.eq(change.to.code()),
        tb_order_info::updated_time.eq(Moment(change.at)),
        tb_order_info::due_at.eq(change.due_at.map(Moment)),
        tb_order_info::due_attempts.eq(0),
    ));
    let changed = prepared(compare_and_set).execute(conn).await?;
    if changed == 0 {
        return Ok(false);
    }
    diesel::insert_into(dashop_order_timeline::table)
        .values((
            dashop_order_timeline::order_id.eq(change.order_id.as_str()),
            dashop_order_timeline::from_status.eq(change.from.code()),
            dashop_order_timeline::to_status.eq(change.to.code()),
            dashop_order_timeline::actor.eq(change.cause.actor.as_str()),
            dashop_order_timeline::actor_name.eq(change.cause.name.as_deref().map(name)),
            dashop_order_timeline::request_id.eq(change.cause.request_id.as_deref().map(name)),
            dashop_order_timeline::reason.eq(cut(&change.reason, REASON_CHARS)),
            dashop_order_timeline::at.eq(Moment(change.at)),
        ))
        .execute(conn)
        .await?;
    Ok(true)
}

pub(super) async fn release_guard(
    conn: &mut Conn,
    id: &OrderId,
    guard: &RepeatGuard,
) -> Result<(), QueryError> {
    let guarded =
        tb_order_info::table.find(id.as_str()).filter(tb_order_info::repeat_guard.eq(guard.as_str()));
    diesel::update(guarded).set(tb_order_info::repeat_guard.eq(None::<String>)).execute(conn).await?;
    Ok(())
}

pub(super) async fn record_shipment(
    conn: &mut Conn,
    number: &str,
    shipment: &Shipment,
) -> Result<(), QueryError> {
    let sent = diesel::update(tb_order_info::table.find(number)).set((
        tb_order_info::carrier.eq(&shipment.carrier),
        tb_order_info::tracking_number.eq(&shipment.tracking_number),
        tb_order_info::shipped_at.eq(Moment(shipment.shipped_at)),
    ));
    prepared(sent).execute(conn).await?;
    Ok(())
}

pub(super) async fn set_refunded(conn: &mut Conn, number: &str, amount: Money) -> Result<(), QueryError> {
    let refunded = diesel::update(tb_order_info::table.find(number))
        .set(tb_order_info::refunded_amount.eq(Amount(amount)));
    prepared(refunded).execute(conn).await?;
    Ok(())
}

/// Claims the due orders. Also returns how many orders it parked because their number is invalid.
pub(super) async fn claim_due(
    conn: &mut Conn,
    now: ShopTime,
    lease_until: ShopTime,
    limit: u32,
) -> Result<(Vec<Claimed<DueOrder>>, usize), QueryError> {
    let due = tb_order_info::table
        .filter(tb_order_info::due_at.le(Moment(now)))
        .order(tb_order_info::due_at)
        .limit(limit.into())
        .select((tb_order_info::order_id, (tb_order_info::status, tb_order_info::due_attempts)));
    let claimed = |(id, (status, attempts)): (String, (i16, i32))| {
        let item = DueOrder { id: order_id(ORDER_ID, &id)?, status: OrderStatus::from_code(status.into()) };
        Ok(Claimed { item, attempts: u32::try_from(attempts).unwrap_or(0) })
    };
    let each = load_each(conn, for_update_skip_locked(due), claimed).await?;
    let (claimed, unreadable) = park("tb_order_info", each);
    if !unreadable.is_empty() {
        let these = tb_order_info::table.filter(tb_order_info::order_id.eq_any(&unreadable));
        diesel::update(these).set(tb_order_info::due_at.eq(None::<Moment>)).execute(conn).await?;
    }
    if !claimed.is_empty() {
        let these = tb_order_info::order_id.eq_any(claimed.iter().map(|claimed| claimed.item.id.as_str()));
        diesel::update(tb_order_info::table.filter(these))
            .set((
                tb_order_info::due_at.eq(Moment(lease_until)),
                tb_order_info::due_attempts.eq(tb_order_info::due_attempts + 1),
            ))
            .execute(conn)
            .await?;
    }
    Ok((claimed, unreadable.len()))
}

/// Sets when the order's timer fires. Returns false, and changes nothing, if the order has another status.
pub(super) async fn set_timer(
    conn: &mut Conn,
    number: &str,
    status: OrderStatus,
    due_at: Option<ShopTime>,
    restart: bool,
) -> Result<bool, QueryError> {
    let due_at = due_at.map(Moment);
    let in_status = tb_order_info::table.find(number).filter(tb_order_info::status.eq(status.code()));
    let set = if restart {
        let values = (tb_order_info::due_at.eq(due_at), tb_order_info::due_attempts.eq(0));
        prepared(diesel::update(in_status).set(values)).execute(conn).await?
    } else {
        prepared(diesel::update(in_status).set(tb_order_info::due_at.eq(due_at))).execute(conn).await?
    };
    Ok(set > 0)
}

pub(super) fn column_count(pieces: u32) -> Result<i32, QueryError> {
    i32::try_from(pieces).map_err(|_| QueryError::corrupt("a count beyond the column", pieces))
}

/// `[["颜色","红色"],…]`
fn attributes_to_json(attributes: &[SaleAttribute]) -> Result<String, QueryError> {
    let pairs: Vec<(&str, &str)> =
        attributes.iter().map(|attribute| (attribute.name.as_str(), attribute.value.as_str())).collect();
    serde_json::to_string(&pairs).map_err(|error| QueryError::corrupt("attributes as JSON", error))
}
