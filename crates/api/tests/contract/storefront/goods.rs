//! `/v1/goods/…`.

use std::collections::BTreeSet;

use actix_web::test::TestRequest;
use domain::{
    AttributeId, AttributeValue, AttributeValueId, CatalogId, Product, ProductAttribute, ProductSku, SkuCard,
    SkuId, SpuId,
};
use ports::Section;
use serde_json::{Value, json};

use super::{error, post};
use crate::{
    samples::{BASE_URL, money, store_down},
    support::Mocks,
};

fn card(id: i32) -> SkuCard {
    SkuCard {
        id: SkuId(id),
        name: format!("红袖添香{id}"),
        caption: "轻盈雪纺".to_owned(),
        price: money("209"),
        image: format!("{id}.jpg"),
    }
}

/// A product of two SKUs, red and blue.
fn product() -> Product {
    let sku = |id, name: &str| ProductSku {
        card: card(id),
        stock: 9,
        is_launched: true,
        values: vec![AttributeValue {
            id: AttributeValueId(id * 10),
            attribute_id: AttributeId(7),
            name: name.to_owned(),
        }],
    };
    Product {
        id: SpuId(3),
        catalog_id: CatalogId(1),
        catalog_name: "女装".to_owned(),
        attributes: vec![ProductAttribute { id: AttributeId(7), name: "颜色".to_owned() }],
        skus: vec![sku(4, "红色"), sku(5, "蓝色")],
    }
}

/// Asks without a token: everybody may browse.
async fn ask(mocks: Mocks, request: TestRequest) -> Value {
    mocks.send(request).await.json()
}

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

#[actix_web::test]
async fn the_front_page() {
    for uri in ["/v1/goods/index", "/v1/goods/index/"] {
        let mut mocks = Mocks::untouched();
        mocks.storefront.expect_sections().withf(|_, skus| *skus == 3).returning(|_, _| {
            let shelf =
                |id, name: &str, skus| Section { catalog_id: CatalogId(id), name: name.to_owned(), skus };
            Ok(vec![shelf(1, "女装", vec![card(4)]), shelf(2, "男装", vec![])])
        });
        let expected = json!({"code": 200, "base_url": BASE_URL, "promises": ["七天无理由退换"], "data": [
            {"catalog_id": 1, "catalog_name": "女装", "sku": [
                {"skuid": 4, "name": "红袖添香4", "caption": "轻盈雪纺", "price": "209.00", "image": "4.jpg"}
            ]},
            {"catalog_id": 2, "catalog_name": "男装", "sku": []}
        ]});
        assert_eq!(ask(mocks, get(uri)).await, expected);
    }
}

/// A category with twelve SKUs.
fn twelve() -> Mocks {
    let mut mocks = Mocks::untouched();
    mocks.storefront.expect_section_size().withf(|kind| kind.0 == 1).returning(|_| Ok(12));
    mocks.storefront.expect_section_page().withf(|kind, _, limit| kind.0 == 1 && *limit == 9).returning(
        |_, skip, _| Ok((1..=12).map(card).skip(usize::try_from(skip).unwrap()).take(9).collect()),
    );
    mocks
}

#[actix_web::test]
async fn a_kind_of_goods_page_by_page() {
    let expected = json!({
        "code": 200, "base_url": BASE_URL, "paginator": {"pagesize": 9, "total": 12},
        "data": (10..=12).map(|id| json!({
            "skuid": id, "name": format!("红袖添香{id}"), "price": "209.00", "image": format!("{id}.jpg")
        })).collect::<Vec<_>>()
    });
    assert_eq!(ask(twelve(), get("/v1/goods/catalogs/1?launched=true&page=2")).await, expected);
    let first = ask(twelve(), get("/v1/goods/catalogs/1")).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 9);
    let mut mocks = Mocks::untouched();
    mocks.storefront.expect_section_size().returning(|_| Ok(0));
    mocks.storefront.expect_section_page().returning(|_, _, _| Ok(vec![]));
    let empty = ask(mocks, get("/v1/goods/catalogs/99?page=1")).await;
    assert_eq!((&empty["code"], &empty["paginator"]["total"]), (&json!(200), &json!(0)));
}

#[actix_web::test]
async fn a_page_that_is_not_there() {
    let bad = error(40200, "页数有误");
    for page in ["0", "-1", "3", "x", "", "99999999999", "4294967295"] {
        let uri = format!("/v1/goods/catalogs/1?page={page}");
        assert_eq!(ask(twelve(), get(&uri)).await, bad, "{page}");
    }
    assert_eq!(ask(Mocks::untouched(), get("/v1/goods/catalogs/x")).await, bad);
}

#[actix_web::test]
async fn one_sku() {
    let mut mocks = Mocks::untouched();
    mocks.storefront.expect_product_of().withf(|id| id.0 == 5).returning(|_| Ok(Some(product())));
    let expected = json!({"code": 200, "base_url": BASE_URL, "data": {
        "image": "5.jpg", "spu": 3, "name": "红袖添香5", "caption": "轻盈雪纺", "price": "209.00",
        "catalog_id": 1, "catalog_name": "女装", "detail_image": "5.jpg",
        "sku_sale_attr_id": [7], "sku_sale_attr_names": ["颜色"],
        "sku_sale_attr_val_id": [50], "sku_sale_attr_val_names": ["蓝色"],
        "sku_all_sale_attr_vals_id": {"7": [40, 50]}, "sku_all_sale_attr_vals_name": {"7": ["红色", "蓝色"]},
        "spec": {}, "stock": 9, "is_launched": true
    }});
    assert_eq!(ask(mocks, get("/v1/goods/detail/5")).await, expected);
}

#[actix_web::test]
async fn a_sku_that_is_not_there() {
    let unknown = error(40300, "商品不存在");
    let mut mocks = Mocks::untouched();
    mocks.storefront.expect_product_of().returning(|_| Ok(None));
    assert_eq!(ask(mocks, get("/v1/goods/detail/99")).await, unknown);
    for id in ["x", "99999999999", "1.5"] {
        assert_eq!(ask(Mocks::untouched(), get(&format!("/v1/goods/detail/{id}"))).await, unknown, "{id}");
    }
}

fn choosing() -> Mocks {
    let mut mocks = Mocks::untouched();
    mocks.storefront.expect_product().returning(|id| Ok(Some(product()).filter(|product| product.id == id)));
    mocks
}

#[actix_web::test]
async fn a_choice_leads_to_its_sku() {
    for body in [json!({"spuid": 3, "7": 40}), json!({"spuid": "3", "7": "40"})] {
        let chosen = ask(choosing(), post("/v1/goods/sku", &body)).await;
        assert_eq!(chosen, json!({"code": 200, "data": 4}), "{body}");
    }
    let none = error(40050, "没有这种规格的商品");
    for body in [
        json!({"spuid": 3}),
        json!({"spuid": 3, "7": 99}),
        json!({"spuid": 3, "8": 40}),
        json!({"spuid": 3, "7": 40, "x": 1}),
        json!({"spuid": 3, "7": "red"}),
        json!({"spuid": 9, "7": 40}),
        json!({"7": 40}),
        json!([]),
    ] {
        assert_eq!(ask(choosing(), post("/v1/goods/sku", &body)).await, none, "{body}");
    }
}

#[actix_web::test]
async fn no_cause_is_told() {
    let mut mocks = Mocks::untouched();
    mocks.storefront.expect_sections().returning(|_, _| Err(store_down()));
    assert_eq!(ask(mocks, get("/v1/goods/index")).await, error(50000, "系统错误"));
}

/// A second request a moment later does not reach the database, and a client that has the answer gets it no second
/// time.
#[actix_web::test]
async fn goods_are_read_once_in_a_second() {
    let mut mocks = Mocks::untouched();
    mocks.storefront.expect_sections().times(1).returning(|_, _| Ok(Vec::new()));
    mocks.storefront.expect_section_size().times(1).returning(|_| Ok(1));
    mocks.storefront.expect_section_page().times(1).returning(|_, _, _| Ok(vec![card(4)]));
    mocks.storefront.expect_product_of().times(1).returning(|_| Ok(Some(product())));
    let shop = mocks.open().await;
    let mut tags = BTreeSet::new();
    for uri in ["/v1/goods/index", "/v1/goods/catalogs/1", "/v1/goods/detail/5"] {
        let first = shop.send(get(uri)).await;
        assert_eq!(first.header("cache-control"), Some("no-cache"), "{uri}");
        let tag = first.header("etag").unwrap().to_owned();
        let again = shop.send(get(uri)).await;
        assert_eq!((again.header("etag"), &again.body), (Some(tag.as_str()), &first.body), "{uri}");
        let known = shop.send(get(uri).insert_header(("if-none-match", tag.clone()))).await;
        assert_eq!((known.status.as_u16(), known.body.len()), (304, 0), "{uri}");
        let other = shop.send(get(uri).insert_header(("if-none-match", "\"another\""))).await;
        assert_eq!((other.status.as_u16(), &other.body), (200, &first.body), "{uri}");
        tags.insert(tag);
    }
    assert_eq!(tags.len(), 3, "{tags:?}");
    shop.close().await;
}
