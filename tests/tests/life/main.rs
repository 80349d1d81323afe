//! The whole life of orders, on the real program: what becomes of those that nobody pays, that are paid unheard of, late
//! or twice, that nobody confirms, and of those whose money goes back; by the jobs, over HTTP and on the command line.
//!
//! Nobody waits for minutes: what is due later is made due in the database, and its outcome is waited for.

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
