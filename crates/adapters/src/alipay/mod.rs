//! Alipay over its real protocol: 电脑网站支付, `alipay.trade.page.pay`, and 手机网站支付, `alipay.trade.wap.pay`.
//!
//! The crate `alipay-protocol` defines what is signed and how. This module is the shop's side: the URL to which a buyer
//! is sent (`page_pay`), the messages that Alipay sends (`incoming`), the calls of the shop (`client`; `query`,
//! `close`, `refund`, `bill`), and the keys that verify messages and answers (`trust`).

mod bill;
mod client;
mod close;
mod config;
mod incoming;
mod page_pay;
mod query;
mod refund;
mod signers;
mod text;
mod trust;

use std::sync::Arc;

use alipay_protocol::{Params, SignError, request};
use async_trait::async_trait;
use domain::{Bill, Money, ShopDate, ShopTime, Trade};
use ports::{
    Clock, CloseOutcome, GatewayError, NotVerified, PaymentGateway, PaymentRequest, RefundOutcome,
    RefundRequest, VerifiedNotification, VerifiedReturn,
};

use client::Client;
pub use config::{AlipayConfig, AlipayConfigError, AlipayMode, AlipayTimeouts};
use signers::{NotSigned, Signers};
use trust::Trust;

/// Formats `timestamp`, `time_expire` and every other time: Alipay uses UTC+8, as a [`ShopTime`] does.
fn alipay_time(time: ShopTime) -> String {
    time.to_string()
}

/// The payment gateway of one application at Alipay.
pub struct AlipayGateway {
    config: Arc<AlipayConfig>,
    client: Client,
    trust: Trust,
    clock: Arc<dyn Clock>,
    signers: Signers,
}

impl AlipayGateway {
    /// A gateway with this configuration. It opens no connection.
    ///
    /// # Errors
    /// The configuration cannot work; the message says which part and why. The most common mistake is the application's
    /// own public key in place of Alipay's.
    pub fn new(config: AlipayConfig, clock: Arc<dyn Clock>) -> Result<Self, AlipayConfigError> {
        config.check()?;
        let client = Client::new(&config)?;
        let trust = Trust::new(&config);
        trust.remind(clock.now());
        let signers = Signers::start().map_err(AlipayConfigError::Threads)?;
        Ok(Self { config: Arc::new(config), client, trust, clock, signers })
    }

    /// Signs on a separate thread, so that it does not block other tasks.
    async fn sign(&self, params: Params) -> Result<Params, GatewayError> {
        let config = Arc::clone(&self.config);
        let signing = self.signers.run(move || request::sign(params, &config.app_private_key));
        match signing.await {
            Ok(Ok(signed)) => Ok(signed),
            Ok(Err(SignError)) | Err(NotSigned) => Err(cannot_sign()),
        }
    }
}

/// An error for a request that is not sent, because Alipay would refuse it.
fn invalid(message: &str) -> GatewayError {
    refused("ACQ.INVALID_PARAMETER".to_owned(), message.to_owned())
}

/// Refusals that may pass: Alipay may accept the same request later, when the shop's account has money or the trade or
/// an account is unblocked. Source: the table of `sub_code` of `alipay.trade.refund`.
const PASSING_REFUSALS: [&str; 5] = [
    "ACQ.SELLER_BALANCE_NOT_ENOUGH",
    "ACQ.REASON_TRADE_BEEN_FREEZEN",
    "ACQ.SELLER_BEEN_BLOCKED",
    "ACQ.MERCHANT_STATUS_NOT_NORMAL",
    "ACQ.BUYER_ENABLE_STATUS_FORBID",
];

/// A refusal of Alipay's. All other business refusals (`ACQ.…`) are final, by its table of `sub_code`.
fn refused(code: String, message: String) -> GatewayError {
    let is_final = code.starts_with("ACQ.") && !PASSING_REFUSALS.contains(&code.as_str());
    GatewayError::Refused { code, message, is_final }
}

/// An error for a signed answer that lacks a required value or has an invalid one.
fn nonsense(what: &str) -> GatewayError {
    GatewayError::Nonsense(what.to_owned())
}

/// An error for a request that could not be signed: nothing was sent, so nothing was done.
fn cannot_sign() -> GatewayError {
    refused("local.cannot-sign".to_owned(), "the request could not be signed".to_owned())
}

#[async_trait]
impl PaymentGateway for AlipayGateway {
    async fn pay_url(&self, request: &PaymentRequest) -> Result<String, GatewayError> {
        let signed = self.sign(page_pay::params(request, self)?).await?;
        Ok(format!("{}?{}", self.config.gateway_url, signed.to_form()))
    }

    fn verify_notification(&self, form: &[u8]) -> Result<VerifiedNotification, NotVerified> {
        incoming::notification(form, &self.trust.keys())
    }

    fn verify_return(&self, query: &str) -> Result<VerifiedReturn, NotVerified> {
        incoming::browser_return(query, &self.trust.keys())
    }

    async fn query(&self, out_trade_no: &str) -> Result<Option<Trade>, GatewayError> {
        query::of_attempt(self, out_trade_no).await
    }

    async fn query_trade(&self, trade_no: &str) -> Result<Option<Trade>, GatewayError> {
        query::by_number(self, trade_no).await
    }

    async fn close(&self, out_trade_no: &str) -> Result<CloseOutcome, GatewayError> {
        close::trade(self, out_trade_no).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundOutcome, GatewayError> {
        refund::give_back(self, request).await
    }

    async fn refund_query(
        &self,
        trade_no: &str,
        out_request_no: &str,
    ) -> Result<Option<Money>, GatewayError> {
        refund::ask(self, trade_no, out_request_no).await
    }

    async fn bill(&self, date: ShopDate) -> Result<Option<Bill>, GatewayError> {
        bill::of(self, date).await
    }
}
