//! The program `dashop`: HTTP, configuration and the command line around the use cases.
//!
//! A handler translates the wire into a use case and its outcome back into the contract's JSON; nothing is decided here.

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
