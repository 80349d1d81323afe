//! A stand-in for Alipay: the gateway, the cashier page, notifications and refunds, over real HTTP.
//!
//! It speaks the protocol of `docs` at Alipay as far as a shop with 电脑网站支付 needs it, and is as strict as the real
//! one: what it does not accept, Alipay would not either. It keeps no secret of any worth and moves no money.
//!
//! - `GET|POST /gateway.do`: `alipay.trade.page.pay` and `alipay.trade.wap.pay` for browsers; `alipay.trade.query`, `alipay.trade.close`,
//!   `alipay.trade.refund`, `alipay.trade.fastpay.refund.query` and `alipay.data.dataservice.bill.downloadurl.query` for
//!   servers. Every request's signature and common parameters are checked; every answer is signed, except where Alipay
//!   does not sign either (an unknown `app_id`).
//! - `POST /cashier/pay` and `POST /cashier/cancel` with `trade_no`: the buttons of the cashier page. Both lead back to
//!   the shop's `return_url` with signed parameters (303).
//! - Notifications go to the shop's `notify_url` until it answers `success`; [`NotificationBehaviour`] makes them late,
//!   doubled, lost or out of order, or keeps them for a test to deliver.
//! - `GET /bill/<token>`: the bill of a day, a zip of CSV files in GBK; the link is valid for 30 seconds.
//! - In certificate mode ([`SandboxConfig::certificates`]) every request must carry `app_cert_sn` and `alipay_root_cert_sn`,
//!   every signed answer has `alipay_cert_sn`, and `alipay.open.app.alipaycert.download` gives Alipay's certificates.
//! - `GET /`: a page with all trades.
//!
//! Differences from Alipay: one merchant, one buyer, UTF-8 only; a trade exists as soon as the buyer's browser arrives;
//! unfinished notifications do not survive a restart; `time_expire` may be less than a minute ahead; a `subject` may have the characters that Alipay asks merchants to avoid (`/`, `=`, `&`); a trade that nobody pays in time is closed without a notification;
//! a second trade of one `out_trade_no` comes only from
//! [`Sandbox::pay_again`].
//!
//! # For tests
//! [`Sandbox`] makes calls fail ([`Sandbox::add_fault`]), plays the buyer ([`Sandbox::arrive`], [`Sandbox::pay`],
//! [`Sandbox::pay_again`]) and the merchant's people in Alipay's console ([`Sandbox::refund_at_console`]), holds
//! notifications back ([`Sandbox::take_held`]), changes the key that signs ([`Sandbox::change_key`]), and shows its trades
//! and the calls it got ([`Sandbox::trades`], [`Sandbox::requests`]). The same over HTTP, in JSON, for a sandbox inside another process:
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /control/faults` | `{"method":"alipay.trade.refund","kind":"no_answer","moment":"after","times":1}`; `kind`: `slow` (with `milliseconds`), `no_answer`, `unavailable` (20000), `system_error`, `no_balance` (`ACQ.SELLER_BALANCE_NOT_ENOUGH`), `dropped`; `moment`: `before` or `after` the work | `{"waiting":1}` |
//! | `GET`, `DELETE /control/faults` | | `{"waiting":0}` |
//! | `GET /control/trades`, `…?out_trade_no=` | | a list of `{"out_trade_no","trade_no","status","total_amount","paid","created_at","paid_at","refunded","refunds":[{"out_request_no","amount","at"}]}` |
//! | `GET /control/requests` | | the latest calls, `{"method","out_trade_no","trade_no","out_request_no","at"}` |
//! | `POST /control/key` | `{"new_key":true}`, or `false` for a new certificate of the same key | `{"alipay_cert_sn":"…"}`, null in key mode |
//! | `POST /control/pay`, `/control/pay-again`, `/control/finish` | `{"out_trade_no":"…"}` | the trade, as in the trades |
//! | `POST /control/refund` | `{"out_trade_no":"…","amount":"10.00"}` | `{"out_request_no":"…"}`, Alipay's own |
//! | `GET /control/notifications` | | a list of `{"notify_id","out_trade_no","trade_status","attempts","acknowledged","over","last_answer"}` |
//! | `POST /control/notifications` | any of `resend_after_ms` (a list), `speed_up`, `delay_ms`, `duplicates`, `lose_first`, `reorder`, `notify_close`, `hold`; the rest as by default | 204 |
//! | `POST /control/notifications/held` | | takes what was held, `{"out_trade_no","form"}` |
//!
//! What is refused answers 409 with `{"code","message"}` in Alipay's words; what cannot be read, 400. Every `POST` must be
//! `application/json`. What a browser sends for a page of another origin, or to a name that a site of the internet can have, is
//! answered 403, here and at `/`: the sandbox is reached by its address, by a name without a dot, or by one under `localhost`, `local`, `internal` or `test`.
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
mod bill;
mod buyer;
mod cashier;
mod certificates;
mod config;
mod control;
mod failure;
mod fault_injection;
mod faults;
mod gateway;
mod html;
mod key_files;
mod ledger;
mod moment;
mod notify;
mod numbers;
mod operations;
mod overview;
mod request_log;
mod respond;
mod sandbox;
mod saves;
mod server;
mod signing;
mod state_file;
mod trade;
mod trades;

pub use certificates::{CertificatesError, SandboxCertificates};
pub use config::{NotificationBehaviour, SandboxConfig};
pub use failure::Refused;
pub use faults::{Fault, FaultKind, FaultMoment, TooManyFaults};
pub use key_files::{KeyFileError, SandboxKeys};
pub use notify::{HeldNotification, NotificationRecord};
pub use request_log::{RequestLog, RequestRecord};
pub use sandbox::{Sandbox, StartError};
pub use state_file::StateFileError;
pub use trades::{RefundRecord, TradeRecord};
