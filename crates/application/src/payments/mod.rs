//! How an order is paid, and how payments are compared with a channel's bill.

mod cashier;
mod order_change_error;
mod payment_result;
mod recently;
mod reconcile;
mod settle_payment;
mod start_payment;

pub use cashier::{PaymentInvitation, PaymentWish, StartedPayment};
pub use order_change_error::OrderChangeError;
pub use payment_result::PaymentResultError;
pub use recently::Recently;
pub use reconcile::{FoundDifference, ReconcileError};
pub use settle_payment::{NotificationError, SettleError, Settled};
