//! The storefront around the orders: each operation and each code, as recorded JSON.

mod addresses;
mod carts;
mod embedded;
mod goods;
mod tokens;

use actix_web::test::TestRequest;
use serde_json::{Value, json};

/// The complete answer of an error.
fn error(code: i32, text: &str) -> Value {
    json!({"code": code, "error": text})
}

fn with_body(request: TestRequest, uri: &str, body: &Value) -> TestRequest {
    let request = request.uri(uri).insert_header(("content-type", "application/x-www-form-urlencoded"));
    request.set_payload(body.to_string())
}

fn post(uri: &str, body: &Value) -> TestRequest {
    with_body(TestRequest::post(), uri, body)
}

fn put(uri: &str, body: &Value) -> TestRequest {
    with_body(TestRequest::put(), uri, body)
}

fn delete(uri: &str, body: &Value) -> TestRequest {
    with_body(TestRequest::delete(), uri, body)
}
