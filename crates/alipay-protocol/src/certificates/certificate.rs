use std::fmt;

use x509_parser::{
    certificate::X509Certificate,
    der_parser::asn1_rs::FromDer as _,
    oid_registry::{OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_KEY_USAGE},
};

use super::{CertificateError, pem, signature::CertificateSignature};
use crate::{CertSn, KeyError, PublicKey, name};

/// Identifiers of RSA signature algorithms start with this text. Alipay compares the text too.
const RSA_SIGNATURES: &str = "1.2.840.113549.1.1";

/// An X.509 certificate, with the parts that Alipay's rules need.
///
/// `Debug` shows its serial number and its subject.
#[derive(Clone)]
pub struct Certificate {
    sn: CertSn,
    /// The DER of the names: names are equal if their bytes are equal.
    issuer: Vec<u8>,
    subject: Vec<u8>,
    subject_text: String,
    common_names: Vec<String>,
    not_before: i64,
    not_after: i64,
    /// The DER of the key with its algorithm.
    public_key: Vec<u8>,
    signature: CertificateSignature,
    authority: Option<Authority>,
    has_unknown_critical_extension: bool,
}

/// What a certificate may issue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authority {
    /// How many issuers may be between it and the last certificate; `None`: any number.
    pub(super) path_length: Option<u32>,
}

impl Certificate {
    /// Reads all certificates of a PEM text; the result has at least one. Lines may have any length, and other text may
    /// be between the blocks.
    ///
    /// # Errors
    /// There is no block, or a block is not a certificate, or the text is too long.
    pub fn read_pem(text: &str) -> Result<Vec<Self>, CertificateError> {
        let numbered = pem::blocks(text)?.into_iter().zip(1..);
        numbered.map(|(der, nth)| Self::read_der(&der).ok_or(CertificateError::Unreadable { nth })).collect()
    }

    /// Reads one certificate; `None` if the bytes are something else, or if more bytes follow.
    fn read_der(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        rest.is_empty().then(|| Self::new(&certificate))
    }

    fn new(certificate: &X509Certificate<'_>) -> Self {
        Self {
            sn: CertSn::of(certificate),
            issuer: certificate.issuer().as_raw().to_vec(),
            subject: certificate.subject().as_raw().to_vec(),
            subject_text: name::rfc2253(certificate.subject()),
            common_names: name::common_names(certificate.subject()),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            public_key: certificate.public_key().raw.to_vec(),
            signature: CertificateSignature::of(certificate),
            authority: authority(certificate),
            has_unknown_critical_extension: has_unknown_critical_extension(certificate),
        }
    }

    /// Alipay's serial number for it.
    pub fn sn(&self) -> &CertSn {
        &self.sn
    }

    /// The subject, in the form of RFC 2253.
    pub fn subject(&self) -> &str {
        &self.subject_text
    }

    /// The subject's common name; `None` if there is not exactly one.
    pub fn common_name(&self) -> Option<&str> {
        match self.common_names.as_slice() {
            [name] => Some(name),
            [] | [_, _, ..] => None,
        }
    }

    /// The first second in which it is valid, in seconds since 1970 in UTC.
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// The last second in which it is valid, in seconds since 1970 in UTC.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// The certified key.
    ///
    /// # Errors
    /// It is not an RSA key of an accepted length.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_der(&self.public_key)
    }

    /// Whether it counts for `alipay_root_cert_sn`. The algorithm of its signature decides, not that of its key.
    pub(super) fn has_rsa_signature(&self) -> bool {
        self.signature.algorithm().starts_with(RSA_SIGNATURES)
    }

    pub(super) fn is_named_issuer_of(&self, other: &Self) -> bool {
        self.subject == other.issuer
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether its key made the signature of the other certificate.
    pub(super) fn has_signed(&self, other: &Self) -> bool {
        other.signature.is_by(&self.public_key)
    }

    /// What it may issue; `None` if it may issue nothing.
    pub(super) fn authority(&self) -> Option<Authority> {
        self.authority
    }

    pub(super) fn has_unknown_critical_extension(&self) -> bool {
        self.has_unknown_critical_extension
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("sn", &self.sn)
            .field("subject", &self.subject_text)
            .finish_non_exhaustive()
    }
}

/// A certificate may issue others if its basic constraints allow it, and its key usage too if it has one. It may not if
/// one of these extensions occurs twice or cannot be read.
fn authority(certificate: &X509Certificate<'_>) -> Option<Authority> {
    let constraints = certificate.basic_constraints().ok()??.value;
    let may_sign = match certificate.key_usage().ok()? {
        Some(usage) => usage.value.key_cert_sign(),
        None => true,
    };
    (constraints.ca && may_sign).then_some(Authority { path_length: constraints.path_len_constraint })
}

/// A certificate with an unknown or unreadable critical extension must not be trusted (RFC 5280, section 4.2).
fn has_unknown_critical_extension(certificate: &X509Certificate<'_>) -> bool {
    certificate.extensions().iter().any(|extension| {
        let is_known = [OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_KEY_USAGE].contains(&extension.oid);
        let is_readable = extension.parsed_extension().error().is_none();
        extension.critical && !(is_known && is_readable)
    })
}
