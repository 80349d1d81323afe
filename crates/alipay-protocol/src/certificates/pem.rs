//! Reads the blocks of a PEM text. Real files have any line length, any line end, and text around the blocks.

use base64::Engine as _;

use super::{CertificateError, MAX_CERTIFICATES, MAX_PEM_BYTES};
use crate::keys::BASE64;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// The label of RFC 7468, and two labels that older tools write for the same content.
const LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "X.509 CERTIFICATE"];

/// The DER of each block, in the order of the text. Every block must be a certificate.
pub(super) fn blocks(text: &str) -> Result<Vec<Vec<u8>>, CertificateError> {
    if text.len() > MAX_PEM_BYTES {
        return Err(CertificateError::TooLong);
    }
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let nth = blocks.len() + 1;
        if nth > MAX_CERTIFICATES {
            return Err(CertificateError::TooMany);
        }
        let unreadable = CertificateError::Unreadable { nth };
        let (label, after) = block.split_once(DASHES).ok_or(unreadable)?;
        if label.contains("PRIVATE KEY") {
            return Err(CertificateError::PrivateKey);
        }
        if !LABELS.contains(&label) {
            return Err(CertificateError::NotACertificate { nth });
        }
        let (body, after) = after.split_once(END).ok_or(unreadable)?;
        rest = after.strip_prefix(label).and_then(|after| after.strip_prefix(DASHES)).ok_or(unreadable)?;
        blocks.push(decode(body).ok_or(unreadable)?);
    }
    if blocks.is_empty() { Err(CertificateError::NoCertificate) } else { Ok(blocks) }
}

/// Decodes base64 with any white space. A line break that is written as `\n`, as in environment variables and TOML,
/// counts as white space.
fn decode(body: &str) -> Option<Vec<u8>> {
    let base64: String = body.replace("\\r", "").replace("\\n", "").split_whitespace().collect();
    BASE64.decode(base64).ok()
}
