use std::sync::Arc;

use super::{Job, JobError, Pass};
use crate::WatchOrders;

/// Orders that are due: unpaid ones are asked about and expire, sent ones are taken for received.
pub struct OrderTimers(pub Arc<WatchOrders>);

impl Job for OrderTimers {
    const NAME: &'static str = "order_timers";

    async fn pass(&self) -> Result<Pass, JobError> {
        Ok(Pass { done: self.0.pass().await? })
    }
}
