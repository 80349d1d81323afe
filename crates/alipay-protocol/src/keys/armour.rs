//! Reads an RSA key from any text that Alipay's console, openssl or an operator produces.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use rsa::{
    pkcs1::{DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _, RsaPrivateKeyRef, RsaPublicKeyRef},
    pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, spki::SubjectPublicKeyInfoRef},
};

use super::{KeyError, MAX_KEY_BITS, MIN_KEY_BITS};

/// `rsaEncryption`, RFC 8017 appendix A.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Base64 with optional padding, because padding is often lost when a key is copied from a console.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The kind of key in a text.
pub(super) enum Found {
    Private(Box<rsa::PrivateKey>),
    Public(rsa::PublicKey),
}

/// Reads a key with or without armour. The content decides about the kind of key, not the armour's label, because keys
/// with a wrong label are common.
pub(super) fn read(text: &str) -> Result<Found, KeyError> {
    if text.contains("-----BEGIN CERTIFICATE") {
        return Err(KeyError::Certificate);
    }
    if text.contains("-----BEGIN EC ") || text.contains("-----BEGIN DSA ") {
        return Err(KeyError::NotRsa);
    }
    if text.contains("-----BEGIN ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(KeyError::Encrypted);
    }
    let body = body(text);
    if body.is_empty() {
        return Err(KeyError::Empty);
    }
    let der = BASE64.decode(body).map_err(|_| KeyError::Unreadable)?;
    private(&der).or_else(|| public(&der)).unwrap_or(Err(KeyError::Unreadable))
}

/// The base64 inside the armour, or the whole text if it has none, without white space. A line break that is written as
/// `\n`, as in environment variables and TOML, counts as white space.
fn body(text: &str) -> String {
    let after_begin = text
        .split_once("-----BEGIN ")
        .and_then(|(_, rest)| rest.split_once("-----"))
        .map_or(text, |(_, rest)| rest);
    let inner = after_begin.split_once("-----END").map_or(after_begin, |(inner, _)| inner);
    inner.replace("\\r", "").replace("\\n", "").split_whitespace().collect()
}

/// A private key in PKCS#8 or PKCS#1; `None` if the bytes are something else.
fn private(der: &[u8]) -> Option<Result<Found, KeyError>> {
    let pkcs1 = match PrivateKeyInfoRef::try_from(der) {
        Ok(info) if info.algorithm.oid != RSA_ENCRYPTION => return Some(Err(KeyError::NotRsa)),
        Ok(info) => info.private_key.as_bytes(),
        Err(_) => der,
    };
    let numbers = RsaPrivateKeyRef::try_from(pkcs1).ok()?;
    let key = rsa::PrivateKey::from_pkcs1_der(pkcs1);
    Some(key.map(|key| Found::Private(Box::new(key))).map_err(|_| refused(numbers.modulus.as_bytes())))
}

/// A public key in SPKI or PKCS#1; `None` if the bytes are something else.
pub(super) fn public(der: &[u8]) -> Option<Result<Found, KeyError>> {
    let pkcs1 = match SubjectPublicKeyInfoRef::try_from(der) {
        Ok(info) if info.algorithm.oid != RSA_ENCRYPTION => return Some(Err(KeyError::NotRsa)),
        Ok(info) => info.subject_public_key.raw_bytes(),
        Err(_) => der,
    };
    let numbers = RsaPublicKeyRef::try_from(pkcs1).ok()?;
    let key = rsa::PublicKey::from_pkcs1_der(pkcs1);
    Some(key.map(Found::Public).map_err(|_| refused(numbers.modulus.as_bytes())))
}

/// Why the `rsa` crate refused a well-formed key: its error does not distinguish a wrong size from damaged numbers.
fn refused(modulus: &[u8]) -> KeyError {
    let bits = u32::try_from(modulus.len().saturating_mul(8)).unwrap_or(u32::MAX);
    match bits {
        bits if bits < MIN_KEY_BITS => KeyError::TooShort { bits },
        bits if bits > MAX_KEY_BITS => KeyError::TooLong { bits },
        _ => KeyError::Inconsistent,
    }
}
