use std::{sync::Arc, time::Duration};

use ports::{Clock, PersonalData, StoreError};

/// Replaces the names, phones and addresses of buyers whose orders ended long ago, permanently.
pub struct Anonymise {
    /// Reads and replaces the personal data.
    pub data: Arc<dyn PersonalData>,
    /// Gives the current time.
    pub clock: Arc<dyn Clock>,
    /// How long after its end an order keeps its personal data.
    pub retention: Duration,
}

/// How many rows were changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnonymiseReport {
    /// Orders.
    pub orders: u64,
    /// Address book entries that their owners had removed.
    pub addresses: u64,
}

impl Anonymise {
    /// How many rows one transaction changes.
    const BATCH: u32 = 500;

    /// Processes all orders in batches, each in its own transaction. After an interruption, the next run continues.
    pub async fn execute(&self) -> Result<AnonymiseReport, StoreError> {
        Ok(AnonymiseReport { orders: self.orders(true).await?, addresses: self.addresses().await? })
    }

    /// How many orders `execute` would change. Changes nothing.
    pub async fn count(&self) -> Result<u64, StoreError> {
        self.orders(false).await
    }

    async fn addresses(&self) -> Result<u64, StoreError> {
        let before = self.clock.now().before(self.retention);
        let (mut addresses, mut after) = (0, None);
        loop {
            let done = self.data.anonymise_addresses(before, after, Self::BATCH).await?;
            addresses += done.count;
            match done.last {
                Some(last) => after = Some(last),
                None => return Ok(addresses),
            }
        }
    }

    async fn orders(&self, apply: bool) -> Result<u64, StoreError> {
        let before = self.clock.now().before(self.retention);
        let (mut orders, mut after) = (0, None::<String>);
        loop {
            let done = self.data.anonymise_orders(before, after.as_deref(), Self::BATCH, apply).await?;
            orders += done.count;
            match done.last {
                Some(last) => after = Some(last),
                None => return Ok(orders),
            }
        }
    }
}
