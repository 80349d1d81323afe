//! A socket in the data directory, which is the program's own, at which `dashop reload` asks and is answered.

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

/// What is answered where the settings are in force.
const DONE: &str = "done";
/// How long an answer is waited for: two may ask at once, and be answered one after the other.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long whoever asked may take to read it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// How much of an answer is read, in bytes.
const ANSWER_BYTES: u64 = 16 * 1024;

/// Several programs may share a data directory, but not an address.
pub(super) fn path(data_dir: &Path, listen: SocketAddr) -> PathBuf {
    data_dir.join(format!("reload-{listen}.socket"))
}

/// Where it is asked. The socket goes with it.
pub(super) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and number of the file, which the socket keeps for itself while it is open.
    file: (u64, u64),
}

/// One who asks.
pub(super) struct Asked(UnixStream);

impl ControlSocket {
    /// Whoever has the address has the socket: one that is there was left behind.
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

    /// The next one who asks.
    pub(super) async fn next(&self) -> Asked {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return Asked(stream),
                Err(error) => {
                    tracing::warn!(%error, "`dashop reload` could not be heard");
                    // As where no file can be opened: it must not become a busy loop.
                    tokio::time::sleep(ANSWERED_WITHIN).await;
                }
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // The next program may have the address, and its own socket there, before this one has ended.
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
    /// Answers why it was refused; `None` if it was not.
    pub(super) async fn answer(mut self, refusal: Option<String>) {
        let answer = refusal.unwrap_or_else(|| DONE.to_owned());
        let written = timeout(ANSWERED_WITHIN, self.0.write_all(answer.as_bytes())).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::debug!("whoever asked for new settings did not wait for the answer");
        }
    }
}

/// Asks the program at this socket to read its settings again, and waits until it has.
///
/// # Errors
/// Nobody listens there, nobody answers in time, or the new settings were refused.
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
