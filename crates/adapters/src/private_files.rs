//! Files that only their owner may read: secrets and personal data of buyers.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// The owner may read and write.
const OWNER_ALONE: u32 = 0o600;
/// All permissions of the group and of others.
const OTHERS: u32 = 0o077;

/// Creates the directory and missing parents. Only the owner may use the new directories.
///
/// # Errors
/// A directory cannot be created.
pub fn make_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// How long to wait for another process that holds a directory.
const PATIENCE: Duration = Duration::from_secs(30);

/// Creates the directory if it is missing, and locks it until the result is dropped. So one of several processes that
/// start at the same time creates a file there, such as a key, and the others read it. It blocks.
///
/// # Errors
/// The directory cannot be created or opened, or another process holds it for half a minute.
pub fn hold(directory: &Path) -> io::Result<File> {
    make_directory(directory)?;
    let held = File::open(directory)?;
    let begun = Instant::now();
    loop {
        match held.try_lock() {
            Ok(()) => return Ok(held),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(10)),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::TimedOut.into()),
            // A file system without locks: processes that start at the same time may each create the file.
            Err(TryLockError::Error(_)) => return Ok(held),
        }
    }
}

/// Creates a file and syncs it to the disk.
///
/// # Errors
/// The file exists, or cannot be written.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    write(OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(path)?, content)
}

/// Replaces or creates a file and syncs it to the disk; creates its directory if it is missing. However the process
/// ends, a reader finds the old file or the new one: the new one is written as `….new` and then renamed.
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

/// Creates a file in place of one that a killed process may have left.
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

/// Creates the file if it is missing, and restricts it to its owner. Returns whether others had any access until now.
///
/// An existing file is not opened: closing it would release every lock that this process has on it (POSIX). Another
/// process would then consider SQLite's write-ahead log abandoned, and delete it while this process uses it.
///
/// # Errors
/// The file cannot be created, is not a regular file, or its permissions cannot be changed.
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

/// Reads a secret that this program has written.
///
/// # Errors
/// The file is missing or is a link, or its group or others have access to it, so that they may know or have replaced
/// the secret.
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

/// The permissions that the file of an operator must not have: those of others, and writing by the group.
const OUTSIDERS: u32 = 0o027;

/// Reads a secret that an operator keeps. Its group may read it, for example if root owns a daemon's secrets. It may be
/// a link within its own directory, as Kubernetes mounts secrets.
///
/// # Errors
/// The file cannot be read, others may read or change it, or it is a link out of its directory.
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

/// Why a file of an operator is not safe for a secret; `None` if only its owner and its group can read it, and only its
/// owner can change it.
///
/// # Errors
/// The permissions cannot be read.
pub fn exposure(file: &File) -> io::Result<Option<String>> {
    let mode = file.metadata()?.mode() & 0o777;
    let problem = || format!("others can read or change it (mode {mode:o}): `chmod 600` or `chmod 640` it");
    Ok((mode & OUTSIDERS != 0).then(problem))
}

/// Whether the target of a link is below the directory of the link.
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
