/// A password as its owner typed it. It is never printed.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("(hidden)")]
pub struct Password(pub String);

/// An Argon2id hash of a password with its salt and its costs, as a PHC string. It is never printed.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("(hidden)")]
pub struct PasswordHash(pub String);

/// The stored forms of a user's password.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("(hidden)")]
pub struct StoredPassword {
    /// The old shop's unsalted MD5, in hexadecimal digits.
    pub md5: String,
    /// The Argon2id hash; once there is one, the MD5 is no longer used.
    pub hash: Option<PasswordHash>,
}

#[cfg(test)]
mod tests;
