//! The contract's envelope: HTTP 200, and a `code` for the outcome.

use std::{borrow::Cow, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::Serialize;

use super::{
    Code,
    observe::{AnsweredCode, answered},
};

/// An outcome that is not a success, in the format of the response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The code.
    pub code: Code,
    /// The text for people.
    pub text: Cow<'static, str>,
}

impl ApiError {
    /// With this code and text.
    pub fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }

    /// The response, with data that the page reads even after a failure.
    pub(super) fn with_data(&self, data: &impl Serialize, base_url: Option<&str>) -> HttpResponse {
        json(&self.envelope(Some(data), base_url))
    }

    fn envelope<'a, T>(&'a self, data: Option<T>, base_url: Option<&'a str>) -> Envelope<'a, T> {
        // These codes have the format of the old back end's sign-in and order module.
        let error = if Code::OF_STRANGERS.contains(&self.code) {
            ErrorText::Plain(&self.text)
        } else {
            ErrorText::Wrapped { error_msg: &self.text }
        };
        answered(AnsweredCode::Number(self.code.number()));
        Envelope { code: self.code.number(), errmsg: Some(&self.text), error: Some(error), data, base_url }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code.number(), self.text)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::OK
    }

    fn error_response(&self) -> HttpResponse {
        json(&self.envelope(None::<()>, None))
    }
}

/// The code of success.
pub(super) const OUTCOME_SUCCESS: AnsweredCode = AnsweredCode::Number(200);

/// The response on success.
pub(super) fn success<T: Serialize>(data: Option<T>, base_url: Option<&str>) -> HttpResponse {
    answered(OUTCOME_SUCCESS);
    json(&succeeded(data, base_url))
}

/// The body of the response on success.
pub(super) fn succeeded<T: Serialize>(data: Option<T>, base_url: Option<&str>) -> Envelope<'_, T> {
    Envelope { code: 200, errmsg: None, error: None, data, base_url }
}

/// The format of the contract.
#[derive(Serialize)]
pub(super) struct Envelope<'a, T> {
    code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    errmsg: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_url: Option<&'a str>,
}

/// The error text again, in the format of each of the two kinds of client.
#[derive(Serialize)]
#[serde(untagged)]
enum ErrorText<'a> {
    Plain(&'a str),
    Wrapped { error_msg: &'a str },
}

/// Any response: HTTP 200, not cacheable.
pub(super) fn json(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body)
}
