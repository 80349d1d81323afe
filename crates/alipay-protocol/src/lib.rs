//! Alipay's protocol without any I/O: keys, canonical strings, signed messages and the envelope of answers.
//!
//! Four kinds of text travel between a shop and Alipay, and each is signed by its own rule:
//!
//! | text | signed by | what is signed | here |
//! |---|---|---|---|
//! | request (page pay, query, …) | the shop | all parameters but `sign`, empty ones dropped | [`request`] |
//! | notification, browser return | Alipay | all parameters but `sign` and `sign_type` | [`message`] |
//! | answer of the gateway | Alipay | the raw bytes of one JSON node | [`answer`] |
//!
//! In certificate mode (公钥证书) Alipay's keys come in certificates: see [`certificates`].
//!
//! What did not verify cannot be read: the functions that verify are the only way to the values. Both sides are here,
//! because the shop's adapter and the sandbox that stands in for Alipay are tested against each other.
//!
//! Everything here computes and nothing waits; a signature takes about 0.3 ms.

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

/// The only signature rule that is spoken: SHA256withRSA. The older `RSA` (SHA-1) is refused.
pub const SIGN_TYPE: &str = "RSA2";
