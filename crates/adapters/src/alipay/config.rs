use std::time::Duration;

use alipay_protocol::{MerchantCertificates, PrivateKey, PublicKey, TrustedKeys};
use url::Url;

/// The longest `notify_url` and `return_url`, in bytes; documentation of the common parameters.
const MAX_CALLBACK_URL: usize = 256;

/// What the shop needs to pay through Alipay. `Debug` shows fingerprints of the keys and no key.
#[derive(Debug, Clone)]
pub struct AlipayConfig {
    /// Where Alipay answers, such as `https://openapi.alipay.com/gateway.do`.
    pub gateway_url: String,
    /// The application at Alipay (`app_id`).
    pub app_id: String,
    /// Signs what the shop sends.
    pub app_private_key: PrivateKey,
    /// By what the shop and Alipay know each other's keys.
    pub mode: AlipayMode,
    /// Where Alipay sends notifications; it must reach this from outside. None: no notifications.
    pub notify_url: Option<String>,
    /// Where the buyer's browser comes back to. None: it stays at Alipay.
    pub return_url: Option<String>,
    /// The shop's page to which a phone goes back without having paid; `order_id` is added. None: it stays at Alipay.
    pub quit_url: Option<String>,
    /// What buyers read at Alipay instead of the names of the goods, for Alipay refuses some words; `{order_id}` in it is the
    /// order's number. None: the names.
    pub subject: Option<String>,
    /// How long Alipay may take.
    pub timeouts: AlipayTimeouts,
}

/// By what the shop and Alipay know each other's keys. An application at Alipay is in one mode only.
#[derive(Debug, Clone)]
pub enum AlipayMode {
    /// Key mode (公钥).
    PublicKey {
        /// Verifies what Alipay sends: 支付宝公钥 in Alipay's console, not 应用公钥.
        current: PublicKey,
        /// A second key that does, while Alipay's key is being changed.
        previous: Option<PublicKey>,
    },
    /// Certificate mode (公钥证书).
    Certificates(Box<MerchantCertificates>),
}

impl AlipayMode {
    /// The keys that are trusted at the start.
    pub(super) fn trusted_keys(&self) -> TrustedKeys {
        match self {
            Self::PublicKey { current, previous } => {
                TrustedKeys::Keys { current: current.clone(), previous: previous.clone() }
            }
            Self::Certificates(certificates) => {
                TrustedKeys::Certificates(vec![certificates.alipay_certificate()])
            }
        }
    }

    fn has_key(&self, key: &PublicKey) -> bool {
        match self {
            Self::PublicKey { current, previous } => current == key || previous.as_ref() == Some(key),
            Self::Certificates(certificates) => certificates.alipay_certificate().key == *key,
        }
    }
}

/// How long a call of Alipay may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlipayTimeouts {
    /// To connect.
    pub connect: Duration,
    /// From sending one attempt to the end of its answer.
    pub attempt: Duration,
    /// For a call with all its attempts and the waiting between them.
    pub call: Duration,
    /// Before the second attempt; doubled before each further one, and five times as long after Alipay said that it is
    /// called too often.
    pub retry: Duration,
    /// To download a bill, from the request to its last byte.
    pub download: Duration,
    /// After a first failed download of a certificate of Alipay's, before the next one; doubled after each further one,
    /// up to an hour.
    pub certificate_retry: Duration,
}

impl Default for AlipayTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(5),
            call: Duration::from_secs(12),
            retry: Duration::from_millis(200),
            download: Duration::from_secs(120),
            certificate_retry: Duration::from_secs(30),
        }
    }
}

/// Why a configuration cannot work.
#[derive(Debug, thiserror::Error)]
pub enum AlipayConfigError {
    /// No `app_id`.
    #[error("app_id must be the digits of the application at Alipay")]
    AppId,
    /// The public key belongs to the private key: it is the application's own.
    #[error(
        "the application's own public key (应用公钥) is configured where Alipay's (支付宝公钥) belongs: \
         upload the former to Alipay's console and copy the latter from there"
    )]
    OwnPublicKey,
    /// An address is none.
    #[error("{name} must be a whole http or https URL{limit}")]
    Url {
        /// Which address.
        name: &'static str,
        /// What else is asked of it.
        limit: &'static str,
    },
    /// The HTTP client cannot be made.
    #[error("the HTTP client for Alipay cannot be made")]
    Client(#[source] reqwest::Error),
    /// The threads that sign cannot be started.
    #[error("the threads that sign cannot be started")]
    Threads(#[source] std::io::Error),
}

impl AlipayConfig {
    pub(super) fn check(&self) -> Result<(), AlipayConfigError> {
        if self.app_id.is_empty() || !self.app_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AlipayConfigError::AppId);
        }
        if self.mode.has_key(self.app_private_key.public_key()) {
            return Err(AlipayConfigError::OwnPublicKey);
        }
        if !is_web_url(&self.gateway_url) || self.gateway_url.contains(['?', '#']) {
            return Err(AlipayConfigError::Url { name: "gateway_url", limit: " without a query" });
        }
        for (name, url) in [("notify_url", &self.notify_url), ("return_url", &self.return_url)] {
            if url.as_ref().is_some_and(|url| !is_web_url(url) || url.len() > MAX_CALLBACK_URL) {
                return Err(AlipayConfigError::Url { name, limit: " of at most 256 bytes" });
            }
        }
        Ok(())
    }
}

fn is_web_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
