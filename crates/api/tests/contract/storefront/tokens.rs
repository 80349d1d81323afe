//! `POST /v1/tokens`.

use actix_web::test::TestRequest;
use domain::{Password, PasswordHash, StoredPassword, UserId};
use ports::{Credential, PasswordError};
use serde_json::{Value, json};

use super::{error, post};
use crate::{
    samples::{SECRET_CAUSE, USER, USERNAME, cart, sku, store_down},
    support::Mocks,
};

const PASSWORD: &str = "123456";
const MD5: &str = "e10adc3949ba59abbe56e057f20f883e";
const HASH: &str = "$argon2id$hash";

fn by_md5() -> StoredPassword {
    StoredPassword { md5: MD5.to_owned(), hash: None }
}

fn hashed() -> StoredPassword {
    StoredPassword { hash: Some(PasswordHash(HASH.to_owned())), ..by_md5() }
}

/// A user whose password is stored like this.
fn known(password: StoredPassword, is_active: bool) -> Mocks {
    let mut mocks = Mocks::signed_in();
    let credential = Credential { user_id: USER, is_active, password };
    mocks
        .credentials
        .expect_credential()
        .returning(move |name| Ok(Some(credential.clone()).filter(|_| name.0 == USERNAME)));
    mocks.passwords.expect_is_md5().returning(|password, md5| password.0 == PASSWORD && md5 == MD5);
    mocks.passwords.expect_verify().returning(|password, hash| {
        Ok(password.0 == PASSWORD && hash == Some(PasswordHash(HASH.to_owned())))
    });
    mocks
}

fn by_hash() -> Mocks {
    known(hashed(), true).with_cart(cart(&[]))
}

fn sign_in(password: &str) -> TestRequest {
    post("/v1/tokens", &json!({"username": USERNAME, "password": password, "cart": null}))
}

async fn answer(mocks: Mocks, body: Value) -> Value {
    mocks.send(post("/v1/tokens", &body)).await.json()
}

#[actix_web::test]
async fn a_hash_is_checked_and_the_token_opens_the_shop() {
    let mut mocks = by_hash();
    mocks.orders.expect_list().returning(|_| Ok(Vec::new()));
    let client = mocks.open().await;
    let mut signed_in = client.send(sign_in(PASSWORD)).await.json();
    let token = signed_in["data"]["token"].take();
    assert_eq!(signed_in, json!({"code": 200, "username": USERNAME, "data": {"token": null, "len": 0}}));
    // The tests' clock is in 2019, the library's is not: for the library, the token expired long ago.
    let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
    assert!(claims.len() > 20);
    let list =
        TestRequest::get().uri("/v1/carts/dada").insert_header(("authorization", token.as_str().unwrap()));
    assert_eq!(client.send(list).await.json()["code"], 403);
    client.close().await;
}

#[actix_web::test]
async fn the_first_good_sign_in_keeps_a_hash() {
    let mut mocks = known(by_md5(), true).with_cart(cart(&[(4, 1, true), (5, 2, false)]));
    mocks.passwords.expect_hash().times(1).returning(|_| Ok(PasswordHash(HASH.to_owned())));
    mocks
        .credentials
        .expect_keep_hash()
        .times(1)
        .withf(|user_id: &UserId, md5: &str, hash: &PasswordHash| {
            *user_id == USER && md5 == MD5 && hash.0 == HASH
        })
        .returning(|_, _, _| Ok(true));
    let signed_in = mocks.send(sign_in(PASSWORD)).await.json();
    assert_eq!((&signed_in["code"], &signed_in["data"]["len"]), (&json!(200), &json!(2)));
}

#[actix_web::test]
async fn a_hash_that_is_not_kept_keeps_nobody_out() {
    let mut mocks = known(by_md5(), true).with_cart(cart(&[]));
    mocks.passwords.expect_hash().returning(|_| Ok(PasswordHash(HASH.to_owned())));
    mocks.credentials.expect_keep_hash().times(1).returning(|_, _, _| Err(store_down()));
    assert_eq!(mocks.send(sign_in(PASSWORD)).await.json()["code"], 200);
}

#[actix_web::test]
async fn an_offline_cart_is_merged() {
    let mut mocks = by_hash().selling([sku(4, "209.00", 9)]);
    mocks
        .carts
        .expect_write()
        .times(1)
        .withf(|_, changes| changes.len() == 1 && changes[0].count == 3)
        .returning(|_, _| Ok(true));
    let lines = json!([{"id": 4, "count": "3", "name": "红袖添香"}, {"id": 99, "count": 1}]);
    let signed_in = answer(mocks, json!({"username": USERNAME, "password": PASSWORD, "cart": lines})).await;
    assert_eq!((&signed_in["code"], &signed_in["data"]["len"]), (&json!(200), &json!(1)));
}

/// Carts are not merged, and nothing is lost: an offline cart stays until a later sign-in.
#[actix_web::test]
async fn signing_in_without_an_offline_cart_needs_no_carts() {
    let without_carts = || {
        let mut mocks = known(hashed(), true);
        mocks.carts.expect_load().returning(|_| Err(ports::CartError(SECRET_CAUSE.into())));
        mocks
    };
    let mut signed_in = without_carts().send(sign_in(PASSWORD)).await.json();
    assert!(signed_in["data"]["token"].take().is_string());
    assert_eq!(signed_in, json!({"code": 200, "username": USERNAME, "data": {"token": null, "len": 0}}));
    let lines = json!([{"id": 4, "count": 3}]);
    let body = json!({"username": USERNAME, "password": PASSWORD, "cart": lines});
    assert_eq!(answer(without_carts().selling([sku(4, "209.00", 9)]), body).await, error(50000, "系统错误"));
}

#[actix_web::test]
async fn nobody_learns_what_was_wrong() {
    let wrong = error(106, "username or password is wrong");
    assert_eq!(by_hash().send(sign_in("other")).await.json(), wrong);
    assert_eq!(known(by_md5(), true).send(sign_in("other")).await.json(), wrong);
    let stranger = json!({"username": "stranger", "password": PASSWORD});
    assert_eq!(answer(by_hash(), stranger).await, wrong);
    let locked = known(by_md5(), false);
    assert_eq!(locked.send(sign_in(PASSWORD)).await.json(), wrong);
    let locked = known(hashed(), false);
    assert_eq!(locked.send(sign_in(PASSWORD)).await.json(), wrong);
}

/// Each case costs one Argon2id computation, so the time reveals nothing.
#[actix_web::test]
async fn every_wrong_attempt_costs_the_same() {
    for (username, password) in [(USERNAME, Some(by_md5())), (USERNAME, Some(hashed())), ("stranger", None)] {
        let mut mocks = Mocks::untouched();
        mocks.credentials.expect_credential().returning(move |_| {
            Ok(password.clone().map(|password| Credential { user_id: USER, is_active: true, password }))
        });
        mocks.passwords.expect_is_md5().returning(|_, _| false);
        mocks.passwords.expect_verify().times(1).returning(|_: &Password, _| Ok(false));
        let wrong = answer(mocks, json!({"username": username, "password": "other"})).await;
        assert_eq!(wrong["code"], 106);
    }
}

#[actix_web::test]
async fn what_is_missing_is_named() {
    let no_name = error(103, "Please give me username");
    assert_eq!(answer(Mocks::untouched(), json!({"password": PASSWORD})).await, no_name);
    assert_eq!(answer(Mocks::untouched(), json!([])).await, no_name);
    assert_eq!(answer(Mocks::untouched(), json!({"username": "", "password": "x"})).await, no_name);
    let no_password = error(104, "Please give me password");
    assert_eq!(answer(Mocks::untouched(), json!({"username": USERNAME})).await, no_password);
    let in_query = TestRequest::post().uri("/v1/tokens?username=dada&password=123456");
    let refused = Mocks::untouched().send(in_query).await.json();
    assert_eq!(refused, no_name, "a password in a URL would be in everybody's logs");
}

#[actix_web::test]
async fn too_many_failures_lock_a_name_and_no_other() {
    let client = by_hash().open().await;
    for _ in 0..2 {
        assert_eq!(client.send(sign_in("other")).await.json()["code"], 106);
        assert_eq!(client.send(sign_in(PASSWORD)).await.json()["code"], 200, "what succeeds does not count");
    }
    for _ in 0..3 {
        assert_eq!(client.send(sign_in("other")).await.json()["code"], 106);
    }
    let locked = error(107, "too many attempts, please try again later");
    assert_eq!(client.send(sign_in(PASSWORD)).await.json(), locked);
    let stranger = post("/v1/tokens", &json!({"username": "stranger", "password": PASSWORD}));
    assert_eq!(client.send(stranger).await.json()["code"], 106);
    client.close().await;
}

#[actix_web::test]
async fn too_many_at_once_are_told_so() {
    let mut mocks = Mocks::untouched();
    mocks.credentials.expect_credential().returning(|_| Ok(None));
    mocks.passwords.expect_verify().returning(|_, _| Err(PasswordError::Busy));
    let busy = mocks.send(sign_in(PASSWORD)).await.json();
    assert_eq!(busy, error(107, "too many attempts, please try again later"));
}

#[actix_web::test]
async fn no_cause_is_told() {
    let mut mocks = Mocks::untouched();
    mocks.credentials.expect_credential().returning(|_| Err(store_down()));
    let failed = mocks.send(sign_in(PASSWORD)).await.json();
    assert_eq!(failed, error(50000, "系统错误"));
    let mut mocks = Mocks::untouched();
    mocks.credentials.expect_credential().returning(|_| Ok(None));
    mocks.passwords.expect_verify().returning(|_, _| Err(PasswordError::Failed(SECRET_CAUSE.into())));
    assert_eq!(mocks.send(sign_in(PASSWORD)).await.json(), error(50000, "系统错误"));
}

#[actix_web::test]
async fn signing_in_can_be_switched_off() {
    let mocks = Mocks { signs_in: false, ..Mocks::untouched() };
    let client = mocks.open().await;
    assert_eq!(client.send(sign_in(PASSWORD)).await.status, 404);
    client.close().await;
}
