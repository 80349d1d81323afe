use std::fmt;

use super::{
    Certificate, CertificateError,
    chain::{ChainError, Search},
};
use crate::{CertSn, KeyError, PublicKey, TrustedCertificate};

/// The texts of the files that configure certificate mode, all in PEM.
#[derive(Clone, Copy)]
pub struct CertificateFiles<'a> {
    /// `appCertPublicKey_<app_id>.crt`.
    pub app: &'a str,
    /// `alipayCertPublicKey_RSA2.crt`.
    pub alipay: &'a str,
    /// `alipayRootCert.crt`.
    pub root: &'a str,
}

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateFile {
    /// The application's certificate.
    App,
    /// Alipay's certificate, and its issuers.
    Alipay,
    /// The roots.
    Root,
}

impl fmt::Display for CertificateFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App => "the application's certificate",
            Self::Alipay => "Alipay's certificate",
            Self::Root => "Alipay's root certificates",
        })
    }
}

/// A file that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {cause}")]
pub struct MerchantCertificatesError {
    /// The file.
    pub file: CertificateFile,
    /// The reason.
    pub cause: CertificateFileError,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFileError {
    /// The text cannot be read as certificates.
    #[error(transparent)]
    Unreadable(#[from] CertificateError),
    /// The application's certificate is for another key.
    #[error(
        "no certificate in it belongs to the application's private key: it must be appCertPublicKey_<app_id>.crt, \
         made for that key"
    )]
    OtherKey,
    /// It is the application's certificate in place of Alipay's.
    #[error("it is the application's own certificate: alipayCertPublicKey_RSA2.crt belongs here")]
    OwnCertificate,
    /// There are only certificates of issuers.
    #[error("there are only issuers' certificates in it: alipayCertPublicKey_RSA2.crt belongs here")]
    OnlyAuthorities,
    /// The key of Alipay's certificate cannot sign by RSA2.
    #[error("its key cannot be used: {0}")]
    Key(#[from] KeyError),
    /// There is no root with an RSA signature, which Alipay requires.
    #[error("there is no root certificate with an RSA signature in it: alipayRootCert.crt belongs here")]
    NoRsaRoot,
}

/// Why a certificate is not accepted as Alipay's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// The requested certificate is missing.
    #[error("the certificate that was asked for is not in it")]
    OtherSn,
    /// Its key cannot sign by RSA2.
    #[error("its key cannot be used: {0}")]
    Key(#[from] KeyError),
    /// It is not for Alipay and this merchant.
    #[error("its subject has not exactly one common name, equal to that of the configured certificate")]
    Subject,
    /// Its issuers are not trusted.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// The certificates of one application, checked against each other.
#[derive(Debug, Clone)]
pub struct MerchantCertificates {
    app: Certificate,
    alipay: Certificate,
    alipay_key: PublicKey,
    /// The other certificates in the file of Alipay's certificate.
    issuers: Vec<Certificate>,
    roots: Vec<Certificate>,
}

impl MerchantCertificates {
    /// Reads the files. A certificate that has expired or does not lead to a root is not an error: see
    /// [`MerchantCertificates::warnings`].
    ///
    /// # Errors
    /// A file cannot be used, or the application's certificate is not for `application`, the public half of the key
    /// that signs.
    pub fn read(
        files: CertificateFiles<'_>,
        application: &PublicKey,
    ) -> Result<Self, MerchantCertificatesError> {
        let wrong = |file| move |cause| MerchantCertificatesError { file, cause };
        let app = app_certificate(files.app, application).map_err(wrong(CertificateFile::App))?;
        let (alipay, issuers) = alipay_certificate(files.alipay).map_err(wrong(CertificateFile::Alipay))?;
        let alipay_key = alipay_key(&alipay, application).map_err(wrong(CertificateFile::Alipay))?;
        let roots = roots(files.root).map_err(wrong(CertificateFile::Root))?;
        Ok(Self { app, alipay, alipay_key, issuers, roots })
    }

    /// The parameter `app_cert_sn`.
    pub fn app_cert_sn(&self) -> &CertSn {
        self.app.sn()
    }

    /// The parameter `alipay_root_cert_sn`: the serial numbers of the roots with an RSA signature, in the order of the
    /// file.
    pub fn alipay_root_cert_sn(&self) -> String {
        let counted = self.roots.iter().filter(|root| root.has_rsa_signature());
        counted.map(|root| root.sn().as_str()).collect::<Vec<_>>().join("_")
    }

    /// Alipay's certificate, which is trusted because it is configured.
    pub fn alipay_certificate(&self) -> TrustedCertificate {
        TrustedCertificate { sn: self.alipay.sn().clone(), key: self.alipay_key.clone() }
    }

    /// The certificates of the files, each with its file. Of the application's file it is only the application's
    /// certificate.
    pub fn all(&self) -> impl Iterator<Item = (CertificateFile, &Certificate)> {
        let alipay = std::iter::once(&self.alipay).chain(&self.issuers);
        let named = |file| move |certificate| (file, certificate);
        std::iter::once(&self.app)
            .map(named(CertificateFile::App))
            .chain(alipay.map(named(CertificateFile::Alipay)))
            .chain(self.roots.iter().map(named(CertificateFile::Root)))
    }

    /// Checks whether the configured certificate of Alipay leads to a root. It is trusted even if it does not, because
    /// the certificate of Alipay's own sandbox does not.
    pub(super) fn chain_of_alipay(&self, now: i64) -> Result<(), ChainError> {
        Search::new(&self.issuers, &self.roots, now).lead_from(&self.alipay)
    }

    /// Accepts one of these certificates, which anybody may have sent, if it is Alipay's certificate `asked` for this
    /// merchant. `now` is in seconds since 1970 in UTC.
    ///
    /// # Errors
    /// The certificate is missing or not trusted.
    pub fn accept(
        &self,
        asked: &CertSn,
        downloaded: &[Certificate],
        now: i64,
    ) -> Result<TrustedCertificate, Distrust> {
        let certificate =
            downloaded.iter().find(|certificate| certificate.sn() == asked).ok_or(Distrust::OtherSn)?;
        let key = certificate.public_key()?;
        let is_alipays =
            certificate.common_name().is_some_and(|name| self.alipay.common_name() == Some(name));
        if !is_alipays {
            return Err(Distrust::Subject);
        }
        Search::new(downloaded.iter().chain(&self.issuers), &self.roots, now).lead_from(certificate)?;
        Ok(TrustedCertificate { sn: asked.clone(), key })
    }
}

fn app_certificate(text: &str, application: &PublicKey) -> Result<Certificate, CertificateFileError> {
    let is_ours = |certificate: &Certificate| certificate.public_key().is_ok_and(|key| key == *application);
    let certificates = Certificate::read_pem(text)?;
    certificates.into_iter().find(is_ours).ok_or(CertificateFileError::OtherKey)
}

/// Alipay's certificate, which is normally the first, and its issuers: it is the first one that is no authority.
fn alipay_certificate(text: &str) -> Result<(Certificate, Vec<Certificate>), CertificateFileError> {
    let mut certificates = Certificate::read_pem(text)?;
    let at = certificates.iter().position(|certificate| certificate.authority().is_none());
    let certificate = certificates.remove(at.ok_or(CertificateFileError::OnlyAuthorities)?);
    Ok((certificate, certificates))
}

fn alipay_key(alipay: &Certificate, application: &PublicKey) -> Result<PublicKey, CertificateFileError> {
    let key = alipay.public_key()?;
    if key == *application { Err(CertificateFileError::OwnCertificate) } else { Ok(key) }
}

/// The roots. A file of other certificates, such as Alipay's own, may have RSA signatures, but it has no root.
fn roots(text: &str) -> Result<Vec<Certificate>, CertificateFileError> {
    let certificates = Certificate::read_pem(text)?;
    let is_rsa_root = |root: &Certificate| root.is_self_issued() && root.has_rsa_signature();
    if certificates.iter().any(is_rsa_root) { Ok(certificates) } else { Err(CertificateFileError::NoRsaRoot) }
}
