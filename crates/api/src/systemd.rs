//! What the service manager is told. Where none is, as in a container or at a terminal, nobody is.

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

/// The program serves, or serves again after a change of its settings.
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

/// Tells for ever that the program is alive, twice in each span after which the service manager would restart it. It is told
/// by the runtime that the jobs and the database run on: a program that hangs there says nothing any more.
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
