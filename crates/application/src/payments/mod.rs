//! Payments, refunds, and reconciliation with a channel's bill.

mod cashier;
mod payment_result;
mod recently;
mod reconcile;
mod refund_order;
mod settle_payment;
mod start_payment;

pub use cashier::{PaymentInvitation, PaymentWish, StartedPayment};
pub use payment_result::PaymentResultError;
pub use recently::Recently;
pub use reconcile::{FoundDifference, ReconcileError};
pub use refund_order::DueRefunds;
pub use settle_payment::{NotificationError, Settled};
