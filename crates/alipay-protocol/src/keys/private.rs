use std::{fmt, sync::Arc};

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::RSA_PKCS1_SHA256,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding, SecretDocument};

use super::{
    KeyError, PublicKey, SignError,
    armour::{self, Found},
    check_size,
};

/// An RSA private key that signs by `RSA2`. Its `Debug` shows only the fingerprint of the public half.
#[derive(Clone)]
pub struct PrivateKey {
    signer: Arc<KeyPair>,
    public: PublicKey,
}

impl PrivateKey {
    /// Reads PKCS#8 or PKCS#1, as PEM or as base64 without armour.
    ///
    /// # Errors
    /// The text is not an RSA private key of an accepted length; see [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        match armour::read(text)? {
            Found::Private(key) => Self::new(&key),
            Found::Public(_) => Err(KeyError::PublicWherePrivateBelongs),
        }
    }

    /// Generates a key of 2048 bits from the operating system's random numbers, for a sandbox or a test.
    ///
    /// # Errors
    /// [`KeyError::Library`] if the library fails.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Library)?;
        let der = pair.as_der().map_err(|_| KeyError::Library)?;
        let key = rsa::PrivateKey::from_pkcs8_der(der.as_ref()).map_err(|_| KeyError::Library)?;
        Self::new(&key)
    }

    fn new(key: &rsa::PrivateKey) -> Result<Self, KeyError> {
        check_size(key)?;
        let der = key.to_pkcs8_der().map_err(|_| KeyError::Library)?;
        let signer = KeyPair::from_pkcs8(der.as_bytes()).map_err(|_| KeyError::Inconsistent)?;
        Ok(Self { signer: Arc::new(signer), public: PublicKey::new(key.to_public_key())? })
    }

    /// The public half, which verifies the signatures of this key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs the bytes and returns the signature in base64. It takes about 0.3 ms of computing, so do not call it on a
    /// thread that serves other tasks.
    ///
    /// # Errors
    /// The library failed; lack of memory is the only known cause.
    pub fn sign(&self, message: &[u8]) -> Result<String, SignError> {
        let mut signature = vec![0; self.signer.public_modulus_len()];
        self.signer
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SignError)?;
        Ok(BASE64.encode(signature))
    }

    /// The secret key as PKCS#8 in PEM. Write it only to a file that nobody else can read.
    ///
    /// # Errors
    /// [`KeyError::Library`] if the library fails.
    pub fn to_pkcs8_pem(&self) -> Result<String, KeyError> {
        let der = self.signer.as_der().map_err(|_| KeyError::Library)?;
        let document = SecretDocument::try_from(der.as_ref()).map_err(|_| KeyError::Library)?;
        let pem = document.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|_| KeyError::Library)?;
        Ok(pem.as_str().to_owned())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}
