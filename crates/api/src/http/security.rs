//! Security events in the log, at WARN. Their number is bounded, because anyone can cause them.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use metrics::counter;
use moka::sync::Cache;
use ports::metric;

/// The kind of a security event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SecurityEvent {
    /// A sign-in with a wrong name or password.
    SignInFailed,
    /// A sign-in for a locked-out name or from a locked-out address.
    SignInLockedOut,
    /// An invalid staff token.
    StaffTokenRefused,
    /// An invalid one-time code of the link to the staff pages.
    StaffCodeRefused,
    /// A notification that Alipay did not sign, or that is for another shop.
    NotificationRefused,
    /// A return URL that Alipay did not sign, or that is for another shop.
    ReturnRefused,
}

/// The source of an event, if known, and the reason of the refusal.
#[derive(Default, Clone, Copy)]
pub(super) struct Suspect<'a> {
    pub(super) address: Option<IpAddr>,
    /// The claimed name.
    pub(super) name: Option<&'a str>,
    pub(super) reason: Option<&'a dyn std::fmt::Display>,
}

/// The security events of one process.
pub struct SecurityLog {
    lines: Cache<SecurityEvent, Arc<AtomicU32>>,
    has_warned_of_proxy: AtomicBool,
}

impl SecurityEvent {
    fn as_str(self) -> &'static str {
        match self {
            Self::SignInFailed => "sign_in_failed",
            Self::SignInLockedOut => "sign_in_locked_out",
            Self::StaffTokenRefused => "staff_token_refused",
            Self::StaffCodeRefused => "staff_code_refused",
            Self::NotificationRefused => "notification_refused",
            Self::ReturnRefused => "return_refused",
        }
    }
}

impl Default for SecurityLog {
    fn default() -> Self {
        Self {
            lines: Cache::builder().time_to_live(Self::SPAN).max_capacity(Self::KINDS).build(),
            has_warned_of_proxy: AtomicBool::new(false),
        }
    }
}

impl SecurityLog {
    /// The most lines of each kind within [`SecurityLog::SPAN`]. One more line says that further ones are left out.
    const LINES: u32 = 30;
    const SPAN: Duration = Duration::from_secs(60);
    /// More than the number of kinds.
    const KINDS: u64 = 16;
    /// How many characters of a name are shown.
    const NAME_CHARS: usize = 32;

    /// Counts the event, and logs it unless there were too many of its kind.
    pub(super) fn log(&self, event: SecurityEvent, suspect: Suspect<'_>) {
        let before = self.lines.entry(event).or_default().into_value().fetch_add(1, Ordering::Relaxed);
        let kind = event.as_str();
        counter!(metric::SECURITY_EVENTS, "event" => kind).increment(1);
        if before == Self::LINES {
            tracing::warn!(
                event = kind,
                "more security events of this kind; for a minute they are not logged"
            );
        }
        if before >= Self::LINES {
            return;
        }
        let Suspect { address, name, reason } = suspect;
        // Logged in escaped form: a line break in the name starts no new line in the log.
        let name: Option<String> = name.map(|name| name.chars().take(Self::NAME_CHARS).collect());
        tracing::warn!(
            event = kind,
            address = address.map(tracing::field::display),
            name = name.as_ref().map(tracing::field::debug),
            reason = reason.map(tracing::field::display),
            "security"
        );
    }

    /// Warns once about `X-Forwarded-For` from a proxy that is not trusted.
    pub(super) fn warn_of_untrusted_proxy(&self) {
        if !self.has_warned_of_proxy.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a request carries X-Forwarded-For, which counts only with DASHOP_TRUSTED_PROXY=true: behind a proxy, all \
                 buyers have its address, and wrong passwords for a name lock out that name"
            );
        }
    }
}
