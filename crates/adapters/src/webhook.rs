//! Delivers order events to a webhook, by HTTP POST.
//!
//! What is sent is signed with a secret that both sides have, together with the time of sending: the other program can
//! tell it from what strangers send, and from what was recorded and is sent again.

use std::{fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use aws_lc_rs::hmac;
use domain::{Delivery, OrderEvent};
use metrics::histogram;
use ports::{Clock, WebhookEndpoint, WebhookError, metric};
use reqwest::header;
use serde::Serialize;
use tokio::time::Instant;

use crate::web_client;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long it may take in all until the endpoint has answered.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes, so that its connection can be used again.
const ANSWER_BYTES: usize = 16 * 1024;

/// Where the events go.
#[derive(Clone)]
pub struct WebhookConfig {
    /// An HTTP or HTTPS URL.
    pub url: String,
    /// What the events are signed with: each event with every one of them. There are two while the secret is being changed.
    pub secrets: Vec<Vec<u8>>,
}

/// The program that listens at one URL.
pub struct HttpWebhook {
    http: reqwest::Client,
    url: String,
    keys: ArcSwap<Vec<hmac::Key>>,
    clock: Arc<dyn Clock>,
}

/// The endpoint's client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the client for the endpoint cannot be made")]
pub struct WebhookConfigError(#[source] reqwest::Error);

/// An event as it is sent: the same each time.
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
    /// For the endpoint of this configuration. Connects to nothing.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(config: &WebhookConfig, clock: Arc<dyn Clock>) -> Result<Self, WebhookConfigError> {
        let http = web_client::client(&config.url, CONNECT_TIMEOUT, TIMEOUT).map_err(WebhookConfigError)?;
        let keys = ArcSwap::from_pointee(keys(&config.secrets));
        Ok(Self { http, url: config.url.clone(), keys, clock })
    }

    /// Signs what is sent from now on with these secrets.
    pub fn sign_with(&self, secrets: &[Vec<u8>]) {
        self.keys.store(Arc::new(keys(secrets)));
    }

    /// `v1=` and the HMAC-SHA256 of `timestamp.body` in hexadecimal, one for each secret, with spaces between.
    fn signatures(&self, timestamp: &str, body: &[u8]) -> String {
        let sign = |key| {
            let mut context = hmac::Context::with_key(key);
            for part in [timestamp.as_bytes(), b".", body] {
                context.update(part);
            }
            let digits = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            format!("v1={digits}")
        };
        self.keys.load().iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

fn keys(secrets: &[Vec<u8>]) -> Vec<hmac::Key> {
    secrets.iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret)).collect()
}

#[async_trait]
impl WebhookEndpoint for HttpWebhook {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), WebhookError> {
        let begun = Instant::now();
        let outcome = self.send(delivery).await;
        let word = match &outcome {
            Ok(()) => "delivered",
            Err(WebhookError::Refused(_)) => "refused",
            Err(WebhookError::Unreachable(_)) => "unreachable",
        };
        histogram!(metric::WEBHOOKS, "outcome" => word).record(begun.elapsed());
        outcome
    }
}

impl HttpWebhook {
    async fn send(&self, delivery: &Delivery) -> Result<(), WebhookError> {
        let event = Event::from(delivery);
        let body = serde_json::to_vec(&event).map_err(|error| WebhookError::Unreachable(error.into()))?;
        let timestamp = self.clock.now().unix_seconds().to_string();
        let signatures = self.signatures(&timestamp, &body);
        let request = self
            .http
            .post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("dashop-event-id", &event.id)
            .header("dashop-timestamp", timestamp)
            .header("dashop-signature", signatures)
            .body(body);
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if !status.is_success() {
            return Err(WebhookError::Refused(status.as_u16()));
        }
        // The status has decided; what else is said only stands in the way of the next request.
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len();
            if read > ANSWER_BYTES {
                break;
            }
        }
        Ok(())
    }
}

impl<'a> From<&'a Delivery> for Event<'a> {
    fn from(Delivery { event_id, event, .. }: &'a Delivery) -> Self {
        let OrderEvent { order_id, kind, from, to, amount, actor, reason, at } = event;
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

/// The URL stays out of the error: it may hold a secret of the endpoint's.
fn unreachable(error: reqwest::Error) -> WebhookError {
    WebhookError::Unreachable(error.without_url().into())
}

/// Without the secret, and without what may be one in the URL.
impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        f.debug_struct("WebhookConfig")
            .field("host", &host)
            .field("secrets", &format_args!("(hidden)"))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemClock;

    /// Recomputed with OpenSSL: `printf '1574944808.{"id":"evt_42"}' | openssl dgst -sha256 -hmac 'sixteen bytes at least'`.
    #[test]
    fn a_signature_is_that_of_other_programs() {
        let config = WebhookConfig {
            url: "http://user:pw@listener.example:8080/hook?token=t".to_owned(),
            secrets: vec![b"sixteen bytes at least".to_vec()],
        };
        let endpoint = HttpWebhook::new(&config, Arc::new(SystemClock)).unwrap();
        const SIGNED: &str = "v1=8fe1b4dc94421d1132cdbcbc7d7d8d85fd237e7cf52863defaaed287d675d962";
        let signatures = || endpoint.signatures("1574944808", br#"{"id":"evt_42"}"#);
        assert_eq!(signatures(), SIGNED);
        endpoint.sign_with(&[b"another of sixteen".to_vec(), b"sixteen bytes at least".to_vec()]);
        let both = signatures();
        let (new, old) = both.split_once(' ').unwrap();
        assert_eq!(old, SIGNED);
        endpoint.sign_with(&[b"another of sixteen".to_vec()]);
        assert_eq!(signatures(), new);
        let shown = format!("{config:?}");
        assert!(shown.contains("listener.example:8080"), "{shown}");
        for hidden in ["pw", "token", "sixteen", "115"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
