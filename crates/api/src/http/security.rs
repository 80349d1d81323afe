//! Security events in the log, at WARN: bounded, because strangers cause them.

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

/// What a stranger may have tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SecurityEvent {
    /// A sign-in with another name or password.
    SignInFailed,
    /// A sign-in for a name or from an address that is locked out.
    SignInLockedOut,
    /// A staff token that is not valid.
    StaffTokenRefused,
    /// A one-time code of the link to the staff pages that is not valid.
    StaffCodeRefused,
    /// A notification that Alipay did not sign, or not for this shop.
    NotificationRefused,
    /// A return URL that Alipay did not sign, or not for this shop.
    ReturnRefused,
}

/// Who did it, as far as that is known, and why it was refused.
#[derive(Default, Clone, Copy)]
pub(super) struct Suspect<'a> {
    pub(super) address: Option<IpAddr>,
    /// The name that they gave.
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
    /// So many lines of each kind within [`SecurityLog::SPAN`], and one more that says that others are left out.
    const LINES: u32 = 30;
    const SPAN: Duration = Duration::from_secs(60);
    /// More than there are.
    const KINDS: u64 = 16;
    /// How much of a name is shown.
    const NAME_CHARS: usize = 32;

    /// Counts it, and writes a line unless there were too many of its kind.
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
        // As it would be written in a program: a line break in it begins no line of the log.
        let name: Option<String> = name.map(|name| name.chars().take(Self::NAME_CHARS).collect());
        tracing::warn!(
            event = kind,
            address = address.map(tracing::field::display),
            name = name.as_ref().map(tracing::field::debug),
            reason = reason.map(tracing::field::display),
            "security"
        );
    }

    /// Warns once that a proxy names callers and is not trusted.
    pub(super) fn warn_of_untrusted_proxy(&self) {
        if !self.has_warned_of_proxy.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a request carries X-Forwarded-For, which counts only with DASHOP_TRUSTED_PROXY=true: behind a proxy, all \
                 buyers have its address, and wrong passwords for a name lock out that name"
            );
        }
    }
}
