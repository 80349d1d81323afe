use async_trait::async_trait;
use domain::{Channel, DailyStatement, Difference, ShopDate, ShopTime};

use crate::StoreError;

/// The records of a day, to be compared with a channel's bill, and the results of the comparison.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DailyStatements: Send + Sync {
    /// The statement of one channel: payments that were made on the day or whose trades are among `trade_nos`, and
    /// refunds that were finished on the day or whose request numbers are among `request_nos`.
    ///
    /// The number of statements MUST NOT grow by more than one for every few hundred given numbers.
    async fn statement_of(
        &self,
        channel: Channel,
        day: ShopDate,
        trade_nos: &[String],
        request_nos: &[String],
    ) -> Result<DailyStatement, StoreError>;

    /// Stores the differences found for a day of one channel, each with the action taken. They replace the result of an
    /// earlier comparison. At most 200 characters of the action are kept.
    async fn keep(
        &self,
        channel: Channel,
        day: ShopDate,
        found: &[(Difference, Option<String>)],
        at: ShopTime,
    ) -> Result<(), StoreError>;
}
