//! Files that their owner alone may read: secrets, and what tells of buyers.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// Reading and writing for the owner.
const OWNER_ALONE: u32 = 0o600;
/// What everybody else may do.
const OTHERS: u32 = 0o077;

/// Makes the directory, and those above it, for their owner alone where they do not exist.
///
/// # Errors
/// It cannot be made.
pub fn make_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// How long another process may make what it keeps in a directory.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes the directory where there is none, and holds it until the result is dropped: what is made once and kept there,
/// such as a key, is made by one of the processes that begin at the same time, and read by the others. Blocks.
///
/// # Errors
/// It cannot be made, or another process holds it for half a minute.
pub fn hold(directory: &Path) -> io::Result<File> {
    make_directory(directory)?;
    let held = File::open(directory)?;
    let begun = Instant::now();
    loop {
        match held.try_lock() {
            Ok(()) => return Ok(held),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(10)),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::TimedOut.into()),
            // A file system without locks: processes that begin there at the same time may make what they keep twice.
            Err(TryLockError::Error(_)) => return Ok(held),
        }
    }
}

/// Writes a file that does not exist yet, down to the disk.
///
/// # Errors
/// It exists, or cannot be written.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    write(OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(path)?, content)
}

/// Writes a file, down to the disk, and makes its directory where there is none. However the process ends, a reader finds
/// the old file or the new one: it is written beside, as `….new`, and then takes its place.
///
/// # Errors
/// It cannot be written.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        make_directory(directory)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    create_anew(Path::new(&beside), content)?;
    fs::rename(&beside, path)
}

/// Writes a file in place of what a process may have left that died over it.
///
/// # Errors
/// It cannot be written.
pub fn create_anew(path: &Path, content: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    create(path, content)
}

/// Makes sure that a file is there and that its owner alone may read it. True where others could until now.
///
/// A file that is there is not opened: closing it would release every lock that this process has on it (POSIX), and then
/// another process takes SQLite's write-ahead log for abandoned and deletes it under this one.
///
/// # Errors
/// It cannot be made, is no file, or is somebody else's.
pub fn make_private(path: &Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(path) {
        Ok(_new) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let was_open = found.mode() & OTHERS != 0;
    if was_open {
        fs::set_permissions(path, Permissions::from_mode(OWNER_ALONE))?;
    }
    Ok(was_open)
}

/// Reads a secret that was written here.
///
/// # Errors
/// It is not there, or others may have read it or put it there: it is a link, or others have a right to it.
pub fn read_secret(path: &Path) -> io::Result<String> {
    let named = fs::symlink_metadata(path)?;
    let mut file = File::open(path)?;
    let opened = file.metadata()?;
    if !named.is_file() || (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
        return Err(io::Error::other("it is a link or no file: a secret must be a file in its own place"));
    }
    let mode = opened.mode() & 0o777;
    if mode & OTHERS != 0 {
        let problem = format!(
            "others can read or change it (mode {mode:o}): `chmod 600` it, or delete it to have a new one made"
        );
        return Err(io::Error::other(problem));
    }
    let mut secret = String::new();
    file.read_to_string(&mut secret)?;
    Ok(secret)
}

/// What nobody but the owner and the group of a file that an operator keeps may do, and the group's writing.
const OUTSIDERS: u32 = 0o027;

/// Reads a secret that an operator keeps. Its group may read it, as where a daemon's secrets are root's; and it may be a link
/// within its own directory, as Kubernetes mounts secrets.
///
/// # Errors
/// It cannot be read, others may have read it or put it there, or it is a link to another directory.
pub fn read_given_secret(path: &Path) -> io::Result<Vec<u8>> {
    if fs::symlink_metadata(path)?.is_symlink() && !is_within(path)? {
        return Err(io::Error::other("it is a link that leads out of its directory: name the file itself"));
    }
    let mut file = File::open(path)?;
    if let Some(problem) = exposure(&file)? {
        return Err(io::Error::other(problem));
    }
    let mut secret = Vec::new();
    file.read_to_end(&mut secret)?;
    Ok(secret)
}

/// Why a file that an operator keeps is no place for a secret; `None` if only its owner and its group can read it, and only
/// its owner change it.
///
/// # Errors
/// That cannot be found out.
pub fn exposure(file: &File) -> io::Result<Option<String>> {
    let mode = file.metadata()?.mode() & 0o777;
    let problem = || format!("others can read or change it (mode {mode:o}): `chmod 600` or `chmod 640` it");
    Ok((mode & OUTSIDERS != 0).then(problem))
}

/// Whether what a link leads to is below the directory that the link is in.
fn is_within(link: &Path) -> io::Result<bool> {
    let directory = match link.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        Some(_) | None => Path::new("."),
    };
    Ok(link.canonicalize()?.starts_with(directory.canonicalize()?))
}

fn write(mut file: File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn whatever_is_made_is_the_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        make_directory(&path("a/b")).unwrap();
        assert_eq!((mode(&path("a")), mode(&path("a/b"))), (0o700, 0o700));
        create(&path("created"), b"secret").unwrap();
        create(&path("created"), b"another").unwrap_err();
        replace(&path("c/replaced"), b"secret").unwrap();
        assert!(!make_private(&path("made")).unwrap());
        make_private(folder.path()).unwrap_err();
        for made in ["created", "c/replaced", "made"] {
            assert_eq!(mode(&path(made)), 0o600, "{made}");
        }
        assert_eq!(read_secret(&path("created")).unwrap(), "secret");
    }

    #[test]
    fn what_was_open_to_others_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "content").unwrap();
        for open in [0o644, 0o640, 0o620, 0o666] {
            set_mode(&path, open);
            assert!(make_private(&path).unwrap(), "{open:o}");
            assert_eq!(mode(&path), 0o600);
        }
        assert!(!make_private(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "content");
        set_mode(&path, 0o644);
        replace(&path, b"another").unwrap();
        assert_eq!((mode(&path), fs::read_to_string(&path).unwrap().as_str()), (0o600, "another"));
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace(&path, b"old and longer").unwrap();
        fs::write(folder.path().join("file.new"), "left by a process that died").unwrap();
        let mut old = File::open(&path).unwrap();
        replace(&path, b"new").unwrap();
        let mut read = String::new();
        old.read_to_string(&mut read).unwrap();
        assert_eq!((read.as_str(), fs::read_to_string(&path).unwrap().as_str()), ("old and longer", "new"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_secret_that_others_may_know_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("secret"), folder.path().join("link"));
        create(&path, b"secret").unwrap();
        symlink(&path, &link).unwrap();
        assert!(read_secret(&link).unwrap_err().to_string().contains("it is a link"));
        assert!(read_secret(folder.path()).unwrap_err().to_string().contains("no file"));
        for open in [0o604, 0o640, 0o602, 0o644] {
            set_mode(&path, open);
            let problem = read_secret(&path).unwrap_err().to_string();
            assert!(
                problem.contains(&format!("mode {open:o}")) && problem.contains("chmod 600"),
                "{problem}"
            );
        }
        set_mode(&path, 0o400);
        assert_eq!(read_secret(&path).unwrap(), "secret");
        let absent = read_secret(&folder.path().join("absent")).unwrap_err();
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_secret_of_an_operators_is_their_groups_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create(&path, b"secret").unwrap();
        for kept in [0o400, 0o440, 0o600, 0o640] {
            set_mode(&path, kept);
            assert_eq!(read_given_secret(&path).unwrap(), b"secret", "{kept:o}");
        }
        for open in [0o444, 0o644, 0o604, 0o602, 0o660, 0o641] {
            set_mode(&path, open);
            let problem = read_given_secret(&path).unwrap_err().to_string();
            assert!(problem.contains(&format!("mode {open:o}")), "{problem}");
        }
    }

    /// Kubernetes mounts `secret`, a link to `..data/secret`, where `..data` is a link to a directory beside it.
    #[test]
    fn a_link_may_lead_within_its_directory_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("mounted")).unwrap();
        fs::create_dir(path("mounted/..2026_11_28")).unwrap();
        create(&path("mounted/..2026_11_28/secret"), b"secret").unwrap();
        symlink("..2026_11_28", path("mounted/..data")).unwrap();
        symlink("..data/secret", path("mounted/secret")).unwrap();
        assert_eq!(read_given_secret(&path("mounted/secret")).unwrap(), b"secret");
        symlink("mounted/..2026_11_28/secret", path("below")).unwrap();
        assert_eq!(read_given_secret(&path("below")).unwrap(), b"secret");
        create(&path("outside"), b"another").unwrap();
        symlink("../outside", path("mounted/out")).unwrap();
        let problem = read_given_secret(&path("mounted/out")).unwrap_err().to_string();
        assert!(problem.contains("leads out of its directory"), "{problem}");
        assert_eq!(read_given_secret(&path("absent")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
