//! Certificate mode (公钥证书): the certificates of an application and of Alipay, and which of them are trusted.
//!
//! - [`Certificate`] and [`CertSn`]: reading real files, and the serial numbers that requests and answers carry.
//! - [`MerchantCertificates`]: the three files that a merchant configures, checked against each other and against the
//!   application's private key; what is about to expire; and the decision whether a downloaded certificate is Alipay's.
//!
//! Nothing here knows the time or the network: the caller says what time it is, in seconds since 1970 in UTC.

mod certificate;
mod chain;
mod download;
mod error;
mod merchant;
mod pem;
mod signature;
mod warnings;

pub use certificate::Certificate;
pub use chain::ChainError;
pub use download::DownloadError;
pub use error::CertificateError;
pub use merchant::{
    CertificateFile, CertificateFileError, CertificateFiles, Distrust, MerchantCertificates,
    MerchantCertificatesError,
};
pub use warnings::{CertificateProblem, CertificateWarning, WARN_BEFORE_EXPIRY};

/// The most bytes of a PEM text. A root bundle has about five thousand.
pub const MAX_PEM_BYTES: usize = 128 * 1024;

/// The most certificates of a PEM text.
pub const MAX_CERTIFICATES: usize = 32;
