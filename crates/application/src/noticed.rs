//! Which user a request turned out to be of, for the access log.

use std::cell::Cell;

use domain::UserId;
use tokio::task_local;

task_local! {
    static BUYER: Cell<Option<UserId>>;
}

/// Does the work of a request, and tells which user a use case found it to be of.
pub async fn noticing_buyer<T>(work: impl Future<Output = T>) -> (T, Option<UserId>) {
    BUYER
        .scope(Cell::new(None), async {
            let outcome = work.await;
            (outcome, BUYER.with(Cell::get))
        })
        .await
}

/// Notes the user of the request that is being answered; outside of one, nothing.
pub(crate) fn buyer(user_id: UserId) -> UserId {
    let _outside = BUYER.try_with(|buyer| buyer.set(Some(user_id)));
    user_id
}
