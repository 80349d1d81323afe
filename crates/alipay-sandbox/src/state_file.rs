//! The trades on disk, so that a sandbox that is started again still knows what was paid.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use adapters::private_files;
use serde::{Deserialize, Serialize};

use crate::trade::Trade;

/// The form of the file; another one is refused instead of guessed.
const VERSION: u32 = 1;

/// Why the state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// It cannot be read or written.
    #[error("the state file {} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// Its content is not a state of this version.
    #[error("the state file {} is not one of this sandbox: remove it to begin with no trades", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the reader found.
        #[source]
        source: serde_json::Error,
    },
    /// It was written by another version.
    #[error("the state file {} has version {found}, expected {VERSION}: remove it to begin with no trades", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it names.
        found: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    trades: Vec<Trade>,
}

/// Reads the trades; `None` if there is no file yet.
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

/// Replaces the file as a whole: a reader, even after a crash, finds the old or the new state.
pub(crate) fn save(path: &Path, trades: Vec<Trade>) -> Result<(), StateFileError> {
    let write = || -> io::Result<()> {
        let bytes = serde_json::to_vec(&State { version: VERSION, trades })?;
        private_files::replace(path, &bytes)
    };
    write().map_err(|source| StateFileError::Io { path: path.to_owned(), source })
}
