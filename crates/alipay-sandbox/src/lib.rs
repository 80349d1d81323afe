//! A stand-in for Alipay: the gateway, the cashier page, notifications and refunds, over real HTTP.
//!
//! It speaks the protocol of `docs` at Alipay as far as a shop with 电脑网站支付 needs it, and is as strict as the real
//! one: what it does not accept, Alipay would not either. It keeps no secret of any worth and moves no money.
//!
//! - `GET|POST /gateway.do`: `alipay.trade.page.pay` for browsers; `alipay.trade.query`, `alipay.trade.close`,
//!   `alipay.trade.refund` and `alipay.trade.fastpay.refund.query` for servers. Every request's signature and common
//!   parameters are checked; every answer is signed, except where Alipay does not sign either (an unknown `app_id`).
//! - `POST /cashier/pay` and `POST /cashier/cancel` with `trade_no`: the buttons of the cashier page. Both lead back to
//!   the shop's `return_url` with signed parameters (303).
//! - Notifications go to the shop's `notify_url` until it answers `success`; [`NotificationBehaviour`] makes them late,
//!   doubled, lost or out of order.
//!
//! Differences from Alipay: one merchant, one buyer, UTF-8 only; a trade exists as soon as the buyer's browser arrives;
//! unfinished notifications do not survive a restart.
//!
//! ```no_run
//! # async fn example(clock: std::sync::Arc<dyn ports::Clock>) -> Result<(), Box<dyn std::error::Error>> {
//! use alipay_sandbox::{Sandbox, SandboxConfig, SandboxKeys};
//!
//! let keys = SandboxKeys::load_or_generate("data/keys".as_ref())?;
//! let config = SandboxConfig::new(keys.app.public_key().clone(), keys.alipay);
//! let sandbox = Sandbox::start(config, std::net::TcpListener::bind("127.0.0.1:0")?, clock)?;
//! println!("{}", sandbox.gateway_url());
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```

mod amount;
mod app;
mod buyer;
mod cashier;
mod config;
mod failure;
mod gateway;
mod key_files;
mod ledger;
mod moment;
mod notify;
mod numbers;
mod request_log;
mod server;
mod state_file;
mod trade;

pub use config::{NotificationBehaviour, SandboxConfig};
pub use key_files::{KeyFileError, SandboxKeys};
pub use notify::NotificationRecord;
pub use request_log::RequestLog;
pub use server::{NoPaidTrade, Sandbox, StartError};
pub use state_file::StateFileError;
