use async_trait::async_trait;
use diesel::{
    prelude::*,
    sql_types::{Integer, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use domain::{
    AttributeId, AttributeValue, AttributeValueId, CatalogId, Product, ProductAttribute, ProductSku, SkuCard,
    SkuId, SpuId,
};
use ports::{Section, SectionPage, StoreError, StorefrontReader};

use super::{
    Conn, Database,
    readable::{Keyed, leave_out, load_each},
};
use crate::sql::{
    failure::QueryError,
    schema::{ddsc_goods_catalog, ddsc_sale_attr_value, ddsc_sku, ddsc_spu, ddsc_spu_sale_attr},
    types::{Amount, Yuan},
};

/// How many rows a product is read from at most: one for each value of each of its SKUs. No page shows so many.
const ROWS_OF_A_PRODUCT: i64 = 5_000;

const TABLE: &str = "DDSC_SKU";

/// Kinds of goods, each with its first SKUs. diesel has no words for joining what is numbered within a group.
const SHELVES: &str = "\
    SELECT COALESCE(s.id, 0) AS sku_id, c.id AS catalog_id, c.name AS catalog_name, s.name AS name, s.caption AS caption, \
        s.price AS price, s.image AS image \
    FROM (SELECT id, name FROM DDSC_GOODS_CATALOG ORDER BY id LIMIT ?) c \
    LEFT JOIN ( \
        SELECT k.id AS id, k.name AS name, k.caption AS caption, k.price AS price, k.default_image_url AS image, \
            p.catalog_id AS catalog_id, ROW_NUMBER() OVER (PARTITION BY p.catalog_id ORDER BY k.id) AS place \
        FROM DDSC_SKU k JOIN DDSC_SPU p ON p.id = k.SPU_ID_id WHERE k.is_launched = 1 \
    ) s ON s.catalog_id = c.id AND s.place <= ? \
    ORDER BY c.id, s.id";

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
    ) -> Result<SectionPage, StoreError> {
        self.reader().await?.call(|conn| section_page(conn, catalog_id, skip, limit)).await
    }

    async fn product_of(&self, sku_id: SkuId) -> Result<Option<Product>, StoreError> {
        self.reader().await?.call(|conn| product_of(conn, sku_id)).await
    }

    async fn product(&self, spu_id: SpuId) -> Result<Option<Product>, StoreError> {
        self.reader().await?.call(|conn| product(conn, spu_id)).await
    }
}

#[derive(QueryableByName)]
struct SectionRow {
    /// Zero where the kind has no goods.
    #[diesel(sql_type = Integer)]
    sku_id: i32,
    #[diesel(sql_type = Integer)]
    catalog_id: i32,
    #[diesel(sql_type = Text)]
    catalog_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    caption: Option<String>,
    #[diesel(sql_type = Nullable<Yuan>)]
    price: Option<Amount>,
    #[diesel(sql_type = Nullable<Text>)]
    image: Option<String>,
}

impl Keyed for SectionRow {
    type Key = i32;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = ddsc_sku)]
struct CardRow {
    id: i32,
    name: Option<String>,
    caption: Option<String>,
    price: Amount,
    default_image_url: Option<String>,
}

/// A SKU of a product, without its values.
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
    let bound = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let rows = diesel::sql_query(SHELVES).bind::<Integer, _>(bound(catalogs)).bind::<Integer, _>(bound(skus));
    let rows = leave_out(TABLE, load_each(conn, rows, Ok::<SectionRow, _>).await?);
    let mut sections: Vec<Section> = Vec::new();
    for row in rows {
        let catalog_id = CatalogId(row.catalog_id);
        if sections.last().is_none_or(|section| section.catalog_id != catalog_id) {
            sections.push(Section { catalog_id, name: row.catalog_name, skus: Vec::new() });
        }
        let card = row.price.map(|price| CardRow {
            id: row.sku_id,
            name: row.name,
            caption: row.caption,
            price,
            default_image_url: row.image,
        });
        if let Some(section) = sections.last_mut() {
            section.skus.extend(card.map(SkuCard::from));
        }
    }
    Ok(sections)
}

async fn section_page(
    conn: &mut Conn,
    catalog_id: CatalogId,
    skip: u32,
    limit: u32,
) -> Result<SectionPage, QueryError> {
    let of_catalog = || {
        ddsc_sku::table
            .inner_join(ddsc_spu::table.on(ddsc_spu::id.eq(ddsc_sku::spu_id)))
            .filter(ddsc_spu::catalog_id.eq(catalog_id.0).and(ddsc_sku::is_launched.eq(true)))
    };
    let total: i64 = of_catalog().count().get_result(conn).await?;
    let page = of_catalog()
        .order(ddsc_sku::id)
        .offset(skip.into())
        .limit(limit.into())
        .select((ddsc_sku::id, CardRow::as_select()));
    let cards = load_each(conn, page, |(_, card): (i32, CardRow)| Ok(SkuCard::from(card))).await?;
    let total = u32::try_from(total).map_err(|_| QueryError::corrupt("a number of SKUs", total))?;
    Ok(SectionPage { skus: leave_out(TABLE, cards), total })
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
            // The old shop could sell more than it had; what it owes cannot be sold.
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
