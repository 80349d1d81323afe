use async_trait::async_trait;
use domain::{Channel, DailyStatement, Difference, ShopDate, ShopTime};

use crate::StoreError;

/// What is on record of a day, to be compared with a channel's bill, and what the comparison found.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DailyStatements: Send + Sync {
    /// Of one channel: payments that were made on the day, or whose trades are among these; refunds that were finished on
    /// it, or whose request numbers are among these.
    ///
    /// The number of statements MUST grow with the numbers given by no more than one for each few hundred.
    async fn statement_of(
        &self,
        channel: Channel,
        day: ShopDate,
        trade_nos: &[String],
        request_nos: &[String],
    ) -> Result<DailyStatement, StoreError>;

    /// Keeps what was found of a day of one channel, each with what was done about it, in place of what an earlier
    /// comparison found. At most 200 characters are kept of what was done.
    async fn keep(
        &self,
        channel: Channel,
        day: ShopDate,
        found: &[(Difference, Option<String>)],
        at: ShopTime,
    ) -> Result<(), StoreError>;
}
