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
    /// The endpoint of the settings `DASHOP_EVENTS_…`, the only one before there could be several.
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

/// Which events an endpoint is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EventFilter {
    /// Every one.
    #[default]
    All,
    /// Those of these kinds.
    Kinds(Vec<OrderEventKind>),
}

impl EventFilter {
    /// Whether the endpoint is sent events of this kind.
    pub fn wants(&self, kind: OrderEventKind) -> bool {
        match self {
            Self::All => true,
            Self::Kinds(kinds) => kinds.contains(&kind),
        }
    }

    /// The kinds that it is sent.
    pub fn kinds(&self) -> impl Iterator<Item = OrderEventKind> {
        OrderEventKind::ALL.into_iter().filter(|kind| self.wants(*kind))
    }
}

/// One attempt to deliver an event to an endpoint, as the delivery log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// Which event.
    pub event_id: EventId,
    /// Of which order.
    pub order_id: OrderId,
    /// What happened.
    pub kind: OrderEventKind,
    /// When the attempt ended.
    pub at: ShopTime,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub outcome: AttemptOutcome,
}

/// What came of an attempt to deliver an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The endpoint confirmed it, with this HTTP status.
    Delivered(u16),
    /// It answered with another HTTP status than those of success.
    Refused(u16),
    /// It cannot be reached, or did not answer in time.
    Unreachable,
    /// The delivery was cut off here.
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

    /// The HTTP status, where the endpoint answered.
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

/// What is on record of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointState {
    /// Its name.
    pub name: EndpointName,
    /// Since when it is sent events.
    pub registered_at: ShopTime,
    /// When a process had it in its settings last.
    pub seen_at: ShopTime,
    /// Since when it is paused, where it is.
    pub paused_at: Option<ShopTime>,
    /// Since when all attempts failed, where the last one did.
    pub failing_since: Option<ShopTime>,
    /// When an attempt failed last.
    pub last_failure_at: Option<ShopTime>,
    /// When an attempt succeeded last, to a second or so.
    pub last_success_at: Option<ShopTime>,
}

/// How long nobody tried anything before a failure is no longer the continuation of those before.
const STREAK_BREAKS_AFTER: Duration = Delivery::LONGEST_WAIT.saturating_mul(4);

/// Since when all attempts failed, after one that failed at `at`: since that moment, or for longer where those before
/// failed as well. What was not tried for hours does not count as failing in these hours.
pub fn failing_since(before: Option<ShopTime>, last_failure: Option<ShopTime>, at: ShopTime) -> ShopTime {
    let goes_on = last_failure.is_some_and(|last| at.since(last) < STREAK_BREAKS_AFTER);
    before.filter(|_| goes_on).unwrap_or(at)
}

#[cfg(test)]
mod tests;
