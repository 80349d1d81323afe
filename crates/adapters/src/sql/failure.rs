//! Errors of queries, and their translation into the errors of the ports.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use ports::{BoxError, StoreError};

use super::obstacle::Obstacle;

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum QueryError {
    /// The database or the driver reported an error.
    #[error(transparent)]
    Database(#[from] DieselError),
    /// A row holds a value that the shop's rules do not know.
    #[error("{0}")]
    Corrupt(String),
}

/// What an engine's error means for the connection and for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Another transaction holds the rows; a retry helps.
    Locked,
    /// The connection is lost, or the server no longer serves it.
    Lost,
    /// The statement took too long and was ended; the connection is still usable.
    TimedOut,
    /// The database accepts no writes at present.
    Blocked(Obstacle),
    /// The database refused the statement; the connection is still usable.
    Refused,
}

/// The time limit for one call of the database passed.
#[derive(Debug, thiserror::Error)]
#[error("no answer from the database within {0:?}")]
pub(super) struct NoAnswer(pub(super) std::time::Duration);

/// No connection became free within the time limit.
#[derive(Debug, thiserror::Error)]
#[error("no connection to the database became free within {0:?}")]
pub(super) struct NoneFree(pub(super) std::time::Duration);

/// The connection is no longer used, because an earlier call on it failed.
#[derive(Debug, thiserror::Error)]
#[error("the database connection was given up after an earlier failure")]
pub(super) struct GivenUp;

impl Fault {
    /// The name of the fault in metrics.
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
    /// An error for a value that the column must not have.
    pub(super) fn corrupt(what: &str, value: impl std::fmt::Display) -> Self {
        Self::Corrupt(format!("{what}: {value}"))
    }

    /// The fault by the engine's `classify`. An unreadable row is [`Fault::Refused`]: the connection is still usable.
    pub(super) fn fault(&self, classify: fn(&DieselError) -> Fault) -> Fault {
        match self {
            Self::Database(DieselError::DeserializationError(_)) | Self::Corrupt(_) => Fault::Refused,
            Self::Database(error) => classify(error),
        }
    }

    /// Converts the error into one of the ports, by the fault that [`Self::fault`] returned.
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

/// Parses the word in a column with `read`.
pub(super) fn word<T>(column: &str, stored: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, QueryError> {
    read(stored).ok_or_else(|| QueryError::corrupt(column, stored))
}

/// Whether the rows were inserted; false if one of the keys is in use.
pub(super) fn is_new<T>(inserted: Result<T, impl Into<QueryError>>) -> Result<bool, QueryError> {
    match inserted.map_err(Into::into) {
        Ok(_) => Ok(true),
        Err(QueryError::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The message of `error`, whatever its variant.
pub(super) fn message(error: &DieselError) -> String {
    match error {
        DieselError::DatabaseError(_, information) => information.message().to_owned(),
        other => other.to_string(),
    }
}

/// The first fault one of whose texts is in the message; [`Fault::Refused`] if none is.
pub(super) fn fault_by_words(error: &DieselError, faults: &[(Fault, &[&str])]) -> Fault {
    let text = message(error);
    let found = faults.iter().find(|(_, words)| words.iter().any(|words| text.contains(words)));
    found.map_or(Fault::Refused, |(fault, _)| *fault)
}

/// An error that says that the database cannot be reached, because of `cause`.
pub(super) fn unavailable(cause: impl Into<BoxError>) -> StoreError {
    StoreError::Unavailable(cause.into())
}
