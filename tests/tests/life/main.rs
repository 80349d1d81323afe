//! The whole life of orders, on the real program: orders that are never paid, paid without a notification, paid late or
//! twice, never confirmed, or refunded; by the jobs, over HTTP and on the command line.
//!
//! No test waits for minutes: it makes what is due later due in the database, and waits for the outcome.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod at_once;
mod audited;
mod certificate_mode;
mod commands;
mod expiry;
mod killed;
mod late;
mod overtaken;
mod receipt;
mod reconcile;
mod refund_notifications;
mod shop;
mod together;
mod unheard;
