//! The program `dashop`: HTTP, configuration and the command line around the use cases.
//!
//! A handler translates a request into a use case, and its outcome into the contract's JSON. It decides nothing.

mod build;
pub mod cli;
pub mod configuration;
mod doctor;
mod error_chain;
pub mod http;
mod logging;
mod metrics;
mod reload;
mod server;
mod systemd;
mod traces;
mod wiring;

pub use wiring::{Services, StartError};
