//! Builds the delivery of order events.

use std::sync::{Arc, atomic::AtomicBool};

use adapters::{
    sql::SqlStore,
    system::{SystemClock, SystemRandomness},
    webhook::HttpWebhook,
};
use application::{DeliverWebhooks, DistributeEvents, ManageWebhooks, PurgeOutbox, WebhookSettings};
use domain::EndpointName;
use ports::Clock;

use super::{StartError, open_store};
use crate::configuration::Configuration;

/// The jobs that deliver webhooks in a server.
pub(super) struct EventJobs {
    /// One job for each endpoint.
    pub(super) deliver: Vec<DeliverWebhooks>,
    /// `None` if no endpoint is configured.
    pub(super) distribute: Option<DistributeEvents>,
    pub(super) purge: PurgeOutbox,
    /// The senders that `deliver` uses.
    pub(super) webhooks: Webhooks,
}

/// The sender of each endpoint in the settings.
pub(crate) type Webhooks = Vec<(EndpointName, Arc<HttpWebhook>)>;

/// For a server. Registers the endpoints. Without endpoints, events for earlier endpoints are still deleted.
pub(super) async fn event_jobs(
    store: &Arc<dyn SqlStore>,
    configuration: &Configuration,
) -> Result<EventJobs, StartError> {
    let events = &configuration.events;
    let clock = Arc::new(SystemClock) as Arc<dyn Clock>;
    let names: Vec<_> = events.endpoints.iter().map(|endpoint| endpoint.webhook.name.clone()).collect();
    store.register(&names, clock.now(), DistributeEvents::SEEN_WITHIN).await?;
    let mut deliver = Vec::new();
    let mut webhooks = Vec::new();
    for endpoint in &events.endpoints {
        let name = &endpoint.webhook.name;
        let webhook = Arc::new(HttpWebhook::new(&endpoint.webhook, Arc::clone(&clock))?);
        deliver.push(DeliverWebhooks {
            name: name.clone(),
            filter: endpoint.filter.clone(),
            queue: Arc::clone(store) as _,
            endpoint: Arc::clone(&webhook) as _,
            endpoints: Arc::clone(store) as _,
            clock: Arc::clone(&clock),
            randomness: Arc::new(SystemRandomness),
            pause_after: events.pause_after,
            is_winding_down: AtomicBool::new(false),
        });
        webhooks.push((name.clone(), webhook));
    }
    // Also for the endpoints of other processes: while those are stopped, their endpoints lose no events.
    let distribute = (!names.is_empty())
        .then(|| DistributeEvents { queue: Arc::clone(store) as _, clock: Arc::clone(&clock) });
    let purge = PurgeOutbox {
        queue: Arc::clone(store) as _,
        endpoints: Arc::clone(store) as _,
        names,
        clock,
        retention: events.retention,
        log_retention: events.log_retention,
    };
    Ok(EventJobs { deliver, distribute, purge, webhooks })
}

/// The webhook management for staff.
pub(super) fn manage_webhooks(store: &Arc<dyn SqlStore>, configuration: &Configuration) -> ManageWebhooks {
    let endpoints = configuration.events.endpoints.iter();
    let settings = endpoints.map(|endpoint| WebhookSettings {
        name: endpoint.webhook.name.clone(),
        host: endpoint.webhook.host().to_owned(),
        filter: endpoint.filter.clone(),
    });
    ManageWebhooks {
        queue: Arc::clone(store) as _,
        endpoints: Arc::clone(store) as _,
        settings: settings.collect(),
        clock: Arc::new(SystemClock),
    }
}

/// The webhook management for a command.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn open_webhooks(configuration: &Configuration) -> Result<ManageWebhooks, StartError> {
    let store = open_store(configuration).await?;
    Ok(manage_webhooks(&store, configuration))
}
