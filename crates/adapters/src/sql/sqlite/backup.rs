use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{Connection, ConnectionError, SqliteConnection, connection::SimpleConnection, sql_types::Text};

use crate::private_files;

/// Why a database was not copied.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The copy cannot be written, for example because the file exists or its directory does not.
    #[error("{0}")]
    File(String, #[source] io::Error),
    /// There is no database.
    #[error("there is no database {}", .0.display())]
    Absent(PathBuf),
    /// The database cannot be opened.
    #[error("the database cannot be opened")]
    Open(#[from] ConnectionError),
    /// The database reported an error.
    #[error("the database cannot be copied")]
    Copy(#[from] diesel::result::Error),
}

/// Copies the SQLite database at `url` to a new file, as it is at this moment; other connections may write meanwhile.
/// Only its owner can read the copy, and the copy is synced to the disk when the function returns. It blocks.
///
/// # Errors
/// The file exists or cannot be written, or the database does not exist or cannot be read.
pub fn backup(url: &str, to: &Path, lock_timeout: Duration) -> Result<(), BackupError> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    let failed = |error| BackupError::File(to.display().to_string(), error);
    // Opening a missing file would create an empty database.
    if !Path::new(path).is_file() {
        return Err(BackupError::Absent(path.into()));
    }
    if to.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    // The copy gets its final name only when it is complete.
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    // SQLite writes into an existing empty file, whose permissions stay.
    let ours = private_files::create_anew(partial, b"")
        .and_then(|()| identity(partial))
        .map_err(|error| BackupError::File(partial.display().to_string(), error))?;
    // Another process that copies to the same name replaces this partial file. Its file must not be touched.
    let is_ours = |file: &Path| identity(file).is_ok_and(|found| found == ours);
    let copied = copy(path, partial, lock_timeout).and_then(|()| {
        let synced = File::open(partial).and_then(|file| file.sync_all());
        // The link fails if a file of this name was created meanwhile.
        synced.and_then(|()| fs::hard_link(partial, to)).map_err(failed)?;
        if !is_ours(to) {
            fs::remove_file(to).map_err(failed)?;
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(failed)
    });
    if !is_ours(partial) {
        return copied;
    }
    copied.and(fs::remove_file(partial).map_err(failed))
}

/// The device and inode of a file, which identify it whatever its name.
fn identity(file: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(file).map(|file| (file.dev(), file.ino()))
}

fn copy(path: &str, to: &Path, lock_timeout: Duration) -> Result<(), BackupError> {
    let mut conn = SqliteConnection::establish(path)?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {}", lock_timeout.as_millis()))?;
    let not_text = || BackupError::File(to.display().to_string(), io::ErrorKind::InvalidFilename.into());
    let into =
        diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(to.to_str().ok_or_else(not_text)?.to_owned());
    diesel::RunQueryDsl::execute(into, &mut conn)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[test]
    fn a_copy_is_private_whole_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("shop.db"), folder.path().join("copy.db"));
        let url = format!("sqlite:{}", from.display());
        assert!(
            matches!(backup(&url, &to, PATIENCE), Err(BackupError::Absent(path)) if path == from),
            "there is nothing to copy"
        );
        assert!(!to.exists());
        let mut conn = SqliteConnection::establish(&from.display().to_string()).unwrap();
        conn.batch_execute("PRAGMA journal_mode = WAL; CREATE TABLE t (n); INSERT INTO t VALUES (7)")
            .unwrap();
        conn.batch_execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (8)").unwrap();
        fs::write(folder.path().join("copy.db.partial"), "left by a process that was killed").unwrap();
        backup(&url, &to, PATIENCE).unwrap();
        assert_eq!(to.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let mut copy = SqliteConnection::establish(&to.display().to_string()).unwrap();
        let sum = diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("(SELECT SUM(n) FROM t)"));
        let sum: i64 = diesel::RunQueryDsl::get_result(sum, &mut copy).unwrap();
        assert_eq!(sum, 7, "what was committed, and not what was being written");
        let again = backup(&url, &to, PATIENCE);
        assert!(matches!(again, Err(BackupError::File(..))), "{again:?}");
        assert!(to.metadata().unwrap().len() > 0);
        assert!(!folder.path().join("copy.db.partial").exists());
    }
}
