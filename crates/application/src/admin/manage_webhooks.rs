use std::sync::Arc;

use domain::{EndpointName, EndpointState, EventFilter};
use ports::{
    AttemptQuery, Clock, LoggedAttempt, OutboxBacklog, Resend, Resent, StoreError, WebhookEndpoints,
    WebhookQueue,
};

use crate::pages::{Page, one_more};

/// Webhook management for staff: lists the endpoints and the delivery log, resends events, and resumes paused endpoints.
pub struct ManageWebhooks {
    /// Reads and resends the events.
    pub queue: Arc<dyn WebhookQueue>,
    /// Reads the endpoints and the delivery log.
    pub endpoints: Arc<dyn WebhookEndpoints>,
    /// The endpoints in the settings.
    pub settings: Vec<WebhookSettings>,
    /// Gives the time at which resent events are due.
    pub clock: Arc<dyn Clock>,
}

/// The settings of an endpoint, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Its name.
    pub name: EndpointName,
    /// Its host and port.
    pub host: String,
    /// Which events it gets.
    pub filter: EventFilter,
}

/// An endpoint as staff see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEndpoint {
    /// The recorded state.
    pub state: EndpointState,
    /// The settings; `None` if this process's settings do not contain the endpoint.
    pub settings: Option<WebhookSettings>,
    /// The undelivered events.
    pub backlog: OutboxBacklog,
}

/// Why an operation on an endpoint failed.
#[derive(Debug, thiserror::Error)]
pub enum ManageWebhooksError {
    /// There is no endpoint of this name.
    #[error("no such endpoint")]
    UnknownEndpoint,
    /// The endpoint is on record but not in the settings, so nothing is delivered to it.
    #[error("the endpoint is not in the settings")]
    NotInSettings,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ManageWebhooks {
    /// All endpoints on record, by name.
    pub async fn list(&self) -> Result<Vec<ListedEndpoint>, StoreError> {
        let mut listed = Vec::new();
        for state in self.endpoints.states().await? {
            let settings = self.settings.iter().find(|settings| settings.name == state.name).cloned();
            let backlog = self.queue.backlog(&state.name).await?;
            listed.push(ListedEndpoint { state, settings, backlog });
        }
        Ok(listed)
    }

    /// A page of the delivery log, newest first.
    pub async fn attempts(&self, query: &AttemptQuery) -> Result<Page<LoggedAttempt, i64>, StoreError> {
        let asked = AttemptQuery { limit: one_more(query.limit), ..query.clone() };
        Ok(Page::of(self.endpoints.attempts(&asked).await?, query.limit, |attempt| attempt.id))
    }

    /// Makes events of an endpoint due now, even if they were delivered. Returns how many. The service then delivers
    /// them.
    pub async fn resend(&self, name: &EndpointName, which: &Resend) -> Result<Resent, ManageWebhooksError> {
        match self.settings.iter().find(|settings| settings.name == *name) {
            Some(settings) => Ok(self.resend_to(settings, which).await?),
            None => match self.state(name).await? {
                Some(_) => Err(ManageWebhooksError::NotInSettings),
                None => Err(ManageWebhooksError::UnknownEndpoint),
            },
        }
    }

    /// Calls [`Self::resend`] for all endpoints in the settings.
    pub async fn resend_to_all(&self, which: &Resend) -> Result<Resent, StoreError> {
        let mut in_all = Resent::default();
        for settings in &self.settings {
            let Resent { due, unwanted } = self.resend_to(settings, which).await?;
            in_all.due += due;
            in_all.unwanted += unwanted;
        }
        Ok(in_all)
    }

    async fn resend_to(&self, to: &WebhookSettings, which: &Resend) -> Result<Resent, StoreError> {
        self.queue.resend(&to.name, which, &to.filter, self.clock.now()).await
    }

    /// Resumes a paused endpoint; false if it is not paused. Events that failed during the pause are due at once, with
    /// a fresh count of attempts: with the old count, the first failure would give them up.
    pub async fn resume(&self, name: &EndpointName) -> Result<bool, ManageWebhooksError> {
        let state = self.state(name).await?.ok_or(ManageWebhooksError::UnknownEndpoint)?;
        if state.paused_at.is_none() {
            return Ok(false);
        }
        let settings = self.settings.iter().find(|settings| settings.name == *name);
        let filter = settings.map_or(&EventFilter::All, |settings| &settings.filter);
        self.queue.resend(name, &Resend::Failing, filter, self.clock.now()).await?;
        Ok(self.endpoints.resume(name).await?)
    }

    /// The paused endpoints that are in the settings. Events resent to them wait until the endpoint is resumed.
    pub async fn paused(&self) -> Result<Vec<EndpointName>, StoreError> {
        let is_in_settings =
            |name: &EndpointName| self.settings.iter().any(|settings| settings.name == *name);
        let paused = self.endpoints.states().await?.into_iter().filter(|state| state.paused_at.is_some());
        Ok(paused.map(|state| state.name).filter(is_in_settings).collect())
    }

    /// The recorded state of an endpoint.
    async fn state(&self, name: &EndpointName) -> Result<Option<EndpointState>, StoreError> {
        Ok(self.endpoints.states().await?.into_iter().find(|state| state.name == *name))
    }
}
