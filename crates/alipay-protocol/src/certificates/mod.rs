//! Certificate mode (公钥证书): the certificates of an application and of Alipay, and which of them are trusted.
//!
//! - [`Certificate`] and [`CertSn`](crate::CertSn): reading real files, and the serial numbers that requests and answers carry.
//! - [`MerchantCertificates`]: the three files that a merchant configures, checked against each other and against the
//!   application's key; warnings before they expire; and the decision whether a downloaded certificate is Alipay's.
//!
//! This module has no clock and no network: the caller passes the time, in seconds since 1970 in UTC.

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

/// Maximum number of bytes of a PEM text. A root bundle has about five thousand.
pub const MAX_PEM_BYTES: usize = 128 * 1024;

/// Maximum number of certificates in a PEM text.
pub const MAX_CERTIFICATES: usize = 32;
