use std::time::Duration;

use adapters::webhook::{WebhookConfig, WebhookSecret};
use domain::{EndpointName, EventFilter, OrderEventKind};

use super::{ConfigurationError, Source};

/// The most endpoints; each has a job of its own.
const MAX_ENDPOINTS: usize = 16;
/// The tables of the endpoints beside the first one: `[webhooks.erp]`.
const TABLES: &str = "webhooks";

const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

/// Where order events are delivered to.
#[derive(Debug, Clone)]
pub struct EventsConfiguration {
    /// The endpoints; empty if none is configured.
    pub endpoints: Vec<EndpointConfiguration>,
    /// How long events are kept after they were delivered.
    pub retention: Duration,
    /// How long attempts to deliver them are kept.
    pub log_retention: Duration,
    /// After how long of failures alone an endpoint is paused.
    pub pause_after: Duration,
}

/// One endpoint.
#[derive(Debug, Clone)]
pub struct EndpointConfiguration {
    /// Where, and with which secrets.
    pub webhook: WebhookConfig,
    /// What it is sent.
    pub filter: EventFilter,
}

/// The names of one endpoint's settings.
struct Names {
    url: String,
    secret: String,
    second_secret: String,
    filter: String,
}

pub(super) fn read(source: &mut Source) -> Result<EventsConfiguration, ConfigurationError> {
    let days = source.within("events_retention_days", 30, 1..=3650)?;
    let log_days = source.within("events_log_days", 7, 1..=3650)?;
    let pause_hours = source.within("events_pause_hours", 72, 1..=8760)?;
    let mut endpoints = Vec::new();
    let first = Names {
        url: "events_url".to_owned(),
        secret: "events_secret".to_owned(),
        second_secret: "events_second_secret".to_owned(),
        filter: "events_types".to_owned(),
    };
    endpoints.extend(endpoint(source, EndpointName::first(), &first)?);
    for table in source.tables(TABLES) {
        let of = |key: &str| format!("{TABLES}.{table}.{key}");
        let names = Names {
            url: of("url"),
            secret: of("secret"),
            second_secret: of("second_secret"),
            filter: of("types"),
        };
        let name = EndpointName::parse(&table)
            .map_err(|error| source.wrong(TABLES, &format!("{table}: {error}")))?;
        if name.is_first() {
            let problem = "is the endpoint of DASHOP_EVENTS_URL: give this one another name";
            return Err(source.wrong(&names.url, problem));
        }
        match endpoint(source, name, &names)? {
            Some(endpoint) => endpoints.push(endpoint),
            None => return Err(source.wrong(&names.url, "is missing")),
        }
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

/// `None` if no URL is set.
fn endpoint(
    source: &mut Source,
    name: EndpointName,
    names: &Names,
) -> Result<Option<EndpointConfiguration>, ConfigurationError> {
    let url = source.url(&names.url)?;
    let first = secret(source, &names.secret)?;
    let second = secret(source, &names.second_secret)?;
    let kinds = source.list(&names.filter)?;
    let filter = filter(source, &names.filter, &kinds)?;
    let Some(url) = url else {
        let set = [(&names.secret, first.is_some()), (&names.second_secret, second.is_some())];
        return match set.into_iter().find(|(_, is_set)| *is_set) {
            Some((name, _)) if !name.contains('.') => {
                Err(source.wrong(name, "is of no use without DASHOP_EVENTS_URL"))
            }
            Some(_) | None => Ok(None),
        };
    };
    let first = first.ok_or_else(|| source.wrong(&names.secret, "is missing: events are signed with it"))?;
    let secrets = [Some(first), second].into_iter().flatten().collect();
    Ok(Some(EndpointConfiguration { webhook: WebhookConfig { name, url, secrets }, filter }))
}

fn secret(source: &mut Source, name: &str) -> Result<Option<WebhookSecret>, ConfigurationError> {
    let Some(text) = source.secret_or_file(name)? else { return Ok(None) };
    WebhookSecret::parse(&text).map(Some).map_err(|error| source.wrong(name, &error.to_string()))
}

/// All events where none are named.
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
