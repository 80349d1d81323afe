//! The responses about webhooks as JSON.

use application::{ListedEndpoint, Page};
use domain::{OrderEventKind, ShopTime};
use ports::LoggedAttempt;
use serde::Serialize;
use utoipa::ToSchema;

/// The webhook endpoints.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpoints)]
pub(super) struct EndpointsData {
    endpoints: Vec<EndpointData>,
}

/// A webhook endpoint and its state.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
struct EndpointData {
    name: String,
    /// Host and port of its URL; null if the endpoint is not in the settings of the process that answers.
    #[schema(required)]
    host: Option<String>,
    /// The event types that it gets.
    types: Vec<&'static str>,
    /// Since when it gets events.
    registered_at: String,
    /// Since when it is paused; null if it is not.
    #[schema(required)]
    paused_at: Option<String>,
    /// Since when all attempts failed; null if the last one succeeded.
    #[schema(required)]
    failing_since: Option<String>,
    #[schema(required)]
    last_failure_at: Option<String>,
    #[schema(required)]
    last_success_at: Option<String>,
    /// The number of undelivered events.
    undelivered: u64,
    /// How many of them were given up: they are not delivered until they are resent.
    given_up: u64,
    /// When the oldest of them happened.
    #[schema(required)]
    oldest: Option<String>,
}

/// A page of the delivery log.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttempts)]
pub(super) struct AttemptsData {
    attempts: Vec<AttemptData>,
    /// What to pass as `before` for the next page; null on the last page.
    #[schema(required)]
    next: Option<i64>,
}

/// An attempt to deliver an event.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
struct AttemptData {
    id: i64,
    endpoint: String,
    event_id: String,
    order_id: String,
    r#type: &'static str,
    /// When it ended.
    at: String,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// `delivered`, `refused`, `unreachable` or `cut_off`.
    outcome: &'static str,
    /// The HTTP status of the response; null if there was none.
    #[schema(required)]
    http_status: Option<u16>,
}

/// How many events are resent.
#[derive(Serialize, ToSchema)]
#[schema(as = Resent)]
pub(super) struct ResentData {
    pub(super) resent: u64,
    /// Whether the endpoint is paused: then the events are sent after it is resumed.
    pub(super) waits_for_resume: bool,
}

/// Whether the endpoint was paused.
#[derive(Serialize, ToSchema)]
#[schema(as = Resumed)]
pub(super) struct ResumedData {
    pub(super) resumed: bool,
}

impl From<Vec<ListedEndpoint>> for EndpointsData {
    fn from(listed: Vec<ListedEndpoint>) -> Self {
        Self { endpoints: listed.into_iter().map(EndpointData::from).collect() }
    }
}

impl From<ListedEndpoint> for EndpointData {
    fn from(ListedEndpoint { state, settings, backlog }: ListedEndpoint) -> Self {
        let text = |moment: Option<ShopTime>| moment.map(|moment| moment.to_string());
        let kinds = settings.iter().flat_map(|settings| settings.filter.kinds());
        Self {
            name: state.name.to_string(),
            types: kinds.map(OrderEventKind::as_str).collect(),
            host: settings.as_ref().map(|settings| settings.host.clone()),
            registered_at: state.registered_at.to_string(),
            paused_at: text(state.paused_at),
            failing_since: text(state.failing_since),
            last_failure_at: text(state.last_failure_at),
            last_success_at: text(state.last_success_at),
            undelivered: backlog.undelivered,
            given_up: backlog.given_up,
            oldest: text(backlog.oldest),
        }
    }
}

impl From<Page<LoggedAttempt, i64>> for AttemptsData {
    fn from(Page { items: attempts, next }: Page<LoggedAttempt, i64>) -> Self {
        Self { attempts: attempts.into_iter().map(AttemptData::from).collect(), next }
    }
}

impl From<LoggedAttempt> for AttemptData {
    fn from(LoggedAttempt { id, endpoint, attempt }: LoggedAttempt) -> Self {
        Self {
            id,
            endpoint: endpoint.to_string(),
            event_id: attempt.event_id.to_string(),
            order_id: attempt.order_id.as_str().to_owned(),
            r#type: attempt.kind.as_str(),
            at: attempt.at.to_string(),
            took_ms: u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
            outcome: attempt.outcome.as_str(),
            http_status: attempt.outcome.http_status(),
        }
    }
}
