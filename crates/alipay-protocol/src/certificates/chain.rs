//! Whether a certificate's issuers lead to a root that is trusted.
//!
//! Alipay's own SDK only looks whether each certificate is signed by the next one. Then any merchant, whose application
//! certificate Alipay has signed too, could sign as Alipay. So here every issuer must be allowed to issue.

use super::Certificate;

/// The most issuers between a certificate and a root. Alipay has one.
const MAX_INTERMEDIATES: usize = 4;

/// The most signatures that one search verifies: certificates that sign each other could make it long otherwise.
const MAX_VERIFICATIONS: usize = 64;

/// Why a certificate is not trusted. Of several reasons it is the first that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Its time has not come.
    #[error("a certificate of the chain is not valid yet")]
    NotYetValid,
    /// Its time is over.
    #[error("a certificate of the chain has expired")]
    Expired,
    /// An extension that is marked as critical is not known here.
    #[error("a certificate of the chain has a critical extension that is not understood")]
    UnknownCriticalExtension,
    /// Nobody of that name is known, or nobody who leads to a root.
    #[error("its issuers do not lead to a root of the configured bundle")]
    NoPath,
    /// The issuer is not allowed to issue certificates.
    #[error("an issuer of the chain is no certification authority")]
    NotAnAuthority,
    /// More issuers below an issuer than it allows.
    #[error("the chain is longer than an issuer allows")]
    TooLong,
    /// Somebody of the issuer's name, who did not sign.
    #[error("a signature in the chain is not by the issuer's key, or by an algorithm that is not accepted")]
    Signature,
}

/// A search for a way from a certificate to a root.
pub(super) struct Search<'a> {
    /// Issuers that may be on the way. They are trusted only if they lead to a root.
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
    /// There is no way from the certificate to a root.
    pub(super) fn lead_from(mut self, leaf: &Certificate) -> Result<(), ChainError> {
        check_alone(leaf, self.now)?;
        if self.climb(leaf, 0, 0) { Ok(()) } else { Err(self.reason.unwrap_or(ChainError::NoPath)) }
    }

    /// Whether a root is reached from `certificate`, with `below` issuers between it and the leaf, itself included, of
    /// which `counted` count for a path length: those that are not self-issued.
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

    /// Whether `issuer` was allowed to issue `certificate` and did.
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

/// What can be said of a certificate without its issuer.
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
