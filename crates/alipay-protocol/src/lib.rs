//! Alipay's protocol without I/O: keys, canonical strings, signed messages and the envelope of answers.
//!
//! A shop and Alipay exchange four kinds of text, with three rules for their signatures:
//!
//! | text | signed by | what is signed | here |
//! |---|---|---|---|
//! | request (page pay, query, …) | the shop | all parameters except `sign` and empty ones | [`request`] |
//! | notification, browser return | Alipay | all parameters except `sign` and `sign_type` | [`message`] |
//! | answer of the gateway | Alipay | the raw bytes of one JSON node | [`answer`] |
//!
//! In certificate mode (公钥证书) Alipay's keys are in certificates: see [`certificates`].
//!
//! Unverified values cannot be read: only the functions that verify give access to them. The crate has both sides of
//! the protocol, because the shop's adapter and the sandbox that replaces Alipay are tested against each other.
//!
//! All functions only compute and never wait. A signature takes about 0.3 ms.

pub mod answer;
mod cert_sn;
pub mod certificates;
mod charset;
pub mod keys;
pub mod message;
mod method;
mod name;
mod params;
pub mod request;

pub use cert_sn::{CertSn, InvalidCertSn};
pub use certificates::MerchantCertificates;
pub use charset::{Charset, CharsetError};
pub use keys::{
    KeyError, PrivateKey, PublicKey, SignError, TrustedCertificate, TrustedKeys, Verifier, VerifyError,
};
pub use method::Method;
pub use params::{MAX_FORM_BYTES, MAX_PARAMS, Params, ParamsError};

/// The only supported signature type: SHA256withRSA. The older `RSA` (SHA-1) is refused.
pub const SIGN_TYPE: &str = "RSA2";
