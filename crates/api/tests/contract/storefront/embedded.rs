//! The storefront over the embedded database: a buyer's way from the front page to the order, and its number of
//! statements.

use std::time::Duration;

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::{delete, post, put};
use crate::embedded::Embedded;

const CART: &str = "/v1/carts/demo";
const BOOK: &str = "/v1/users/demo/address";

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

#[actix_web::test]
async fn the_demo_buyer_signs_in_with_the_documented_password() {
    let shop = Embedded::open().await;
    let lines = json!([{"id": 3, "count": "2"}, {"id": 1, "count": 5}]);
    let body = json!({"username": "demo", "password": "123456", "cart": lines});
    for _ in 0..2 {
        let signed_in = shop.ask(post("/v1/tokens", &body)).await;
        assert_eq!((&signed_in["username"], &signed_in["data"]["len"]), (&json!("demo"), &json!(5)));
    }
    let cart = shop.ask(get(CART)).await;
    let counts: Vec<_> =
        cart["data"].as_array().unwrap().iter().map(|line| (&line["id"], &line["count"])).collect();
    assert_eq!(counts[..2], [(&json!(1), &json!(5)), (&json!(3), &json!(2))]);
    // By now only the hash counts, whatever the old column contains.
    shop.execute("UPDATE user_profile SET password = ''");
    shop.ask(post("/v1/tokens", &body)).await;
}

#[actix_web::test]
async fn every_choice_on_a_page_of_the_demo_shop_leads_somewhere() {
    let shop = Embedded::open().await;
    let mut pages = 0;
    for sku in 1..=38 {
        let detail = shop.ask(get(&format!("/v1/goods/detail/{sku}"))).await["data"].take();
        let own: Vec<(Value, Value)> = list(&detail["sku_sale_attr_id"])
            .into_iter()
            .zip(list(&detail["sku_sale_attr_val_id"]))
            .collect();
        let chosen = |values: &[(Value, Value)]| {
            let mut body = json!({"spuid": detail["spu"]});
            for (attribute, value) in values {
                body[attribute.to_string()] = value.clone();
            }
            body
        };
        let same = shop.ask(post("/v1/goods/sku", &chosen(&own))).await;
        assert_eq!(same["data"], sku, "its own values lead to itself");
        for (index, (attribute, _)) in own.iter().enumerate() {
            for value in list(&detail["sku_all_sale_attr_vals_id"][attribute.to_string()]) {
                let mut another = own.clone();
                another[index].1 = value;
                assert!(shop.ask(post("/v1/goods/sku", &chosen(&another))).await["data"].is_number());
                pages += 1;
            }
        }
    }
    assert!(pages > 38);
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}

#[actix_web::test]
async fn the_number_of_statements_does_not_grow_with_the_data() {
    let shop = Embedded::open().await;
    let mut counted = Vec::new();
    for skus in [2, 38] {
        shop.fill_cart(skus);
        let mut statements = Vec::new();
        for request in [
            get("/v1/goods/index"),
            get("/v1/goods/catalogs/5"),
            get("/v1/goods/detail/1"),
            get(CART),
            post(CART, &json!({"sku_id": 1, "count": 1})),
            put(CART, &json!({"state": "unselectall"})),
            put(CART, &json!({"state": "selectall"})),
            delete(CART, &json!({"sku_id": 2})),
            get(BOOK),
        ] {
            statements.push(shop.statements(shop.ask(request)).await.0);
        }
        counted.push(statements);
        // Cached goods expire after a second.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    assert_eq!(counted[0], counted[1]);
    assert!(counted[0].iter().all(|statements| (1..=8).contains(statements)), "{counted:?}");
}

#[actix_web::test]
async fn a_changed_cart_is_stored_as_the_old_shop_does_and_ordered() {
    let shop = Embedded::open().await;
    shop.fill_cart(1);
    shop.ask(post(CART, &json!({"sku_id": "2", "count": "3"}))).await;
    shop.ask(put(CART, &json!({"state": "unselect", "sku_id": 1}))).await;
    let preview = shop.ask(get("/v1/orders/processing/?status=0&settlement_type=0")).await;
    let lines = list(&preview["data"]["sku_list"]);
    assert_eq!(
        lines.iter().map(|line| (&line["id"], &line["count"])).collect::<Vec<_>>(),
        [(&json!(2), &json!(3))]
    );
}

#[actix_web::test]
async fn a_deleted_address_is_still_that_of_its_order() {
    let shop = Embedded::open().await;
    let new = json!({
        "receiver": "达小达", "address": "上海市徐汇区漕溪北路88号", "receiver_phone": "13800138000",
        "postcode": "200030", "tag": "公司"
    });
    let book = shop.ask(post(BOOK, &new)).await;
    let id = list(&book["addresslist"]).iter().map(|entry| entry["id"].as_i64().unwrap()).max().unwrap();
    shop.ask(post(&format!("{BOOK}/default"), &json!({"id": id}))).await;
    let order = json!({"status": 0, "address_id": id, "settlement_type": 1, "sku_id": 1, "buy_num": 1});
    shop.ask(post("/v1/orders/processing/", &order)).await;
    let book = shop.ask(delete(&format!("{BOOK}/{id}"), &json!({}))).await;
    let left: Vec<_> = list(&book["addresslist"]).iter().map(|entry| entry["is_default"].clone()).collect();
    assert_eq!(left, [json!(true), json!(false)]);
    let orders = shop.ask(get("/v1/orders/processing/?status=1&order_status=0")).await;
    assert_eq!(orders["data"]["orders_list"][0]["address"]["receiver"], "达小达");
}
