//! Calls that fail deliberately.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    body::{BodySize, MessageBody},
    rt,
    web::Bytes,
};
use tokio::time::sleep;

use crate::{
    Fault, FaultKind, FaultMoment,
    app::App,
    failure::Failure,
    faults::HOLD,
    gateway::{self, Call},
    respond::respond,
};

/// Answers a call as the fault says; for some faults there is no answer.
pub(crate) async fn answer(app: Arc<App>, call: Call, host: String, fault: Fault) -> HttpResponse {
    // In a separate task: the call is performed even if the merchant closes the connection, which ends the handler.
    let playing = rt::spawn(async move { play(&app, &call, &host, fault).await });
    playing.await.unwrap_or_else(|_| dropped())
}

async fn play(app: &App, call: &Call, host: &str, fault: Fault) -> HttpResponse {
    tracing::info!(method = %call.method, ?fault, "the gateway fails on purpose");
    let Fault { kind, moment } = fault;
    let done = (moment == FaultMoment::AfterWork).then(|| gateway::perform(app, call, host));
    match kind {
        FaultKind::Slow(span) => {
            sleep(span).await;
            respond(done.unwrap_or_else(|| gateway::perform(app, call, host)))
        }
        FaultKind::NoAnswer => hold(HOLD).await,
        FaultKind::Unavailable => respond(gateway::fail(app, call, Failure::Unavailable)),
        FaultKind::SystemError => respond(gateway::fail(app, call, Failure::SystemError)),
        FaultKind::NoBalance => respond(gateway::fail(app, call, Failure::SellerBalanceNotEnough)),
        FaultKind::Dropped => dropped(),
    }
}

async fn hold(span: Duration) -> HttpResponse {
    sleep(span).await;
    dropped()
}

/// Makes the server close the connection before it has written anything.
fn dropped() -> HttpResponse {
    HttpResponse::Ok().body(Broken)
}

/// A body that fails at once.
struct Broken;

impl MessageBody for Broken {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        Poll::Ready(Some(Err(io::Error::other("dropped on purpose"))))
    }
}
