use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{SaleAttribute, Sku, SkuId};
use ports::{Catalog, StoreError};

use super::{
    Conn, Database,
    prepared::{padded, prepared},
    readable::{leave_out, load_each},
};
use crate::sql::{
    failure::QueryError,
    schema::{ddsc_sale_attr_value, ddsc_sku, ddsc_spu_sale_attr},
    types::Amount,
};

#[async_trait]
impl Catalog for Database {
    async fn skus(&self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.reader().await?.call(|conn| skus(conn, ids)).await
    }
}

pub(super) async fn skus(conn: &mut Conn, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, QueryError> {
    let skus = ddsc_sku::table
        .left_join(ddsc_sale_attr_value::table.on(ddsc_sale_attr_value::sku_id.eq(ddsc_sku::id)))
        .left_join(
            ddsc_spu_sale_attr::table
                .on(ddsc_sale_attr_value::sale_attr_id.nullable().eq(ddsc_spu_sale_attr::id.nullable())),
        )
        .filter(ddsc_sku::id.eq_any(padded(ids.iter().map(|id| id.0))))
        .order((ddsc_sku::id, ddsc_sale_attr_value::id))
        .select((
            ddsc_sku::id,
            (
                SkuRow::as_select(),
                ddsc_spu_sale_attr::sale_attr_name.nullable(),
                ddsc_sale_attr_value::sale_attr_value_name.nullable(),
            ),
        ));
    let each = load_each(conn, prepared(skus), |(_, row): (i32, WithAttribute)| Ok(row));
    let mut skus: BTreeMap<SkuId, Sku> = BTreeMap::new();
    for (row, name, value) in leave_out("DDSC_SKU", each.await?) {
        let sku = skus.entry(SkuId(row.id)).or_insert_with(|| row.into());
        sku.attributes.extend(name.zip(value).map(|(name, value)| SaleAttribute { name, value }));
    }
    Ok(skus)
}

/// The attributes of these SKUs as they are now, each SKU's in the order of their ids.
pub(super) async fn attributes(
    conn: &mut Conn,
    sku_ids: &[i32],
) -> Result<BTreeMap<i32, Vec<SaleAttribute>>, QueryError> {
    let rows: Vec<(i32, String, String)> = ddsc_sale_attr_value::table
        .inner_join(
            ddsc_spu_sale_attr::table.on(ddsc_sale_attr_value::sale_attr_id.eq(ddsc_spu_sale_attr::id)),
        )
        .filter(ddsc_sale_attr_value::sku_id.eq_any(sku_ids))
        .order((ddsc_sale_attr_value::sku_id, ddsc_sale_attr_value::id))
        .select((
            ddsc_sale_attr_value::sku_id,
            ddsc_spu_sale_attr::sale_attr_name,
            ddsc_sale_attr_value::sale_attr_value_name,
        ))
        .load(conn)
        .await?;
    let mut attributes: BTreeMap<i32, Vec<SaleAttribute>> = BTreeMap::new();
    for (sku_id, name, value) in rows {
        attributes.entry(sku_id).or_default().push(SaleAttribute { name, value });
    }
    Ok(attributes)
}

/// A SKU with one of its attributes: name and value.
type WithAttribute = (SkuRow, Option<String>, Option<String>);

#[derive(Queryable, Selectable)]
#[diesel(table_name = ddsc_sku)]
struct SkuRow {
    id: i32,
    name: Option<String>,
    default_image_url: Option<String>,
    price: Amount,
    stock: i32,
    is_launched: bool,
}

impl From<SkuRow> for Sku {
    fn from(row: SkuRow) -> Self {
        Self {
            id: SkuId(row.id),
            name: row.name.unwrap_or_default(),
            default_image_url: row.default_image_url.unwrap_or_default(),
            price: row.price.0,
            // The stock is negative if the old shop sold more than it had: no piece can be sold.
            stock: u32::try_from(row.stock).unwrap_or(0),
            is_launched: row.is_launched,
            attributes: Vec::new(),
        }
    }
}
