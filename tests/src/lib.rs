//! The harness of the end-to-end tests: the real program in its own process, a browser's HTTP, access to the database
//! and the carts, servers that can be killed, and Alipay's private key.
//!
//! Its functions panic if something is wrong, which fails the test.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod alipay;
mod carts;
mod certificates;
mod child;
mod data;
mod database;
mod http;
mod listener;
mod load;
mod nginx;
mod program;
mod prometheus;
mod sandbox;
mod servers;
mod wire;

pub use alipay::Alipay;
pub use certificates::Certificates;
pub use child::{killed_with_parent, until};
pub use data::Data;
pub use database::Database;
pub use http::{Browser, Buyer, Reply, Staff};
pub use listener::{Event, Listener, Reception};
pub use load::{Answers, Load};
pub use nginx::Nginx;
pub use program::{Dashop, Setup};
pub use prometheus::Prometheus;
pub use sandbox::Sandbox;
pub use servers::Server;
pub use wire::{Wire, WireAnswer};

/// A file in cargo's build directory.
pub fn built(name: &str) -> String {
    format!("{}/{name}", std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned()))
}

/// Makes two tests of each function, one on the embedded shop and one on MySQL and Redis. The function gets a [`Setup`]
/// to start.
#[macro_export]
macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(tests::Setup::embedded()).await;
            })+
        }

        mod mysql_and_redis {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(tests::Setup::on_servers().await).await;
            })+
        }
    };
}
