use std::time::Duration;

use adapters::webhook::WebhookConfig;

use super::{ConfigurationError, Source};

/// What the secret must have at least, in bytes.
const MIN_SECRET_BYTES: usize = 16;

/// Where order events are delivered to.
#[derive(Debug, Clone)]
pub struct EventsConfiguration {
    /// Where, and with which secret.
    pub endpoint: WebhookConfig,
    /// How long events are kept after they were delivered.
    pub retention: Duration,
}

/// `None` if no URL is set.
pub(super) fn read(source: &mut Source) -> Result<Option<EventsConfiguration>, ConfigurationError> {
    let url = source.url("events_url")?;
    let secret = source.secret_or_file("events_secret")?;
    let days = source.within("events_retention_days", 30, 1..=3650)?;
    let Some(url) = url else {
        return match secret {
            Some(_) => Err(source.wrong("events_secret", "is of no use without DASHOP_EVENTS_URL")),
            None => Ok(None),
        };
    };
    let secret =
        secret.ok_or_else(|| source.wrong("events_secret", "is missing: events are signed with it"))?;
    if secret.len() < MIN_SECRET_BYTES {
        return Err(source.wrong("events_secret", &format!("must have at least {MIN_SECRET_BYTES} bytes")));
    }
    Ok(Some(EventsConfiguration {
        endpoint: WebhookConfig { url, secret: secret.into_bytes() },
        retention: Duration::from_secs(days * 24 * 3600),
    }))
}
