//! Values as columns hold them, on their way in and out.

use domain::{OrderId, OrderStatus};

use crate::sql::failure::QueryError;

/// The column that most tables name.
pub(super) const ORDER_ID: &str = "tb_order_info.order_id";

/// The status with the stored number.
pub(super) fn status(column: &str, stored: i16) -> Result<OrderStatus, QueryError> {
    OrderStatus::from_code(stored.into()).ok_or_else(|| QueryError::corrupt(column, stored))
}

/// The number of an order.
pub(super) fn order_id(column: &str, stored: &str) -> Result<OrderId, QueryError> {
    OrderId::parse(stored).map_err(|_| QueryError::corrupt(column, stored))
}

/// As many characters as the column holds.
pub(super) fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// A person's or a request's name, as many characters as are kept.
pub(super) fn name(text: &str) -> String {
    cut(text, 64)
}

/// A number of rows.
pub(super) fn many(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
