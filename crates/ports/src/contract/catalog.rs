//! [`crate::Catalog`].

use std::{collections::BTreeMap, sync::Arc};

use domain::{Money, Sku, SkuId};

use super::{
    NewSku, Shop,
    samples::{a_sku, attributes, money},
};

/// All existing SKUs, on the shelf or not, with exact prices and with their attributes in order.
pub async fn tells_stock_price_and_attributes(shop: Arc<dyn Shop>) {
    let dress = shop.add_sku(a_sku("红袖添香", "209.00", 7)).await;
    let cheap = shop.add_sku(NewSku { attributes: &[], ..a_sku("便宜", "0.01", 0) }).await;
    let dear = shop.add_sku(NewSku { is_launched: false, ..a_sku("贵", "99999999.99", i32::MAX) }).await;
    let unknown = SkuId(999_999);

    let skus = shop.catalog().skus(&[dear, unknown, dress, cheap, dress]).await.unwrap();
    assert_eq!(skus.len(), 3);
    let expected = Sku {
        id: dress,
        name: "红袖添香".to_owned(),
        default_image_url: "红袖添香.jpg".to_owned(),
        price: money("209.00"),
        stock: 7,
        is_launched: true,
        attributes: attributes(&[("颜色", "红色"), ("尺寸", "18寸")]),
    };
    assert_eq!(skus[&dress], expected);
    let cheap = &skus[&cheap];
    assert_eq!((cheap.price.to_string().as_str(), cheap.stock, cheap.attributes.len()), ("0.01", 0, 0));
    let dear = &skus[&dear];
    assert_eq!((dear.price, dear.stock, dear.is_launched), (Money::MAX, i32::MAX.unsigned_abs(), false));
}

/// Without ids, the answer is empty.
pub async fn knows_nothing_of_no_ids(shop: Arc<dyn Shop>) {
    shop.add_sku(a_sku("红袖添香", "209.00", 7)).await;
    assert_eq!(shop.catalog().skus(&[]).await.unwrap(), BTreeMap::new());
}
