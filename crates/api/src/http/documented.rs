//! The requests and responses of the buyers' operations, combined for the OpenAPI document: one path serves several
//! operations.

#![expect(
    dead_code,
    reason = "only the schemas of these are used: `parameters` reads the bodies, `answer` and `wire` write the answers"
)]

use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::{
    Code,
    wire::{InvitationData, OrderDetailsData, OrdersData, PreviewData, ResultData, UnsignedData},
};

/// The body of `POST /v1/orders/processing/`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum PostBody {
    Create(CreateBody),
    Pay(PayBody),
    Cancel(CancelBody),
    ChangeAddress(ChangeAddressBody),
}

/// Places an order.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CreateBody {
    #[schema(schema_with = only::<0>)]
    status: i32,
    address_id: i32,
    /// 0: the ticked cart lines; 1: one SKU.
    #[schema(minimum = 0, maximum = 1)]
    settlement_type: i32,
    /// For one SKU; if absent, the SKU of the latest preview.
    sku_id: Option<i32>,
    /// For one SKU: the number of pieces.
    buy_num: Option<i32>,
    /// The amount that the buyer saw, such as `"8.00"`. If the price is different now, no order is placed.
    expected_amount: Option<String>,
    /// The buyer's device: `pc` (default) or `wap`, a phone.
    device: Option<String>,
    /// The payment channel, one of the shop's channels; `alipay` by default.
    channel: Option<String>,
}

/// Asks for a new pay_url.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PayBody {
    #[schema(schema_with = only::<1>)]
    status: i32,
    order_id: String,
    /// The buyer's device: `pc` (default) or `wap`, a phone.
    device: Option<String>,
    /// The amount that the buyer saw, such as `"8.00"`. If the order's amount is different now, there is no pay_url.
    expected_amount: Option<String>,
    /// The payment channel, one of the shop's channels; `alipay` by default.
    channel: Option<String>,
    /// 1: in a new attempt, for example to pay with another account at Alipay.
    #[schema(minimum = 0, maximum = 1)]
    new_attempt: Option<i32>,
    /// 1: also `code_url`, if the shop shows codes in its own page.
    #[schema(minimum = 0, maximum = 1)]
    code: Option<i32>,
}

/// Cancels an unpaid order.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CancelBody {
    #[schema(schema_with = only::<3>)]
    status: i32,
    order_id: String,
    /// At most 100 characters.
    reason: Option<String>,
}

/// Changes the address of an unpaid order to another one of the buyer.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ChangeAddressBody {
    #[schema(schema_with = only::<4>)]
    status: i32,
    order_id: String,
    address_id: i32,
}

/// A successful operation.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Answer<T> {
    #[schema(schema_with = only::<200>)]
    code: i32,
    data: T,
    /// The prefix for image names.
    base_url: String,
}

/// A successful operation without data.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Done {
    #[schema(schema_with = only::<200>)]
    code: i32,
    base_url: String,
}

/// An order that is paid.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Paid {
    #[schema(schema_with = only::<200>)]
    code: i32,
    data: ResultData,
}

/// No valid token (403), or the token of an unknown user (208): only the text, like the old sign-in.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Stranger {
    #[schema(schema_with = of_strangers)]
    code: i32,
    errmsg: String,
    error: String,
}

/// A failed operation.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Refused {
    /// The failure; docs/API.md has the table of codes.
    #[schema(schema_with = of_refusals)]
    code: i32,
    errmsg: String,
    error: RefusedText,
}

/// A preview that could not be made, or after which no order is possible. The old page reads its lists nevertheless.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RefusedPreview {
    /// The failure; docs/API.md has the table of codes.
    #[schema(schema_with = of_refusals)]
    code: i32,
    errmsg: String,
    error: RefusedText,
    data: PreviewData,
    /// The prefix for image names.
    base_url: String,
}

/// An order that is placed, but whose `pay_url` could not be made: operation 5 makes one later (50111), or on the device on
/// which the payment was last begun (50118).
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Unsigned {
    #[schema(schema_with = of_unsigned)]
    code: i32,
    errmsg: String,
    error: RefusedText,
    data: UnsignedData,
    /// The prefix for image names.
    base_url: String,
}

/// An order that is not paid according to Alipay (50105), or whose payment cannot be queried at Alipay.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NotPaid {
    #[schema(schema_with = of_refusals)]
    code: i32,
    errmsg: String,
    error: RefusedText,
    data: ResultData,
}

/// The text again.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RefusedText {
    error_msg: String,
}

/// What `GET /v1/orders/processing/` answers.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum OfGet {
    /// `status` 0.
    Preview(Answer<PreviewData>),
    /// `status` 0.
    RefusedPreview(RefusedPreview),
    /// `status` 1.
    Orders(Answer<OrdersData>),
    /// `status` 2.
    Receipt(Done),
    /// `status` 3.
    Order(Box<Answer<OrderDetailsData>>),
    Stranger(Stranger),
    Refused(Refused),
}

/// What `POST /v1/orders/processing/` answers.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum OfPost {
    /// `status` 0 and 1.
    Invitation(Answer<InvitationData>),
    /// `status` 0.
    Unsigned(Unsigned),
    /// `status` 3 and 4.
    Changed(Done),
    Stranger(Stranger),
    Refused(Refused),
}

/// What `GET /v1/orders/success/` answers.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum OfResult {
    Paid(Paid),
    NotPaid(NotPaid),
    Refused(Refused),
}

/// Exactly this number: it tells which of several formats applies.
fn only<const NUMBER: i32>() -> Object {
    one_of([NUMBER])
}

fn of_strangers() -> Object {
    one_of(Code::OF_STRANGERS.map(Code::number))
}

fn of_refusals() -> Object {
    one_of(Code::OF_REFUSALS.map(Code::number))
}

fn of_unsigned() -> Object {
    one_of([Code::Channel, Code::TooManyAttempts].map(Code::number))
}

fn one_of<const COUNT: usize>(numbers: [i32; COUNT]) -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some(numbers)).build()
}
