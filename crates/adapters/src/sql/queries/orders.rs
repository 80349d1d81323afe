use async_trait::async_trait;
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::RunQueryDsl;
use domain::{NewOrder, Order, OrderGoods, OrderId, PayMethod, SaleAttribute, StatusChange};
use ports::{BoxError, InsertOrdersError, OrderRepo, StoreError};

use super::{Conn, Unit, dialect::insert_rows, locking::for_update, order_reader, prepared::prepared};
use crate::sql::{
    failure::QueryError,
    schema::{dashop_order_timeline, tb_order_goods, tb_order_info},
    types::{Amount, Moment},
};

/// How many characters of a reason are kept.
const REASON_CHARS: usize = 200;

#[async_trait]
impl OrderRepo for Unit {
    async fn insert(&mut self, orders: &[NewOrder]) -> Result<(), InsertOrdersError> {
        match self.lease.call(|conn| insert(conn, orders)).await? {
            Inserted::All => Ok(()),
            Inserted::NumberTaken(cause) => Err(InsertOrdersError::NumberTaken(cause)),
        }
    }

    async fn find_for_update(&mut self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.lease.call(|conn| find_for_update(conn, id)).await
    }

    async fn change_status(&mut self, change: &StatusChange) -> Result<bool, StoreError> {
        self.lease.call(|conn| change_status(conn, change)).await
    }
}

enum Inserted {
    All,
    NumberTaken(BoxError),
}

#[derive(Insertable)]
#[diesel(table_name = tb_order_info, treat_none_as_default_value = false)]
struct OrderRow {
    order_id: String,
    created_time: Moment,
    updated_time: Moment,
    total_count: i32,
    total_amount: Amount,
    freight: Amount,
    pay_method: i16,
    status: i16,
    address_id: i32,
    user_id: i32,
    ship_title: Option<String>,
    ship_receiver: Option<String>,
    ship_mobile: Option<String>,
    ship_address: Option<String>,
    expire_at: Option<Moment>,
}

#[derive(Insertable)]
#[diesel(table_name = tb_order_goods, treat_none_as_default_value = false)]
struct GoodsRow {
    created_time: Moment,
    updated_time: Moment,
    pieces: i32,
    price: Amount,
    order_id: String,
    sku_id: i32,
    sku_name: Option<String>,
    sku_image_url: Option<String>,
    sku_sale_attrs: Option<String>,
}

async fn insert(conn: &mut Conn, orders: &[NewOrder]) -> Result<Inserted, QueryError> {
    let rows = orders.iter().map(OrderRow::of).collect::<Result<_, _>>()?;
    match insert_rows!(conn, tb_order_info::table, rows) {
        Ok(()) => {}
        Err(QueryError::Database(
            error @ DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _),
        )) => {
            return Ok(Inserted::NumberTaken(error.into()));
        }
        Err(error) => return Err(error),
    }
    let lines =
        orders.iter().flat_map(|new| new.order.goods.iter().map(|line| GoodsRow::of(&new.order, line)));
    insert_rows!(conn, tb_order_goods::table, lines.collect::<Result<_, _>>()?)?;
    Ok(Inserted::All)
}

async fn find_for_update(conn: &mut Conn, id: &OrderId) -> Result<Option<Order>, QueryError> {
    // The order's row alone: a lock on the joined rows would stop others who have nothing to do with this order.
    let row = tb_order_info::table.find(id.as_str()).select(tb_order_info::order_id);
    let locked: Option<String> = for_update(row).get_result(conn).await.optional()?;
    match locked {
        Some(_) => order_reader::find(conn, id).await,
        None => Ok(None),
    }
}

async fn change_status(conn: &mut Conn, change: &StatusChange) -> Result<bool, QueryError> {
    let unchanged = tb_order_info::table
        .find(change.order_id.as_str())
        .filter(tb_order_info::status.eq(change.from.code()));
    let compare_and_set = diesel::update(unchanged)
        .set((tb_order_info::status.eq(change.to.code()), tb_order_info::updated_time.eq(Moment(change.at))));
    let changed = prepared(compare_and_set).execute(conn).await?;
    if changed == 0 {
        return Ok(false);
    }
    diesel::insert_into(dashop_order_timeline::table)
        .values((
            dashop_order_timeline::order_id.eq(change.order_id.as_str()),
            dashop_order_timeline::from_status.eq(change.from.code()),
            dashop_order_timeline::to_status.eq(change.to.code()),
            dashop_order_timeline::actor.eq(change.actor.as_str()),
            dashop_order_timeline::reason.eq(change.reason.chars().take(REASON_CHARS).collect::<String>()),
            dashop_order_timeline::at.eq(Moment(change.at)),
        ))
        .execute(conn)
        .await?;
    Ok(true)
}

impl OrderRow {
    fn of(new: &NewOrder) -> Result<Self, QueryError> {
        let order = &new.order;
        Ok(Self {
            order_id: order.id.as_str().to_owned(),
            created_time: Moment(order.created_at),
            updated_time: Moment(order.created_at),
            total_count: column_count(order.total_count)?,
            total_amount: Amount(order.total_amount),
            freight: Amount(order.freight),
            pay_method: PayMethod::Alipay.code(),
            status: order.status.code(),
            address_id: new.address_id.0,
            user_id: order.user_id.0,
            ship_title: Some(order.shipping.title.clone()),
            ship_receiver: Some(order.shipping.receiver.clone()),
            ship_mobile: Some(order.shipping.mobile.clone()),
            ship_address: Some(order.shipping.address.clone()),
            expire_at: order.expire_at.map(Moment),
        })
    }
}

impl GoodsRow {
    fn of(order: &Order, line: &OrderGoods) -> Result<Self, QueryError> {
        Ok(Self {
            created_time: Moment(order.created_at),
            updated_time: Moment(order.created_at),
            pieces: column_count(line.quantity.pieces())?,
            price: Amount(line.price),
            order_id: order.id.as_str().to_owned(),
            sku_id: line.sku_id.0,
            sku_name: Some(line.name.clone()),
            sku_image_url: Some(line.default_image_url.clone()),
            sku_sale_attrs: Some(attributes_to_json(&line.attributes)?),
        })
    }
}

fn column_count(pieces: u32) -> Result<i32, QueryError> {
    i32::try_from(pieces).map_err(|_| QueryError::corrupt("a count beyond the column", pieces))
}

/// `[["颜色","红色"],…]`
fn attributes_to_json(attributes: &[SaleAttribute]) -> Result<String, QueryError> {
    let pairs: Vec<(&str, &str)> =
        attributes.iter().map(|attribute| (attribute.name.as_str(), attribute.value.as_str())).collect();
    serde_json::to_string(&pairs).map_err(|error| QueryError::corrupt("attributes as JSON", error))
}
