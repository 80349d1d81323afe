//! Implementations of the ports: databases, carts, Alipay, listeners, the clock.
//!
//! Nothing here decides; what a shop's rules say is in `domain`, and what is done in which order is in
//! `application`. Each adapter passes the suite of its port (`ports::contract`).

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
