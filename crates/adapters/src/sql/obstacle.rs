//! Why a database that answers does not accept writes.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use ports::StoreError;

/// How long the database counts as full after a statement failed for lack of space. A small write may succeed then
/// although the write of an order fails.
const FULL_FOR: Duration = Duration::from_secs(30);

/// Why no statement can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The server, or the file, is read-only.
    ReadOnly,
    /// The binary log has the format STATEMENT, which does not work with READ COMMITTED.
    BinaryLog,
    /// There is no space left.
    NoSpace,
}

/// The database cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritable {
    /// The database reports a known obstacle.
    #[error("{0}")]
    Obstacle(Obstacle),
    /// The write failed for another reason.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly => "it is read-only",
            Self::BinaryLog => "binlog_format is STATEMENT; it must be ROW or MIXED",
            Self::NoSpace => "it has no space left",
        })
    }
}

/// When a statement of the store last failed for lack of space.
#[derive(Default)]
pub(super) struct SpaceWatch(Mutex<Option<Instant>>);

impl SpaceWatch {
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(super) fn is_full(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < FULL_FOR)
    }
}
