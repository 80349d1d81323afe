//! The requests of the shop side as JSON.

use domain::ShippingAddress;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, SchemaType, Type},
};

/// Pieces that go back into stock. Recorded refunds use the same format.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Restock)]
#[serde(deny_unknown_fields)]
pub(super) struct RestockData {
    pub(super) sku_id: i32,
    pub(super) count: u32,
}

/// How an order is shipped.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShipRequest {
    /// 1 to 32 characters.
    pub(super) carrier: String,
    /// 1 to 64 characters.
    pub(super) tracking_number: String,
}

/// Why an order is cancelled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelRequest {
    /// 1 to 200 characters.
    pub(super) reason: String,
}

/// The new amount of an unpaid order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AmountRequest {
    /// At least 0.01, less than the order costs.
    #[schema(value_type = String)]
    pub(super) amount: AmountData,
    /// The order's current amount, as it was shown.
    #[schema(value_type = String)]
    pub(super) expected_amount: AmountData,
    /// 1 to 200 characters.
    pub(super) reason: String,
}

/// The new address of an order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressRequest {
    /// 1 to 10 characters.
    pub(super) receiver: String,
    /// Eleven digits.
    pub(super) mobile: String,
    /// 1 to 100 characters.
    pub(super) address: String,
    /// A label, such as 家: 1 to 10 characters.
    pub(super) title: String,
    /// The address that was shown. If the order has another address now, nothing is changed.
    pub(super) expected: Option<AddressData>,
    /// 1 to 200 characters.
    pub(super) reason: String,
}

/// The address of an order. Recorded orders use the same format.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShippingAddress)]
pub(super) struct AddressData {
    title: String,
    address: String,
    mobile: String,
    receiver: String,
}

impl From<AddressData> for ShippingAddress {
    fn from(AddressData { title, address, mobile, receiver }: AddressData) -> Self {
        Self { title, receiver, mobile, address }
    }
}

impl From<ShippingAddress> for AddressData {
    fn from(ShippingAddress { title, receiver, mobile, address }: ShippingAddress) -> Self {
        Self { title, address, mobile, receiver }
    }
}

/// An amount of money as a text or a number.
pub(super) struct AmountData(pub(super) String);

impl<'de> Deserialize<'de> for AmountData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(de::Error::custom("expected an amount as a text or a number"))
            }
        }
    }
}

/// A text or a number, or null.
fn amount_schema() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Number, Type::Null]))
}

fn refunded_schema() -> Object {
    amount_schema().description(Some("If absent, the whole rest.")).build()
}

fn expected_schema() -> Object {
    let said = "The amount that could still be refunded (`refundable_amount`) when the caller decided. If it is different \
                now, the answer is `stale`, and nothing is refunded.";
    amount_schema().description(Some(said)).build()
}

/// A refund by staff.
#[derive(Deserialize, ToSchema)]
#[schema(as = RefundRequest)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundRequestData {
    /// 1 to 48 of `A-Z a-z 0-9 _ -`: the same id again returns the same refund.
    pub(super) request_id: String,
    /// If absent, the whole rest.
    #[serde(default)]
    #[schema(schema_with = refunded_schema)]
    pub(super) amount: Option<AmountData>,
    /// 1 to 200 characters.
    pub(super) reason: String,
    /// Pieces that go back into stock. If absent, none, with two exceptions: the refund of the whole rest of an order
    /// that was not shipped returns all its pieces; and a repeated refund that has `failed` returns the pieces of its
    /// first request, as far as the order still holds them and was not shipped since. If both apply, the second one
    /// counts if the first request was for the whole rest at its time.
    #[serde(default)]
    pub(super) restock: Option<Vec<RestockData>>,
    /// If absent, the payment that paid the order.
    #[serde(default)]
    pub(super) trade_no: Option<String>,
    /// The amount that could still be refunded (`refundable_amount`) when the caller decided. If it is different now, the
    /// response is `stale`, and nothing is refunded.
    #[serde(default)]
    #[schema(schema_with = expected_schema)]
    pub(super) expected_refundable: Option<AmountData>,
}

/// An event to resend.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResendRequest {
    pub(super) order_id: String,
    /// Such as `evt_019ac6d7-5b00-7000-8000-000000000000`.
    pub(super) event_id: String,
}

/// Pieces that come back without a refund.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnRequest {
    /// 1 to 48 of `A-Z a-z 0-9 _ -`: the same id again is the same return.
    pub(super) request_id: String,
    /// No more than the order holds.
    pub(super) restock: Vec<RestockData>,
    /// How many pieces of the order were back in stock (the sum of `returned` of all its lines) when the caller decided. If
    /// the number is different now, the response is `stale`, and nothing is put back.
    #[serde(default)]
    pub(super) expected_returned: Option<u32>,
}
