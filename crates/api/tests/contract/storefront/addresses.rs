//! `/v1/users/U/address…`.

use actix_web::test::TestRequest;
use domain::{AddressChange, AddressEntries, AddressEntry, AddressId};
use serde_json::{Value, json};

use super::{delete, error, post, put};
use crate::{
    samples::{USER, address, noon, rows_locked, store_down},
    support::Mocks,
};

const BOOK: &str = "/v1/users/dada/address";
const ENTRY: &str = "/v1/users/dada/address/7";

fn entries() -> AddressEntries {
    AddressEntries(vec![AddressEntry { address: address(), postcode: "100062".to_owned() }])
}

/// A buyer with one address, number 7.
fn buyer() -> Mocks {
    let mut mocks = Mocks::signed_in();
    mocks.address_book.expect_entries().withf(|user_id| *user_id == USER).returning(|_| Ok(entries()));
    mocks
}

fn expecting(is_it: impl Fn(&AddressChange) -> bool + Send + 'static) -> Mocks {
    let mut mocks = buyer();
    mocks
        .address_book
        .expect_apply()
        .times(1)
        .withf(move |user_id, decided_on, change, at| {
            *user_id == USER && *decided_on == entries() && *at == noon() && is_it(change)
        })
        .returning(|_, _, _, _| Ok(true));
    mocks
}

fn list() -> Value {
    json!({"code": 200, "addresslist": [{
        "id": 7, "address": "北京市东城区珍贝大厦", "receiver": "习瓜瓜", "receiver_mobile": "13691433520",
        "tag": "家", "postcode": "100062", "is_default": true
    }]})
}

fn new_one() -> Value {
    json!({
        "receiver": "达小达", "address": "上海市徐汇区漕溪北路88号", "receiver_phone": "13800138000",
        "postcode": "200030", "tag": "公司"
    })
}

fn changed() -> Value {
    json!({
        "receiver": "达小达", "address": "上海市徐汇区漕溪北路88号", "receiver_mobile": "13800138000",
        "tag": "公司", "id": "7"
    })
}

fn without(mut body: Value, name: &str) -> Value {
    body.as_object_mut().unwrap().remove(name);
    body
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

async fn ask(mocks: Mocks, request: TestRequest) -> Value {
    mocks.answer(request).await.json()
}

#[actix_web::test]
async fn the_book_is_shown() {
    for uri in [BOOK, "/v1/users/dada/address/"] {
        assert_eq!(ask(buyer(), TestRequest::get().uri(uri)).await, list());
    }
}

#[actix_web::test]
async fn each_change_answers_the_list() {
    let mocks = expecting(|change| match change {
        AddressChange::Insert { shipping, postcode, is_default: false } => {
            shipping.receiver == "达小达" && shipping.mobile == "13800138000" && postcode.as_str() == "200030"
        }
        _ => false,
    });
    assert_eq!(ask(mocks, post(BOOK, &new_one())).await, list());
    let mocks = expecting(|change| match change {
        AddressChange::Rewrite(AddressId(7), shipping) => shipping.title == "公司",
        _ => false,
    });
    assert_eq!(ask(mocks, put(ENTRY, &changed())).await, list());
    let mocks = expecting(|change| *change == AddressChange::Delete { id: AddressId(7), new_default: None });
    assert_eq!(ask(mocks, delete(ENTRY, &json!({}))).await, list());
    let mocks = expecting(|change| *change == AddressChange::Prefer(AddressId(7)));
    assert_eq!(ask(mocks, post("/v1/users/dada/address/default", &json!({"id": "7"}))).await, list());
}

#[actix_web::test]
async fn a_missing_field_is_named() {
    for name in ["receiver", "address", "receiver_phone", "postcode", "tag"] {
        let missing = error(10122, &format!("缺少参数: {name}"));
        assert_eq!(ask(buyer(), post(BOOK, &without(new_one(), name))).await, missing);
        assert_eq!(ask(buyer(), post(BOOK, &with(new_one(), name, json!("")))).await, missing);
    }
    for name in ["receiver", "address", "receiver_mobile", "tag"] {
        let missing = error(10122, &format!("缺少参数: {name}"));
        assert_eq!(ask(buyer(), put(ENTRY, &without(changed(), name))).await, missing);
    }
    let no_id = ask(buyer(), post("/v1/users/dada/address/default", &json!({}))).await;
    assert_eq!(no_id, error(10122, "缺少参数: id"));
    let not_json = TestRequest::post().uri(BOOK).set_payload("receiver=x");
    assert_eq!(ask(buyer(), not_json).await, error(10122, "缺少参数"));
}

#[actix_web::test]
async fn an_invalid_field_is_named() {
    for (name, value) in [
        ("receiver", "一".repeat(11)),
        ("address", "一".repeat(101)),
        ("receiver_phone", "1380013800".to_owned()),
        ("postcode", "20003".to_owned()),
        ("tag", "😀".to_owned()),
    ] {
        let invalid = error(10124, &format!("参数无效: {name}"));
        assert_eq!(ask(buyer(), post(BOOK, &with(new_one(), name, json!(value)))).await, invalid);
    }
    let invalid = ask(buyer(), put(ENTRY, &with(changed(), "receiver_mobile", json!("110")))).await;
    assert_eq!(invalid, error(10124, "参数无效: receiver_mobile"));
}

#[actix_web::test]
async fn another_users_address_is_no_address() {
    let unknown = error(10124, "收货地址无效: id");
    for id in ["8", "x", "99999999999"] {
        let uri = format!("{BOOK}/{id}");
        assert_eq!(ask(buyer(), put(&uri, &without(changed(), "id"))).await, unknown, "{id}");
        assert_eq!(ask(buyer(), delete(&uri, &json!({}))).await, unknown, "{id}");
        let prefer = post("/v1/users/dada/address/default", &json!({"id": id}));
        assert_eq!(ask(buyer(), prefer).await, unknown, "{id}");
    }
    assert_eq!(ask(buyer(), put(ENTRY, &with(changed(), "id", json!(8)))).await, unknown, "which one now?");
}

#[actix_web::test]
async fn a_full_book_takes_no_more() {
    let mut mocks = Mocks::signed_in();
    mocks.address_book.expect_entries().returning(|_| Ok(AddressEntries(vec![entries().0.remove(0); 50])));
    assert_eq!(ask(mocks, post(BOOK, &new_one())).await, error(10124, "收货地址最多50个"));
}

#[actix_web::test]
async fn only_its_owner_sees_a_book() {
    let another = error(30104, "非登录者用户");
    let uri = "/v1/users/other/address";
    let entry = format!("{uri}/7");
    let requests = [
        TestRequest::get().uri(uri),
        post(uri, &json!({})),
        put(&entry, &json!({})),
        delete(&entry, &json!({})),
        post(&format!("{uri}/default"), &json!({})),
    ];
    for request in requests {
        assert_eq!(ask(Mocks::untouched(), request).await, another);
    }
    let nobody = Mocks::untouched().send(TestRequest::get().uri(BOOK)).await.json();
    assert_eq!(nobody["code"], 403);
}

#[actix_web::test]
async fn it_is_tried_again_when_others_are_faster() {
    let mut mocks = buyer();
    let mut outcomes = vec![Ok(true), Err(rows_locked()), Ok(false)];
    mocks.address_book.expect_apply().times(3).returning(move |_, _, _, _| outcomes.pop().unwrap());
    assert_eq!(ask(mocks, post(BOOK, &new_one())).await, list());
    let mut mocks = buyer();
    mocks.address_book.expect_apply().times(8).returning(|_, _, _, _| Ok(false));
    assert_eq!(ask(mocks, post(BOOK, &new_one())).await, error(50104, "操作太快了,请稍后重试"));
    let mut mocks = buyer();
    mocks.address_book.expect_apply().times(1).returning(|_, _, _, _| Err(store_down()));
    assert_eq!(ask(mocks, post(BOOK, &new_one())).await, error(50000, "系统错误"));
}
