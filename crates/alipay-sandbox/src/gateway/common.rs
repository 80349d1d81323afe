//! The common parameters: the application, the method, and the check of the application's signature.

use alipay_protocol::{
    Method, Params,
    request::{self, RequestError},
};
use domain::ShopTime;
use url::Url;

use crate::{SandboxConfig, failure::Failure};

/// Maximum length of `notify_url` and `return_url`, in bytes.
const MAX_URL: usize = 256;

/// Checks every common parameter, in Alipay's order, and returns the verified method.
pub(crate) fn authenticate(params: &Params, config: &SandboxConfig) -> Result<Method, Failure> {
    let app_id = params.text("app_id").ok_or(Failure::MissingAppId)?;
    if app_id != config.app_id {
        return Err(Failure::InvalidAppId);
    }
    let method = params.text("method").ok_or(Failure::MissingMethod)?;
    let method = method.parse().map_err(|_| Failure::InvalidMethod)?;
    check_serial_numbers(params, config)?;
    check_signature(params, config)?;
    check_form(params)?;
    Ok(method)
}

/// In certificate mode, checks the serial numbers of the application's certificate and of the roots.
fn check_serial_numbers(params: &Params, config: &SandboxConfig) -> Result<(), Failure> {
    let Some(certificates) = &config.certificates else { return Ok(()) };
    let app = params.text("app_cert_sn").ok_or(Failure::MissingAppCertSn)?;
    let root = params.text("alipay_root_cert_sn").ok_or(Failure::MissingAlipayRootCertSn)?;
    if app != certificates.app_cert_sn.as_str() {
        return Err(Failure::AppCertNotExist);
    }
    if root != certificates.alipay_root_cert_sn {
        return Err(Failure::InvalidAlipayRootCertSn);
    }
    Ok(())
}

fn check_signature(params: &Params, config: &SandboxConfig) -> Result<(), Failure> {
    request::verify(params, &config.app_public_key).map_err(|error| match error {
        RequestError::Unsigned => Failure::MissingSignature,
        RequestError::MissingSignType => Failure::MissingSignType,
        RequestError::UnsupportedSignType => Failure::InvalidSignType,
        RequestError::Signature(_) => {
            let canonical = request::canonical(params);
            Failure::InvalidSignature { canonical: String::from_utf8_lossy(&canonical).into_owned() }
        }
    })
}

fn check_form(params: &Params) -> Result<(), Failure> {
    let timestamp = params.text("timestamp").ok_or(Failure::MissingTimestamp)?;
    ShopTime::parse(timestamp).ok_or(Failure::InvalidTimestamp)?;
    match params.text("version") {
        None => return Err(Failure::MissingVersion),
        Some("1.0") => {}
        Some(_) => return Err(Failure::InvalidVersion),
    }
    match params.text("charset") {
        Some(charset) if charset.eq_ignore_ascii_case("utf-8") => {}
        Some(_) | None => return Err(Failure::InvalidCharset),
    }
    match params.text("format") {
        Some(format) if !format.eq_ignore_ascii_case("json") => return Err(Failure::InvalidFormat),
        Some(_) | None => {}
    }
    check_url(params, "notify_url").ok_or(Failure::InvalidNotifyUrl)?;
    check_url(params, "return_url").ok_or(Failure::InvalidReturnUrl)
}

/// `None` if the URL is present but not a valid http or https URL: the browser may be sent to it.
fn check_url(params: &Params, name: &str) -> Option<()> {
    let Some(bytes) = params.get(name).filter(|value| !value.is_empty()) else {
        return Some(());
    };
    let url = Url::parse(str::from_utf8(bytes).ok()?).ok()?;
    (bytes.len() <= MAX_URL && matches!(url.scheme(), "http" | "https")).then_some(())
}
