use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::ShopTime;
use ports::StoreError;

use super::{Conn, Database, dialect::insert_rows};
use crate::{
    cart_format,
    sql::{
        demo,
        failure::QueryError,
        schema::{
            address, dashop_cart_line, ddsc_brand, ddsc_goods_catalog, ddsc_sale_attr_value, ddsc_sku,
            ddsc_spu, ddsc_spu_sale_attr, user_profile,
        },
        types::{Amount, Moment},
    },
};

impl Database {
    /// Fills an empty shop with the demo's goods and buyers. Returns false, and changes nothing, if it has buyers
    /// already.
    pub(super) async fn seed_demo(&self, now: ShopTime) -> Result<bool, StoreError> {
        match self.try_to_seed(now).await {
            // If several processes start together, all but one fail on the rows of the first. The second attempt finds
            // them.
            Err(StoreError::Refused(_) | StoreError::Busy(_)) => self.try_to_seed(now).await,
            outcome => outcome,
        }
    }

    async fn try_to_seed(&self, now: ShopTime) -> Result<bool, StoreError> {
        self.transact(async |conn| seed(conn, Moment(now)).await).await
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
    let users = demo::BUYERS.map(|buyer| {
        (
            user_profile::id.eq(buyer.id),
            user_profile::created_time.eq(now),
            user_profile::updated_time.eq(now),
            user_profile::username.eq(buyer.username),
            user_profile::password.eq(demo::PASSWORD_MD5),
            user_profile::email.eq(""),
            user_profile::phone.eq(buyer.phone),
            user_profile::is_active.eq(true),
        )
    });
    insert_rows!(conn, user_profile::table, users.into())?;
    let homes = demo::BUYERS.iter().flat_map(|buyer| {
        buyer.addresses.iter().enumerate().map(|(index, home)| {
            (
                address::id.eq(home.id),
                address::created_time.eq(now),
                address::updated_time.eq(now),
                address::receiver.eq(home.receiver),
                address::street.eq(home.address),
                address::default_address.eq(index == 0),
                address::is_alive.eq(true),
                address::postcode.eq(home.postcode),
                address::receiver_mobile.eq(home.mobile),
                address::tag.eq(home.tag),
                address::uid_id.eq(buyer.id),
            )
        })
    });
    insert_rows!(conn, address::table, homes.collect())
}

async fn seed_goods(conn: &mut Conn, now: Moment) -> Result<(), QueryError> {
    let catalogs = (1..).zip(demo::catalogs()).map(|(id, name)| {
        (
            ddsc_goods_catalog::id.eq(id),
            ddsc_goods_catalog::create_time.eq(now),
            ddsc_goods_catalog::update_time.eq(now),
            ddsc_goods_catalog::name.eq(name),
        )
    });
    insert_rows!(conn, ddsc_goods_catalog::table, catalogs.collect())?;
    let brands = (1..).zip(demo::brands()).map(|(id, (name, first_letter))| {
        (
            ddsc_brand::id.eq(id),
            ddsc_brand::create_time.eq(now),
            ddsc_brand::update_time.eq(now),
            ddsc_brand::name.eq(name),
            ddsc_brand::logo.eq(""),
            ddsc_brand::first_letter.eq(first_letter),
        )
    });
    insert_rows!(conn, ddsc_brand::table, brands.collect())?;
    let products = demo::products();
    let spus = products.iter().map(|product| {
        (
            ddsc_spu::id.eq(product.id),
            ddsc_spu::create_time.eq(now),
            ddsc_spu::update_time.eq(now),
            ddsc_spu::name.eq(product.name),
            ddsc_spu::sales.eq(0),
            ddsc_spu::comments.eq(0),
            ddsc_spu::brand_id.eq(product.brand),
            ddsc_spu::catalog_id.eq(product.catalog),
        )
    });
    insert_rows!(conn, ddsc_spu::table, spus.collect())?;
    let skus = products.iter().flat_map(|product| {
        product.skus.iter().map(|sku| {
            (
                ddsc_sku::id.eq(sku.id),
                ddsc_sku::create_time.eq(now),
                ddsc_sku::update_time.eq(now),
                ddsc_sku::name.eq(sku.name.clone()),
                ddsc_sku::caption.eq(sku.caption),
                ddsc_sku::price.eq(Amount(sku.price)),
                ddsc_sku::cost_price.eq(Amount(sku.price)),
                ddsc_sku::market_price.eq(Amount(sku.price)),
                ddsc_sku::stock.eq(sku.stock),
                ddsc_sku::sales.eq(0),
                ddsc_sku::comments.eq(0),
                ddsc_sku::is_launched.eq(sku.is_launched),
                ddsc_sku::default_image_url.eq(sku.image.clone()),
                ddsc_sku::version.eq(0),
                ddsc_sku::spu_id.eq(product.id),
            )
        })
    });
    insert_rows!(conn, ddsc_sku::table, skus.collect())?;
    seed_attributes(conn, &products, now).await
}

/// Inserts the products' attributes and each SKU's values; the ids of both count from one.
async fn seed_attributes(conn: &mut Conn, products: &[demo::Product], now: Moment) -> Result<(), QueryError> {
    let (mut attributes, mut values) = (Vec::new(), Vec::new());
    let (mut attribute_id, mut value_ids) = (0, 1..);
    for product in products {
        for (index, name) in product.attributes.iter().enumerate() {
            attribute_id += 1;
            attributes.push((
                ddsc_spu_sale_attr::id.eq(attribute_id),
                ddsc_spu_sale_attr::create_time.eq(now),
                ddsc_spu_sale_attr::update_time.eq(now),
                ddsc_spu_sale_attr::sale_attr_name.eq(*name),
                ddsc_spu_sale_attr::spu_id.eq(product.id),
            ));
            let of_skus = product.skus.iter().filter_map(|sku| Some((sku.id, *sku.values.get(index)?)));
            values.extend(of_skus.zip(&mut value_ids).map(|((sku_id, value), id)| {
                (
                    ddsc_sale_attr_value::id.eq(id),
                    ddsc_sale_attr_value::create_time.eq(now),
                    ddsc_sale_attr_value::update_time.eq(now),
                    ddsc_sale_attr_value::sale_attr_value_name.eq(value),
                    ddsc_sale_attr_value::sale_attr_id.eq(attribute_id),
                    ddsc_sale_attr_value::sku_id.eq(sku_id),
                )
            }));
        }
    }
    insert_rows!(conn, ddsc_spu_sale_attr::table, attributes)?;
    insert_rows!(conn, ddsc_sale_attr_value::table, values)
}

async fn seed_carts(conn: &mut Conn) -> Result<(), QueryError> {
    let lines = demo::BUYERS.iter().flat_map(|buyer| {
        buyer.cart.iter().map(|(sku_id, count, selected)| {
            (
                dashop_cart_line::user_id.eq(buyer.id),
                dashop_cart_line::sku_id.eq(*sku_id),
                dashop_cart_line::value.eq(cart_format::write_line((*count).into(), *selected)),
            )
        })
    });
    insert_rows!(conn, dashop_cart_line::table, lines.collect())
}
