//! The keys of the merchant and of the sandbox's Alipay, generated at the first start and kept in a folder.

use std::{
    io,
    path::{Path, PathBuf},
};

use adapters::private_files;
use alipay_protocol::{KeyError, PrivateKey};

/// The key of the application, with which the shop signs, and the key of the sandbox's Alipay.
#[derive(Debug, Clone)]
pub struct SandboxKeys {
    /// The merchant's key: `app_private_key.pem`.
    pub app: PrivateKey,
    /// Alipay's key: `alipay_private_key.pem`.
    pub alipay: PrivateKey,
}

/// Why the folder of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// A file cannot be read or written.
    #[error("the key file {} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// A file holds no key.
    #[error("the key file {}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
}

impl SandboxKeys {
    /// Reads `app_private_key.pem` and `alipay_private_key.pem` in the folder, and generates missing keys. Only the
    /// owner can read the private keys (mode 600). The public halves (`app_public_key.pem`, `alipay_public_key.pem`),
    /// which a merchant's configuration needs, are written beside them.
    ///
    /// It blocks for the time of file access and, at the first start, of generating two keys (up to a second).
    ///
    /// # Errors
    /// The folder cannot be written, or a file in it holds no key, or others can read it.
    pub fn load_or_generate(folder: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Io { path: folder.to_owned(), source };
        let _held = private_files::hold(folder).map_err(failed)?;
        Ok(Self { app: load_or_generate(folder, "app")?, alipay: load_or_generate(folder, "alipay")? })
    }

    /// Checks the keys in the folder, and generates none. A missing key is not an error.
    ///
    /// # Errors
    /// A file in it holds no key, or others can read it.
    pub fn check(folder: &Path) -> Result<(), KeyFileError> {
        load(&private_key_file(folder, "app"))?;
        load(&private_key_file(folder, "alipay")).map(drop)
    }
}

fn private_key_file(folder: &Path, owner: &str) -> PathBuf {
    folder.join(format!("{owner}_private_key.pem"))
}

fn load_or_generate(folder: &Path, owner: &str) -> Result<PrivateKey, KeyFileError> {
    let path = private_key_file(folder, owner);
    match load(&path)? {
        Some(key) => Ok(key),
        None => generate(folder, owner, path),
    }
}

/// The key in the file; `None` if there is no file.
fn load(path: &Path) -> Result<Option<PrivateKey>, KeyFileError> {
    match private_files::read_secret(path) {
        Ok(text) => match PrivateKey::parse(&text) {
            Ok(key) => Ok(Some(key)),
            Err(source) => Err(KeyFileError::Key { path: path.to_owned(), source }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyFileError::Io { path: path.to_owned(), source }),
    }
}

fn generate(folder: &Path, owner: &str, path: PathBuf) -> Result<PrivateKey, KeyFileError> {
    let failed = |source| KeyFileError::Key { path: path.clone(), source };
    let key = PrivateKey::generate().map_err(failed)?;
    let private = key.to_pkcs8_pem().map_err(failed)?;
    let public = key.public_key().to_spki_pem().map_err(failed)?;
    let public_path = folder.join(format!("{owner}_public_key.pem"));
    for (path, pem) in [(&public_path, public), (&path, private)] {
        private_files::replace(path, pem.as_bytes())
            .map_err(|source| KeyFileError::Io { path: path.clone(), source })?;
    }
    Ok(key)
}
