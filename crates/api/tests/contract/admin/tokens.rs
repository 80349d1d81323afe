//! Who may use the shop side, and who may use the buyers' side.

use actix_web::{http::Method, test::TestRequest};
use api::{
    configuration::Secret,
    http::{Secrets, StaffKey},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

use super::{paths::operations, *};

const FOREVER: i64 = 4_102_444_800;
const BUYERS_SECRET: &[u8] = b"a secret of the tests, long enough for HS256";

fn signed_with(secret: &[u8], algorithm: Algorithm, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).unwrap()
}

/// Claims signed with the secret of staff.
fn signed(claims: &Value) -> String {
    signed_with(STAFF_SECRET.as_bytes(), Algorithm::HS256, claims)
}

fn claims() -> Value {
    json!({"role": "staff", "username": STAFF, "exp": FOREVER})
}

/// The same claims without this one, or with another value of it.
fn claims_with(name: &str, value: Option<Value>) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    if let Some(value) = value {
        claims[name] = value;
    }
    claims
}

/// Every operation with a valid body.
fn requests() -> impl Iterator<Item = TestRequest> {
    let body = |uri: &str| match uri.rsplit('/').next() {
        Some("ship") => json!({"carrier": "顺丰速运", "tracking_number": "SF1"}),
        Some("cancel") => json!({"reason": "买家来电"}),
        Some("amount") => json!({"amount": "1.00", "expected_amount": "2.00", "reason": "老客户"}),
        Some("address") => json!({
            "receiver": "王小二", "mobile": "13800000000", "address": "上海市", "title": "公司", "reason": "来电"
        }),
        Some(_) | None => json!({"request_id": "r1", "reason": "质量问题"}),
    };
    operations().into_iter().map(move |(method, uri)| {
        let request = TestRequest::default().uri(&uri);
        if method == Method::POST {
            request.method(method).set_payload(body(&uri).to_string())
        } else {
            request
        }
    })
}

/// Asserts that no operation accepts this authorization, and that no port is called.
async fn kept_out(mocks: Mocks, authorization: Option<&str>) {
    let client = mocks.open().await;
    for request in requests() {
        let request = match authorization {
            Some(value) => request.insert_header(("authorization", value)),
            None => request,
        };
        let answer = client.send(request).await;
        assert_eq!(refused(&answer, UNAUTHENTICATED), "请使用员工令牌登录", "{authorization:?}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "RFC 9110, 15.5.2");
    }
    client.close().await;
}

#[actix_web::test]
async fn a_valid_token_is_taken_with_and_without_bearer() {
    let issued = staff_key().issue(STAFF, FOREVER).unwrap();
    let more = signed(&claims_with("aud", Some(json!("admin"))));
    let longest = signed(&claims_with("username", Some(json!("王".repeat(64)))));
    let begun = signed(&claims_with("nbf", Some(json!(1_574_944_808))));
    for value in
        [issued.clone(), format!("Bearer {issued}"), format!("bearer  {issued}"), more, longest, begun]
    {
        let mocks = with_file(Mocks::untouched(), file(OrderStatus::Completed));
        let request = TestRequest::get().uri(&of_order("")).insert_header(("authorization", value.clone()));
        assert_eq!(sent(mocks, request).await.status, 200, "{value}");
    }
}

#[actix_web::test]
async fn without_a_token_nobody_is_let_in() {
    kept_out(Mocks::untouched(), None).await;
    for value in ["", "Bearer", "Bearer ", "Basic ZGFkYTpkYWRh", "rubbish", "a.b.c"] {
        kept_out(Mocks::untouched(), Some(value)).await;
    }
}

#[actix_web::test]
async fn a_buyers_token_is_none() {
    kept_out(Mocks::untouched(), Some(&token())).await;
    let buyer = json!({"username": USERNAME, "exp": FOREVER});
    kept_out(Mocks::untouched(), Some(&signed(&buyer))).await;
}

#[actix_web::test]
async fn a_token_that_is_signed_otherwise_is_none() {
    let good = signed(&claims());
    let [header, payload, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let flipped: String = signature.chars().rev().collect();
    let admin = signed(&claims_with("username", Some(json!("店长"))));
    let others_payload = admin.split('.').nth(1).unwrap();
    for value in [
        signed_with(BUYERS_SECRET, Algorithm::HS256, &claims()),
        signed_with(b"the secret of somebody else, just as long", Algorithm::HS256, &claims()),
        signed_with(b"", Algorithm::HS256, &claims()),
        signed_with(STAFF_SECRET.as_bytes(), Algorithm::HS384, &claims()),
        signed_with(STAFF_SECRET.as_bytes(), Algorithm::HS512, &claims()),
        format!("{none}.{payload}."),
        format!("{none}.{payload}"),
        format!("{none}.{payload}.{signature}"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}.{flipped}"),
        format!("{header}.{others_payload}.{signature}"),
    ] {
        kept_out(Mocks::untouched(), Some(&value)).await;
    }
}

#[actix_web::test]
async fn a_token_is_valid_until_the_second_it_names() {
    for exp in [json!(1), json!(1_574_944_808), json!("2100-01-01"), json!(null), json!(-1)] {
        kept_out(Mocks::untouched(), Some(&signed(&claims_with("exp", Some(exp))))).await;
    }
    kept_out(Mocks::untouched(), Some(&signed(&claims_with("exp", None)))).await;
    kept_out(Mocks::untouched(), Some(&staff_key().issue(STAFF, 1_574_944_808).unwrap())).await;
}

/// RFC 7519, 4.1.5.
#[actix_web::test]
async fn a_token_is_not_valid_before_the_second_it_names() {
    for nbf in [json!(FOREVER - 1), json!("2100-01-01"), json!(-1)] {
        kept_out(Mocks::untouched(), Some(&signed(&claims_with("nbf", Some(nbf))))).await;
    }
}

#[actix_web::test]
async fn a_second_secret_verifies_and_signs_nothing() {
    const NEW: &str = "the secret that staff have from now on, long enough";
    let changed = || StaffKey::new(&Secret::new(NEW.to_owned()));
    let old = staff_key().issue(STAFF, FOREVER).unwrap();
    let changing = changed().and_verifying(&Secret::new(STAFF_SECRET.to_owned()));
    let new = changing.issue(STAFF, FOREVER).unwrap();
    assert!(changed().issue(STAFF, FOREVER).unwrap() == new, "it is signed with the new one");
    for token in [&old, &new] {
        let mut mocks = with_file(Mocks::untouched(), file(OrderStatus::Completed));
        mocks.secrets.staff = Some(changing.clone());
        let request = TestRequest::get().uri(&of_order("")).insert_header(("authorization", token.clone()));
        assert_eq!(sent(mocks, request).await.status, 200, "{token}");
    }
    let mocks = Mocks { secrets: Secrets { staff: Some(changed()), ..secrets() }, ..Mocks::untouched() };
    kept_out(mocks, Some(&old)).await;
}

#[actix_web::test]
async fn a_token_without_the_role_is_none() {
    kept_out(Mocks::untouched(), Some(&signed(&claims_with("role", None)))).await;
    for role in [
        json!("buyer"),
        json!("admin"),
        json!("Staff"),
        json!("staff "),
        json!(""),
        json!(null),
        json!(true),
        json!(["staff"]),
    ] {
        kept_out(Mocks::untouched(), Some(&signed(&claims_with("role", Some(role))))).await;
    }
}

#[actix_web::test]
async fn a_token_without_a_name_that_a_timeline_can_show_is_none() {
    kept_out(Mocks::untouched(), Some(&signed(&claims_with("username", None)))).await;
    for name in [json!(""), json!("  "), json!("王".repeat(65)), json!("a\nb"), json!("\u{0}"), json!(4)] {
        kept_out(Mocks::untouched(), Some(&signed(&claims_with("username", Some(name))))).await;
    }
}

#[actix_web::test]
async fn a_shop_without_a_secret_for_its_people_lets_nobody_in() {
    for value in [None, Some(signed(&claims())), Some(signed_with(b"", Algorithm::HS256, &claims()))] {
        let mocks = Mocks { secrets: Secrets { staff: None, ..secrets() }, ..Mocks::untouched() };
        kept_out(mocks, value.as_deref()).await;
    }
}

/// Staff may have a buyer's name: the secret makes the difference.
#[actix_web::test]
async fn a_staff_token_is_none_for_buyers() {
    let token = signed(&claims_with("username", Some(json!(USERNAME))));
    let client = Mocks::untouched().open().await;
    let get = |uri: &str| TestRequest::get().uri(uri);
    let sku = json!({"sku_id": 4, "count": 1}).to_string();
    let with_body = |request: TestRequest, uri: &str| request.uri(uri).set_payload(sku.clone());
    let requests = [
        get(&format!("{PROCESSING}?status=0&settlement_type=0")),
        get(&format!("{PROCESSING}?status=1&order_status=0")),
        get(&format!("{PROCESSING}?status=2&order_id={ORDER}")),
        get(&format!("{PROCESSING}?status=3&order_id={ORDER}")),
        post_json(json!({"status": 0, "address_id": 7, "settlement_type": 0})),
        post_json(json!({"status": 1, "order_id": ORDER})),
        post_json(json!({"status": 3, "order_id": ORDER})),
        get("/v1/carts/dada"),
        with_body(TestRequest::post(), "/v1/carts/dada"),
        with_body(TestRequest::put(), "/v1/carts/dada"),
        with_body(TestRequest::delete(), "/v1/carts/dada"),
        get("/v1/users/dada/address"),
        with_body(TestRequest::post(), "/v1/users/dada/address"),
        with_body(TestRequest::put(), "/v1/users/dada/address/7"),
        with_body(TestRequest::delete(), "/v1/users/dada/address/7"),
        with_body(TestRequest::post(), "/v1/users/dada/address/default"),
    ];
    for request in requests {
        let answer = client.send(request.insert_header(("authorization", token.clone()))).await.json();
        assert_eq!(answer, json!({"code": 403, "error": "Please login", "errmsg": "Please login"}));
    }
    client.close().await;
}
