//! Operation 1: 确认订单.

use domain::{Address, AddressId, SkuId};
use ports::{CartError, mock::MockDirectBuys};
use serde_json::{Value, json};

use crate::{samples::*, support::*};

fn address_data() -> Value {
    json!({"id": 7, "name": "习瓜瓜", "mobile": "13691433520", "title": "家", "address": "北京市东城区珍贝大厦"})
}

/// `data` without any goods.
fn nothing(addresses: Value) -> Value {
    json!({
        "addresses": addresses, "sku_list": [], "unavailable": [], "total_count": 0,
        "total_amount": "0.00", "transit": 0, "payment_amount": "0.00"
    })
}

/// An error of this operation: it contains `data` as well.
fn error_with(code: i32, text: &str, data: Value) -> Value {
    let mut answer = error(code, text);
    answer["data"] = data;
    answer["base_url"] = json!(BASE_URL);
    answer
}

fn usual() -> Mocks {
    Mocks::with_addresses(vec![address()])
}

#[actix_web::test]
async fn the_ticked_lines_with_their_sums() {
    let mocks = usual().selling([sku(4, "104.95", 9), sku(5, "104.01", 9)]).with_cart(cart(&[
        (4, 2, true),
        (5, 1, true),
        (6, 1, false),
    ]));
    let expected = json!({
        "code": 200,
        "base_url": BASE_URL,
        "data": {
            "addresses": [address_data()], "sku_list": lines(), "unavailable": [], "total_count": 3,
            "total_amount": "313.91", "transit": 10, "payment_amount": "323.91"
        }
    });
    assert_eq!(mocks.get("status=0&settlement_type=0").await, expected);
}

#[actix_web::test]
async fn settlement_is_another_name_of_settlement_type() {
    let mocks = usual().selling([sku(4, "1.00", 9)]).with_cart(cart(&[(4, 1, true)]));
    assert_eq!(mocks.get("status=0&settlement=0").await["data"]["payment_amount"], "11.00");
    let twice = usual().get("status=0&settlement=1&settlement=0").await;
    let what = "请求参数错误:settlement_type 重复";
    assert_eq!((&twice["code"], &twice["error"]["error_msg"]), (&json!(50101), &json!(what)));
}

#[actix_web::test]
async fn a_direct_buy_is_previewed_and_remembered() {
    let mut mocks = usual().selling([sku(4, "104.95", 9)]);
    mocks
        .direct_buys
        .expect_remember()
        .times(1)
        .withf(|user_id, buy| *user_id == USER && buy.sku_id == SkuId(4) && buy.quantity.pieces() == 2)
        .returning(|_, _| Ok(()));
    let answer = mocks.get("status=0&settlement_type=1&sku_id=4&buy_num=2").await;
    assert_eq!(answer["code"], 200, "{answer}");
    assert_eq!(answer["data"]["sku_list"], json!([lines()[0]]));
    assert_eq!(answer["data"]["payment_amount"], "219.90");
}

/// A JSON number with the digits of the configuration, whatever a float would make of it.
#[actix_web::test]
async fn transit_is_a_number_to_the_fen() {
    let mocks = usual().selling([sku(4, "0.10", 9)]).with_cart(cart(&[(4, 2, true)]));
    let request =
        actix_web::test::TestRequest::get().uri(&format!("{PROCESSING}?status=0&settlement_type=0"));
    let answer = mocks.answer(request).await;
    let text = str::from_utf8(&answer.body).unwrap();
    assert!(text.contains("\"transit\":10,") || text.contains("\"transit\":10.00,"), "{text}");
    assert!(text.contains("\"payment_amount\":\"10.20\""), "{text}");
}

#[actix_web::test]
async fn without_an_address_the_data_is_complete_all_the_same() {
    let mocks = Mocks::with_addresses(Vec::new())
        .selling([sku(4, "104.95", 9), sku(5, "104.01", 9)])
        .with_cart(cart(&[(4, 2, true), (5, 1, true)]));
    let data = json!({
        "addresses": [], "sku_list": lines(), "unavailable": [], "total_count": 3,
        "total_amount": "313.91", "transit": 10, "payment_amount": "323.91"
    });
    assert_eq!(mocks.get("status=0&settlement_type=0").await, error_with(50100, "用户未添加收货地址", data));
}

#[actix_web::test]
async fn addresses_stay_in_the_order_of_the_address_book() {
    let second = Address { id: AddressId(3), is_default: false, ..address() };
    let mocks = Mocks::with_addresses(vec![address(), second])
        .selling([sku(4, "1.00", 9)])
        .with_cart(cart(&[(4, 1, true)]));
    let answer = mocks.get("status=0&settlement_type=0").await;
    let ids: Vec<&Value> = answer["data"]["addresses"].as_array().unwrap().iter().map(|a| &a["id"]).collect();
    assert_eq!(ids, [7, 3]);
}

/// Defect 8: an empty cart made an order of 10 yuan.
#[actix_web::test]
async fn nothing_selected_is_50106_and_costs_nothing() {
    let expected = error_with(50106, "购物车中没有选中的商品", nothing(json!([address_data()])));
    for lines in [&[][..], &[(4, 2, false)][..]] {
        let mocks = usual().with_cart(cart(lines));
        assert_eq!(mocks.get("status=0&settlement_type=0").await, expected);
    }
}

/// Defect 14: goods off the shelf could be bought.
#[actix_web::test]
async fn lines_that_cannot_be_bought_are_listed_apart() {
    let mut off_shelf = sku(5, "104.01", 9);
    off_shelf.is_launched = false;
    let mocks = usual().selling([sku(4, "104.95", 9), off_shelf]).with_cart(cart(&[
        (4, 2, true),
        (5, 1, true),
        (6, 1, true),
    ]));
    let answer = mocks.get("status=0&settlement_type=0").await;
    assert_eq!(answer["code"], 200, "{answer}");
    assert_eq!(answer["data"]["sku_list"], json!([lines()[0]]));
    assert_eq!(answer["data"]["payment_amount"], "219.90");
    let unavailable = answer["data"]["unavailable"].as_array().unwrap();
    let ids: Vec<&Value> = unavailable.iter().map(|line| &line["id"]).collect();
    assert_eq!(ids, [5, 6]);
    assert!(unavailable.iter().all(|line| line["reason"].is_string()), "{answer}");
}

#[actix_web::test]
async fn a_direct_buy_of_what_cannot_be_bought_is_50109() {
    let mut off_shelf = sku(4, "104.95", 9);
    off_shelf.is_launched = false;
    let expected = error_with(50109, "商品[4]已下架", nothing(json!([address_data()])));
    for mocks in [usual().selling([off_shelf]), usual().selling([])] {
        assert_eq!(mocks.get("status=0&settlement_type=1&sku_id=4&buy_num=1").await, expected);
    }
}

#[actix_web::test]
async fn a_quantity_out_of_range_is_50110() {
    for quantity in ["0", "-1", "201", "9223372036854775807", "1.5"] {
        let answer = usual().get(&format!("status=0&settlement_type=1&sku_id=4&buy_num={quantity}")).await;
        assert_eq!(answer["code"], 50110, "{quantity}: {answer}");
        assert_eq!(answer["errmsg"], "购买数量不合法");
        assert_eq!(
            answer["data"]["sku_list"],
            json!([]),
            "the page reads the lists without looking at the code"
        );
    }
    let mocks = usual().selling([sku(4, "1.00", 9)]).with_cart(cart(&[(4, 0, true)]));
    let answer = mocks.get("status=0&settlement_type=0").await;
    assert_eq!(answer, error_with(50110, "购买数量不合法", nothing(json!([address_data()]))));
}

#[actix_web::test]
async fn a_bad_parameter_is_named_and_the_lists_are_there() {
    for (query, named) in [
        ("status=0", "settlement_type"),
        ("status=0&settlement_type=", "settlement_type"),
        ("status=0&settlement_type=2", "settlement_type"),
        ("status=0&settlement_type=cart", "settlement_type"),
        ("status=0&settlement_type=1", "sku_id"),
        ("status=0&settlement_type=1&sku_id=x&buy_num=1", "sku_id"),
        ("status=0&settlement_type=1&sku_id=4", "buy_num"),
    ] {
        // The addresses may or may not have been read by then: both are allowed.
        let answer = usual().get(query).await;
        assert_eq!(answer["code"], 50101, "{query}: {answer}");
        let text = answer["errmsg"].as_str().unwrap();
        assert!(text.starts_with("请求参数错误:") && text.contains(named), "{query}: {text}");
        assert_eq!(answer["error"]["error_msg"], text);
        assert!(answer["data"]["addresses"].is_array() && answer["data"]["sku_list"].is_array(), "{answer}");
    }
}

#[actix_web::test]
async fn a_failure_is_50000_with_data_and_without_its_cause() {
    let mut store = usual().with_cart(cart(&[(4, 1, true)]));
    store.catalog.expect_skus().returning(|_| Err(store_down()));
    let mut carts = usual();
    carts.carts.expect_load().returning(|_| Err(CartError(SECRET_CAUSE.into())));
    for mocks in [store, carts] {
        let answer = mocks.get("status=0&settlement_type=0").await;
        assert_eq!(answer, error_with(50000, "系统错误", nothing(json!([address_data()]))));
    }
    let mut users = Mocks::untouched();
    users.users.expect_authenticate().returning(|_| Err(store_down()));
    let answer = users.get("status=0&settlement_type=0").await;
    assert_eq!(answer, error_with(50000, "系统错误", nothing(json!([]))));
}

#[actix_web::test]
async fn a_sum_that_no_order_can_cost_is_refused() {
    let mocks = usual().selling([sku(4, "99999999.99", 9)]).with_cart(cart(&[(4, 2, true)]));
    assert_eq!(mocks.get("status=0&settlement_type=0").await["code"], 50110);
}

/// Alipay accepts no payment of 0.00: the buyer learns this before there is an order.
#[actix_web::test]
async fn an_order_that_costs_nothing_is_refused() {
    for query in ["status=0&settlement_type=0", "status=0&settlement_type=1&sku_id=4&buy_num=1"] {
        let mut mocks = usual().selling([sku(4, "0.00", 9)]).with_cart(cart(&[(4, 2, true)]));
        mocks.free_delivery = true;
        let answer = mocks.get(query).await;
        assert_eq!(
            answer,
            error_with(50116, "订单金额无法支付", nothing(json!([address_data()]))),
            "{query}"
        );
    }
}

/// The old page reads the lists whatever the code, even if the parameters are invalid. It orders a direct buy without
/// naming the goods, so after a direct buy that cannot be shown, an earlier one must not remain.
#[actix_web::test]
async fn a_request_that_cannot_be_read_still_shows_the_addresses() {
    for (query, forgotten) in [
        ("status=0", 0),
        ("status=0&settlement_type=9", 0),
        ("status=0&settlement_type=0&settlement_type=1", 0),
        ("status=0&settlement_type=1", 1),
        ("status=0&settlement_type=1&sku_id=5&buy_num=", 1),
        ("status=0&settlement_type=1&sku_id=5&buy_num=1.5", 1),
        ("status=0&settlement_type=1&sku_id=4&buy_num=many", 1),
        ("status=0&settlement_type=1&sku_id=99999999999&buy_num=1", 1),
    ] {
        let mut mocks = usual();
        mocks.direct_buys = MockDirectBuys::new();
        mocks.direct_buys.expect_forget().times(forgotten).returning(|_| Ok(()));
        let answer = mocks.get(query).await;
        assert_ne!(answer["code"], 200, "{query}");
        assert_eq!(answer["data"]["addresses"][0]["id"], 7, "{query}: {answer}");
        assert_eq!(answer["data"]["sku_list"], serde_json::json!([]), "{query}");
    }
}
