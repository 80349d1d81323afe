use async_trait::async_trait;
use domain::{Password, PasswordHash, StoredPassword, UserId, Username};

use crate::{BoxError, StoreError};

/// The stored passwords of the users.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The credential of the user with this name; the comparison is exact, letter for letter.
    async fn credential(&self, username: &Username) -> Result<Option<Credential>, StoreError>;

    /// Stores the hash of a user who had none, if the MD5 is still `md5`. Returns whether it stored the hash.
    async fn keep_hash(&self, user_id: UserId, md5: &str, hash: &PasswordHash) -> Result<bool, StoreError>;
}

/// The data with which a sign-in of one user is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The user.
    pub user_id: UserId,
    /// Whether the user may sign in: `user_profile.isActive`.
    pub is_active: bool,
    /// The stored password.
    pub password: StoredPassword,
}

/// Computes and checks password hashes.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Passwords: Send + Sync {
    /// Whether this is the password's unsalted MD5 in hexadecimal digits. MUST compare in constant time.
    fn is_md5(&self, password: &Password, md5: &str) -> bool;

    /// Whether this is a hash of the password. Without a hash it MUST take the same time and return `false`, so that
    /// the time does not reveal whether the user exists.
    ///
    /// MUST NOT block the calling thread, and MUST limit how many calls run at once.
    async fn verify(&self, password: &Password, hash: Option<PasswordHash>) -> Result<bool, PasswordError>;

    /// A new Argon2id hash. The MUSTs of [`Passwords::verify`] apply, and it takes about the same time.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, PasswordError>;
}

/// Why a password was not checked or hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many calls run at once.
    #[error("too many passwords are being checked")]
    Busy,
    /// The library failed, or the stored text is not a hash.
    #[error("the password cannot be checked")]
    Failed(#[source] BoxError),
}
