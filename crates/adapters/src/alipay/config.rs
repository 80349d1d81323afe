use std::time::Duration;

use alipay_protocol::{MerchantCertificates, PrivateKey, PublicKey, TrustedKeys};
use url::Url;

/// Maximum length of `notify_url` and `return_url`, in bytes. Source: Alipay's documentation of the common parameters.
const MAX_CALLBACK_URL: usize = 256;

/// The shop's configuration for payments through Alipay. `Debug` shows fingerprints of the keys and no key.
#[derive(Debug, Clone)]
pub struct AlipayConfig {
    /// The URL of Alipay's gateway, such as `https://openapi.alipay.com/gateway.do`.
    pub gateway_url: String,
    /// The application at Alipay (`app_id`).
    pub app_id: String,
    /// The key that signs the shop's requests.
    pub app_private_key: PrivateKey,
    /// How the shop and Alipay know each other's keys.
    pub mode: AlipayMode,
    /// The URL for Alipay's notifications, which must be reachable from outside. `None`: no notifications.
    pub notify_url: Option<String>,
    /// The URL to which the buyer's browser returns. `None`: it stays at Alipay.
    pub return_url: Option<String>,
    /// The shop's page to which a phone returns without a payment; `order_id` is added. `None`: it stays at Alipay.
    pub quit_url: Option<String>,
    /// The text that buyers read at Alipay instead of the names of the goods, because Alipay refuses some words.
    /// `{order_id}` in it becomes the order's number. `None`: the names of the goods.
    pub subject: Option<String>,
    /// The time limits of calls.
    pub timeouts: AlipayTimeouts,
}

/// How the shop and Alipay know each other's keys. An application at Alipay is in one mode only.
#[derive(Debug, Clone)]
pub enum AlipayMode {
    /// Key mode (公钥).
    PublicKey {
        /// The key that verifies Alipay's messages: 支付宝公钥 in Alipay's console, not 应用公钥.
        current: PublicKey,
        /// A second key that verifies them while Alipay's key is being changed.
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

/// Time limits and pauses of calls to Alipay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlipayTimeouts {
    /// Time limit to connect.
    pub connect: Duration,
    /// Time limit of one attempt, from sending the request to the end of the answer.
    pub attempt: Duration,
    /// Time limit of a call with all its attempts and the pauses between them.
    pub call: Duration,
    /// Pause before the second attempt. It is doubled before each further one, and five times as long after Alipay has
    /// reported too many calls.
    pub retry: Duration,
    /// Time limit to download a bill, from the request to its last byte.
    pub download: Duration,
    /// Pause after a first failed download of a certificate of Alipay's. It is doubled after each further failure, up
    /// to an hour.
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
    /// The `app_id` is empty or has other characters than digits.
    #[error("app_id must be the digits of the application at Alipay")]
    AppId,
    /// The configured public key is the application's own: it belongs to its private key.
    #[error(
        "the application's own public key (应用公钥) is configured where Alipay's (支付宝公钥) belongs: \
         upload the former to Alipay's console and copy the latter from there"
    )]
    OwnPublicKey,
    /// An address is not a usable URL.
    #[error("{name} must be a whole http or https URL{limit}")]
    Url {
        /// The name of the setting.
        name: &'static str,
        /// A further requirement.
        limit: &'static str,
    },
    /// The HTTP client cannot be created.
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
