use std::time::Duration;

use super::{Certificate, CertificateFile, ChainError, MerchantCertificates};

/// How long before the expiry of a certificate a warning begins.
pub const WARN_BEFORE_EXPIRY: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// A certificate that works but needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateWarning {
    /// The file it is in.
    pub file: CertificateFile,
    /// Its subject, in the form of RFC 2253.
    pub subject: String,
    /// The last second in which it is valid, in seconds since 1970 in UTC.
    pub not_after: i64,
    /// What is wrong.
    pub problem: CertificateProblem,
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// It is not valid yet.
    #[error("it is not valid yet")]
    NotYetValid,
    /// It expires within [`WARN_BEFORE_EXPIRY`].
    #[error("it expires soon")]
    ExpiresSoon,
    /// It has expired.
    #[error("it has expired")]
    Expired,
    /// Its issuers do not lead to a root, so a new certificate of the same issuers would not be trusted.
    #[error("it does not lead to a configured root: {0}")]
    NoChain(ChainError),
}

impl MerchantCertificates {
    /// The certificates that need attention at the time `now`, in seconds since 1970 in UTC.
    pub fn warnings(&self, now: i64) -> Vec<CertificateWarning> {
        let warning = |file, certificate: &Certificate, problem| CertificateWarning {
            file,
            subject: certificate.subject().to_owned(),
            not_after: certificate.not_after(),
            problem,
        };
        let mut warnings: Vec<_> = self
            .all()
            .filter_map(|(file, certificate)| {
                validity(certificate, now).map(|problem| warning(file, certificate, problem))
            })
            .collect();
        let alipay = self.all().find(|(file, _)| *file == CertificateFile::Alipay);
        if let (Some((file, certificate)), Err(error)) = (alipay, self.chain_of_alipay(now)) {
            warnings.push(warning(file, certificate, CertificateProblem::NoChain(error)));
        }
        warnings
    }
}

fn validity(certificate: &Certificate, now: i64) -> Option<CertificateProblem> {
    let soon = i64::try_from(WARN_BEFORE_EXPIRY.as_secs()).unwrap_or(i64::MAX);
    if now < certificate.not_before() {
        Some(CertificateProblem::NotYetValid)
    } else if now > certificate.not_after() {
        Some(CertificateProblem::Expired)
    } else if now.saturating_add(soon) >= certificate.not_after() {
        Some(CertificateProblem::ExpiresSoon)
    } else {
        None
    }
}
