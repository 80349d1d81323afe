//! What can go wrong in a query, and what the ports call it.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use ports::{BoxError, StoreError};

use super::obstacle::Obstacle;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum QueryError {
    /// The database or the driver says so.
    #[error(transparent)]
    Database(#[from] DieselError),
    /// A row holds something that the shop's rules do not know.
    #[error("{0}")]
    Corrupt(String),
}

/// What an engine's error means for the connection and for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Others hold the rows; trying again helps.
    Locked,
    /// The connection is gone, or the server cannot serve it any more.
    Lost,
    /// The statement took too long and was ended; the connection is as good as before.
    TimedOut,
    /// Nobody can write there now.
    Blocked(Obstacle),
    /// The statement was refused; the connection is as good as before.
    Refused,
}

/// The time limit for one call of the database passed.
#[derive(Debug, thiserror::Error)]
#[error("no answer from the database within {0:?}")]
pub(super) struct NoAnswer(pub(super) std::time::Duration);

/// All connections were with others for as long as one is waited for.
#[derive(Debug, thiserror::Error)]
#[error("no connection to the database became free within {0:?}")]
pub(super) struct NoneFree(pub(super) std::time::Duration);

/// The connection was given up, because an earlier call on it got no answer.
#[derive(Debug, thiserror::Error)]
#[error("the database connection was given up after an earlier failure")]
pub(super) struct GivenUp;

impl Fault {
    /// As metrics name it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Lost => "lost",
            Self::TimedOut => "timed_out",
            Self::Blocked(_) => "blocked",
            Self::Refused => "refused",
        }
    }
}

impl QueryError {
    /// A value that is none of those a column may have.
    pub(super) fn corrupt(what: &str, value: impl std::fmt::Display) -> Self {
        Self::Corrupt(format!("{what}: {value}"))
    }

    /// What the engine's `classify` makes of it; rows that cannot be read are no fault of the connection.
    pub(super) fn fault(&self, classify: fn(&DieselError) -> Fault) -> Fault {
        match self {
            Self::Database(DieselError::DeserializationError(_)) | Self::Corrupt(_) => Fault::Refused,
            Self::Database(error) => classify(error),
        }
    }

    /// The error of the ports, given what `fault` said.
    pub(super) fn into_store_error(self, fault: Fault) -> StoreError {
        let error = match self {
            Self::Corrupt(what) => return StoreError::Corrupt(what),
            Self::Database(DieselError::DeserializationError(cause)) => {
                return StoreError::Corrupt(cause.to_string());
            }
            Self::Database(error) => error,
        };
        match fault {
            Fault::Locked => StoreError::Busy(Box::new(error)),
            Fault::Lost | Fault::TimedOut | Fault::Blocked(_) => StoreError::Unavailable(Box::new(error)),
            Fault::Refused => StoreError::Refused(Box::new(error)),
        }
    }
}

/// What `read` makes of the word in a column.
pub(super) fn word<T>(column: &str, stored: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, QueryError> {
    read(stored).ok_or_else(|| QueryError::corrupt(column, stored))
}

/// Whether rows were inserted: false where one has a key that another row has.
pub(super) fn is_new<T>(inserted: Result<T, impl Into<QueryError>>) -> Result<bool, QueryError> {
    match inserted.map_err(Into::into) {
        Ok(_) => Ok(true),
        Err(QueryError::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The message in `error`, in any form that the drivers give it.
pub(super) fn message(error: &DieselError) -> String {
    match error {
        DieselError::DatabaseError(_, information) => information.message().to_owned(),
        other => other.to_string(),
    }
}

/// The first fault of which the message has words; refused if there is none.
pub(super) fn fault_by_words(error: &DieselError, faults: &[(Fault, &[&str])]) -> Fault {
    let text = message(error);
    let found = faults.iter().find(|(_, words)| words.iter().any(|words| text.contains(words)));
    found.map_or(Fault::Refused, |(fault, _)| *fault)
}

/// The database cannot be reached, because of `cause`.
pub(super) fn unavailable(cause: impl Into<BoxError>) -> StoreError {
    StoreError::Unavailable(cause.into())
}
