use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use rsa::{
    pkcs1::EncodeRsaPublicKey as _,
    pkcs8::{EncodePublicKey as _, LineEnding},
};
use sha2::{Digest as _, Sha256};

use super::{
    KeyError, VerifyError,
    armour::{self, Found},
    check_size,
};

/// The public half of an RSA key, which verifies signatures of the private half. Keys are equal if their numbers are.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(rsa::PublicKey);

impl PublicKey {
    /// Reads SPKI or PKCS#1, as PEM or as base64 without armour.
    ///
    /// # Errors
    /// The text is not an RSA public key of an accepted length; see [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        match armour::read(text)? {
            Found::Public(key) => Self::new(key),
            Found::Private(_) => Err(KeyError::PrivateWherePublicBelongs),
        }
    }

    /// Reads SPKI, as it is in a certificate, or PKCS#1, in DER.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        match armour::public(der).unwrap_or(Err(KeyError::Unreadable))? {
            Found::Public(key) => Self::new(key),
            Found::Private(_) => Err(KeyError::PrivateWherePublicBelongs),
        }
    }

    pub(super) fn new(key: rsa::PublicKey) -> Result<Self, KeyError> {
        check_size(&key)?;
        Ok(Self(key))
    }

    /// Verifies that `signature` (base64) belongs to exactly these bytes.
    ///
    /// A space in the signature is read as `+`. Base64 has no spaces, and a `+` becomes a space if a page forwards a
    /// query string without encoding it again.
    ///
    /// # Errors
    /// The signature is not base64, or belongs to other bytes or to another key.
    pub fn verify(&self, message: &[u8], signature: &str) -> Result<(), VerifyError> {
        let signature = BASE64.decode(signature.replace(' ', "+")).map_err(|_| VerifyError::Unreadable)?;
        self.0.pkcs1v15_verify::<Sha256>(message, &signature).map_err(|_| VerifyError::Mismatch)
    }

    /// SPKI in PEM, as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// [`KeyError::Library`], which no accepted key is known to cause.
    pub fn to_spki_pem(&self) -> Result<String, KeyError> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Library)
    }

    /// PKCS#1 in DER, as it is inside the key of a certificate.
    ///
    /// # Errors
    /// [`KeyError::Library`], which no accepted key is known to cause.
    pub fn to_pkcs1_der(&self) -> Result<Vec<u8>, KeyError> {
        self.0.to_pkcs1_der().map(|der| der.as_bytes().to_vec()).map_err(|_| KeyError::Library)
    }

    /// The first eight bytes of the SPKI's SHA-256 in hexadecimal, to distinguish keys in a log.
    pub fn fingerprint(&self) -> String {
        let der = self.0.to_public_key_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default();
        Sha256::digest(der).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.fingerprint()).finish()
    }
}
