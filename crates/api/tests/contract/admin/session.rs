//! Exchanges the one-time code of a link for a session.

use std::time::Duration;

use actix_web::test::TestRequest;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use ports::mock::MockRandomness;

use super::*;

const SESSION: &str = "/v1/admin/session";

/// A code for [`STAFF`], issued at this time.
fn issue(client: &Client, at: ShopTime) -> String {
    let mut randomness = MockRandomness::new();
    let mut drawn = 0;
    randomness.expect_draw().times(8).returning(move || {
        drawn += 1;
        drawn
    });
    client.shop.admin.login_code.issue(STAFF, &randomness, at)
}

fn exchange(code: &str) -> TestRequest {
    TestRequest::post().uri(SESSION).set_payload(json!({"code": code}).to_string())
}

async fn refuses(client: &Client, code: &str) {
    let answer = client.send(exchange(code)).await;
    assert_eq!(refused(&answer, UNAUTHENTICATED), "登录链接已使用或已过期,请使用员工令牌登录", "{code}");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[actix_web::test]
async fn a_code_is_exchanged_once_for_a_session_of_twelve_hours() {
    let client = Mocks::untouched().open().await;
    let code = issue(&client, noon());
    assert_eq!(code, "0000000100000002000000030000000400000005000000060000000700000008");
    let session = done(&client.send(exchange(&code)).await);
    let until = noon().after(Duration::from_secs(12 * 3600));
    assert_eq!((&session["username"], &session["expires_at"]), (&json!(STAFF), &json!(until.to_string())));
    // The tests' clock is years behind the clock of the token library.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(STAFF_SECRET.as_bytes());
    let token = decode::<Value>(session["token"].as_str().unwrap(), &key, &validation).unwrap();
    assert_eq!(token.claims, json!({"role": "staff", "username": STAFF, "exp": until.unix_seconds()}));
    refuses(&client, &code).await;
    client.close().await;
}

#[actix_web::test]
async fn no_other_code_and_none_that_is_too_old_is_exchanged() {
    let client = Mocks::untouched().open().await;
    for code in ["", "x", &"0".repeat(64)] {
        refuses(&client, code).await;
    }
    let code = issue(&client, noon());
    for wrong in ["", "x", &code[1..], &format!("{code}0"), &code.replace('8', "9")] {
        refuses(&client, wrong).await;
    }
    assert_eq!(client.send(exchange(&code)).await.status, 200, "a wrong one does not use it up");
    let code = issue(&client, noon().before(Duration::from_secs(3600)));
    done(&client.send(exchange(&code)).await);
    let code = issue(&client, noon().before(Duration::from_secs(3601)));
    refuses(&client, &code).await;
    client.close().await;
}

#[actix_web::test]
async fn nobody_is_let_in_where_staff_have_no_secret() {
    let mut mocks = Mocks::untouched();
    mocks.secrets.staff = None;
    let client = mocks.open().await;
    let code = issue(&client, noon());
    refuses(&client, &code).await;
    client.close().await;
}

#[actix_web::test]
async fn what_cannot_be_read_is_refused() {
    bad_bodies(SESSION, &json!({"code": "x"})).await;
    for body in [json!({}), json!({"code": 1}), json!({"code": "x", "more": 1})] {
        bad_parameter(TestRequest::post().uri(SESSION).set_payload(body.to_string()), "").await;
    }
    let client = Mocks::untouched().open().await;
    let answer = client.send(TestRequest::get().uri(SESSION)).await;
    assert_eq!(refused(&answer, METHOD_NOT_ALLOWED), "不支持的请求方法");
    assert_eq!(answer.header("allow"), Some("POST"));
    client.close().await;
}
