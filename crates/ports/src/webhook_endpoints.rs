use std::time::Duration;

use async_trait::async_trait;
use domain::{DeliveryAttempt, EndpointName, EndpointState, OrderId, ShopTime};

use crate::StoreError;

/// The records of webhook endpoints: since when they receive events, their state, and the delivery log.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WebhookEndpoints: Send + Sync {
    /// Records that these endpoints are in the settings of a process. New ones receive events from `now` on. An
    /// endpoint that was in no settings for longer than `absent_for`, while others were, counts as new: it does not
    /// receive the events of the meantime.
    async fn register(
        &self,
        names: &[EndpointName],
        now: ShopTime,
        absent_for: Duration,
    ) -> Result<(), StoreError>;

    /// All registered endpoints, by name.
    async fn states(&self) -> Result<Vec<EndpointState>, StoreError>;

    /// Pauses the endpoint if a failure at `at`, which need not be on record yet, belongs to a series of failures that
    /// began at `failing_before` or earlier, as [`domain::failing_since`] counts. A paused endpoint receives no events
    /// until it is resumed; its events are kept.
    ///
    /// MUST return [`Pause::Begun`] to only one of several concurrent callers.
    async fn pause(
        &self,
        name: &EndpointName,
        failing_before: ShopTime,
        at: ShopTime,
    ) -> Result<Pause, StoreError>;

    /// Resumes a paused endpoint, as if it had never failed; `false` if it is not paused.
    async fn resume(&self, name: &EndpointName) -> Result<bool, StoreError>;

    /// The delivery log, newest first. An attempt that cannot be read is left out and does not count towards the limit.
    async fn attempts(&self, query: &AttemptQuery) -> Result<Vec<LoggedAttempt>, StoreError>;

    /// Deletes at most `limit` attempts: those that ended before `before`, and the oldest ones if there are more than
    /// `most`. Returns how many.
    async fn purge_attempts(&self, before: ShopTime, most: u64, limit: u32) -> Result<u64, StoreError>;
}

/// Whether an endpoint is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// It is not paused.
    None,
    /// This call paused it.
    Begun,
    /// It was paused before.
    GoesOn,
}

/// The criteria of a search in the delivery log; `None` matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttemptQuery {
    /// The endpoint.
    pub endpoint: Option<EndpointName>,
    /// The order of the events.
    pub order_id: Option<OrderId>,
    /// Only attempts with smaller numbers than this one.
    pub before: Option<i64>,
    /// The most attempts to return.
    pub limit: u32,
}

/// An attempt of the delivery log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedAttempt {
    /// Its number in the log.
    pub id: i64,
    /// The endpoint.
    pub endpoint: EndpointName,
    /// The attempt.
    pub attempt: DeliveryAttempt,
}
