//! What the buyers' operations are asked and answer, put together for the document: one path stands for several
//! operations.

#![expect(
    dead_code,
    reason = "only the schemas of these are used: `parameters` reads the bodies, `answer` and `wire` write the answers"
)]

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::wire::{InvitationData, OrderStoryData, OrdersData, PreviewData, ResultData};

/// What `POST /v1/orders/processing/` is asked.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum PostBody {
    Create(CreateBody),
    Pay(PayBody),
    Cancel(CancelBody),
}

/// Places an order.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CreateBody {
    /// 0.
    status: i32,
    address_id: i32,
    /// 0 the ticked cart lines, 1 one SKU.
    settlement_type: i32,
    /// Of one SKU; without it the one of the latest preview.
    sku_id: Option<i32>,
    /// Of one SKU: pieces.
    buy_num: Option<i32>,
    /// What the buyer saw, such as `"8.00"`: where the price is another now, no order is placed.
    expected_amount: Option<String>,
}

/// Asks for a new pay_url.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PayBody {
    /// 1.
    status: i32,
    order_id: String,
}

/// Gives up an unpaid order.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CancelBody {
    /// 3.
    status: i32,
    order_id: String,
    /// At most 100 characters.
    reason: Option<String>,
}

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
    Order(Box<Answer<OrderStoryData>>),
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
