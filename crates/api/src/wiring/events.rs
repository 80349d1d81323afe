//! Where order events are delivered to.

use std::sync::Arc;

use adapters::{sql::SqlStore, system::SystemClock, webhook::HttpWebhook};
use application::{DeliverWebhooks, PurgeOutbox, ResendEvents};
use ports::Clock;

use super::{StartError, open_store};
use crate::configuration::Configuration;

/// What a server needs to deliver webhooks.
pub(super) struct EventJobs {
    pub(super) tell: DeliverWebhooks,
    pub(super) purge: PurgeOutbox,
    /// What `tell` sends with.
    pub(super) webhook: Arc<HttpWebhook>,
}

/// For a server; `None` if nobody listens.
pub(super) fn event_jobs(
    store: &Arc<dyn SqlStore>,
    configuration: &Configuration,
) -> Result<Option<EventJobs>, StartError> {
    let Some(events) = &configuration.events else { return Ok(None) };
    let webhook = Arc::new(HttpWebhook::new(&events.endpoint, Arc::new(SystemClock))?);
    let clock = Arc::new(SystemClock) as Arc<dyn Clock>;
    Ok(Some(EventJobs {
        tell: DeliverWebhooks {
            queue: Arc::clone(store) as _,
            endpoint: Arc::clone(&webhook) as _,
            clock: Arc::clone(&clock),
        },
        purge: PurgeOutbox { queue: Arc::clone(store) as _, clock, retention: events.retention },
        webhook,
    }))
}

/// For a command.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn resend_events(configuration: &Configuration) -> Result<ResendEvents, StartError> {
    let store = open_store(configuration).await?;
    Ok(ResendEvents { queue: store, clock: Arc::new(SystemClock) })
}
