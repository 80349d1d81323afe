//! Operation 2: 生成订单.

use std::time::Duration;

use actix_web::test::TestRequest;
use domain::{IdempotencyKey, NotAdmitted, OrderStatus, RequestDigest, SkuId, UnpaidOrders};
use ports::{
    CartError, DirectBuy, IdempotencyRecord, Obstacle, PlacingOutcome, StoreError, mock::PreparedTransaction,
};
use serde_json::{Value, json};

use crate::{samples::*, support::*};

fn cart_order() -> Value {
    json!({"status": 0, "address_id": 7, "settlement_type": 0})
}

fn direct_order() -> Value {
    json!({"status": 0, "address_id": 7, "settlement_type": 1, "sku_id": 4, "buy_num": 2})
}

/// The usual buyer orders goods for 323.91, and is charged exactly that.
fn recorded() -> Mocks {
    charging(
        Mocks::ordering()
            .selling([sku(4, "104.95", 9), sku(5, "104.01", 9)])
            .with_cart(cart(&[(4, 2, true), (5, 1, true), (6, 1, false)]))
            .placing(),
        "323.91",
    )
}

fn charging(mut mocks: Mocks, amount: &'static str) -> Mocks {
    mocks
        .gateway
        .expect_pay_url()
        .times(1)
        .withf(move |request| request.total_amount == money(amount))
        .returning(|_| Ok(PAY_URL.to_owned()));
    mocks
}

fn placed(amount: &str) -> Value {
    json!({
        "code": 200,
        "base_url": BASE_URL,
        "data": {"saller": "达达商城", "total_amount": amount, "order_id": NEW_ORDER, "pay_url": PAY_URL}
    })
}

/// Defect 3: 323.91 was charged as 323.
#[actix_web::test]
async fn an_order_from_the_cart() {
    assert_eq!(recorded().post(cart_order()).await, placed("323.91"));
}

#[actix_web::test]
async fn parameters_may_be_strings_numbers_or_in_the_query() {
    let strings = json!({"status": "0", "address_id": "7", "settlement_type": "0"});
    assert_eq!(recorded().post(strings).await, placed("323.91"));
    let other_name = json!({"status": 0, "address_id": 7, "settlement": "0"});
    assert_eq!(recorded().post(other_name).await, placed("323.91"));
    let query = format!("{PROCESSING}?status=0&address_id=7&settlement_type=0");
    for body in ["", " \r\n", "{}"] {
        let answer = recorded().answer(TestRequest::post().uri(&query).set_payload(body)).await;
        assert_eq!(answer.json(), placed("323.91"), "{body:?}");
    }
    let wrong_query = format!("{PROCESSING}?status=1&address_id=99&settlement_type=1");
    let over = TestRequest::post().uri(&wrong_query).set_payload(cart_order().to_string());
    assert_eq!(recorded().answer(over).await.json(), placed("323.91"), "the body wins");
}

#[actix_web::test]
async fn the_content_type_does_not_matter() {
    for content_type in
        ["application/json", "application/x-www-form-urlencoded", "text/plain", "image/png", "x"]
    {
        let request = TestRequest::post().uri(PROCESSING).insert_header(("content-type", content_type));
        let answer = recorded().answer(request.set_payload(cart_order().to_string())).await;
        assert_eq!(answer.json(), placed("323.91"), "{content_type}");
    }
    let none = TestRequest::post().uri(PROCESSING).set_payload(cart_order().to_string());
    assert_eq!(recorded().answer(none).await.json(), placed("323.91"));
    let no_slash = TestRequest::post().uri("/v1/orders/processing").set_payload(cart_order().to_string());
    assert_eq!(recorded().answer(no_slash).await.json(), placed("323.91"));
}

#[actix_web::test]
async fn a_direct_buy() {
    let mocks = charging(Mocks::ordering().selling([sku(4, "104.95", 9)]).placing(), "219.90");
    assert_eq!(mocks.post(direct_order()).await, placed("219.90"));
}

#[actix_web::test]
async fn a_direct_buy_without_a_sku_is_the_one_that_was_previewed_within_half_an_hour() {
    let body = json!({"status": 0, "address_id": 7, "settlement_type": 1});
    let previewed = |ago: u64| {
        let mut mocks = Mocks::ordering();
        let quantity = rules().quantity_limit.quantity(2).unwrap();
        let previewed_at = noon().before(Duration::from_secs(ago));
        let latest = DirectBuy { sku_id: SkuId(4), quantity, previewed_at };
        mocks.direct_buys.expect_latest().times(1).returning(move |_| Ok(Some(latest)));
        mocks
    };
    let mocks = previewed(1799).selling([sku(4, "104.95", 9)]).placing();
    assert_eq!(charging(mocks, "219.90").post(body.clone()).await, placed("219.90"));

    let mut never = Mocks::ordering();
    never.direct_buys.expect_latest().times(1).returning(|_| Ok(None));
    for mocks in [previewed(1800), never] {
        // The cart is not read: it is never ordered instead.
        let answer = mocks.post(body.clone()).await;
        assert_eq!(answer["code"], 50101, "{answer}");
        assert!(answer["errmsg"].as_str().unwrap().contains("sku_id"), "{answer}");
    }
}

/// Defect 2: the ownership of an address was never checked.
#[actix_web::test]
async fn an_address_that_is_not_the_buyers_is_50102() {
    assert_eq!(Mocks::ordering_to(None).post(cart_order()).await, error(50102, "收货地址无效"));
}

#[actix_web::test]
async fn the_address_that_was_asked_for_is_looked_up() {
    let mut mocks = Mocks::untouched();
    mocks.buyer = Box::new(|query| {
        assert_eq!(query.address_id.0, 12);
        Ok(Err(NotAdmitted::UnknownUser))
    });
    let body = json!({"status": 0, "address_id": "12", "settlement_type": 0});
    assert_eq!(mocks.post(body).await["code"], 208);
}

#[actix_web::test]
async fn too_few_pieces_is_50103_and_names_the_first_short_sku() {
    let mocks = Mocks::ordering()
        .selling([sku(4, "104.95", 1), sku(5, "104.01", 0)])
        .with_cart(cart(&[(4, 2, true), (5, 1, true)]));
    assert_eq!(mocks.post(cart_order()).await, error(50103, "商品[4]库存不足"));
}

#[actix_web::test]
async fn rows_that_stay_locked_are_50104() {
    let mut mocks = Mocks::ordering().selling([sku(4, "104.95", 9)]);
    mocks.transactions = (0..20).map(|_| Err(rows_locked())).collect();
    let client = mocks.open().await;
    let answer = client.send(with_token(post_json(direct_order()))).await.json();
    assert_eq!(answer, error(50104, "操作太快了,请稍后重试"));
    assert!(client.transactions_left() > 0, "the tries are bounded");
    client.close().await;
}

/// Defect 8: this made an order of 10 yuan.
#[actix_web::test]
async fn nothing_selected_is_50106() {
    for lines in [&[][..], &[(4, 2, false)][..]] {
        let mocks = Mocks::ordering().with_cart(cart(lines));
        assert_eq!(mocks.post(cart_order()).await, error(50106, "购物车中没有选中的商品"));
    }
}

/// Defect 14: both were accepted.
#[actix_web::test]
async fn off_the_shelf_is_50109_and_a_bad_quantity_50110() {
    let mut off_shelf = sku(4, "104.95", 9);
    off_shelf.is_launched = false;
    let mocks = Mocks::ordering().selling([off_shelf]).with_cart(cart(&[(4, 1, true)]));
    assert_eq!(mocks.post(cart_order()).await, error(50109, "商品[4]已下架"));
    assert_eq!(Mocks::ordering().selling([]).post(direct_order()).await, error(50109, "商品[4]已下架"));

    for quantity in [json!(0), json!(-1), json!(201), json!("0"), json!(1.5), json!("2.0"), json!("two")] {
        let mut body = direct_order();
        body["buy_num"] = quantity.clone();
        assert_eq!(Mocks::ordering().post(body).await, error(50110, "购买数量不合法"), "{quantity}");
    }
    let mocks = Mocks::ordering().with_cart(cart(&[(4, 201, true)]));
    assert_eq!(mocks.post(cart_order()).await, error(50110, "购买数量不合法"));
}

#[actix_web::test]
async fn an_order_whose_pay_url_cannot_be_made_is_50111_with_its_number() {
    let mut mocks = Mocks::ordering().selling([sku(4, "104.95", 9)]).placing();
    mocks.gateway.expect_pay_url().returning(|_| Err(alipay_down()));
    let client = mocks.open().await;
    let answer = client.send(with_token(post_json(direct_order()))).await.json();
    let expected = placed_and_unsigned(NEW_ORDER, "219.90");
    assert_eq!(answer, expected, "the order is placed and can be paid by operation 5");
    assert_eq!(client.placed(), 1);
    client.close().await;
}

fn placed_and_unsigned(order_id: &str, amount: &str) -> Value {
    let mut answer = error(50111, "支付渠道暂不可用");
    answer["data"] = json!({"order_id": order_id, "total_amount": amount});
    answer["base_url"] = json!(BASE_URL);
    answer
}

/// 50104 and 50000 would mean that nothing was placed, and a buyer who tries again would have two orders. A phone's
/// attempt is opened after the order is written; for a repeated request the order existed long before.
#[actix_web::test]
async fn an_order_that_is_placed_is_50111_whatever_keeps_its_buyer_from_paying() {
    let mut on_a_phone = direct_order();
    on_a_phone["device"] = json!("wap");
    for failure in [rows_locked, store_down] {
        let expected = placed_and_unsigned(NEW_ORDER, "219.90");
        let new = Mocks::ordering().selling([sku(4, "104.95", 9)]).placing().failing_to_lock(20, failure);
        assert_eq!(new.post(on_a_phone.clone()).await, expected, "{:?}", failure());

        let mut repeated = ordered_before().failing_to_lock(20, failure);
        repeated.gateway.expect_query().returning(|_| Ok(None));
        let request = post_json(on_a_phone.clone()).insert_header(("idempotency-key", "k-1"));
        let expected = placed_and_unsigned(ORDER, "323.91");
        assert_eq!(repeated.answer(request).await.json(), expected, "repeated, {:?}", failure());
    }
}

#[actix_web::test]
async fn the_expected_amount_is_checked_where_it_is_given() {
    for right in [json!("219.90"), json!(219.9), json!("219.9"), json!("219.900")] {
        let mocks = Mocks::ordering().selling([sku(4, "104.95", 9)]).placing();
        let mut body = direct_order();
        body["expected_amount"] = right;
        assert_eq!(charging(mocks, "219.90").post(body).await, placed("219.90"));
    }
    for wrong in [json!("209.90"), json!(219), json!("0")] {
        let mut body = direct_order();
        body["expected_amount"] = wrong;
        let mocks = Mocks::ordering().selling([sku(4, "104.95", 9)]);
        assert_eq!(mocks.post(body).await, error(50113, "商品价格已变动"));
    }
    for unreadable in [json!("219.901"), json!("¥219"), json!(-1), json!("1e3"), json!([219]), json!(true)] {
        let mut body = direct_order();
        body["expected_amount"] = unreadable;
        let answer = Mocks::signed_in().post(body).await;
        assert_eq!(answer["code"], 50101, "{answer}");
        assert!(answer["errmsg"].as_str().unwrap().contains("expected_amount"), "{answer}");
    }
}

fn under_a_key(key: &str) -> TestRequest {
    post_json(direct_order()).insert_header(("idempotency-key", key))
}

/// The shop has an order under the request's key.
fn under_a_key_in_use() -> Mocks {
    let in_use = PreparedTransaction::hindering(vec![Some(Obstacle::KeyInUse)]);
    Mocks::ordering().selling([sku(4, "104.95", 9)]).beginning(in_use)
}

/// The shop has an order of the same request under the key k-1.
fn ordered_before() -> Mocks {
    let mut mocks = under_a_key_in_use().with_order(OrderStatus::AwaitingPayment);
    let digest = RequestDigest("address=7 sku=4*2 expected=".to_owned());
    let record = IdempotencyRecord { digest, order_id: order_id(ORDER) };
    mocks
        .orders
        .expect_find_by_key()
        .withf(|user_id, key| *user_id == USER && *key == IdempotencyKey::parse("k-1").unwrap())
        .returning(move |_, _| Ok(Some(record.clone())));
    mocks
}

#[actix_web::test]
async fn the_same_key_and_request_give_the_same_order() {
    let answer = charging(ordered_before(), "323.91").answer(under_a_key("k-1")).await.json();
    assert_eq!(answer["code"], 200, "{answer}");
    assert_eq!(answer["data"]["order_id"], ORDER);
}

#[actix_web::test]
async fn another_request_under_the_key_is_50112() {
    let mut mocks = under_a_key_in_use();
    let digest = RequestDigest("something else".to_owned());
    let record = IdempotencyRecord { digest, order_id: order_id(ORDER) };
    mocks.orders.expect_find_by_key().returning(move |_, _| Ok(Some(record.clone())));
    assert_eq!(mocks.answer(under_a_key("k-1")).await.json(), error(50112, "重复的请求"));
}

#[actix_web::test]
async fn a_key_that_is_none_is_50101() {
    for key in ["", "two words", &"k".repeat(129)] {
        let answer = Mocks::signed_in().answer(under_a_key(key)).await.json();
        assert_eq!(answer["code"], 50101, "{key:?}: {answer}");
        assert!(answer["errmsg"].as_str().unwrap().to_lowercase().contains("idempotency-key"), "{answer}");
    }
}

/// A commit that was sent and not confirmed: the order may exist.
#[actix_web::test]
async fn an_order_that_may_have_been_written_is_50115() {
    let lost = PreparedTransaction::ending(Err(StoreError::OutcomeUnknown(SECRET_CAUSE.into())));
    let mut mocks = Mocks::ordering().selling([sku(4, "104.95", 9)]).beginning(lost);
    mocks.orders.expect_find().returning(|_| Ok(None));
    let client = mocks.open().await;
    // The service looks for the order for some seconds.
    tokio::time::pause();
    let answer = client.send(with_token(post_json(direct_order()))).await.json();
    assert_eq!(answer, error(50115, "订单结果未知,请到我的订单查看,请勿重复提交"));
    client.close().await;
}

/// Defect 9: two orders of one user in one second collided, HTTP 500.
#[actix_web::test]
async fn a_number_that_others_have_is_not_the_end() {
    let taken = PreparedTransaction::ending(Ok(PlacingOutcome::NumberTaken));
    let mut mocks = Mocks::ordering().selling([sku(4, "104.95", 9)]).beginning(taken).placing();
    mocks.orders.expect_numbers_beginning_with().times(1).returning(|_| Ok(vec![order_id(NEW_ORDER)]));
    let answer = charging(mocks, "219.90").post(direct_order()).await;
    assert_eq!(answer["code"], 200, "{answer}");
    let number = answer["data"]["order_id"].as_str().unwrap();
    assert!(number.len() == 16 && number != NEW_ORDER, "{number}");
}

#[actix_web::test]
async fn a_failure_is_50000_without_its_cause() {
    let mut people = Mocks::untouched();
    people.buyer = Box::new(|_| Err(store_down()));
    let mut carts = Mocks::ordering();
    carts.carts.expect_load_many().returning(|_| Err(CartError(SECRET_CAUSE.into())));
    let mut writing = Mocks::ordering().selling([sku(4, "1.00", 9)]).with_cart(cart(&[(4, 1, true)]));
    writing.transactions = vec![Err(store_down())];
    for mocks in [people, carts, writing] {
        assert_eq!(mocks.post(cart_order()).await, error(50000, "系统错误"));
    }
}

/// A buyer with too many unpaid orders learns the limit and the remedy.
#[actix_web::test]
async fn too_much_unpaid_is_50114_and_says_what_helps() {
    let owing = |orders, pieces| {
        let unpaid = UnpaidOrders { orders, pieces: [(SkuId(4), pieces)].into() };
        Mocks::ordering().selling([sku(4, "104.95", 9)]).owing(unpaid)
    };
    assert_eq!(
        owing(20, 0).post(direct_order()).await,
        error(50114, "未付款订单过多(最多20个),请先付款或取消")
    );
    assert_eq!(
        owing(1, 199).post(direct_order()).await,
        error(50114, "商品[4]的未付款数量过多(最多200件),请先付款或取消,或减少购买数量")
    );
    assert_eq!(charging(owing(19, 198), "219.90").post(direct_order()).await, placed("219.90"));
}
