//! Messages from Alipay: the asynchronous notification (POST) and the browser's return (GET).

use std::{collections::BTreeMap, fmt};

use crate::{
    CertSn, Charset, CharsetError, Params, ParamsError, PrivateKey, SIGN_TYPE, SignError, Verifier,
    VerifyError,
};

/// The parameters that decide about money. See [`MessageError::Ambiguous`].
const DECISIVE_PARAMS: [&str; 10] = [
    "app_id",
    "gmt_close",
    "gmt_refund",
    "out_biz_no",
    "out_trade_no",
    "refund_fee",
    "seller_id",
    "total_amount",
    "trade_no",
    "trade_status",
];

/// Why a notification or a return is not accepted as Alipay's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The form cannot be split into parameters in a unique way.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// No `sign`.
    #[error("`sign` is missing")]
    Unsigned,
    /// A `sign_type` other than [`SIGN_TYPE`].
    #[error("`sign_type` is not {SIGN_TYPE}")]
    UnsupportedSignType,
    /// A value contains `&name=` with the name of a parameter that decides about money. The signed string does not
    /// escape values, so one signed string can be split into parameters in more than one way. Such a message is
    /// refused.
    #[error("a value contains `&{name}=`, so it is not clear what was signed")]
    Ambiguous {
        /// The parameter that is hidden in the value of another one.
        name: &'static str,
    },
    /// The signature belongs to other bytes or to another key.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// The signature verifies, but the text cannot be decoded.
    #[error(transparent)]
    Charset(#[from] CharsetError),
}

/// The parameters of a verified notification or return, as text. Only [`verify`] creates one.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedMessage(BTreeMap<String, String>);

impl VerifiedMessage {
    /// The value; `None` if it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All parameters that were signed, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Shows the names only: values include the buyer's data.
impl fmt::Debug for VerifiedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedMessage")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The parameter that may name the certificate of the signature.
const CERT_SN: &str = "alipay_cert_sn";

/// A possible form of the signed string. SDKs and Alipay's own documentation disagree whether empty values are in it,
/// and in certificate mode `alipay_cert_sn` was seen in it and outside it. A signature over any of the forms is
/// accepted.
#[derive(Clone, Copy)]
struct SignedForm {
    has_empty_values: bool,
    has_cert_sn: bool,
}

/// The form in Alipay's documentation.
const DOCUMENTED: SignedForm = SignedForm { has_empty_values: false, has_cert_sn: true };

impl SignedForm {
    /// The different forms for these parameters, the most likely first.
    fn possible(params: &Params, alipay: &impl Verifier) -> Vec<Self> {
        let has_empty = params.iter().any(|(_, value)| value.is_empty());
        let may_lack_cert_sn = alipay.is_in_certificate_mode() && params.get(CERT_SN).is_some();
        let mut forms = vec![DOCUMENTED];
        if has_empty {
            forms.push(Self { has_empty_values: true, ..DOCUMENTED });
        }
        if may_lack_cert_sn {
            forms.extend(forms.clone().into_iter().map(|form| Self { has_cert_sn: false, ..form }));
        }
        forms
    }

    /// Whether the parameter is signed, unless it is empty.
    fn covers(self, name: &[u8]) -> bool {
        name != b"sign" && name != b"sign_type" && (self.has_cert_sn || name != CERT_SN.as_bytes())
    }
}

/// Verifies the body of a notification, or the query string of a return, and returns the parameters that Alipay signed.
///
/// Every parameter except `sign` and `sign_type` must be signed: an added parameter makes it fail. In certificate mode
/// `alipay_cert_sn` may be unsigned; then the result does not contain it.
///
/// # Errors
/// The message is not signed, or not by a key of `alipay`, or cannot be read. The caller must not use any of it.
pub fn verify(form: &[u8], alipay: &impl Verifier) -> Result<VerifiedMessage, MessageError> {
    let params = Params::parse(form)?;
    let signed = verify_signature(&params, alipay)?;
    refuse_ambiguous(&params)?;
    read(&params, signed)
}

/// Adds `sign` and `sign_type` as Alipay does, for the sandbox and for tests.
///
/// # Errors
/// The library failed to sign.
pub fn sign(params: Params, alipay: &PrivateKey) -> Result<Params, SignError> {
    let signature = alipay.sign(&canonical(&params, DOCUMENTED))?;
    Ok(params.with("sign_type", SIGN_TYPE).with("sign", signature))
}

/// Verifies the signature and returns the form that was signed.
fn verify_signature(params: &Params, alipay: &impl Verifier) -> Result<SignedForm, MessageError> {
    // `sign_type` may be absent: only RSA2 is ever tried.
    if params.get("sign_type").is_some_and(|sign_type| sign_type != SIGN_TYPE.as_bytes()) {
        return Err(MessageError::UnsupportedSignType);
    }
    let signature = params.text("sign").ok_or(MessageError::Unsigned)?;
    let named: Option<CertSn> = params.text(CERT_SN).and_then(|text| text.parse().ok());
    for form in SignedForm::possible(params, alipay) {
        match alipay.verify_named(&canonical(params, form), signature, named.as_ref()) {
            Ok(()) => return Ok(form),
            Err(VerifyError::Mismatch) => {}
            Err(error @ VerifyError::Unreadable) => return Err(error.into()),
        }
    }
    Err(VerifyError::Mismatch.into())
}

fn canonical(params: &Params, form: SignedForm) -> Vec<u8> {
    params.canonical(|name, value| form.covers(name) && (form.has_empty_values || !value.is_empty()))
}

fn refuse_ambiguous(params: &Params) -> Result<(), MessageError> {
    for name in DECISIVE_PARAMS {
        let hidden = format!("&{name}=");
        let hides = |value: &[u8]| value.windows(hidden.len()).any(|window| window == hidden.as_bytes());
        if params.iter().any(|(_, value)| hides(value)) {
            return Err(MessageError::Ambiguous { name });
        }
    }
    Ok(())
}

/// Decodes the parameters by the parameter `charset`, which is signed too; by UTF-8 if there is none.
fn read(params: &Params, signed: SignedForm) -> Result<VerifiedMessage, MessageError> {
    let charset = params.get("charset").map_or(Ok(Charset::Utf8), Charset::parse)?;
    let mut values = BTreeMap::new();
    for (name, value) in params.iter().filter(|(name, _)| signed.covers(name) || *name == b"sign_type") {
        let name = charset.decode("a parameter's name", name)?;
        let value = charset.decode(&name, value)?;
        values.insert(name, value);
    }
    Ok(VerifiedMessage(values))
}
