//! What the end-to-end tests share: the real program in a process of its own, a browser's side of HTTP, a look into the
//! database, and Alipay's private key.
//!
//! A test panics where something is not as it should be; that is how it says so.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what is wrong by panicking"
)]

mod alipay;
mod database;
mod http;
mod program;

pub use alipay::Alipay;
pub use database::Database;
pub use http::{Browser, Buyer, Reply};
pub use program::{Dashop, Setup};
