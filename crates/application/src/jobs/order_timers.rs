use std::sync::Arc;

use super::{Job, JobError, Pass};
use crate::OrderTimers;

/// Orders that are due: unpaid ones are asked about and expire, sent ones are taken for received.
pub struct OrderTimersJob(pub Arc<OrderTimers>);

impl Job for OrderTimersJob {
    const NAME: &'static str = "order_timers";

    async fn pass(&self) -> Result<Pass, JobError> {
        Ok(Pass { done: self.0.pass().await? })
    }
}
