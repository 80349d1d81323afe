use std::time::Duration;

use adapters::webhook::WebhookConfig;

use super::{ConfigurationError, Source};

/// What the secret must have at least, in bytes.
const MIN_SECRET_BYTES: usize = 16;

/// Where order events are delivered to.
#[derive(Debug, Clone)]
pub struct EventsConfiguration {
    /// Where, and with which secrets.
    pub endpoint: WebhookConfig,
    /// How long events are kept after they were delivered.
    pub retention: Duration,
}

/// `None` if no URL is set.
pub(super) fn read(source: &mut Source) -> Result<Option<EventsConfiguration>, ConfigurationError> {
    let url = source.url("events_url")?;
    let first = secret(source, "events_secret", url.is_some())?;
    let second = secret(source, "events_second_secret", url.is_some())?;
    let days = source.within("events_retention_days", 30, 1..=3650)?;
    let Some(url) = url else { return Ok(None) };
    let first =
        first.ok_or_else(|| source.wrong("events_secret", "is missing: events are signed with it"))?;
    Ok(Some(EventsConfiguration {
        endpoint: WebhookConfig { url, secrets: [Some(first), second].into_iter().flatten().collect() },
        retention: Duration::from_secs(days * 24 * 3600),
    }))
}

fn secret(source: &mut Source, name: &str, has_url: bool) -> Result<Option<Vec<u8>>, ConfigurationError> {
    match source.secret_or_file(name)? {
        Some(_) if !has_url => Err(source.wrong(name, "is of no use without DASHOP_EVENTS_URL")),
        Some(secret) if secret.len() < MIN_SECRET_BYTES => {
            Err(source.wrong(name, &format!("must have at least {MIN_SECRET_BYTES} bytes")))
        }
        secret => Ok(secret.map(String::into_bytes)),
    }
}
