//! A sandbox that replaces Alipay: the gateway, the cashier page, notifications and refunds, over real HTTP.
//!
//! It implements Alipay's documented protocol as far as a shop with 电脑网站支付 and 手机网站支付 needs it, and is as
//! strict as Alipay: Alipay would also refuse what it refuses. It has no valuable secrets and moves no money.
//!
//! - `GET|POST /gateway.do`: `alipay.trade.page.pay` and `alipay.trade.wap.pay` for browsers; `alipay.trade.query`,
//!   `alipay.trade.close`, `alipay.trade.refund`, `alipay.trade.fastpay.refund.query` and
//!   `alipay.data.dataservice.bill.downloadurl.query` for servers. Every request's signature and common parameters are
//!   checked. Every answer is signed, except those that Alipay does not sign either (such as for an unknown `app_id`).
//! - `POST /cashier/pay` and `POST /cashier/cancel` with `trade_no`: the buttons of the cashier page. Both redirect
//!   (303) to the shop's `return_url` with signed parameters; `cancel` redirects to the `quit_url` if there is one.
//! - Notifications go to the shop's `notify_url` until it answers `success`. [`NotificationBehaviour`] can make them
//!   late, duplicate, lost or out of order, or hold them for a test to deliver.
//! - `GET /bill/<token>`: the bill of a day, a zip of CSV files in GBK; the link is valid for 30 seconds.
//! - In certificate mode ([`SandboxConfig::certificates`]) every request must have `app_cert_sn` and
//!   `alipay_root_cert_sn`, every signed answer has `alipay_cert_sn`, and `alipay.open.app.alipaycert.download` returns
//!   Alipay's certificates.
//! - `GET /`: a page with all trades.
//!
//! Differences from Alipay:
//! - It has one merchant, one buyer, and only UTF-8.
//! - A trade exists as soon as the buyer's browser arrives.
//! - Unfinished notifications do not survive a restart.
//! - `time_expire` may be less than a minute ahead.
//! - A `subject` may have the characters that Alipay asks merchants to avoid (`/`, `=`, `&`).
//! - A trade that nobody pays in time is closed without a notification.
//! - Only [`Sandbox::pay_again`] creates a second trade of one `out_trade_no`.
//!
//! # For tests
//! [`Sandbox`] can make calls fail ([`Sandbox::add_fault`]), act as the buyer ([`Sandbox::arrive`], [`Sandbox::pay`],
//! [`Sandbox::pay_again`]) and as the merchant's staff in Alipay's console ([`Sandbox::refund_at_console`]), hold
//! notifications ([`Sandbox::take_held`]), change the key that signs ([`Sandbox::change_key`]), and show its trades and
//! calls ([`Sandbox::trades`], [`Sandbox::requests`]). A sandbox in another process has most of this over HTTP, in
//! JSON:
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
//! A refused request gets 409 with `{"code","message"}` in Alipay's words, an unreadable one 400. Every `POST` must be
//! `application/json`. Here and at `/`, a request from a browser's page of another origin, or to a host name that an
//! internet site can have, gets 403. Use the sandbox's IP address, a name without a dot, or a name under `localhost`,
//! `local`, `internal` or `test`.
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
