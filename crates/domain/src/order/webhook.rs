use std::time::Duration;

use crate::{Delivery, EventId, OrderEventKind, OrderId, ShopTime};

/// The name of a webhook endpoint: 1 to 32 of `a-z 0-9 _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, derive_more::Display)]
pub struct EndpointName(String);

/// A text that cannot name an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 of a-z 0-9 _ -")]
pub struct InvalidEndpointName;

impl EndpointName {
    /// The name of the endpoint that the settings `DASHOP_EVENTS_…` configure. It is older than the other endpoints.
    pub const FIRST: &str = "default";
    const LONGEST: usize = 32;

    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpointName> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        let is_name = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(allowed);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidEndpointName) }
    }

    /// [`EndpointName::FIRST`].
    pub fn first() -> Self {
        Self(Self::FIRST.to_owned())
    }

    /// Whether this is [`EndpointName::FIRST`].
    pub fn is_first(&self) -> bool {
        self.0 == Self::FIRST
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which events an endpoint receives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EventFilter {
    /// All events.
    #[default]
    All,
    /// The events of these kinds.
    Kinds(Vec<OrderEventKind>),
}

impl EventFilter {
    /// Whether the endpoint receives events of this kind.
    pub fn wants(&self, kind: OrderEventKind) -> bool {
        match self {
            Self::All => true,
            Self::Kinds(kinds) => kinds.contains(&kind),
        }
    }

    /// The kinds that the endpoint receives.
    pub fn kinds(&self) -> impl Iterator<Item = OrderEventKind> {
        OrderEventKind::ALL.into_iter().filter(|kind| self.wants(*kind))
    }
}

/// One attempt to deliver an event to an endpoint, as the delivery log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// The event.
    pub event_id: EventId,
    /// The event's order.
    pub order_id: OrderId,
    /// The event's kind.
    pub kind: OrderEventKind,
    /// When the attempt ended.
    pub at: ShopTime,
    /// How long it took.
    pub took: Duration,
    /// The outcome.
    pub outcome: AttemptOutcome,
}

/// The outcome of an attempt to deliver an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The endpoint confirmed it, with this HTTP status.
    Delivered(u16),
    /// The endpoint answered with an HTTP status that is not one of success.
    Refused(u16),
    /// The endpoint cannot be reached, or did not answer in time.
    Unreachable,
    /// This service cut the delivery off.
    CutOff,
}

impl AttemptOutcome {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered(_) => "delivered",
            Self::Refused(_) => "refused",
            Self::Unreachable => "unreachable",
            Self::CutOff => "cut_off",
        }
    }

    /// The HTTP status, if the endpoint answered.
    pub fn http_status(self) -> Option<u16> {
        match self {
            Self::Delivered(status) | Self::Refused(status) => Some(status),
            Self::Unreachable | Self::CutOff => None,
        }
    }

    /// The outcome of a stored word and HTTP status, if there is one.
    pub fn from_stored(word: &str, http_status: Option<u16>) -> Option<Self> {
        match (word, http_status) {
            ("delivered", Some(status)) => Some(Self::Delivered(status)),
            ("refused", Some(status)) => Some(Self::Refused(status)),
            ("unreachable", None) => Some(Self::Unreachable),
            ("cut_off", None) => Some(Self::CutOff),
            _ => None,
        }
    }
}

/// The stored state of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointState {
    /// Its name.
    pub name: EndpointName,
    /// Since when it receives events.
    pub registered_at: ShopTime,
    /// When a process last had it in its settings.
    pub seen_at: ShopTime,
    /// Since when it is paused; `None` if it is not.
    pub paused_at: Option<ShopTime>,
    /// Since when all attempts fail; `None` if the last one succeeded.
    pub failing_since: Option<ShopTime>,
    /// When an attempt last failed.
    pub last_failure_at: Option<ShopTime>,
    /// When an attempt last succeeded, to about a second.
    pub last_success_at: Option<ShopTime>,
}

/// After this long without an attempt, a failure begins a new series of failures.
const STREAK_BREAKS_AFTER: Duration = Delivery::LONGEST_WAIT.saturating_mul(4);

/// Since when all attempts fail, after one that failed at `at`: the beginning of the present series of failures, or
/// `at`. Hours without an attempt do not count as hours of failure.
pub fn failing_since(before: Option<ShopTime>, last_failure: Option<ShopTime>, at: ShopTime) -> ShopTime {
    let goes_on = last_failure.is_some_and(|last| at.since(last) < STREAK_BREAKS_AFTER);
    before.filter(|_| goes_on).unwrap_or(at)
}

#[cfg(test)]
mod tests;
