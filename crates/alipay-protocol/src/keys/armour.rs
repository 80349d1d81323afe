//! From the text of a key, in any form that Alipay's console, openssl or an operator produces, to an RSA key.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use rsa::{
    pkcs1::{DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _},
    pkcs8::{
        DecodePrivateKey as _, DecodePublicKey as _, ObjectIdentifier, PrivateKeyInfoRef,
        spki::SubjectPublicKeyInfoRef,
    },
};

use super::KeyError;

/// `rsaEncryption`, RFC 8017 appendix A.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Padding is often lost when a key is copied out of a console.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a text turned out to be.
pub(super) enum Found {
    Private(rsa::PrivateKey),
    Public(rsa::PublicKey),
}

/// Reads a key with or without armour. The armour's label is not trusted: keys with the wrong label are common, so the
/// content decides.
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

/// The base64 between the armour, or all of a text without armour, without white space. A line break written as `\n`, as
/// environment variables and TOML carry it, is white space too.
fn body(text: &str) -> String {
    let after_begin = text
        .split_once("-----BEGIN ")
        .and_then(|(_, rest)| rest.split_once("-----"))
        .map_or(text, |(_, rest)| rest);
    let inner = after_begin.split_once("-----END").map_or(after_begin, |(inner, _)| inner);
    inner.replace("\\r", "").replace("\\n", "").split_whitespace().collect()
}

/// A private key in PKCS#8 or PKCS#1, where the bytes are one.
fn private(der: &[u8]) -> Option<Result<Found, KeyError>> {
    if let Ok(info) = PrivateKeyInfoRef::try_from(der) {
        if info.algorithm.oid != RSA_ENCRYPTION {
            return Some(Err(KeyError::NotRsa));
        }
        let key = rsa::PrivateKey::from_pkcs8_der(der);
        return Some(key.map(Found::Private).map_err(|_| KeyError::Inconsistent));
    }
    if rsa::pkcs1::RsaPrivateKeyRef::try_from(der).is_err() {
        return None;
    }
    let key = rsa::PrivateKey::from_pkcs1_der(der);
    Some(key.map(Found::Private).map_err(|_| KeyError::Inconsistent))
}

/// A public key in SPKI or PKCS#1, where the bytes are one.
fn public(der: &[u8]) -> Option<Result<Found, KeyError>> {
    if let Ok(info) = SubjectPublicKeyInfoRef::try_from(der) {
        if info.algorithm.oid != RSA_ENCRYPTION {
            return Some(Err(KeyError::NotRsa));
        }
        let key = rsa::PublicKey::from_public_key_der(der);
        return Some(key.map(Found::Public).map_err(|_| unusable(&info)));
    }
    let numbers = rsa::pkcs1::RsaPublicKeyRef::try_from(der).ok()?;
    let key = rsa::PublicKey::from_pkcs1_der(der);
    Some(key.map(Found::Public).map_err(|_| refused_size(numbers.modulus.as_bytes())))
}

/// Why a well-formed SPKI with RSA's identifier is not a usable key: the `rsa` crate refuses both damaged and oversized ones.
fn unusable(info: &SubjectPublicKeyInfoRef<'_>) -> KeyError {
    rsa::pkcs1::RsaPublicKeyRef::try_from(info.subject_public_key.raw_bytes())
        .map_or(KeyError::Inconsistent, |numbers| refused_size(numbers.modulus.as_bytes()))
}

fn refused_size(modulus: &[u8]) -> KeyError {
    let bits = u32::try_from(modulus.len().saturating_mul(8)).unwrap_or(u32::MAX);
    if bits > super::MAX_KEY_BITS {
        KeyError::TooLong { bits }
    } else if bits < super::MIN_KEY_BITS {
        KeyError::TooShort { bits }
    } else {
        KeyError::Inconsistent
    }
}
