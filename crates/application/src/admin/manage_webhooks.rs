use std::sync::Arc;

use domain::{EndpointName, EndpointState, EventFilter};
use ports::{
    AttemptQuery, Clock, LoggedAttempt, OutboxBacklog, Resend, Resent, StoreError, WebhookEndpoints,
    WebhookQueue,
};

use crate::pages::{Page, one_more};

/// What staff do about webhooks: see how the endpoints do and what was sent to them, deliver events once more, and resume an
/// endpoint that is paused.
pub struct ManageWebhooks {
    /// Where the events are.
    pub queue: Arc<dyn WebhookQueue>,
    /// Where the endpoints and the delivery log are.
    pub endpoints: Arc<dyn WebhookEndpoints>,
    /// The endpoints of the settings.
    pub settings: Vec<WebhookSettings>,
    /// When events are due again.
    pub clock: Arc<dyn Clock>,
}

/// What the settings say of an endpoint, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Its name.
    pub name: EndpointName,
    /// Where it is: host and port.
    pub host: String,
    /// What it is sent.
    pub filter: EventFilter,
}

/// An endpoint as staff see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEndpoint {
    /// What is on record.
    pub state: EndpointState,
    /// What the settings say; `None` if it is not in those of this process.
    pub settings: Option<WebhookSettings>,
    /// What is not delivered.
    pub backlog: OutboxBacklog,
}

/// Why something was not done about an endpoint.
#[derive(Debug, thiserror::Error)]
pub enum ManageWebhooksError {
    /// There is none of this name.
    #[error("no such endpoint")]
    UnknownEndpoint,
    /// It is on record, and not in the settings: nothing is delivered to it.
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

    /// Makes events of an endpoint due now, delivered before or not; says how many. The service delivers them.
    pub async fn resend(&self, name: &EndpointName, which: &Resend) -> Result<Resent, ManageWebhooksError> {
        match self.settings.iter().find(|settings| settings.name == *name) {
            Some(settings) => Ok(self.resend_to(settings, which).await?),
            None => match self.state(name).await? {
                Some(_) => Err(ManageWebhooksError::NotInSettings),
                None => Err(ManageWebhooksError::UnknownEndpoint),
            },
        }
    }

    /// The same of all endpoints of the settings.
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

    /// Resumes an endpoint that is paused; false if it is not. What failed meanwhile is due at once, and has all its tries again:
    /// with those of the pause, the first failure would give it up.
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

    /// Those of the settings that are paused: what is resent to them waits until they are resumed.
    pub async fn paused(&self) -> Result<Vec<EndpointName>, StoreError> {
        let is_in_settings =
            |name: &EndpointName| self.settings.iter().any(|settings| settings.name == *name);
        let paused = self.endpoints.states().await?.into_iter().filter(|state| state.paused_at.is_some());
        Ok(paused.map(|state| state.name).filter(is_in_settings).collect())
    }

    /// What is on record of an endpoint.
    async fn state(&self, name: &EndpointName) -> Result<Option<EndpointState>, StoreError> {
        Ok(self.endpoints.states().await?.into_iter().find(|state| state.name == *name))
    }
}
