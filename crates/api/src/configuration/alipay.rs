use super::source::{CertificateText, ConfigurationError, Source};

/// The keys that verify messages from Alipay. An application at Alipay is in one mode only.
#[derive(Debug, Clone)]
pub enum AlipayKeys {
    /// Key mode.
    PublicKey {
        /// Alipay's public key.
        current: String,
        /// A second key, during a key change.
        previous: Option<String>,
    },
    /// Certificate mode.
    Certificates {
        /// The application's certificate.
        app: CertificateText,
        /// Alipay's certificate and its issuers.
        alipay: CertificateText,
        /// The root certificates.
        root: CertificateText,
    },
}

/// How buyers see a payment at Alipay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlipayPages {
    /// The subject instead of the names of the goods; `None` for the names.
    pub subject: Option<String>,
    /// Whether the payment page shows Alipay's code in the page on a PC.
    pub code_in_page: bool,
}

/// The placeholder for the order number.
const ORDER_ID: &str = "{order_id}";
const MAX_SUBJECT_CHARS: usize = 200;

impl AlipayPages {
    pub(super) fn read(source: &mut Source) -> Result<Self, ConfigurationError> {
        let subject: Option<String> = source.get("alipay_subject")?;
        if let Some(problem) = subject.as_deref().and_then(subject_problem) {
            return Err(source.wrong("alipay_subject", problem));
        }
        Ok(Self { subject, code_in_page: source.get_or("alipay_code_in_page", false)? })
    }
}

/// Why Alipay would refuse the subject.
fn subject_problem(subject: &str) -> Option<&'static str> {
    let words = subject.replace(ORDER_ID, "");
    let is_refused =
        |character: char| "/=&".contains(character) || character.is_control() || character > '\u{ffff}';
    if subject.trim().is_empty() || subject.chars().count() > MAX_SUBJECT_CHARS {
        Some("must have 1 to 200 characters")
    } else if words.contains(['{', '}']) {
        Some("may have {order_id} in it, and no other braces")
    } else if words.chars().any(is_refused) {
        Some("must not have / = & in it, control characters or emoji: Alipay refuses them")
    } else {
        None
    }
}

const PUBLIC_KEY: &str = "alipay_public_key";
const PREVIOUS_PUBLIC_KEY: &str = "alipay_previous_public_key";
const APP_CERT: &str = "alipay_app_cert";
const CERT: &str = "alipay_cert";
const ROOT_CERT: &str = "alipay_root_cert";

impl AlipayKeys {
    /// `None` if neither mode is configured.
    pub(super) fn read(source: &mut Source) -> Result<Option<Self>, ConfigurationError> {
        let current = source.text_or_file(PUBLIC_KEY)?;
        let previous = source.text_or_file(PREVIOUS_PUBLIC_KEY)?;
        let certificates =
            [source.certificates(APP_CERT)?, source.certificates(CERT)?, source.certificates(ROOT_CERT)?];
        let given = [APP_CERT, CERT, ROOT_CERT].into_iter().zip(&certificates);
        let first_given = given.clone().find_map(|(name, text)| text.as_ref().map(|_| name));
        let first_missing = given.into_iter().find_map(|(name, text)| text.is_none().then_some(name));
        match (first_given, current, previous) {
            (None, None, None) => Ok(None),
            (None, Some(current), previous) => Ok(Some(Self::PublicKey { current, previous })),
            (None, None, Some(_)) => {
                Err(source.wrong(PREVIOUS_PUBLIC_KEY, "is of use only beside DASHOP_ALIPAY_PUBLIC_KEY"))
            }
            (Some(name), Some(_), _) => Err(one_mode_only(source, name, PUBLIC_KEY)),
            (Some(name), None, Some(_)) => Err(one_mode_only(source, name, PREVIOUS_PUBLIC_KEY)),
            (Some(_), None, None) => match certificates {
                [Some(app), Some(alipay), Some(root)] => Ok(Some(Self::Certificates { app, alipay, root })),
                [_, _, _] => Err(incomplete(source, first_missing.unwrap_or(CERT))),
            },
        }
    }
}

fn one_mode_only(source: &Source, certificate: &str, key: &str) -> ConfigurationError {
    let problem = format!(
        "and DASHOP_{} exclude each other: an application at Alipay is either in key mode (DASHOP_ALIPAY_PUBLIC_KEY) or \
         in certificate mode (DASHOP_ALIPAY_APP_CERT, DASHOP_ALIPAY_CERT, DASHOP_ALIPAY_ROOT_CERT)",
        key.to_uppercase()
    );
    source.wrong(certificate, &problem)
}

fn incomplete(source: &Source, missing: &str) -> ConfigurationError {
    source.wrong(
        missing,
        "is missing: certificate mode needs DASHOP_ALIPAY_APP_CERT, DASHOP_ALIPAY_CERT and DASHOP_ALIPAY_ROOT_CERT, each \
         itself or with _FILE",
    )
}
