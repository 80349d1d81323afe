use std::fmt;

/// A password as its owner typed it. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

/// What the shop keeps of a password: an Argon2id hash with its salt and its costs, as a PHC string. It is never
/// printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_is_printed() {
        let shown =
            format!("{:?} {:?}", Password("123456".to_owned()), PasswordHash("$argon2id$".to_owned()));
        assert_eq!(shown, "(hidden) (hidden)");
    }
}
