use super::{MAX_KEY_BITS, MIN_KEY_BITS};

/// Why a text is not the expected RSA key. No message quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text has only white space.
    #[error("the key is empty")]
    Empty,
    /// The text is neither PEM nor base64 of a key in a known form.
    #[error("not a key: expected PEM (PKCS#8, PKCS#1 or SPKI) or one line of base64 of the same")]
    Unreadable,
    /// It is a private key in place of a public key.
    #[error("this is a private key, and a public key belongs here")]
    PrivateWherePublicBelongs,
    /// It is a public key in place of a private key.
    #[error("this is a public key, and a private key belongs here")]
    PublicWherePrivateBelongs,
    /// It is an X.509 certificate instead of a key.
    #[error(
        "this is a certificate, and a key belongs here: in certificate mode (公钥证书) configure the three certificate \
         files instead of Alipay's public key"
    )]
    Certificate,
    /// It is a private key with a pass phrase.
    #[error("the private key is encrypted: remove its pass phrase (openssl pkey)")]
    Encrypted,
    /// It is a key of another kind, such as an elliptic curve key.
    #[error("not an RSA key")]
    NotRsa,
    /// The modulus is shorter than [`MIN_KEY_BITS`].
    #[error("the key has {bits} bits, and at least {MIN_KEY_BITS} are needed for RSA2")]
    TooShort {
        /// Length of the modulus in bits.
        bits: u32,
    },
    /// The modulus is longer than [`MAX_KEY_BITS`].
    #[error("the key has {bits} bits, and at most {MAX_KEY_BITS} are supported")]
    TooLong {
        /// Length of the modulus in bits.
        bits: u32,
    },
    /// The RSA numbers contradict each other.
    #[error("the RSA key is damaged: its numbers do not belong together")]
    Inconsistent,
    /// The cryptographic library could not create or encode a key.
    #[error("the cryptographic library failed")]
    Library,
}

/// The cryptographic library could not sign. It gives no reason; lack of memory is the only known cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library could not sign")]
pub struct SignError;

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The signature is not base64.
    #[error("the signature is not base64")]
    Unreadable,
    /// The signature belongs to other bytes or to another key.
    #[error("the signature does not verify")]
    Mismatch,
}
