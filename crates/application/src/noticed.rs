//! What is known of the request that is being answered, beside what its use case is asked: which user it turned out to be
//! of, for the access log; and which trace it is a part of, for what it causes.

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

/// Does the work of a request that is a part of this trace, and tells which user a use case found it to be of.
pub async fn in_request<T>(trace: Option<TraceParent>, work: impl Future<Output = T>) -> (T, Option<UserId>) {
    REQUEST
        .scope(Request { buyer: Cell::default(), trace }, async {
            let outcome = work.await;
            (outcome, REQUEST.with(|request| request.buyer.get()))
        })
        .await
}

/// Notes the user of the request that is being answered; outside of one, nothing.
pub(crate) fn buyer(user_id: UserId) -> UserId {
    let _outside = REQUEST.try_with(|request| request.buyer.set(Some(user_id)));
    user_id
}

/// The trace of the request that is being answered; `None` if it has none, and outside of one.
pub fn trace() -> Option<TraceParent> {
    REQUEST.try_with(|request| request.trace.clone()).ok().flatten()
}
