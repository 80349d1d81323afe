use std::collections::HashMap;

use async_trait::async_trait;
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer},
};
use diesel_async::RunQueryDsl;
use domain::{
    AttributeId, AttributeValue, AttributeValueId, CatalogId, Product, ProductAttribute, ProductSku, SkuCard,
    SkuId, SpuId,
};
use ports::{Section, StoreError, StorefrontReader};

use super::{
    Conn, Database,
    readable::{Keyed, leave_out, load_each},
};
use crate::sql::{
    failure::QueryError,
    schema::{ddsc_goods_catalog, ddsc_sale_attr_value, ddsc_sku, ddsc_spu, ddsc_spu_sale_attr},
    types::Amount,
};

/// Maximum number of rows of a product: one for each value of each of its SKUs. No page shows so many.
const ROWS_OF_A_PRODUCT: i64 = 5_000;

const TABLE: &str = "DDSC_SKU";

/// A page of the SKUs on the shelf of a kind, which reads no more products than it needs. The bound values are the
/// kind, the end of the page, its length, and its begin. diesel cannot express a join with the first rows of a table.
const SECTION: &str = "\
    SELECT * FROM ( \
        SELECT k.id AS id, products.catalog_id AS catalog_id, products.id AS spu_id, k.name AS name, \
            k.caption AS caption, k.price AS price, k.default_image_url AS default_image_url \
        FROM ( \
            SELECT s.id AS id, s.catalog_id AS catalog_id FROM DDSC_SPU s \
            WHERE s.catalog_id = ? \
                AND EXISTS (SELECT 1 FROM DDSC_SKU l WHERE l.SPU_ID_id = s.id AND l.is_launched = 1) \
            ORDER BY s.id LIMIT ? \
        ) products JOIN DDSC_SKU k ON k.SPU_ID_id = products.id \
        WHERE k.is_launched = 1 ORDER BY products.id, k.id LIMIT ? OFFSET ? \
    ) section";
/// The rows of a union of sections need an order of their own.
const IN_ORDER: &str = " ORDER BY catalog_id, spu_id, id";

#[async_trait]
impl StorefrontReader for Database {
    async fn sections(&self, catalogs: u32, skus: u32) -> Result<Vec<Section>, StoreError> {
        self.reader().await?.call(|conn| sections(conn, catalogs, skus)).await
    }

    async fn section_page(
        &self,
        catalog_id: CatalogId,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<SkuCard>, StoreError> {
        let shown = self.reader().await?.call(|conn| cards(conn, vec![catalog_id], skip, limit)).await?;
        Ok(shown.into_iter().map(|(_, card)| card).collect())
    }

    async fn section_size(&self, catalog_id: CatalogId) -> Result<u32, StoreError> {
        self.reader().await?.call(|conn| section_size(conn, catalog_id)).await
    }

    async fn product_of(&self, sku_id: SkuId) -> Result<Option<Product>, StoreError> {
        self.reader().await?.call(|conn| product_of(conn, sku_id)).await
    }

    async fn product(&self, spu_id: SpuId) -> Result<Option<Product>, StoreError> {
        self.reader().await?.call(|conn| product(conn, spu_id)).await
    }
}

/// A SKU in the section of its kind.
#[derive(QueryableByName)]
struct SectionRow {
    #[diesel(sql_type = Integer)]
    catalog_id: i32,
    #[diesel(embed)]
    card: CardRow,
}

impl Keyed for SectionRow {
    type Key = i32;
}

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = ddsc_sku)]
struct CardRow {
    id: i32,
    name: Option<String>,
    caption: Option<String>,
    price: Amount,
    default_image_url: Option<String>,
}

/// A SKU of a product, without its attribute values.
#[derive(Queryable, Selectable)]
#[diesel(table_name = ddsc_sku)]
struct SkuRow {
    #[diesel(embed)]
    card: CardRow,
    stock: i32,
    is_launched: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = ddsc_sale_attr_value)]
struct ValueRow {
    id: i32,
    sale_attr_id: i32,
    sale_attr_value_name: String,
}

async fn sections(conn: &mut Conn, catalogs: u32, skus: u32) -> Result<Vec<Section>, QueryError> {
    let kinds = ddsc_goods_catalog::table.order(ddsc_goods_catalog::id).limit(catalogs.into());
    let kinds = kinds.select((ddsc_goods_catalog::id, ddsc_goods_catalog::name));
    let kinds = leave_out("DDSC_GOODS_CATALOG", load_each(conn, kinds, Ok::<(i32, String), _>).await?);
    let ids = kinds.iter().map(|(id, _)| CatalogId(*id)).collect();
    let mut by_kind: HashMap<_, Vec<_>> = HashMap::new();
    for (catalog_id, card) in cards(conn, ids, 0, skus).await? {
        by_kind.entry(catalog_id).or_default().push(card);
    }
    let section = |(id, name)| {
        let catalog_id = CatalogId(id);
        Section { catalog_id, name, skus: by_kind.remove(&catalog_id).unwrap_or_default() }
    };
    Ok(kinds.into_iter().map(section).collect())
}

/// The SKUs on the shelf of each of these kinds: at most `limit` of each kind, after the first `skip`.
async fn cards(
    conn: &mut Conn,
    kinds: Vec<CatalogId>,
    skip: u32,
    limit: u32,
) -> Result<Vec<(CatalogId, SkuCard)>, QueryError> {
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = diesel::sql_query(vec![SECTION; kinds.len()].join(" UNION ALL ") + IN_ORDER).into_boxed();
    let (skip, limit) = (i64::from(skip), i64::from(limit));
    for kind in kinds {
        query = query
            .bind::<Integer, _>(kind.0)
            .bind::<BigInt, _>(skip + limit)
            .bind::<BigInt, _>(limit)
            .bind::<BigInt, _>(skip);
    }
    let card = |row: SectionRow| Ok((CatalogId(row.catalog_id), SkuCard::from(row.card)));
    Ok(leave_out(TABLE, load_each(conn, query, card).await?))
}

async fn section_size(conn: &mut Conn, catalog_id: CatalogId) -> Result<u32, QueryError> {
    let total: i64 = ddsc_sku::table
        .inner_join(ddsc_spu::table.on(ddsc_spu::id.eq(ddsc_sku::spu_id)))
        .filter(ddsc_spu::catalog_id.eq(catalog_id.0).and(ddsc_sku::is_launched.eq(true)))
        .count()
        .get_result(conn)
        .await?;
    u32::try_from(total).map_err(|_| QueryError::corrupt("a number of SKUs", total))
}

async fn product_of(conn: &mut Conn, sku_id: SkuId) -> Result<Option<Product>, QueryError> {
    let spu_id = ddsc_sku::table.find(sku_id.0).select(ddsc_sku::spu_id);
    let spu_id: Option<i32> = spu_id.first(conn).await.optional()?;
    match spu_id {
        Some(spu_id) => product(conn, SpuId(spu_id)).await,
        None => Ok(None),
    }
}

async fn product(conn: &mut Conn, spu_id: SpuId) -> Result<Option<Product>, QueryError> {
    let kind: Option<(i32, String)> = ddsc_spu::table
        .inner_join(ddsc_goods_catalog::table.on(ddsc_goods_catalog::id.eq(ddsc_spu::catalog_id)))
        .filter(ddsc_spu::id.eq(spu_id.0))
        .select((ddsc_goods_catalog::id, ddsc_goods_catalog::name))
        .first(conn)
        .await
        .optional()?;
    let Some((catalog_id, catalog_name)) = kind else { return Ok(None) };
    let attributes: Vec<(i32, String)> = ddsc_spu_sale_attr::table
        .filter(ddsc_spu_sale_attr::spu_id.eq(spu_id.0))
        .order(ddsc_spu_sale_attr::id)
        .limit(ROWS_OF_A_PRODUCT)
        .select((ddsc_spu_sale_attr::id, ddsc_spu_sale_attr::sale_attr_name))
        .load(conn)
        .await?;
    let attribute = |(id, name)| ProductAttribute { id: AttributeId(id), name };
    Ok(Some(Product {
        id: spu_id,
        catalog_id: CatalogId(catalog_id),
        catalog_name,
        attributes: attributes.into_iter().map(attribute).collect(),
        skus: skus_of(conn, spu_id).await?,
    }))
}

async fn skus_of(conn: &mut Conn, spu_id: SpuId) -> Result<Vec<ProductSku>, QueryError> {
    let of_product = ddsc_sku::table
        .left_join(ddsc_sale_attr_value::table.on(ddsc_sale_attr_value::sku_id.eq(ddsc_sku::id)))
        .filter(ddsc_sku::spu_id.eq(spu_id.0))
        .order((ddsc_sku::id, ddsc_sale_attr_value::id))
        .limit(ROWS_OF_A_PRODUCT)
        .select((ddsc_sku::id, (SkuRow::as_select(), Option::<ValueRow>::as_select())));
    let each = load_each(conn, of_product, |(_, row): (i32, (SkuRow, Option<ValueRow>))| Ok(row)).await?;
    let mut skus: Vec<ProductSku> = Vec::new();
    for (row, value) in leave_out(TABLE, each) {
        if skus.last().is_none_or(|sku| sku.card.id.0 != row.card.id) {
            skus.push(row.into());
        }
        if let Some(sku) = skus.last_mut() {
            sku.values.extend(value.map(AttributeValue::from));
        }
    }
    Ok(skus)
}

impl From<CardRow> for SkuCard {
    fn from(row: CardRow) -> Self {
        Self {
            id: SkuId(row.id),
            name: row.name.unwrap_or_default(),
            caption: row.caption.unwrap_or_default(),
            price: row.price.0,
            image: row.default_image_url.unwrap_or_default(),
        }
    }
}

impl From<SkuRow> for ProductSku {
    fn from(row: SkuRow) -> Self {
        Self {
            card: row.card.into(),
            // The stock is negative if the old shop sold more than it had: no piece can be sold.
            stock: u32::try_from(row.stock).unwrap_or(0),
            is_launched: row.is_launched,
            values: Vec::new(),
        }
    }
}

impl From<ValueRow> for AttributeValue {
    fn from(row: ValueRow) -> Self {
        Self {
            id: AttributeValueId(row.id),
            attribute_id: AttributeId(row.sale_attr_id),
            name: row.sale_attr_value_name,
        }
    }
}
