//! Implementations of the ports: databases, carts, Alipay, listeners, the clock.
//!
//! This crate has no business rules: the shop's rules are in `domain`, and the order of steps is in `application`. Each
//! adapter passes the test suite of its port (`ports::contract`).

#[cfg(feature = "alipay")]
pub mod alipay;
#[cfg(any(feature = "sql", feature = "redis"))]
mod cart_format;
#[cfg(feature = "passwords")]
pub mod passwords;
pub mod private_files;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sql")]
pub mod sql;
pub mod system;
#[cfg(any(feature = "alipay", feature = "events"))]
mod web_client;
#[cfg(feature = "events")]
pub mod webhook;

#[cfg(any(feature = "alipay", feature = "events"))]
pub use web_client::is_on_this_machine;
