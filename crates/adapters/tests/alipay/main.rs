//! The Alipay adapter against recorded messages, against the sandbox over HTTP, and against gateways that misbehave.

#![cfg(feature = "alipay")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod certificates;
mod configuration;
mod fake_gateway;
mod faults;
mod money_back;
mod recorded;
mod sandbox;
mod shop;
