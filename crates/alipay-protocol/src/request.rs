//! The shop's requests to the gateway: parameters that the application's key signs.

use crate::{Params, PrivateKey, PublicKey, SIGN_TYPE, SignError, VerifyError};

/// Why a request is not accepted as the application's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No `sign`.
    #[error("`sign` is missing")]
    Unsigned,
    /// No `sign_type`.
    #[error("`sign_type` is missing")]
    MissingSignType,
    /// A `sign_type` other than [`SIGN_TYPE`].
    #[error("`sign_type` is not {SIGN_TYPE}")]
    UnsupportedSignType,
    /// The signature belongs to other bytes or to another key.
    #[error(transparent)]
    Signature(#[from] VerifyError),
}

/// The signed string of a request: every parameter with a value except `sign`, including `sign_type`, sorted by name.
pub fn canonical(params: &Params) -> Vec<u8> {
    params.canonical(|name, value| name != b"sign" && !value.is_empty())
}

/// Adds `sign_type` and `sign`.
///
/// # Errors
/// The library failed to sign.
pub fn sign(params: Params, key: &PrivateKey) -> Result<Params, SignError> {
    let params = params.with("sign_type", SIGN_TYPE);
    let signature = key.sign(&canonical(&params))?;
    Ok(params.with("sign", signature))
}

/// Verifies that the application signed exactly these parameters.
///
/// # Errors
/// `sign` or `sign_type` is missing or unsupported, or the signature does not verify.
pub fn verify(params: &Params, application: &PublicKey) -> Result<(), RequestError> {
    let sign_type = params.text("sign_type").ok_or(RequestError::MissingSignType)?;
    if sign_type != SIGN_TYPE {
        return Err(RequestError::UnsupportedSignType);
    }
    let signature = params.text("sign").ok_or(RequestError::Unsigned)?;
    Ok(application.verify(&canonical(params), signature)?)
}
