use std::time::Duration;

use adapters::webhook::{WebhookConfig, WebhookSecret};
use domain::{Delivery, EndpointName, EventFilter, OrderEventKind};

use super::{ConfigurationError, Source};

/// The most endpoints; each has its own job.
const MAX_ENDPOINTS: usize = 16;
/// The tables of the endpoints other than the first one: `[webhooks.erp]`.
const TABLES: &str = "webhooks";

const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

/// The webhook endpoints and their limits.
#[derive(Debug, Clone)]
pub struct EventsConfiguration {
    /// The endpoints; empty if none is configured.
    pub endpoints: Vec<EndpointConfiguration>,
    /// How long events are kept after they were delivered.
    pub retention: Duration,
    /// How long attempts to deliver them are kept.
    pub log_retention: Duration,
    /// How long deliveries must fail without a success before an endpoint is paused.
    pub pause_after: Duration,
}

/// One endpoint.
#[derive(Debug, Clone)]
pub struct EndpointConfiguration {
    /// Its URL and secrets.
    pub webhook: WebhookConfig,
    /// The events that it gets.
    pub filter: EventFilter,
}

pub(super) fn read(source: &mut Source) -> Result<EventsConfiguration, ConfigurationError> {
    let days = source.within("events_retention_days", 30, 1..=3650)?;
    let log_days = source.within("events_log_days", 7, 1..=3650)?;
    // A failing endpoint must be paused before its events are given up.
    let most_pause = u32::try_from(Delivery::GIVEN_UP_AFTER.as_secs() / HOUR.as_secs()).unwrap_or(u32::MAX);
    let pause_hours = source.within("events_pause_hours", most_pause, 1..=most_pause)?;
    let mut endpoints = Vec::new();
    endpoints.extend(endpoint(source, EndpointName::first(), "events_")?);
    for table in source.tables(TABLES) {
        let prefix = format!("{TABLES}.{table}.");
        let url = format!("{prefix}url");
        let name = EndpointName::parse(&table)
            .map_err(|error| source.wrong(TABLES, &format!("{table}: {error}")))?;
        if name.is_first() {
            let problem = "is the endpoint of DASHOP_EVENTS_URL: give this one another name";
            return Err(source.wrong(&url, problem));
        }
        let endpoint = endpoint(source, name, &prefix)?;
        endpoints.push(endpoint.ok_or_else(|| source.wrong(&url, "is missing"))?);
    }
    if endpoints.len() > MAX_ENDPOINTS {
        return Err(source.wrong(TABLES, &format!("must be at most {MAX_ENDPOINTS} endpoints")));
    }
    Ok(EventsConfiguration {
        endpoints,
        retention: DAY * days,
        log_retention: DAY * log_days,
        pause_after: HOUR * pause_hours,
    })
}

/// The endpoint whose settings begin with this prefix; `None` if no URL is set.
fn endpoint(
    source: &mut Source,
    name: EndpointName,
    prefix: &str,
) -> Result<Option<EndpointConfiguration>, ConfigurationError> {
    let [url, first_secret, second_secret, types] =
        ["url", "secret", "second_secret", "types"].map(|key| format!("{prefix}{key}"));
    let url = source.url_or_file(&url)?;
    let first = secret(source, &first_secret)?;
    let second = secret(source, &second_secret)?;
    let kinds = source.list(&types)?;
    let filter = filter(source, &types, &kinds)?;
    let Some(url) = url else {
        let set = [(&first_secret, first.is_some()), (&second_secret, second.is_some())];
        return match set.into_iter().find(|(_, is_set)| *is_set) {
            Some((name, _)) if !name.contains('.') => {
                Err(source.wrong(name, "is of no use without DASHOP_EVENTS_URL"))
            }
            Some(_) | None => Ok(None),
        };
    };
    let first = first.ok_or_else(|| source.wrong(&first_secret, "is missing: events are signed with it"))?;
    let secrets = [Some(first), second].into_iter().flatten().collect();
    Ok(Some(EndpointConfiguration { webhook: WebhookConfig { name, url, secrets }, filter }))
}

fn secret(source: &mut Source, name: &str) -> Result<Option<WebhookSecret>, ConfigurationError> {
    let Some(text) = source.secret_or_file(name)? else { return Ok(None) };
    WebhookSecret::parse(&text).map(Some).map_err(|error| source.wrong(name, &error.to_string()))
}

/// The filter for these event types; all events if none are named.
fn filter(source: &Source, name: &str, kinds: &[String]) -> Result<EventFilter, ConfigurationError> {
    if kinds.is_empty() {
        return Ok(EventFilter::All);
    }
    let kinds = kinds.iter().map(|word| OrderEventKind::from_word(word).ok_or(word));
    match kinds.collect::<Result<Vec<_>, _>>() {
        Ok(kinds) => Ok(EventFilter::Kinds(kinds)),
        Err(word) => {
            let known = OrderEventKind::ALL.map(OrderEventKind::as_str).join(", ");
            Err(source.wrong(name, &format!("has {word}, which is none of {known}")))
        }
    }
}
