use std::error::Error;

/// The cause of a failure, as the adapter knows it. It is logged at the boundary and never sent to a client.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why a database call failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Others hold the rows (a deadlock, or a lock that was not granted in time) or all connections. Nothing was
    /// changed, and the whole transaction may be tried again.
    #[error("others hold the database's rows or connections")]
    Busy(#[source] BoxError),
    /// The database cannot be reached, did not answer in time, closed the connection, or is read-only.
    #[error("the database is not available")]
    Unavailable(#[source] BoxError),
    /// The commit failed: it is not known whether the transaction took effect.
    #[error("it is not known whether the database committed")]
    OutcomeUnknown(#[source] BoxError),
    /// A row has a value that the shop's rules do not allow.
    #[error("stored data cannot be understood: {0}")]
    Corrupt(String),
    /// The database refused the statement for another reason, such as a constraint.
    #[error("the database refused a statement")]
    Refused(#[source] BoxError),
}
