use super::{MAX_CERTIFICATES, MAX_PEM_BYTES};

/// Why a text cannot be read as certificates. No message quotes the text, which may be a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There is no PEM block.
    #[error("there is no certificate in it: expected PEM, with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// The text is longer than [`MAX_PEM_BYTES`].
    #[error("it is longer than {MAX_PEM_BYTES} bytes")]
    TooLong,
    /// There are more than [`MAX_CERTIFICATES`].
    #[error("it has more than {MAX_CERTIFICATES} certificates")]
    TooMany,
    /// There is a private key in place of a certificate.
    #[error("there is a private key in it, and only certificates belong here")]
    PrivateKey,
    /// A block is of another kind, such as a public key.
    #[error("block {nth} is not a certificate")]
    NotACertificate {
        /// The number of the block, from 1.
        nth: usize,
    },
    /// A block has the label of a certificate but cannot be read as one.
    #[error("block {nth} cannot be read as a certificate")]
    Unreadable {
        /// The number of the block, from 1.
        nth: usize,
    },
}
