//! The context of the current request beside the input of its use case: the user, for the access log, and the trace,
//! for the events that the request causes.

use std::cell::Cell;

use domain::{TraceParent, UserId};
use tokio::task_local;

task_local! {
    static REQUEST: Request;
}

struct Request {
    buyer: Cell<Option<UserId>>,
    trace: Option<TraceParent>,
}

/// Runs the work of a request within this trace. Also returns the user that a use case identified, if any.
pub async fn in_request<T>(trace: Option<TraceParent>, work: impl Future<Output = T>) -> (T, Option<UserId>) {
    REQUEST
        .scope(Request { buyer: Cell::default(), trace }, async {
            let outcome = work.await;
            (outcome, REQUEST.with(|request| request.buyer.get()))
        })
        .await
}

/// Records the user of the current request. Does nothing outside a request.
pub(crate) fn buyer(user_id: UserId) -> UserId {
    let _outside = REQUEST.try_with(|request| request.buyer.set(Some(user_id)));
    user_id
}

/// The trace of the current request; `None` if the request has no trace, or outside a request.
pub fn trace() -> Option<TraceParent> {
    REQUEST.try_with(|request| request.trace.clone()).ok().flatten()
}
