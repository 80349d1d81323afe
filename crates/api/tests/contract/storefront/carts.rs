//! `/v1/carts/U`.

use actix_web::test::TestRequest;
use domain::{CartLineChange, NotAdmitted};
use ports::CartError;
use serde_json::{Value, json};

use super::{delete, error, post, put};
use crate::{
    samples::{BASE_URL, SECRET_CAUSE, USER, cart, sku, store_down},
    support::{Mocks, with_token},
};

const CART: &str = "/v1/carts/dada";

/// A buyer with two pieces of SKU 4, and one of SKU 5 that is not ticked.
fn buyer() -> Mocks {
    let skus = [sku(4, "104.95", 9), sku(5, "104.01", 2)];
    Mocks::signed_in().selling(skus).with_cart(cart(&[(4, 2, true), (5, 1, false)]))
}

fn lines() -> Value {
    json!({"code": 200, "base_url": BASE_URL, "data": [
        {
            "id": 4, "name": "红袖添香", "count": 2, "selected": 1, "default_image_url": "4.jpg", "price": "104.95",
            "sku_sale_attr_name": ["颜色", "尺寸"], "sku_sale_attr_val": ["红色", "18寸"], "stock": 9, "is_launched": true,
            "unavailable": null
        },
        {
            "id": 5, "name": "红袖添香", "count": 1, "selected": 0, "default_image_url": "5.jpg", "price": "104.01",
            "sku_sale_attr_name": ["颜色", "尺寸"], "sku_sale_attr_val": ["红色", "18寸"], "stock": 2, "is_launched": true,
            "unavailable": null
        }
    ]})
}

/// Expects this write of one request: SKU, count and tick of each line.
fn expecting(expected: &'static [(i32, i64, bool)]) -> Mocks {
    let mut mocks = buyer();
    let is_it = move |changes: &[CartLineChange]| {
        let written = changes.iter().map(|change| (change.sku_id.0, change.count, change.selected));
        written.eq(expected.iter().copied())
    };
    mocks
        .carts
        .expect_write()
        .times(1)
        .withf(move |user_id, changes| *user_id == USER && is_it(changes))
        .returning(|_, _| Ok(true));
    mocks
}

async fn ask(mocks: Mocks, request: TestRequest) -> Value {
    mocks.answer(request).await.json()
}

#[actix_web::test]
async fn the_cart_is_shown() {
    for uri in [CART, "/v1/carts/dada/"] {
        assert_eq!(ask(buyer(), TestRequest::get().uri(uri)).await, lines());
    }
}

#[actix_web::test]
async fn what_cannot_be_bought_any_more_is_shown_and_says_why() {
    let mut off_shelf = sku(5, "104.01", 2);
    off_shelf.is_launched = false;
    let mocks = Mocks::signed_in().selling([off_shelf]).with_cart(cart(&[(4, 2, true), (5, 1, false)]));
    let shown = ask(mocks, TestRequest::get().uri(CART)).await;
    let gone = json!({
        "id": 4, "name": "失效商品", "count": 2, "selected": 1, "default_image_url": "", "price": "0.00",
        "sku_sale_attr_name": [], "sku_sale_attr_val": [], "stock": 0, "is_launched": false, "unavailable": "商品不存在"
    });
    assert_eq!(shown["data"][0], gone);
    let off_shelf = &shown["data"][1];
    assert_eq!(
        (&off_shelf["name"], &off_shelf["is_launched"], &off_shelf["unavailable"]),
        (&json!("红袖添香"), &json!(false), &json!("商品已下架"))
    );
}

#[actix_web::test]
async fn a_line_of_a_sku_that_is_gone_can_be_unticked_and_lowered() {
    for (body, written) in [
        (json!({"state": "unselect", "sku_id": 4}), (4, 2, false)),
        (json!({"state": "set", "sku_id": 4, "count": 1}), (4, 1, true)),
    ] {
        let mut mocks = Mocks::signed_in().selling([]).with_cart(cart(&[(4, 2, true)]));
        let is_it =
            move |change: &CartLineChange| (change.sku_id.0, change.count, change.selected) == written;
        mocks
            .carts
            .expect_write()
            .times(1)
            .withf(move |_, changes| changes.iter().all(is_it))
            .returning(|_, _| Ok(true));
        assert_eq!(ask(mocks, put(CART, &body)).await["code"], 200);
    }
}

#[actix_web::test]
async fn each_change_answers_the_cart() {
    let add = |body| post(CART, &body);
    assert_eq!(ask(expecting(&[(4, 5, true)]), add(json!({"sku_id": "4", "count": "3"}))).await, lines());
    assert_eq!(ask(expecting(&[(5, 2, true)]), add(json!({"sku_id": 5, "count": 1}))).await, lines());
    let state = |body| put(CART, &body);
    assert_eq!(ask(expecting(&[(4, 3, true)]), state(json!({"state": "add", "sku_id": 4}))).await, lines());
    assert_eq!(ask(expecting(&[(4, 1, true)]), state(json!({"state": "del", "sku_id": "4"}))).await, lines());
    assert_eq!(ask(buyer(), state(json!({"state": "del", "sku_id": 5}))).await, lines(), "never below one");
    let set = |sku: i32, count: Value| state(json!({"state": "set", "sku_id": sku, "count": count}));
    assert_eq!(ask(expecting(&[(4, 9, true)]), set(4, json!("9"))).await, lines());
    assert_eq!(ask(expecting(&[(5, 2, false)]), set(5, json!(2))).await, lines(), "not ticked by that");
    assert_eq!(ask(buyer(), set(4, json!(2))).await, lines(), "it says so already");
    assert_eq!(
        ask(expecting(&[(5, 1, true)]), state(json!({"state": "select", "sku_id": 5}))).await,
        lines()
    );
    assert_eq!(
        ask(expecting(&[(4, 2, false)]), state(json!({"state": "unselect", "sku_id": 4}))).await,
        lines()
    );
    assert_eq!(ask(expecting(&[(5, 1, true)]), state(json!({"state": "selectall"}))).await, lines());
    assert_eq!(ask(expecting(&[(4, 2, false)]), state(json!({"state": "unselectall"}))).await, lines());
}

#[actix_web::test]
async fn lines_are_taken_out_by_body_or_query() {
    let query = |query: &str| TestRequest::delete().uri(&format!("{CART}?{query}"));
    let both = |query: &str, body: Value| delete(&format!("{CART}?{query}"), &body);
    let requests: [(TestRequest, &[i32]); 9] = [
        (delete(CART, &json!({"sku_id": "4"})), &[4]),
        (query("sku_id=4"), &[4]),
        (delete(CART, &json!({"sku_ids": [4, "99"]})), &[4, 99]),
        (delete(CART, &json!({"sku_ids": "4, 5"})), &[4, 5]),
        (query("sku_ids=4,99"), &[4, 99]),
        (query("sku_ids=4"), &[4]),
        (both("sku_id=4", json!({"sku_id": null})), &[4]),
        (both("sku_id=4&sku_ids=", json!({"sku_ids": ""})), &[4]),
        (query("sku_id=&sku_id=4"), &[4]),
    ];
    for (request, expected) in requests {
        let mut mocks = buyer();
        mocks
            .carts
            .expect_discard()
            .times(1)
            .withf(move |user_id, sku_ids| {
                *user_id == USER && sku_ids.iter().map(|sku_id| sku_id.0).eq(expected.iter().copied())
            })
            .returning(|_, _| Ok(()));
        assert_eq!(ask(mocks, request).await, lines());
    }
}

#[actix_web::test]
async fn a_change_of_others_is_not_lost() {
    let mut mocks = buyer();
    let mut tries = 0;
    mocks.carts.expect_write().times(3).returning(move |_, _| {
        tries += 1;
        Ok(tries == 3)
    });
    assert_eq!(ask(mocks, post(CART, &json!({"sku_id": 4, "count": 1}))).await, lines());
    let mut mocks = buyer();
    mocks.carts.expect_write().times(8).returning(|_, _| Ok(false));
    let refused = ask(mocks, post(CART, &json!({"sku_id": 4, "count": 1}))).await;
    assert_eq!(refused, error(50104, "操作太快了,请稍后重试"));
}

#[actix_web::test]
async fn what_is_not_sold_is_not_found() {
    let unknown = error(30101, "未找到商品");
    for id in [json!(99), json!(99_999_999_999_i64)] {
        assert_eq!(ask(buyer(), post(CART, &json!({"sku_id": id, "count": 1}))).await, unknown);
        assert_eq!(ask(buyer(), put(CART, &json!({"sku_id": id, "state": "add"}))).await, unknown);
        assert_eq!(
            ask(buyer(), put(CART, &json!({"sku_id": id, "state": "set", "count": 1}))).await,
            unknown
        );
    }
    let mut off_shelf = sku(6, "1.00", 9);
    off_shelf.is_launched = false;
    let mocks = Mocks::signed_in().selling([off_shelf]).with_cart(cart(&[(6, 1, false)]));
    assert_eq!(ask(mocks, put(CART, &json!({"sku_id": 6, "state": "select"}))).await, unknown);
}

#[actix_web::test]
async fn what_cannot_be_read_is_refused() {
    let bad = error(30102, "传参不正确");
    for body in [
        json!({"count": 1}),
        json!({"sku_id": 4}),
        json!({"sku_id": 4, "count": "two"}),
        json!({"sku_id": 4, "count": 1.5}),
        json!({"sku_id": 4, "count": 0}),
        json!({"sku_id": 4, "count": -1}),
        json!({"sku_id": [4], "count": 1}),
        json!([4]),
    ] {
        assert_eq!(ask(buyer(), post(CART, &body)).await, bad, "{body}");
    }
    for body in
        [json!({}), json!({"state": "more", "sku_id": 4}), json!({"state": "add"}), json!({"state": 1})]
    {
        assert_eq!(ask(buyer(), put(CART, &body)).await, bad, "{body}");
    }
    for count in [json!(null), json!(0), json!(-1), json!(1.5), json!("two"), json!([1])] {
        let body = json!({"state": "set", "sku_id": 4, "count": count});
        assert_eq!(ask(buyer(), put(CART, &body)).await, bad, "{body}");
    }
    let too_many: Vec<i32> = (0..201).collect();
    for sku_ids in
        [json!([]), json!([4, "x"]), json!([[4]]), json!("4,,5"), json!(4), json!({}), json!(too_many)]
    {
        assert_eq!(ask(buyer(), delete(CART, &json!({"sku_ids": sku_ids}))).await, bad, "{sku_ids}");
    }
    assert_eq!(ask(buyer(), delete(CART, &json!({}))).await, bad);
    let not_json = TestRequest::post().uri(CART).set_payload("sku_id=4");
    assert_eq!(ask(buyer(), not_json).await, bad);
    let too_large = post(CART, &json!({"sku_id": 4, "count": 1, "padding": "x".repeat(5_000)}));
    assert_eq!(ask(buyer(), too_large).await, bad);
}

#[actix_web::test]
async fn no_more_than_the_stock_and_the_limit() {
    let short = error(30103, "购买数量超过库存");
    assert_eq!(ask(buyer(), post(CART, &json!({"sku_id": 4, "count": 8}))).await, short);
    let set = |count: i64| json!({"state": "set", "sku_id": 4, "count": count});
    assert_eq!(ask(buyer(), put(CART, &set(10))).await, short);
    assert_eq!(ask(buyer(), put(CART, &set(i64::MAX))).await, short);
    let rich = Mocks::signed_in().selling([sku(4, "1.00", 9_999)]).with_cart(cart(&[(4, 200, true)]));
    let over = ask(rich, put(CART, &json!({"sku_id": 4, "state": "add"}))).await;
    assert_eq!(over, error(30103, "每种商品最多购买200件"));
}

#[actix_web::test]
async fn a_full_cart_takes_no_more() {
    let full: Vec<_> = (100..300).map(|sku| (sku, 1, true)).collect();
    let mocks = Mocks::signed_in().selling([sku(4, "1.00", 9)]).with_cart(cart(&full));
    let refused = ask(mocks, post(CART, &json!({"sku_id": 4, "count": 1}))).await;
    assert_eq!(refused, error(30102, "购物车最多200种商品"));
}

#[actix_web::test]
async fn only_its_owner_sees_a_cart() {
    let another = error(30104, "非登录者用户");
    let uri = "/v1/carts/other";
    let body = json!({"sku_id": 4, "count": 1, "state": "add"});
    let requests = [TestRequest::get().uri(uri), post(uri, &body), put(uri, &body), delete(uri, &body)];
    for request in requests {
        assert_eq!(ask(Mocks::untouched(), request).await, another);
    }
    let nobody = Mocks::untouched().send(TestRequest::get().uri(CART)).await.json();
    assert_eq!(nobody, json!({"code": 403, "error": "Please login", "errmsg": "Please login"}));
    let mut mocks = Mocks::untouched();
    mocks.users.expect_authenticate().returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
    let stranger = mocks.send(with_token(TestRequest::get().uri(CART))).await.json();
    assert_eq!(stranger, json!({"code": 208, "error": "用户名不存在", "errmsg": "用户名不存在"}));
}

#[actix_web::test]
async fn no_cause_is_told() {
    let mut mocks = Mocks::signed_in();
    mocks.carts.expect_load().returning(|_| Err(CartError(SECRET_CAUSE.into())));
    assert_eq!(ask(mocks, TestRequest::get().uri(CART)).await, error(50000, "系统错误"));
    let mut mocks = Mocks::signed_in().with_cart(cart(&[(4, 1, true)]));
    mocks.catalog.expect_skus().returning(|_| Err(store_down()));
    assert_eq!(ask(mocks, TestRequest::get().uri(CART)).await, error(50000, "系统错误"));
}

#[actix_web::test]
async fn another_method_is_told_so() {
    let refused = ask(Mocks::untouched(), TestRequest::patch().uri(CART)).await;
    assert_eq!(refused, error(50101, "请求参数错误:不支持的请求方法"));
}
