//! [`crate::StorefrontReader`].

use std::{collections::BTreeMap, sync::Arc};

use domain::{CatalogId, Product, SkuCard, SkuId, SpuId};

use super::{NewSku, Shop, samples::a_sku};

const RED_L: &[(&str, &str)] = &[("颜色", "红色"), ("尺寸", "L")];
const BLUE_L: &[(&str, &str)] = &[("颜色", "蓝色"), ("尺寸", "L")];

fn ids(skus: &[SkuCard]) -> Vec<SkuId> {
    skus.iter().map(|card| card.id).collect()
}

async fn product_of(shop: &Arc<dyn Shop>, sku_id: SkuId) -> Product {
    shop.storefront().product_of(sku_id).await.unwrap().unwrap()
}

/// The SKUs on the shelf of the first categories, in the order of ids. Empty categories are included.
pub async fn shows_the_first_of_each_kind(shop: Arc<dyn Shop>) {
    assert_eq!(shop.storefront().sections(10, 3).await.unwrap(), []);
    let first = shop.add_sku(a_sku("红袖添香", "209.00", 7)).await;
    let hidden = NewSku { is_launched: false, ..a_sku("下架", "1.00", 7) };
    let empty = shop.add_sku(hidden).await;
    shop.add_variant(first, hidden).await;
    let mut shown = vec![first];
    for _ in 0..3 {
        shown.push(shop.add_variant(first, a_sku("又一", "0.01", 0)).await);
    }
    let third = shop.add_sku(a_sku("三", "99999999.99", 7)).await;

    let sections = shop.storefront().sections(10, 3).await.unwrap();
    let listed: Vec<_> = sections.iter().map(|section| ids(&section.skus)).collect();
    assert_eq!(listed, [shown[..3].to_vec(), vec![], vec![third]]);
    let kinds: Vec<_> = sections.iter().map(|section| section.catalog_id).collect();
    let mut expected = Vec::new();
    for sku_id in [first, empty, third] {
        expected.push(product_of(&shop, sku_id).await.catalog_id);
    }
    assert_eq!(kinds, expected);
    let card = &sections[0].skus[0];
    assert_eq!((card.name.as_str(), card.image.as_str()), ("红袖添香", "红袖添香.jpg"));
    assert_eq!((card.price.to_string().as_str(), card.caption.as_str()), ("209.00", ""));
    assert_eq!(sections[2].skus[0].price.to_string(), "99999999.99");
    let two = shop.storefront().sections(2, 1).await.unwrap();
    assert_eq!(two.iter().map(|section| section.skus.len()).collect::<Vec<_>>(), [1, 0]);
}

/// The SKUs on the shelf, without gaps, and their number.
pub async fn shows_a_kind_page_by_page(shop: Arc<dyn Shop>) {
    let mut shown = vec![shop.add_sku(a_sku("红袖添香", "209.00", 7)).await];
    shop.add_sku(a_sku("别类", "1.00", 7)).await;
    for _ in 0..4 {
        shown.push(shop.add_variant(shown[0], a_sku("又一", "1.00", 7)).await);
        shop.add_variant(shown[0], NewSku { is_launched: false, ..a_sku("下架", "1.00", 7) }).await;
    }
    let catalog_id = product_of(&shop, shown[0]).await.catalog_id;
    let page = async |skip| shop.storefront().section_page(catalog_id, skip, 2).await.unwrap();
    for (skip, expected) in [(0, &shown[..2]), (2, &shown[2..4]), (4, &shown[4..]), (6, &[][..])] {
        assert_eq!(ids(&page(skip).await), expected, "after {skip}");
    }
    assert_eq!(shop.storefront().section_size(catalog_id).await.unwrap(), 5);
    let unknown = CatalogId(999_999);
    assert_eq!(shop.storefront().section_page(unknown, 0, 2).await.unwrap(), []);
    assert_eq!(shop.storefront().section_size(unknown).await.unwrap(), 0);
}

/// A product is found by one of its SKUs or by its id; each offered value leads to a SKU.
pub async fn shows_a_product_with_all_its_skus(shop: Arc<dyn Shop>) {
    let red_18 = shop.add_sku(a_sku("红袖添香", "209.00", 7)).await;
    shop.add_sku(a_sku("别的", "1.00", 7)).await;
    let red_l = shop.add_variant(red_18, NewSku { attributes: RED_L, ..a_sku("红L", "209.00", 0) }).await;
    let blue_l = NewSku { attributes: BLUE_L, is_launched: false, ..a_sku("蓝L", "219.00", 3) };
    let blue_l = shop.add_variant(red_18, blue_l).await;

    let product = product_of(&shop, red_l).await;
    assert_eq!(product.skus.iter().map(|sku| sku.card.id).collect::<Vec<_>>(), [red_18, red_l, blue_l]);
    let names: Vec<_> = product.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["颜色", "尺寸"]);
    let sku = product.sku(blue_l).unwrap();
    assert_eq!((sku.stock, sku.is_launched, sku.card.price.to_string().as_str()), (3, false, "219.00"));
    let choices = product.choices(product.sku(red_l).unwrap());
    let offered: Vec<Vec<&str>> = choices
        .iter()
        .map(|choice| choice.values.iter().map(|value| value.name.as_str()).collect())
        .collect();
    assert_eq!(offered, [["红色", "蓝色"], ["18寸", "L"]]);
    let choose = |colour: usize, size: usize| {
        let values = [&choices[0].values[colour], &choices[1].values[size]];
        let chosen: BTreeMap<_, _> = values.iter().map(|value| (value.attribute_id, value.id)).collect();
        product.sku_with(&chosen)
    };
    assert_eq!([choose(0, 0), choose(0, 1), choose(1, 1)], [Some(red_18), Some(red_l), Some(blue_l)]);
    assert_eq!(choose(1, 0), None);

    assert_eq!(shop.storefront().product(product.id).await.unwrap(), Some(product));
    assert_eq!(shop.storefront().product_of(SkuId(999_999)).await.unwrap(), None);
    assert_eq!(shop.storefront().product(SpuId(999_999)).await.unwrap(), None);
}
