use super::{MAX_CERTIFICATES, MAX_PEM_BYTES};

/// Why a text is not the certificates that were expected. No message repeats any of the text: it may be a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There is no block of PEM.
    #[error("there is no certificate in it: expected PEM, with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// More than [`MAX_PEM_BYTES`].
    #[error("it is longer than {MAX_PEM_BYTES} bytes")]
    TooLong,
    /// More than [`MAX_CERTIFICATES`].
    #[error("it has more than {MAX_CERTIFICATES} certificates")]
    TooMany,
    /// A private key where a certificate belongs.
    #[error("there is a private key in it, and only certificates belong here")]
    PrivateKey,
    /// A block of another kind, such as a public key.
    #[error("block {nth} is not a certificate")]
    NotACertificate {
        /// Which block, from 1.
        nth: usize,
    },
    /// A block that says it is a certificate and cannot be read as one.
    #[error("block {nth} cannot be read as a certificate")]
    Unreadable {
        /// Which block, from 1.
        nth: usize,
    },
}
