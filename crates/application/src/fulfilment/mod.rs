//! Shipping, receipt, and what an order does by itself when its time has come.

mod confirm_receipt;
mod order_timers;
mod ship_order;

pub use order_timers::OrderTimers;
