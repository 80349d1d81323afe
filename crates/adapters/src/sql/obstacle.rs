//! Why a database that answers lets nobody write.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use ports::StoreError;

/// For how long after a statement failed for want of space the database counts as full. A small write may still
/// succeed then, which an order's does not.
const FULL_FOR: Duration = Duration::from_secs(30);

/// What keeps every statement from writing, whatever it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The server, or the file, is read-only.
    ReadOnly,
    /// The binary log takes whole statements, which it must not at READ COMMITTED.
    BinaryLog,
    /// There is no space left.
    NoSpace,
}

/// Nothing can be written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritable {
    /// The database says why.
    #[error("{0}")]
    Obstacle(Obstacle),
    /// It failed in another way.
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

/// When a statement of a store failed last for want of space.
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
