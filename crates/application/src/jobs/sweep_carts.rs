use std::{sync::Arc, time::Duration};

use domain::OrderId;
use ports::{CartRemoval, CartStore, Clock, UnitsOfWork};

use super::{Job, JobError, Pass};

/// Takes ordered lines out of carts that live elsewhere than the orders, from the record that was written with the
/// order: at once after the order, and again later where that failed.
pub struct SweepCarts {
    /// Where the record is.
    pub units: Arc<dyn UnitsOfWork>,
    /// The carts.
    pub carts: Arc<dyn CartStore>,
    /// What is old enough to be left over.
    pub clock: Arc<dyn Clock>,
}

impl SweepCarts {
    /// What is younger is still in the hands of the process that placed the order.
    const LEFT_OVER_AFTER: Duration = Duration::from_secs(15);
    /// How many removals one pass does at most.
    const PASS: u32 = 100;

    /// Removes the lines of orders that were just placed.
    pub async fn remove(&self, removals: &[CartRemoval]) -> Result<(), JobError> {
        self.carts.remove_ordered(removals).await?;
        let mut unit = self.units.begin().await?;
        unit.cart_removals().done(&order_ids(removals)).await?;
        Ok(unit.commit().await?)
    }
}

/// What was left over.
impl Job for SweepCarts {
    const NAME: &'static str = "cart_removals";

    async fn pass(&self) -> Result<Pass, JobError> {
        let mut unit = self.units.begin().await?;
        let before = self.clock.now().before(Self::LEFT_OVER_AFTER);
        let removals = unit.cart_removals().claim(before, Self::PASS).await?;
        if !removals.is_empty() {
            self.carts.remove_ordered(&removals).await?;
            unit.cart_removals().done(&order_ids(&removals)).await?;
        }
        // Also where there is nothing to do: what cannot be read was parked.
        unit.commit().await?;
        Ok(Pass { done: removals.len() })
    }
}

fn order_ids(removals: &[CartRemoval]) -> Vec<OrderId> {
    removals.iter().map(|removal| removal.order_id.clone()).collect()
}
