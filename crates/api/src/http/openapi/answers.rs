//! What the buyers' operations answer, put together for the document: one path stands for several operations.

#![expect(
    dead_code,
    reason = "only the schemas of these are used; the answers are written by `answer` and `wire`"
)]

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::wire::{InvitationData, OrderStoryData, OrdersData, PreviewData, ResultData};

/// An operation that was done.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Answer<T> {
    /// 200.
    code: i32,
    data: T,
    /// The prefix for image names.
    base_url: Option<String>,
}

/// An operation that was done and has nothing to tell.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Done {
    /// 200.
    code: i32,
    base_url: String,
}

/// An operation that was not done.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Refused {
    /// Which failure: the table is in docs/API.md.
    code: i32,
    errmsg: String,
    /// The text again; for 403 and 208 the text alone, as the old sign-in had it.
    error: RefusedText,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum RefusedText {
    Wrapped { error_msg: String },
    Plain(String),
}

/// What `GET /v1/orders/processing/` answers.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum OfGet {
    /// `status` 0.
    Preview(Answer<PreviewData>),
    /// `status` 1.
    Orders(Answer<OrdersData>),
    /// `status` 2.
    Receipt(Done),
    /// `status` 3.
    Order(Answer<OrderStoryData>),
    Refused(Refused),
}

/// What `POST /v1/orders/processing/` answers.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum OfPost {
    /// `status` 0 and 1.
    Invitation(Answer<InvitationData>),
    /// `status` 3.
    Cancelled(Done),
    Refused(Refused),
}

/// What `GET /v1/orders/success/` answers.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum OfResult {
    Paid(Answer<ResultData>),
    Refused(Refused),
}
