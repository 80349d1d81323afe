use async_trait::async_trait;
use domain::{DeliveryAttempt, EndpointName, EndpointState, OrderId, ShopTime};

use crate::StoreError;

/// What is on record of webhook endpoints: since when they are sent events, how they do, and the delivery log.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WebhookEndpoints: Send + Sync {
    /// Records that these are in the settings of a process: from `now` on those that are new are sent events.
    async fn register(&self, names: &[EndpointName], now: ShopTime) -> Result<(), StoreError>;

    /// All that were registered, by name.
    async fn states(&self) -> Result<Vec<EndpointState>, StoreError>;

    /// Pauses the endpoint if it has failed without a break since before `failing_before`; whether it did. It is given no
    /// events to deliver until it is resumed; they are kept.
    ///
    /// MUST answer true once, however many ask at once.
    async fn pause(
        &self,
        name: &EndpointName,
        failing_before: ShopTime,
        at: ShopTime,
    ) -> Result<bool, StoreError>;

    /// Resumes an endpoint that is paused, as if it had never failed; false if it is not paused.
    async fn resume(&self, name: &EndpointName) -> Result<bool, StoreError>;

    /// The delivery log, newest first.
    async fn attempts(&self, query: &AttemptQuery) -> Result<Vec<LoggedAttempt>, StoreError>;

    /// Forgets at most `limit` attempts: those that ended before that, and the oldest beyond so many; says how many.
    async fn purge_attempts(&self, before: ShopTime, most: u64, limit: u32) -> Result<u64, StoreError>;
}

/// Which attempts are looked for; `None` where it does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttemptQuery {
    /// To which endpoint.
    pub endpoint: Option<EndpointName>,
    /// Of which order's events.
    pub order_id: Option<OrderId>,
    /// Only those behind this one.
    pub before: Option<i64>,
    /// No more than so many.
    pub limit: u32,
}

/// An attempt of the delivery log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedAttempt {
    /// Its number in the log.
    pub id: i64,
    /// To which endpoint.
    pub endpoint: EndpointName,
    /// What was tried.
    pub attempt: DeliveryAttempt,
}
