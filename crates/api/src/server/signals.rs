use std::{io, time::Duration};

use actix_web::web::Data;
use tokio::signal::unix::{SignalKind, signal};

use super::door::Door;
use crate::{http::Shop, systemd};

/// Ends when the program is to stop. An operator's SIGTERM first makes it unready for this long, so that balancers look
/// elsewhere, and then lets nobody in any more; somebody at the terminal (SIGINT), or a second signal, does not wait. In all
/// cases it finishes what it has begun.
pub(super) fn told_to_stop(
    shop: Data<Shop>,
    drain: Duration,
    door: Door,
) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {
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
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            _ = interrupt.recv() => {
                shop.stopping.set();
                systemd::stopping();
            }
        }
    })
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
