//! The caller is checked first, before parameters and before any port.

use std::time::Duration;

use actix_web::test::TestRequest;
use api::{
    configuration::{Secret, VerifyOnly},
    http::TokenKey,
};
use domain::{NotAdmitted, StoredPassword, Username};
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
    let mut mocks = Mocks::signed_in();
    mocks.orders.expect_list().returning(|_| Ok(Vec::new()));
    mocks.send(request).await.json()
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
    let expired = tokens().issue(&username(), &stored_password(), 1).unwrap();
    assert_eq!(list_with(Some(&expired)).await, please_login());
    assert_eq!(
        list_with(Some(&tokens().issue(&username(), &stored_password(), FOREVER).unwrap())).await["code"],
        200
    );
}

/// 403 comes before 50101, and 50101 before 208.
#[actix_web::test]
async fn token_then_user_then_parameters() {
    let request = || TestRequest::get().uri(&format!("{PROCESSING}?status=9"));
    let unsigned = Mocks::untouched().send(request()).await.json();
    assert_eq!(unsigned, please_login());
    assert_eq!(Mocks::signed_in().answer(request()).await.json()["code"], 50101);
    let mut gone = Mocks::untouched();
    gone.users.expect_authenticate().times(1).returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
    assert_eq!(gone.answer(request()).await.json()["code"], 208);
    let posted = Mocks::untouched().send(post_text("{")).await.json();
    assert_eq!(posted, please_login(), "the body of a stranger is not read");
}

/// The answers of all operations to a user whom the database refuses.
async fn answers_to(refusal: NotAdmitted) -> Vec<Value> {
    let refusing = || {
        let mut mocks = Mocks::untouched();
        mocks.users.expect_authenticate().times(1).returning(move |_| Ok(Err(refusal)));
        mocks
    };
    let mut answers = Vec::new();
    for query in [
        "status=0&settlement_type=0",
        "status=0&settlement_type=7",
        "status=1&order_status=0",
        "status=2&order_id=2019112820400804",
        "status=2&order_id=abc",
        "status=3&order_id=2019112820400804",
    ] {
        answers.push(refusing().get(query).await);
    }
    for status in [1, 3] {
        answers.push(refusing().post(json!({"status": status, "order_id": ORDER})).await);
    }
    for (sku_id, buy_num) in [(json!(99_999_999_999_i64), json!(1)), (json!(4), json!("x"))] {
        let direct =
            json!({"status": 0, "address_id": 1, "settlement_type": 1, "sku_id": sku_id, "buy_num": buy_num});
        answers.push(refusing().post(direct).await);
    }
    let mut mocks = Mocks::untouched();
    mocks.buyer = Box::new(move |_| Ok(Err(refusal)));
    answers.push(mocks.post(json!({"status": 0, "address_id": 7, "settlement_type": 0})).await);
    for path in ["/v1/carts/dada", "/v1/users/dada/address"] {
        answers.push(refusing().answer(TestRequest::get().uri(path)).await.json());
    }
    answers
}

#[actix_web::test]
async fn a_user_who_is_gone_or_inactive_is_told_so_by_every_operation() {
    let unknown_user = json!({"code": 208, "error": "用户名不存在", "errmsg": "用户名不存在"});
    for answer in answers_to(NotAdmitted::UnknownUser).await {
        assert_eq!(answer, unknown_user);
    }
}

#[actix_web::test]
async fn a_token_of_before_the_password_changed_is_over_for_every_operation() {
    for answer in answers_to(NotAdmitted::PasswordChanged).await {
        assert_eq!(answer, please_login());
    }
}

/// The database compares the token's password mark with the stored one; a token of the old back end has none.
#[actix_web::test]
async fn the_mark_of_the_password_is_taken_from_the_token() {
    let foreign = signed(Algorithm::HS256, &json!({"username": USERNAME, "exp": FOREVER}));
    for (token, has_mark) in [(token(), true), (foreign, false)] {
        let mut mocks = Mocks::untouched();
        mocks
            .users
            .expect_authenticate()
            .times(1)
            .withf(move |who| {
                let other = StoredPassword { md5: "other".to_owned(), hash: None };
                who.admitted(true, &stored_password()).is_ok()
                    && who.admitted(true, &other).is_err() == has_mark
            })
            .returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
        let list = TestRequest::get().uri(&format!("{PROCESSING}?status=1&order_status=0"));
        mocks.send(list.insert_header(("authorization", token))).await;
    }
}

/// The list's answer to this token, in a shop with these secrets and the tests' stored password.
async fn list_under(buyers: &TokenKey, token: &str) -> Value {
    let mut mocks = Mocks::untouched();
    mocks
        .users
        .expect_authenticate()
        .returning(|who| Ok(who.admitted(true, &stored_password()).map(|()| USER)));
    mocks.orders.expect_list().returning(|_| Ok(Vec::new()));
    mocks.secrets.buyers = buyers.clone();
    let request = TestRequest::get().uri(&format!("{PROCESSING}?status=1&order_status=0"));
    mocks.send(request.insert_header(("authorization", token))).await.json()
}

/// The old back end's secret is short: it verifies until its end date, and signs nothing.
#[actix_web::test]
async fn a_second_secret_verifies_until_its_end_and_signs_nothing() {
    let secret = |text: &str| Secret::new(text.to_owned());
    let of_old = {
        let key = EncodingKey::from_secret(b"1234567");
        encode(&Header::default(), &json!({"username": USERNAME, "exp": FOREVER}), &key).unwrap()
    };
    let by_old = TokenKey::new(&secret("1234567")).issue(&username(), &stored_password(), FOREVER).unwrap();
    let changing = |until| tokens().and_verifying(&VerifyOnly { secret: secret("1234567"), until });
    for until in [None, Some(noon().after(Duration::from_secs(1)))] {
        let buyers = changing(until);
        let new = buyers.issue(&username(), &stored_password(), FOREVER).unwrap();
        assert_eq!(new, token(), "it is signed with the new one");
        for token in [&of_old, &by_old, &new] {
            assert_eq!(list_under(&buyers, token).await["code"], 200, "{token}");
        }
    }
    for buyers in [changing(Some(noon())), tokens()] {
        for token in [&of_old, &by_old] {
            assert_eq!(list_under(&buyers, token).await, please_login(), "{token}");
        }
        assert_eq!(list_under(&buyers, &token()).await["code"], 200);
    }
}

#[actix_web::test]
async fn the_user_is_asked_for_by_the_name_in_the_token() {
    let mut users = MockUsers::new();
    users
        .expect_authenticate()
        .times(1)
        .withf(|who| who.username.0 == "Dada'--")
        .returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
    let mut mocks = Mocks::untouched();
    mocks.users = users;
    let token = tokens().issue(&Username("Dada'--".to_owned()), &stored_password(), FOREVER).unwrap();
    let request = TestRequest::get().uri(&format!("{PROCESSING}?status=1&order_status=0"));
    let answer = mocks.send(request.insert_header(("authorization", token))).await;
    assert_eq!(answer.json()["code"], 208);
}
