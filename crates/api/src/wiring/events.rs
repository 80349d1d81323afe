//! Who is told the news of orders.

use std::sync::Arc;

use adapters::{events::HttpListener, sql::SqlStore, system::SystemClock};
use application::{PurgeNews, ResendNews, TellNews};
use ports::Clock;

use super::{StartError, open_store};
use crate::configuration::Configuration;

/// What a server does for whoever listens.
pub(super) struct EventJobs {
    pub(super) tell: TellNews,
    pub(super) purge: PurgeNews,
}

/// For a server; none where nobody listens.
pub(super) fn event_jobs(
    store: &Arc<SqlStore>,
    configuration: &Configuration,
) -> Result<Option<EventJobs>, StartError> {
    let Some(events) = &configuration.events else { return Ok(None) };
    let listener = HttpListener::new(&events.listener, Arc::new(SystemClock))?;
    let clock = Arc::new(SystemClock) as Arc<dyn Clock>;
    Ok(Some(EventJobs {
        tell: TellNews {
            news: Arc::clone(store) as _,
            listener: Arc::new(listener),
            clock: Arc::clone(&clock),
        },
        purge: PurgeNews { news: Arc::clone(store) as _, clock, retention: events.retention },
    }))
}

/// For a command.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn resend_news(configuration: &Configuration) -> Result<ResendNews, StartError> {
    let store = Arc::new(open_store(configuration).await?);
    Ok(ResendNews { news: store, clock: Arc::new(SystemClock) })
}
