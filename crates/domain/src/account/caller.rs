//! Admission by token: the user must be active, and the password must be the same as at the sign-in.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{StoredPassword, Username, hex::half_in_hex};

/// The sender of a token with a good signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user that the token names.
    pub username: Username,
    /// The fingerprint of the password when the token was issued; `None` for tokens of the old back end.
    pub mark: Option<PasswordMark>,
}

/// Why the user that a token names is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// There is no such user, or the user is not active.
    #[error("no such user")]
    UnknownUser,
    /// The password has changed since the token was issued.
    #[error("the token ended when the password changed")]
    PasswordChanged,
}

/// The secret with which password marks are made.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("(hidden)")]
pub struct MarkKey(Arc<[u8]>);

/// A keyed fingerprint of a stored password. A reader of the token cannot test passwords against it.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("(hidden)")]
pub struct PasswordMark {
    key: MarkKey,
    value: String,
}

impl Caller {
    /// Admits the user with this stored password, or returns why not.
    pub fn admitted(&self, is_active: bool, password: &StoredPassword) -> Result<(), NotAdmitted> {
        if !is_active {
            return Err(NotAdmitted::UnknownUser);
        }
        let is_unchanged = self.mark.as_ref().is_none_or(|mark| mark.is_of(password));
        if is_unchanged { Ok(()) } else { Err(NotAdmitted::PasswordChanged) }
    }
}

impl MarkKey {
    /// Separates these fingerprints from other signatures with the same secret.
    const PURPOSE: &[u8] = b"dashop password mark";

    /// A key from this secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(secret.into())
    }

    /// The fingerprint of a stored password.
    pub fn mark(&self, password: &StoredPassword) -> PasswordMark {
        let hash = password.hash.as_ref().map_or("", |hash| &hash.0);
        self.read(self.fingerprint(&password.md5, hash))
    }

    /// A fingerprint as a token carries it.
    pub fn read(&self, value: String) -> PasswordMark {
        PasswordMark { key: self.clone(), value }
    }

    fn fingerprint(&self, md5: &str, hash: &str) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        for part in [Self::PURPOSE, md5.as_bytes(), hash.as_bytes()] {
            mac.update(part);
            // A separator: no part contains a zero byte.
            mac.update(&[0]);
        }
        half_in_hex(&mac.finalize().into_bytes())
    }
}

impl PasswordMark {
    /// The text that a token carries.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Whether the password is still the same. A hash that was added to the MD5 afterwards, as every first sign-in
    /// does, is a hash of the same password.
    fn is_of(&self, password: &StoredPassword) -> bool {
        let before_it_was_hashed = StoredPassword { hash: None, ..password.clone() };
        [password, &before_it_was_hashed].iter().any(|password| self.key.mark(password) == *self)
    }
}

#[cfg(test)]
mod tests;
