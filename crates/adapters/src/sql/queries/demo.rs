use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::ShopTime;
use ports::StoreError;

use super::{Conn, Database, dialect::insert_rows};
use crate::sql::{
    demo,
    failure::QueryError,
    schema::{
        address, dashop_cart_line, ddsc_brand, ddsc_goods_catalog, ddsc_sale_attr_value, ddsc_sku, ddsc_spu,
        ddsc_spu_sale_attr, user_profile,
    },
    types::{Amount, Moment},
};

impl Database {
    /// Fills an empty shop with the demo's goods and buyers. False, and nothing changed, where it has buyers already.
    pub(in crate::sql) async fn seed_demo(&self, now: ShopTime) -> Result<bool, StoreError> {
        match self.try_to_seed(now).await {
            // Where programs start together, all but one stumble over its rows; those are there the second time.
            Err(StoreError::Refused(_) | StoreError::Busy(_)) => self.try_to_seed(now).await,
            outcome => outcome,
        }
    }

    async fn try_to_seed(&self, now: ShopTime) -> Result<bool, StoreError> {
        let mut lease = self.begin().await?;
        let seeded = lease.call(|conn| seed(conn, Moment(now))).await?;
        lease.commit().await?;
        Ok(seeded)
    }
}

async fn seed(conn: &mut Conn, now: Moment) -> Result<bool, QueryError> {
    let buyers: i64 = user_profile::table.count().get_result(conn).await?;
    if buyers > 0 {
        return Ok(false);
    }
    seed_buyers(conn, now).await?;
    seed_goods(conn, now).await?;
    seed_carts(conn).await?;
    Ok(true)
}

async fn seed_buyers(conn: &mut Conn, now: Moment) -> Result<(), QueryError> {
    let users = demo::BUYERS.map(|buyer| UserRow {
        id: buyer.id,
        created_time: now,
        updated_time: now,
        username: buyer.username,
        password: demo::PASSWORD_MD5,
        email: "",
        phone: buyer.phone,
        is_active: true,
    });
    insert_rows!(conn, user_profile::table, users.into())?;
    let homes = demo::BUYERS.iter().flat_map(|buyer| {
        buyer.addresses.iter().enumerate().map(|(index, home)| AddressRow {
            id: home.id,
            created_time: now,
            updated_time: now,
            receiver: home.receiver,
            street: home.address,
            default_address: index == 0,
            is_alive: true,
            postcode: home.postcode,
            receiver_mobile: home.mobile,
            tag: home.tag,
            uid_id: buyer.id,
        })
    });
    insert_rows!(conn, address::table, homes.collect())
}

async fn seed_goods(conn: &mut Conn, now: Moment) -> Result<(), QueryError> {
    let catalogs = (1..).zip(demo::catalogs());
    let catalogs = catalogs.map(|(id, name)| CatalogRow { id, create_time: now, update_time: now, name });
    insert_rows!(conn, ddsc_goods_catalog::table, catalogs.collect())?;
    let brands = (1..).zip(demo::brands());
    let brands = brands.map(|(id, (name, first_letter))| BrandRow {
        id,
        create_time: now,
        update_time: now,
        name,
        logo: "",
        first_letter,
    });
    insert_rows!(conn, ddsc_brand::table, brands.collect())?;
    let products = demo::products();
    insert_rows!(conn, ddsc_spu::table, products.iter().map(|product| SpuRow::of(product, now)).collect())?;
    let skus =
        products.iter().flat_map(|product| product.skus.iter().map(|sku| SkuRow::of(product, sku, now)));
    insert_rows!(conn, ddsc_sku::table, skus.collect())?;
    let (attributes, values) = attribute_rows(&products, now);
    insert_rows!(conn, ddsc_spu_sale_attr::table, attributes)?;
    insert_rows!(conn, ddsc_sale_attr_value::table, values)
}

/// The products' attributes, and each SKU's values of them; both are numbered from one.
fn attribute_rows(products: &[demo::Product], now: Moment) -> (Vec<AttributeRow>, Vec<ValueRow>) {
    let (mut attributes, mut values) = (Vec::new(), Vec::new());
    let (mut attribute_id, mut value_ids) = (0, 1..);
    for product in products {
        for (index, name) in product.attributes.iter().enumerate() {
            attribute_id += 1;
            let (create_time, update_time) = (now, now);
            attributes.push(AttributeRow {
                id: attribute_id,
                create_time,
                update_time,
                sale_attr_name: name,
                spu_id: product.id,
            });
            let of_skus = product.skus.iter().filter_map(|sku| Some((sku.id, *sku.values.get(index)?)));
            values.extend(of_skus.zip(&mut value_ids).map(|((sku_id, value), id)| ValueRow {
                id,
                create_time,
                update_time,
                sale_attr_value_name: value,
                sale_attr_id: attribute_id,
                sku_id,
            }));
        }
    }
    (attributes, values)
}

async fn seed_carts(conn: &mut Conn) -> Result<(), QueryError> {
    let lines = demo::BUYERS.iter().flat_map(|buyer| {
        buyer.cart.iter().map(|(sku_id, count, selected)| CartRow {
            user_id: buyer.id,
            sku_id: *sku_id,
            value: format!("{{\"count\": {count}, \"selected\": {}}}", i32::from(*selected)),
        })
    });
    insert_rows!(conn, dashop_cart_line::table, lines.collect())
}

#[derive(Insertable)]
#[diesel(table_name = user_profile)]
struct UserRow {
    id: i32,
    created_time: Moment,
    updated_time: Moment,
    username: &'static str,
    password: &'static str,
    email: &'static str,
    phone: &'static str,
    is_active: bool,
}

#[derive(Insertable)]
#[diesel(table_name = address)]
struct AddressRow {
    id: i32,
    created_time: Moment,
    updated_time: Moment,
    receiver: &'static str,
    street: &'static str,
    default_address: bool,
    is_alive: bool,
    postcode: &'static str,
    receiver_mobile: &'static str,
    tag: &'static str,
    uid_id: i32,
}

#[derive(Insertable)]
#[diesel(table_name = ddsc_goods_catalog)]
struct CatalogRow {
    id: i32,
    create_time: Moment,
    update_time: Moment,
    name: &'static str,
}

#[derive(Insertable)]
#[diesel(table_name = ddsc_brand)]
struct BrandRow {
    id: i32,
    create_time: Moment,
    update_time: Moment,
    name: &'static str,
    logo: &'static str,
    first_letter: &'static str,
}

#[derive(Insertable)]
#[diesel(table_name = ddsc_spu)]
struct SpuRow {
    id: i32,
    create_time: Moment,
    update_time: Moment,
    name: &'static str,
    sales: i32,
    comments: i32,
    brand_id: i32,
    catalog_id: i32,
}

#[derive(Insertable)]
#[diesel(table_name = ddsc_sku)]
struct SkuRow {
    id: i32,
    create_time: Moment,
    update_time: Moment,
    name: String,
    caption: &'static str,
    price: Amount,
    cost_price: Amount,
    market_price: Amount,
    stock: i32,
    sales: i32,
    comments: i32,
    is_launched: bool,
    default_image_url: String,
    version: i32,
    spu_id: i32,
}

#[derive(Insertable)]
#[diesel(table_name = ddsc_spu_sale_attr)]
struct AttributeRow {
    id: i32,
    create_time: Moment,
    update_time: Moment,
    sale_attr_name: &'static str,
    spu_id: i32,
}

#[derive(Insertable)]
#[diesel(table_name = ddsc_sale_attr_value)]
struct ValueRow {
    id: i32,
    create_time: Moment,
    update_time: Moment,
    sale_attr_value_name: &'static str,
    sale_attr_id: i32,
    sku_id: i32,
}

#[derive(Insertable)]
#[diesel(table_name = dashop_cart_line)]
struct CartRow {
    user_id: i32,
    sku_id: i32,
    value: String,
}

impl SpuRow {
    fn of(product: &demo::Product, now: Moment) -> Self {
        Self {
            id: product.id,
            create_time: now,
            update_time: now,
            name: product.name,
            sales: 0,
            comments: 0,
            brand_id: product.brand,
            catalog_id: product.catalog,
        }
    }
}

impl SkuRow {
    fn of(product: &demo::Product, sku: &demo::DemoSku, now: Moment) -> Self {
        Self {
            id: sku.id,
            create_time: now,
            update_time: now,
            name: sku.name.clone(),
            caption: sku.caption,
            price: Amount(sku.price),
            cost_price: Amount(sku.price),
            market_price: Amount(sku.price),
            stock: sku.stock,
            sales: 0,
            comments: 0,
            is_launched: sku.is_launched,
            default_image_url: sku.image.clone(),
            version: 0,
            spu_id: product.id,
        }
    }
}
