//! The contract's envelope: HTTP 200, and a `code` that tells the outcome.

use std::{borrow::Cow, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::Serialize;

use super::{
    Code,
    observe::{AnsweredCode, answered},
};

/// An outcome that is not a success, in the form of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Which.
    pub code: Code,
    /// In words, for people.
    pub text: Cow<'static, str>,
}

impl ApiError {
    /// With this text.
    pub fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }

    /// The answer, with data that the page reads in spite of the failure.
    pub(super) fn with_data(&self, data: &impl Serialize, base_url: Option<&str>) -> HttpResponse {
        json(&self.envelope(Some(data), base_url))
    }

    fn envelope<'a, T>(&'a self, data: Option<T>, base_url: Option<&'a str>) -> Envelope<'a, T> {
        // As the old sign-in has it, and the order module.
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

/// The code of a success.
pub(super) const OUTCOME_SUCCESS: AnsweredCode = AnsweredCode::Number(200);

/// The answer on success.
pub(super) fn success<T: Serialize>(data: Option<T>, base_url: Option<&str>) -> HttpResponse {
    answered(OUTCOME_SUCCESS);
    json(&succeeded(data, base_url))
}

/// The body of the answer on success.
pub(super) fn succeeded<T: Serialize>(data: Option<T>, base_url: Option<&str>) -> Envelope<'_, T> {
    Envelope { code: 200, errmsg: None, error: None, data, base_url }
}

/// The contract's form.
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

/// The text again, as each of the two kinds of client reads it.
#[derive(Serialize)]
#[serde(untagged)]
enum ErrorText<'a> {
    Plain(&'a str),
    Wrapped { error_msg: &'a str },
}

/// Any answer in HTTP's own words: 200, and not to be kept.
pub(super) fn json(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body)
}
