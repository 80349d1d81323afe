//! Where order events are delivered to.

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

/// What a server needs to deliver webhooks.
pub(super) struct EventJobs {
    /// One an endpoint.
    pub(super) deliver: Vec<DeliverWebhooks>,
    /// `None` if there is no endpoint beside the first one.
    pub(super) distribute: Option<DistributeEvents>,
    pub(super) purge: PurgeOutbox,
    /// What `deliver` sends with.
    pub(super) webhooks: Webhooks,
}

/// What sends to each endpoint of the settings.
pub(crate) type Webhooks = Vec<(EndpointName, Arc<HttpWebhook>)>;

/// For a server. The endpoints are on record from now on. Where there is none, what waits for those of before is still deleted.
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
    // For those of other processes as well: while theirs are stopped, what happens is not lost to them.
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

/// What staff do about webhooks.
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

/// For a command.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn open_webhooks(configuration: &Configuration) -> Result<ManageWebhooks, StartError> {
    let store = open_store(configuration).await?;
    Ok(manage_webhooks(&store, configuration))
}
