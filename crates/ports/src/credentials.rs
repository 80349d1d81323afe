use async_trait::async_trait;
use domain::{Password, PasswordHash, StoredPassword, UserId, Username};

use crate::{BoxError, StoreError};

/// What the shop knows of its users' passwords.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Of the user of this name; the comparison is exact, letter for letter.
    async fn credential(&self, username: &Username) -> Result<Option<Credential>, StoreError>;

    /// Keeps the hash of a user who had none, if the MD5 is still this one; else nothing changes. Whether it is kept.
    async fn keep_hash(&self, user_id: UserId, md5: &str, hash: &PasswordHash) -> Result<bool, StoreError>;
}

/// How one user proves who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Who.
    pub user_id: UserId,
    /// Whether the user may sign in: `user_profile.isActive`.
    pub is_active: bool,
    /// What their password is measured by.
    pub password: StoredPassword,
}

/// The arithmetic of passwords.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Passwords: Send + Sync {
    /// Whether this is the password's unsalted MD5 in hexadecimal digits. MUST compare in constant time.
    fn is_md5(&self, password: &Password, md5: &str) -> bool;

    /// Whether this is a hash of the password. Without a hash it MUST take the same time, and answer false: nobody is to
    /// learn from the time whether there is such a user.
    ///
    /// MUST NOT hold up the thread it is called on, and MUST run a bounded number of times at once.
    async fn verify(&self, password: &Password, hash: Option<PasswordHash>) -> Result<bool, PasswordError>;

    /// A new Argon2id hash. The same MUSTs as of [`Passwords::verify`], and about the same time.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, PasswordError>;
}

/// A password was not measured.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are being measured.
    #[error("too many passwords are being checked")]
    Busy,
    /// The library failed, or what is stored is no hash.
    #[error("the password cannot be checked")]
    Failed(#[source] BoxError),
}
