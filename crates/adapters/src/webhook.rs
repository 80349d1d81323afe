//! Delivers order events to webhook endpoints, by HTTP POST.
//!
//! A secret that both sides have signs each event together with the time of sending. So the receiver can recognise
//! messages of strangers, and old messages that somebody sends again. Source:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, "Webhook headers" and
//! "Signature scheme". The older headers `dashop-…` are sent for one more release.

use std::{fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{Delivery, EndpointName, OrderEvent};
use metrics::histogram;
use ports::{Clock, WebhookEndpoint, WebhookError, metric};
use reqwest::header;
use serde::Serialize;
use tokio::time::Instant;

use crate::web_client;

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a delivery may take in total, until the endpoint has answered.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many bytes of an answer are read, so that its connection can be used again.
const ANSWER_BYTES: usize = 16 * 1024;

/// The configuration of an endpoint.
#[derive(Clone)]
pub struct WebhookConfig {
    /// The name of the endpoint.
    pub name: EndpointName,
    /// An HTTP or HTTPS URL.
    pub url: String,
    /// Each of these secrets signs every event; the newest is the first.
    pub secrets: Vec<WebhookSecret>,
}

/// A secret that signs events.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret {
    /// The text in the settings, which is the key of the older signature.
    text: Vec<u8>,
    /// The key by Standard Webhooks.
    key: Vec<u8>,
}

/// A text that cannot be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// The text is too short.
    #[error("must have at least {} bytes", WebhookSecret::MIN_BYTES)]
    Short,
    /// The prefix of Standard Webhooks is not followed by base64.
    #[error("must have base64 behind {}", WebhookSecret::PREFIX)]
    NotBase64,
    /// The base64 behind the prefix is too short.
    #[error(
        "must have base64 of at least {} bytes behind {}",
        WebhookSecret::MIN_KEY_BYTES,
        WebhookSecret::PREFIX
    )]
    ShortKey,
}

impl WebhookSecret {
    const PREFIX: &str = "whsec_";
    const MIN_BYTES: usize = 16;
    /// "Signature scheme": 24 to 64 bytes.
    const MIN_KEY_BYTES: usize = 24;

    /// Parses a secret: `whsec_` and the base64 of a key of at least 24 bytes, or any other text of at least 16 bytes,
    /// which is the key itself.
    ///
    /// # Errors
    /// The text is neither of these.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let key = match text.strip_prefix(Self::PREFIX) {
            Some(encoded) => {
                let key = STANDARD.decode(encoded).map_err(|_| InvalidSecret::NotBase64)?;
                if key.len() < Self::MIN_KEY_BYTES {
                    return Err(InvalidSecret::ShortKey);
                }
                key
            }
            None if text.len() < Self::MIN_BYTES => return Err(InvalidSecret::Short),
            None => text.as_bytes().to_vec(),
        };
        Ok(Self { text: text.as_bytes().to_vec(), key })
    }
}

/// A webhook endpoint at one URL.
pub struct HttpWebhook {
    http: reqwest::Client,
    name: EndpointName,
    url: String,
    keys: ArcSwap<Keys>,
    clock: Arc<dyn Clock>,
}

/// The keys that are in use.
struct Keys {
    standard: Vec<hmac::Key>,
    /// The keys of the older header.
    former: Vec<hmac::Key>,
}

/// The HTTP client of the endpoint cannot be created.
#[derive(Debug, thiserror::Error)]
#[error("the client for the endpoint cannot be made")]
pub struct WebhookConfigError(#[source] reqwest::Error);

/// An event as it is sent. Each attempt sends the same content.
#[derive(Serialize)]
struct Event<'a> {
    id: String,
    r#type: &'static str,
    order_id: &'a str,
    from: Option<i16>,
    to: i16,
    amount: Option<String>,
    actor: &'static str,
    reason: &'a str,
    occurred_at: String,
}

impl HttpWebhook {
    /// An endpoint with this configuration. It opens no connection.
    ///
    /// # Errors
    /// The HTTP client cannot be created.
    pub fn new(config: &WebhookConfig, clock: Arc<dyn Clock>) -> Result<Self, WebhookConfigError> {
        let http = web_client::client(&config.url, CONNECT_TIMEOUT, TIMEOUT).map_err(WebhookConfigError)?;
        let keys = ArcSwap::from_pointee(Keys::new(&config.secrets));
        Ok(Self { http, name: config.name.clone(), url: config.url.clone(), keys, clock })
    }

    /// Signs with these secrets whatever is sent from now on, including further attempts of earlier events.
    pub fn sign_with(&self, secrets: &[WebhookSecret]) {
        self.keys.store(Arc::new(Keys::new(secrets)));
    }
}

impl Keys {
    fn new(secrets: &[WebhookSecret]) -> Self {
        let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        Self {
            standard: secrets.iter().map(|secret| key(&secret.key)).collect(),
            former: secrets.iter().map(|secret| key(&secret.text)).collect(),
        }
    }

    /// For each key, `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`, separated by spaces.
    fn signatures(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        let signature = |key| format!("v1,{}", STANDARD.encode(sign(key, &parts)));
        self.standard.iter().map(signature).collect::<Vec<_>>().join(" ")
    }

    /// For each key, `v1=` and the HMAC-SHA256 of `timestamp.body` in hexadecimal, separated by spaces.
    fn former_signatures(&self, timestamp: &str, body: &[u8]) -> String {
        let signature = |key| {
            let tag = sign(key, &[timestamp.as_bytes(), b".", body]);
            let digits = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            format!("v1={digits}")
        };
        self.former.iter().map(signature).collect::<Vec<_>>().join(" ")
    }
}

fn sign(key: &hmac::Key, parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    context.sign()
}

#[async_trait]
impl WebhookEndpoint for HttpWebhook {
    async fn deliver(&self, delivery: &Delivery) -> Result<u16, WebhookError> {
        let begun = Instant::now();
        let outcome = self.send(delivery).await;
        let word = match &outcome {
            Ok(_) => "delivered",
            Err(WebhookError::Refused(_)) => "refused",
            Err(WebhookError::Unreachable(_)) => "unreachable",
        };
        let labels = [("endpoint", self.name.to_string()), ("outcome", word.to_owned())];
        histogram!(metric::WEBHOOKS, &labels).record(begun.elapsed());
        outcome
    }
}

impl HttpWebhook {
    async fn send(&self, delivery: &Delivery) -> Result<u16, WebhookError> {
        let event = Event::from(delivery);
        let body = serde_json::to_vec(&event).map_err(|error| WebhookError::Unreachable(error.into()))?;
        let timestamp = self.clock.now().unix_seconds().to_string();
        let keys = self.keys.load();
        let mut request = self
            .http
            .post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &event.id)
            .header("webhook-timestamp", &timestamp)
            .header("webhook-signature", keys.signatures(&event.id, &timestamp, &body))
            .header("dashop-event-id", &event.id)
            .header("dashop-timestamp", &timestamp)
            .header("dashop-signature", keys.former_signatures(&timestamp, &body));
        if let Some(trace) = &delivery.event.trace {
            request = request.header("traceparent", trace.as_str());
        }
        let mut response = request.body(body).send().await.map_err(unreachable)?;
        let status = response.status();
        if !status.is_success() {
            return Err(WebhookError::Refused(status.as_u16()));
        }
        // The status decides. The body is read only so that the connection can be used again.
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len();
            if read > ANSWER_BYTES {
                break;
            }
        }
        Ok(status.as_u16())
    }
}

impl<'a> From<&'a Delivery> for Event<'a> {
    fn from(Delivery { event_id, event, .. }: &'a Delivery) -> Self {
        let OrderEvent { order_id, kind, from, to, amount, actor, reason, at, trace: _ } = event;
        Self {
            id: event_id.to_string(),
            r#type: kind.as_str(),
            order_id: order_id.as_str(),
            from: from.map(domain::OrderStatus::code),
            to: to.code(),
            amount: amount.map(|amount| amount.to_string()),
            actor: actor.as_str(),
            reason,
            occurred_at: at.to_string(),
        }
    }
}

/// An error without the URL, which may contain a secret of the endpoint.
fn unreachable(error: reqwest::Error) -> WebhookError {
    WebhookError::Unreachable(error.without_url().into())
}

impl WebhookConfig {
    /// The host and port of the URL, without the parts that may contain a secret.
    pub fn host(&self) -> &str {
        let host = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        host.rsplit('@').next().unwrap_or_default()
    }
}

/// Without the secrets, and without the parts of the URL that may contain one.
impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig")
            .field("name", &self.name.as_str())
            .field("host", &self.host())
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemClock;

    fn config(secrets: &[&str]) -> WebhookConfig {
        WebhookConfig {
            name: EndpointName::first(),
            url: "http://user:pw@listener.example:8080/hook?token=t".to_owned(),
            secrets: secrets.iter().map(|secret| WebhookSecret::parse(secret).unwrap()).collect(),
        }
    }

    fn endpoint(secrets: &[&str]) -> HttpWebhook {
        HttpWebhook::new(&config(secrets), Arc::new(SystemClock)).unwrap()
    }

    /// Recomputed with OpenSSL:
    /// `printf '1574944808.{"id":"evt_42"}' | openssl dgst -sha256 -hmac 'sixteen bytes at least'`.
    #[test]
    fn a_signature_from_before_is_that_of_other_programs() {
        let signature = "v1=8fe1b4dc94421d1132cdbcbc7d7d8d85fd237e7cf52863defaaed287d675d962";
        let signed = |secrets: &[&str]| {
            endpoint(secrets).keys.load().former_signatures("1574944808", br#"{"id":"evt_42"}"#)
        };
        assert_eq!(signed(&["sixteen bytes at least"]), signature);
        let both = signed(&["another of enough bytes", "sixteen bytes at least"]);
        assert_eq!(both.split_once(' ').unwrap().1, signature);
    }

    /// The example of the libraries of Standard Webhooks, such as `javascript/src/index.test.ts`.
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let signed = |keys: &Keys| {
            keys.signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#)
        };
        let endpoint = endpoint(&[secret]);
        assert_eq!(signed(&endpoint.keys.load()), signature);
        endpoint.sign_with(&config(&["sixteen bytes at least", secret]).secrets);
        let both = signed(&endpoint.keys.load());
        assert_eq!(both.split(' ').count(), 2, "{both}");
        assert!(both.starts_with("v1,") && both.ends_with(signature), "{both}");
    }

    #[test]
    fn secrets_are_long_enough_and_hidden() {
        for (text, error) in [
            ("fifteen bytes !", InvalidSecret::Short),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La", InvalidSecret::ShortKey),
            ("whsec_this is no base64 at all, really not", InvalidSecret::NotBase64),
            ("", InvalidSecret::Short),
        ] {
            assert_eq!(WebhookSecret::parse(text), Err(error), "{text}");
        }
        let shown = format!("{:?}", config(&["sixteen bytes at least"]));
        assert!(shown.contains("listener.example:8080"), "{shown}");
        for hidden in ["pw", "token", "sixteen", "115"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
