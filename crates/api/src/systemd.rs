//! Notifications to the service manager. Without one, as in a container or at a terminal, nothing is sent.

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

/// The program is ready, also after a change of its settings.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The settings are being read again.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "the clock of the service manager cannot be read"),
    }
}

/// The program is about to end.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Reports forever that the program is alive, twice per watchdog timeout. It runs on the runtime of the jobs and the
/// database: if that runtime hangs, the reports stop.
pub(crate) async fn alive() {
    let Some(span) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = interval(span / 2);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
