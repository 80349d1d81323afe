//! Shipment, receipt and order timers.

mod confirm_receipt;
mod order_timers;
mod ship_order;

pub use order_timers::OrderTimers;
