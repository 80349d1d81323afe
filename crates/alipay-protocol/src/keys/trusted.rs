use super::{PublicKey, VerifyError};
use crate::CertSn;

/// The keys whose signatures are accepted as Alipay's.
pub trait Verifier {
    /// Verifies that one of the keys made the signature over exactly these bytes. `named` is the certificate that the
    /// message names; its key is tried first.
    ///
    /// # Errors
    /// The signature is not base64, or no key made it.
    fn verify_named(
        &self,
        message: &[u8],
        signature: &str,
        named: Option<&CertSn>,
    ) -> Result<(), VerifyError>;

    /// Whether a notification or return may name its certificate, inside or outside the signed string.
    fn is_in_certificate_mode(&self) -> bool;
}

/// One key, in key mode.
impl Verifier for PublicKey {
    fn verify_named(&self, message: &[u8], signature: &str, _: Option<&CertSn>) -> Result<(), VerifyError> {
        self.verify(message, signature)
    }

    fn is_in_certificate_mode(&self) -> bool {
        false
    }
}

/// A trusted certificate of Alipay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedCertificate {
    /// Its serial number.
    pub sn: CertSn,
    /// Its key.
    pub key: PublicKey,
}

/// The keys of Alipay that are trusted at one time.
#[derive(Debug, Clone)]
pub enum TrustedKeys {
    /// Key mode.
    Keys {
        /// The key that Alipay's console shows.
        current: PublicKey,
        /// A second key, while the key is being changed.
        previous: Option<PublicKey>,
    },
    /// Certificate mode: the configured certificate first.
    Certificates(Vec<TrustedCertificate>),
}

impl TrustedKeys {
    /// Whether the certificate is trusted; always false in key mode.
    pub fn knows(&self, sn: &CertSn) -> bool {
        match self {
            Self::Keys { .. } => false,
            Self::Certificates(certificates) => certificates.iter().any(|one| one.sn == *sn),
        }
    }

    /// The keys, in the order in which they are tried.
    fn in_order(&self, named: Option<&CertSn>) -> Vec<&PublicKey> {
        match self {
            Self::Keys { current, previous } => std::iter::once(current).chain(previous).collect(),
            Self::Certificates(certificates) => {
                let (first, others): (Vec<_>, Vec<_>) =
                    certificates.iter().partition(|one| named == Some(&one.sn));
                first.into_iter().chain(others).map(|one| &one.key).collect()
            }
        }
    }
}

impl Verifier for TrustedKeys {
    fn verify_named(
        &self,
        message: &[u8],
        signature: &str,
        named: Option<&CertSn>,
    ) -> Result<(), VerifyError> {
        let mut verdict = Err(VerifyError::Mismatch);
        for key in self.in_order(named) {
            verdict = key.verify(message, signature);
            match verdict {
                Ok(()) | Err(VerifyError::Unreadable) => return verdict,
                Err(VerifyError::Mismatch) => {}
            }
        }
        verdict
    }

    fn is_in_certificate_mode(&self) -> bool {
        match self {
            Self::Keys { .. } => false,
            Self::Certificates(_) => true,
        }
    }
}
