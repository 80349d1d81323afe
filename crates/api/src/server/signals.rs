use std::{io, time::Duration};

use actix_web::web::Data;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::door::Door;
use crate::{http::Shop, systemd};

/// The signals that tell the program to stop, handled as soon as this is created. As process 1 of a container, the program
/// is not ended by signals that it does not handle.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// # Errors
    /// The system does not let this program handle signals.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for any of them.
    pub(crate) async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ends when the program must stop. After SIGTERM it is first unready for `drain`, so that load balancers choose other
/// servers, and then accepts no new connections. SIGINT (from a terminal) or a second signal skips this wait. In all cases
/// requests in progress are finished.
pub(super) async fn told_to_stop(mut signals: StopSignals, shop: Data<Shop>, drain: Duration, door: Door) {
    tokio::select! {
        _ = signals.terminate.recv() => {
            shop.stopping.set();
            systemd::stopping();
            tracing::info!(seconds = drain.as_secs(), "told to stop: not ready any more");
            if drain.is_zero() {
                return;
            }
            let politely = async {
                tokio::time::sleep(drain).await;
                door.close().await;
            };
            tokio::select! {
                () = politely => {}
                () = signals.any() => {}
            }
        }
        _ = signals.interrupt.recv() => {
            shop.stopping.set();
            systemd::stopping();
        }
    }
}

/// Ignores signals that would end the program by default, for example SIGHUP when a terminal is closed, or before the
/// program can reload its settings.
///
/// # Errors
/// The system does not let this program handle signals.
pub(crate) fn ignore_others() -> io::Result<()> {
    let others = [SignalKind::hangup(), SignalKind::user_defined1(), SignalKind::user_defined2()];
    others.into_iter().try_for_each(|kind| signal(kind).map(drop))
}
