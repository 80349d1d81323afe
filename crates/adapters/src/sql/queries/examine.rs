use ports::StoreError;

use super::{Database, examination};
use crate::sql::facts::DatabaseFacts;

/// A look for damage reads the whole file.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);

impl Database {
    pub(in crate::sql) async fn version(&self) -> Result<String, StoreError> {
        self.reader().await?.call(examination::version).await
    }

    pub(in crate::sql) async fn facts(&self) -> Result<DatabaseFacts, StoreError> {
        let mut lease = self.reader().await?;
        lease.allow(PATIENCE).await?;
        lease.call(examination::facts).await
    }
}
