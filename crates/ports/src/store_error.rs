use std::error::Error;

/// What an adapter knows of the cause of a failure; logged at the boundary, never answered.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// The database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the rows, a deadlock or a lock that was not granted in time; or all connections. Nothing was
    /// changed, and the whole transaction may be tried again.
    #[error("others hold the database's rows or connections")]
    Busy(#[source] BoxError),
    /// The database cannot be reached, did not answer in time, closed the connection, or lets nobody write.
    #[error("the database is not available")]
    Unavailable(#[source] BoxError),
    /// The commit failed: whether the transaction took effect is not known.
    #[error("it is not known whether the database committed")]
    OutcomeUnknown(#[source] BoxError),
    /// A row holds something that the shop's rules do not know.
    #[error("stored data cannot be understood: {0}")]
    Corrupt(String),
    /// The database refused the statement for another reason, such as a constraint.
    #[error("the database refused a statement")]
    Refused(#[source] BoxError),
}
