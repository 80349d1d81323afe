//! Who is calling: the first thing that is looked at, before parameters and before any port.

use actix_web::test::TestRequest;
use domain::Username;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ports::mock::MockUsers;
use serde_json::{Value, json};

use crate::{samples::*, support::*};

const FOREVER: i64 = 4_102_444_800;

fn please_login() -> Value {
    json!({"code": 403, "error": "Please login", "errmsg": "Please login"})
}

/// Claims signed with the shop's own secret.
fn signed(algorithm: Algorithm, claims: &Value) -> String {
    let key = EncodingKey::from_secret(b"a secret of the tests, long enough for HS256");
    encode(&Header::new(algorithm), claims, &key).unwrap()
}

async fn list_with(authorization: Option<&str>) -> Value {
    let mut request = TestRequest::get().uri(&format!("{PROCESSING}?status=1&order_status=0"));
    if let Some(value) = authorization {
        request = request.insert_header(("authorization", value));
    }
    let mut parts = Parts::signed_in();
    parts.orders.expect_list().returning(|_| Ok(Vec::new()));
    parts.open().await.send(request).await.json()
}

#[actix_web::test]
async fn a_valid_token_is_taken_with_and_without_bearer() {
    let float = signed(Algorithm::HS256, &json!({"username": USERNAME, "exp": 4_102_444_800.5}));
    let more =
        signed(Algorithm::HS256, &json!({"username": USERNAME, "exp": FOREVER, "aud": "shop", "iat": 1}));
    let begun =
        signed(Algorithm::HS256, &json!({"username": USERNAME, "exp": FOREVER, "nbf": 1_574_944_808.5}));
    for value in [token(), format!("Bearer {}", token()), float, more, begun] {
        assert_eq!(list_with(Some(&value)).await["code"], 200, "{value}");
    }
}

#[actix_web::test]
async fn whatever_else_it_is_the_answer_is_403() {
    assert_eq!(list_with(None).await, please_login());
    let [header, claims, signature]: [String; 3] =
        token().split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let flipped: String = signature.chars().rev().collect();
    let elsewhere = {
        let key = EncodingKey::from_secret(b"the secret of somebody else, just as long");
        encode(&Header::default(), &json!({"username": USERNAME, "exp": FOREVER}), &key).unwrap()
    };
    let bad = [
        String::new(),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
        "Basic ZGFkYTpkYWRh".to_owned(),
        "rubbish".to_owned(),
        "a.b.c".to_owned(),
        header.clone(),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}.{flipped}"),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        elsewhere,
        signed(Algorithm::HS384, &json!({"username": USERNAME, "exp": FOREVER})),
        signed(Algorithm::HS512, &json!({"username": USERNAME, "exp": FOREVER})),
        signed(Algorithm::HS256, &json!({"username": USERNAME, "exp": 1_574_944_808})),
        signed(Algorithm::HS256, &json!({"username": USERNAME})),
        signed(Algorithm::HS256, &json!({"username": USERNAME, "exp": "soon"})),
        signed(Algorithm::HS256, &json!({"exp": FOREVER})),
        signed(Algorithm::HS256, &json!({"username": 4, "exp": FOREVER})),
        signed(Algorithm::HS256, &json!([USERNAME, FOREVER])),
    ];
    for value in bad {
        assert_eq!(list_with(Some(&value)).await, please_login(), "{value:?}");
    }
}

/// RFC 7519, 4.1.5.
#[actix_web::test]
async fn a_token_is_not_valid_before_the_second_it_names() {
    for nbf in [json!(FOREVER - 1), json!("soon"), json!(-1)] {
        let token = signed(Algorithm::HS256, &json!({"username": USERNAME, "exp": FOREVER, "nbf": nbf}));
        assert_eq!(list_with(Some(&token)).await, please_login(), "{nbf}");
    }
}

#[actix_web::test]
async fn a_token_is_valid_until_the_second_it_names() {
    let expired = tokens().issue(&username(), 1).unwrap();
    assert_eq!(list_with(Some(&expired)).await, please_login());
    assert_eq!(list_with(Some(&tokens().issue(&username(), FOREVER).unwrap())).await["code"], 200);
}

/// 403 comes before 50101, and 50101 before 208.
#[actix_web::test]
async fn token_then_user_then_parameters() {
    let request = || TestRequest::get().uri(&format!("{PROCESSING}?status=9"));
    let unsigned = Parts::untouched().open().await.send(request()).await.json();
    assert_eq!(unsigned, please_login());
    assert_eq!(Parts::signed_in().answer(request()).await.json()["code"], 50101);
    let mut gone = Parts::untouched();
    gone.users.expect_find().times(1).returning(|_| Ok(None));
    assert_eq!(gone.answer(request()).await.json()["code"], 208);
    let posted = Parts::untouched().open().await.send(post_text("{")).await.json();
    assert_eq!(posted, please_login(), "the body of a stranger is not read");
}

#[actix_web::test]
async fn a_user_who_is_gone_is_told_so_by_every_operation() {
    let unknown_user = json!({"code": 208, "error": "用户名不存在", "errmsg": "用户名不存在"});
    let gone = || {
        let mut parts = Parts::untouched();
        parts.users.expect_find().times(1).returning(|_| Ok(None));
        parts
    };
    for query in ["status=1&order_status=0", "status=2&order_id=2019112820400804"] {
        assert_eq!(gone().get(query).await, unknown_user, "{query}");
    }
    assert_eq!(gone().post(json!({"status": 1, "order_id": ORDER})).await, unknown_user);

    let mut parts = Parts::untouched();
    parts.buyer = Box::new(|_| Ok(None));
    let create = json!({"status": 0, "address_id": 7, "settlement_type": 0});
    assert_eq!(parts.post(create).await, unknown_user);

    assert_eq!(gone().get("status=0&settlement_type=0").await, unknown_user);
}

#[actix_web::test]
async fn the_user_is_asked_for_by_the_name_in_the_token() {
    let mut users = MockUsers::new();
    users.expect_find().times(1).withf(|name| name.0 == "Dada'--").returning(|_| Ok(None));
    let mut parts = Parts::untouched();
    parts.users = users;
    let token = tokens().issue(&Username("Dada'--".to_owned()), FOREVER).unwrap();
    let request = TestRequest::get().uri(&format!("{PROCESSING}?status=1&order_status=0"));
    let answer = parts.open().await.send(request.insert_header(("authorization", token))).await;
    assert_eq!(answer.json()["code"], 208);
}
