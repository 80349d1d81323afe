//! The serial numbers with which Alipay and a merchant identify certificates.

use std::{fmt, str::FromStr};

use md5::{Digest as _, Md5};
use x509_parser::{certificate::X509Certificate, der_parser::num_bigint::BigInt};

use crate::name;

/// Alipay's serial number of a certificate, 32 lower-case hexadecimal characters: `app_cert_sn`, `alipay_cert_sn`, and
/// a part of `alipay_root_cert_sn`.
///
/// It is the MD5 of the issuer's name in Java's form, followed by the certificate's own serial number in decimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertSn(String);

/// A text that is not a [`CertSn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the serial number of a certificate: expected 32 lower-case hexadecimal characters")]
pub struct InvalidCertSn;

impl CertSn {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn of(certificate: &X509Certificate<'_>) -> Self {
        let mut text = name::rfc2253(certificate.issuer());
        text.push_str(&BigInt::from_signed_bytes_be(certificate.raw_serial()).to_string());
        Self(Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl FromStr for CertSn {
    type Err = InvalidCertSn;

    fn from_str(text: &str) -> Result<Self, InvalidCertSn> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 32 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidCertSn)
        }
    }
}

impl fmt::Display for CertSn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CertSn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
