use std::sync::Arc;

use super::{Job, JobError, Pass};
use crate::RefundOrder;

/// Refunds whose outcome is not known: their channel is asked about them.
pub struct DueRefunds(pub Arc<RefundOrder>);

impl Job for DueRefunds {
    const NAME: &'static str = "due_refunds";

    async fn pass(&self) -> Result<Pass, JobError> {
        Ok(Pass { done: self.0.pass().await? })
    }
}
