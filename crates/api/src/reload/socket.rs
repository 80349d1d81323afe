//! A socket in the program's own data directory, at which it answers `dashop reload`.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use adapters::private_files;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::timeout,
};

use super::AskError;

/// The answer if the settings are in force.
const DONE: &str = "done";
/// How long to wait for an answer. Two requests may come at once and are answered in sequence.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long the client may take to read the answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// The longest answer that is read, in bytes.
const ANSWER_BYTES: u64 = 16 * 1024;

/// Several programs may share a data directory, but not an address.
pub(super) fn path(data_dir: &Path, listen: SocketAddr) -> PathBuf {
    data_dir.join(format!("reload-{listen}.socket"))
}

/// The listening socket. Its file is removed when it is dropped.
pub(super) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the socket file, which stay in use while the socket is open.
    file: (u64, u64),
}

/// A client that asks for a reload.
pub(super) struct Asked(UnixStream);

impl ControlSocket {
    /// Opens the socket. The process that has the listen address also owns the socket, so an existing file is a leftover.
    pub(super) fn open(data_dir: &Path, listen: SocketAddr) -> io::Result<Self> {
        private_files::make_directory(data_dir)?;
        let path = path(data_dir, listen);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let file = file_of(&path)?;
        Ok(Self { listener, path, file })
    }

    /// The next client.
    pub(super) async fn next(&self) -> Asked {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return Asked(stream),
                Err(error) => {
                    tracing::warn!(%error, "`dashop reload` could not be heard");
                    // For example if no file can be opened: this must not become a busy loop.
                    tokio::time::sleep(ANSWERED_WITHIN).await;
                }
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // The next process may already have the address, and its own socket at this path, before this one has ended.
        let removed = match file_of(&self.path) {
            Ok(file) if file == self.file => fs::remove_file(&self.path),
            other => other.map(drop),
        };
        if let Err(error) = removed {
            tracing::debug!(%error, "the socket of `dashop reload` stays behind");
        }
    }
}

fn file_of(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

impl Asked {
    /// Answers with the reason of the refusal; `None` means success.
    pub(super) async fn answer(mut self, refusal: Option<String>) {
        let answer = refusal.unwrap_or_else(|| DONE.to_owned());
        let written = timeout(ANSWERED_WITHIN, self.0.write_all(answer.as_bytes())).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::debug!("whoever asked for new settings did not wait for the answer");
        }
    }
}

/// Asks the program at this socket to reload its settings, and waits for the answer.
///
/// # Errors
/// No program listens, none answers in time, or the program refused the new settings.
pub(crate) async fn ask(socket: PathBuf) -> Result<(), AskError> {
    let stream = match UnixStream::connect(&socket).await {
        Ok(stream) => stream,
        Err(cause) => return Err(AskError::Nobody { socket, cause }),
    };
    let mut answer = String::new();
    let mut reader = stream.take(ANSWER_BYTES);
    match timeout(PATIENCE, reader.read_to_string(&mut answer)).await {
        Ok(Ok(_)) if answer == DONE => Ok(()),
        Ok(Ok(bytes)) if bytes > 0 => Err(AskError::Refused(answer)),
        Ok(Ok(_) | Err(_)) | Err(_) => Err(AskError::NoAnswer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_goes_with_its_own_program_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["127.0.0.1:80", "127.0.0.2:80"].map(|address| address.parse().unwrap());
        let first = ControlSocket::open(folder.path(), one).unwrap();
        let neighbour = ControlSocket::open(folder.path(), other).unwrap();
        let next = ControlSocket::open(folder.path(), one).unwrap();
        drop((first, neighbour));
        assert!(path(folder.path(), one).exists(), "the next program's");
        assert!(!path(folder.path(), other).exists());
        drop(next);
        assert!(!path(folder.path(), one).exists());
    }
}
