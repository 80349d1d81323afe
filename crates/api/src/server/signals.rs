use std::{io, time::Duration};

use actix_web::web::Data;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::door::Door;
use crate::{http::Shop, systemd};

/// The signals that tell the program to stop, from when this is made on: process 1 of a container is ended by no signal that it does
/// not ask for.
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

    /// Ends with one of them, whichever it is.
    pub(crate) async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ends when the program is to stop. An operator's SIGTERM first makes it unready for this long, so that balancers look
/// elsewhere, and then lets nobody in any more; somebody at the terminal (SIGINT), or a second signal, does not wait. In all
/// cases it finishes what it has begun.
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

/// Signals that would end a program that does not handle them, as when a terminal is closed, or when it is to read its settings
/// before it serves.
///
/// # Errors
/// The system does not let this program handle signals.
pub(crate) fn ignore_others() -> io::Result<()> {
    let others = [SignalKind::hangup(), SignalKind::user_defined1(), SignalKind::user_defined2()];
    others.into_iter().try_for_each(|kind| signal(kind).map(drop))
}
