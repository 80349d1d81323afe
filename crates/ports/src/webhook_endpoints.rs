use std::time::Duration;

use async_trait::async_trait;
use domain::{DeliveryAttempt, EndpointName, EndpointState, OrderId, ShopTime};

use crate::StoreError;

/// What is on record of webhook endpoints: since when they are sent events, how they do, and the delivery log.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WebhookEndpoints: Send + Sync {
    /// Records that these are in the settings of a process: from `now` on those that are new are sent events. One that was in
    /// none while others were, for longer than `absent_for`, is as new: what happened meanwhile is not for it.
    async fn register(
        &self,
        names: &[EndpointName],
        now: ShopTime,
        absent_for: Duration,
    ) -> Result<(), StoreError>;

    /// All that were registered, by name.
    async fn states(&self) -> Result<Vec<EndpointState>, StoreError>;

    /// Pauses the endpoint where a failure at `at`, which need not be on record yet, goes on with those since
    /// `failing_before` or longer, as [`domain::failing_since`] counts. It is given no events to deliver until it is resumed;
    /// they are kept.
    ///
    /// MUST answer [`Pause::Begun`] once, however many ask at once.
    async fn pause(
        &self,
        name: &EndpointName,
        failing_before: ShopTime,
        at: ShopTime,
    ) -> Result<Pause, StoreError>;

    /// Resumes an endpoint that is paused, as if it had never failed; false if it is not paused.
    async fn resume(&self, name: &EndpointName) -> Result<bool, StoreError>;

    /// The delivery log, newest first. An attempt that cannot be read is left out, and takes the place of no other.
    async fn attempts(&self, query: &AttemptQuery) -> Result<Vec<LoggedAttempt>, StoreError>;

    /// Forgets at most `limit` attempts: those that ended before that, and the oldest beyond so many; says how many.
    async fn purge_attempts(&self, before: ShopTime, most: u64, limit: u32) -> Result<u64, StoreError>;
}

/// Whether an endpoint is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// It is not.
    None,
    /// It is since now.
    Begun,
    /// It was before.
    GoesOn,
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
