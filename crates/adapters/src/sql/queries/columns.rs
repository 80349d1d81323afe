//! Conversions between values and columns.

use domain::{OrderId, OrderStatus};

use crate::sql::failure::QueryError;

/// The column of an order's number, as errors name it.
pub(super) const ORDER_ID: &str = "tb_order_info.order_id";

/// The order status with the stored code.
pub(super) fn status(column: &str, stored: i16) -> Result<OrderStatus, QueryError> {
    OrderStatus::from_code(stored.into()).ok_or_else(|| QueryError::corrupt(column, stored))
}

/// Parses the stored number of an order.
pub(super) fn order_id(column: &str, stored: &str) -> Result<OrderId, QueryError> {
    OrderId::parse(stored).map_err(|_| QueryError::corrupt(column, stored))
}

/// Cuts a text to the number of characters that its column holds.
pub(super) fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// Cuts a name or a number to 64 characters.
pub(super) fn name(text: &str) -> String {
    cut(text, 64)
}

/// A number of rows.
pub(super) fn many(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
