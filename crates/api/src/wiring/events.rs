//! Who is told the news of orders.

use std::sync::Arc;

use adapters::{events::HttpListener, sql::SqlStore, system::SystemClock};
use application::{ResendNews, TellNews};

use super::{StartError, open_store};
use crate::configuration::Configuration;

/// For a server; none where nobody listens.
pub(super) fn tell_news(
    store: &Arc<SqlStore>,
    configuration: &Configuration,
) -> Result<Option<Arc<TellNews>>, StartError> {
    let Some(events) = &configuration.events else { return Ok(None) };
    let listener = HttpListener::new(&events.listener, Arc::new(SystemClock))?;
    Ok(Some(Arc::new(TellNews {
        news: Arc::clone(store) as _,
        listener: Arc::new(listener),
        clock: Arc::new(SystemClock),
        retention: events.retention,
    })))
}

/// For a command.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn resend_news(configuration: &Configuration) -> Result<ResendNews, StartError> {
    let store = Arc::new(open_store(configuration).await?);
    Ok(ResendNews { news: store, clock: Arc::new(SystemClock) })
}
