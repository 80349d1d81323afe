//! Checks whether a certificate's issuers lead to a trusted root.
//!
//! Alipay's own SDK only checks that each certificate is signed by the next one. Then any merchant could sign as
//! Alipay, because Alipay has signed the merchant's application certificate too. So here every issuer must be an
//! authority.

use super::Certificate;

/// Maximum number of issuers between a certificate and a root. Alipay has one.
const MAX_INTERMEDIATES: usize = 4;

/// Maximum number of signatures that one search verifies: certificates that sign each other could make it very long.
const MAX_VERIFICATIONS: usize = 64;

/// Why a certificate is not trusted. If there are several reasons, it is the first one that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A certificate is not valid yet.
    #[error("a certificate of the chain is not valid yet")]
    NotYetValid,
    /// A certificate has expired.
    #[error("a certificate of the chain has expired")]
    Expired,
    /// A certificate has a critical extension that this crate does not know.
    #[error("a certificate of the chain has a critical extension that is not understood")]
    UnknownCriticalExtension,
    /// No issuer of the required name is known, or none leads to a root.
    #[error("its issuers do not lead to a root of the configured bundle")]
    NoPath,
    /// The issuer is not allowed to issue certificates.
    #[error("an issuer of the chain is no certification authority")]
    NotAnAuthority,
    /// There are more issuers below an issuer than it allows.
    #[error("the chain is longer than an issuer allows")]
    TooLong,
    /// The certificate with the issuer's name did not make the signature, or the algorithm is not accepted.
    #[error("a signature in the chain is not by the issuer's key, or by an algorithm that is not accepted")]
    Signature,
}

/// A search for a chain from a certificate to a root.
pub(super) struct Search<'a> {
    /// Issuers that may be in the chain. They are trusted only if they lead to a root.
    intermediates: Vec<&'a Certificate>,
    roots: &'a [Certificate],
    now: i64,
    verifications_left: usize,
    reason: Option<ChainError>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        intermediates: impl IntoIterator<Item = &'a Certificate>,
        roots: &'a [Certificate],
        now: i64,
    ) -> Self {
        Self {
            intermediates: intermediates.into_iter().collect(),
            roots,
            now,
            verifications_left: MAX_VERIFICATIONS,
            reason: None,
        }
    }

    /// # Errors
    /// There is no chain from the certificate to a root.
    pub(super) fn lead_from(mut self, leaf: &Certificate) -> Result<(), ChainError> {
        check_alone(leaf, self.now)?;
        if self.climb(leaf, 0, 0) { Ok(()) } else { Err(self.reason.unwrap_or(ChainError::NoPath)) }
    }

    /// Whether a chain leads from `certificate` to a root. `below` is the number of issuers above the leaf up to
    /// `certificate`, and `counted` is the number of those that count for a path length, which are not self-issued.
    fn climb(&mut self, certificate: &Certificate, below: usize, counted: u32) -> bool {
        let roots = self.roots;
        if roots.iter().any(|root| self.has_issued(root, certificate, counted)) {
            return true;
        }
        if below >= MAX_INTERMEDIATES {
            return false;
        }
        for issuer in self.intermediates.clone() {
            let counted_above = counted + u32::from(!issuer.is_self_issued());
            if self.has_issued(issuer, certificate, counted) && self.climb(issuer, below + 1, counted_above) {
                return true;
            }
        }
        false
    }

    /// Whether `issuer` was allowed to issue `certificate` and has signed it.
    fn has_issued(&mut self, issuer: &Certificate, certificate: &Certificate, counted: u32) -> bool {
        if !issuer.is_named_issuer_of(certificate) {
            return false;
        }
        match self.check_issuer(issuer, certificate, counted) {
            Ok(()) => true,
            Err(reason) => {
                self.reason.get_or_insert(reason);
                false
            }
        }
    }

    fn check_issuer(
        &mut self,
        issuer: &Certificate,
        certificate: &Certificate,
        counted: u32,
    ) -> Result<(), ChainError> {
        check_alone(issuer, self.now)?;
        let authority = issuer.authority().ok_or(ChainError::NotAnAuthority)?;
        if authority.path_length.is_some_and(|longest| counted > longest) {
            return Err(ChainError::TooLong);
        }
        self.verifications_left = self.verifications_left.checked_sub(1).ok_or(ChainError::NoPath)?;
        if issuer.has_signed(certificate) { Ok(()) } else { Err(ChainError::Signature) }
    }
}

/// The checks of a certificate that do not need its issuer.
fn check_alone(certificate: &Certificate, now: i64) -> Result<(), ChainError> {
    if now < certificate.not_before() {
        return Err(ChainError::NotYetValid);
    }
    if now > certificate.not_after() {
        return Err(ChainError::Expired);
    }
    if certificate.has_unknown_critical_extension() {
        return Err(ChainError::UnknownCriticalExtension);
    }
    Ok(())
}
