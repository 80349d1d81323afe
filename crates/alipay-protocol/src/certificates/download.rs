//! The answer of `alipay.open.app.alipaycert.download`.

use base64::Engine as _;
use serde::Deserialize;

use super::{Certificate, CertificateError, Distrust, MerchantCertificates};
use crate::{
    CertSn, Method, TrustedCertificate,
    answer::{self, AnswerError, UnsignedFailure},
    keys::BASE64,
};

/// Why a download gives no trusted certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The bytes are not an answer to the download.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// Alipay refuses the download.
    #[error("Alipay gives no certificate: {0}")]
    Refused(UnsignedFailure),
    /// `alipay_cert_content` is missing or is not base64 of a text.
    #[error("alipay_cert_content is not base64 of a text")]
    Content,
    /// The text cannot be read as certificates.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The certificate is not Alipay's for this merchant.
    #[error("the certificate is not trusted: {0}")]
    Distrust(#[from] Distrust),
}

/// The node of an answer whose code is `10000`.
#[derive(Deserialize)]
struct Content {
    alipay_cert_content: String,
}

impl MerchantCertificates {
    /// Reads the answer to a download of `asked`, and returns the certificate if it is Alipay's. `now` is in seconds
    /// since 1970 in UTC.
    ///
    /// The answer's signature is not checked, because the key of the new certificate may have made it. The
    /// certificate's issuers decide.
    ///
    /// # Errors
    /// The answer has no certificate, or one that is not trusted.
    pub fn accept_download(
        &self,
        asked: &CertSn,
        answer: &[u8],
        now: i64,
    ) -> Result<TrustedCertificate, DownloadError> {
        let node = answer::unverified_node(answer, Method::OpenAppAlipaycertDownload)?;
        let failure: UnsignedFailure = serde_json::from_str(node).map_err(|_| DownloadError::Content)?;
        if failure.code != "10000" {
            return Err(DownloadError::Refused(failure));
        }
        let content: Content = serde_json::from_str(node).map_err(|_| DownloadError::Content)?;
        let base64: String = content.alipay_cert_content.split_whitespace().collect();
        let text = BASE64.decode(base64).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let certificates = Certificate::read_pem(&text.ok_or(DownloadError::Content)?)?;
        Ok(self.accept(asked, &certificates, now)?)
    }
}
