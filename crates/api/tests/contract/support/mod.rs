//! The real routes and use cases over mocked ports. A port call that a test does not expect fails the test.

mod backends;
mod client;
mod document;
mod mocks;
mod units;

use std::time::Duration;

use actix_web::{test::TestRequest, web::Bytes};
use api::{
    configuration::Secret,
    http::{Secrets, StaffKey, TokenKey},
};
use domain::StoredPassword;
use serde_json::Value;

pub(crate) use backends::Backends;
pub(crate) use client::{Answer, Client};
pub(crate) use document::Document;
pub(crate) use mocks::Mocks;
pub(crate) use units::{changed_meanwhile, connection_lost, ledger, only};

use crate::samples::username;

pub(crate) const PROCESSING: &str = "/v1/orders/processing/";
pub(crate) const SUCCESS: &str = "/v1/orders/success/";
const RESULT_PAGE: &str = "http://shop.example/pay_success.html";
pub(crate) const BODY_LIMIT: usize = 4096;
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// The secret that signs the tokens of staff.
pub(crate) const STAFF_SECRET: &str = "another secret of the tests, as long as HS256 asks for";
const JWT_SECRET: &str = "a secret of the tests, long enough for HS256";

pub(crate) fn tokens() -> TokenKey {
    TokenKey::new(&Secret::new(JWT_SECRET.to_owned()))
}

pub(crate) fn staff_key() -> StaffKey {
    StaffKey::new(&Secret::new(STAFF_SECRET.to_owned()))
}

/// The secrets that sign and verify tokens.
pub(crate) fn secrets() -> Secrets {
    Secrets { buyers: tokens(), staff: Some(staff_key()) }
}

/// The stored password of the buyer.
pub(crate) fn stored_password() -> StoredPassword {
    StoredPassword { md5: "e10adc3949ba59abbe56e057f20f883e".to_owned(), hash: None }
}

/// A token of the buyer that is valid in any year.
pub(crate) fn token() -> String {
    tokens().issue(&username(), &stored_password(), 4_102_444_800).unwrap()
}

pub(crate) fn with_token(request: TestRequest) -> TestRequest {
    request.insert_header(("authorization", token()))
}

/// As the old pages post it: JSON text under the wrong content type.
pub(crate) fn post_json(body: Value) -> TestRequest {
    post_text(body.to_string())
}

pub(crate) fn post_text(body: impl Into<Bytes>) -> TestRequest {
    let request = TestRequest::post().uri(PROCESSING);
    request.insert_header(("content-type", "application/x-www-form-urlencoded")).set_payload(body)
}
