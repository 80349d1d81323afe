//! Stores the trades on disk, so that a restarted sandbox still knows them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use adapters::private_files;
use serde::{Deserialize, Serialize};

use crate::trade::Trade;

/// The version of the file format; other versions are refused.
const VERSION: u32 = 1;

/// Why the state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// The file cannot be read or written.
    #[error("the state file {} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// The content cannot be read as a state.
    #[error("the state file {} is not one of this sandbox: remove it to begin with no trades", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The parser's error.
        #[source]
        source: serde_json::Error,
    },
    /// The file has another version.
    #[error("the state file {} has version {found}, expected {VERSION}: remove it to begin with no trades", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    trades: Vec<Trade>,
}

/// Reads the trades; there are none if there is no file yet.
pub(crate) fn load(path: &Path) -> Result<Vec<Trade>, StateFileError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StateFileError::Io { path: path.to_owned(), source }),
    };
    let state: State = serde_json::from_slice(&bytes)
        .map_err(|source| StateFileError::Unreadable { path: path.to_owned(), source })?;
    if state.version != VERSION {
        return Err(StateFileError::Version { path: path.to_owned(), found: state.version });
    }
    Ok(state.trades)
}

/// Replaces the file atomically: even after a crash, a reader finds the old or the new state.
pub(crate) fn save(path: &Path, trades: Vec<Trade>) -> Result<(), StateFileError> {
    let write = || -> io::Result<()> {
        let bytes = serde_json::to_vec(&State { version: VERSION, trades })?;
        private_files::replace(path, &bytes)
    };
    write().map_err(|source| StateFileError::Io { path: path.to_owned(), source })
}
