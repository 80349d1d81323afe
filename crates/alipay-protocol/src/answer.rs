//! The gateway's answers to a server: a JSON document with one node that is signed byte for byte.
//!
//! ```json
//! {"alipay_trade_query_response":{"code":"10000",…},"sign":"…"}
//! ```
//!
//! The signature is over the raw bytes of the node. To serialise parsed values again would change escapes, spaces and
//! order; this module never does it.

use std::fmt;

use serde_json::value::RawValue;

use crate::{CertSn, Method, PrivateKey, SignError, Verifier, VerifyError};

mod members;

use members::Members;

/// The node of failures before the gateway knows which method was called.
const ERROR_NODE: &str = "error_response";

/// Maximum number of bytes of an answer, far above the size of real answers.
pub const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Which of the two nodes an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// `alipay_xxx_response`, named after the method that was called.
    Response,
    /// `error_response`.
    Error,
}

/// A node with a verified signature. Only [`verify`] creates one.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedAnswer<'a> {
    node: Node,
    json: &'a str,
    cert_sn: Option<CertSn>,
}

impl<'a> VerifiedAnswer<'a> {
    /// Which node it is.
    pub fn node(&self) -> Node {
        self.node
    }

    /// The certificate that the answer names. It is not signed, so it only shows whether Alipay uses a known
    /// certificate.
    pub fn cert_sn(&self) -> Option<&CertSn> {
        self.cert_sn.as_ref()
    }

    /// The node's JSON object, exactly as it was signed.
    pub fn json(&self) -> &'a str {
        self.json
    }
}

/// Shows no content: it includes the buyer's data.
impl fmt::Debug for VerifiedAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedAnswer").field("node", &self.node).finish_non_exhaustive()
    }
}

/// An unsigned failure, which anyone on the network path could have written. It is good enough for a line in the log
/// about a failed call, but says nothing about a trade.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct UnsignedFailure {
    /// Alipay's `code`, such as `40002`.
    pub code: String,
    /// Text of the code.
    pub msg: String,
    /// Alipay's `sub_code`, such as `isv.invalid-app-id`.
    pub sub_code: String,
    /// Text of the sub code.
    pub sub_msg: String,
}

impl fmt::Display for UnsignedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A stranger may have written it, so it becomes one line of bounded length.
        let parts = [&self.code, &self.msg, &self.sub_code, &self.sub_msg];
        let line = parts.map(|part| part.escape_debug().take(100).collect::<String>()).join(" ");
        f.write_str(&line)
    }
}

/// Why an answer is not accepted as Alipay's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// More than [`MAX_ANSWER_BYTES`].
    #[error("the answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    /// It is not UTF-8, not a JSON object, or has a member twice.
    #[error("the answer is not a JSON object with each member once: see line {line}, column {column}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
    },
    /// It has neither the method's node nor `error_response`, or both of them.
    #[error("the answer has not exactly one of the nodes `{expected}` and `{ERROR_NODE}`")]
    NoNode {
        /// The node that belongs to the method.
        expected: String,
    },
    /// The node has no signature.
    #[error("the answer is not signed: {0}")]
    Unsigned(UnsignedFailure),
    /// The signature belongs to other bytes or to another key.
    #[error(transparent)]
    Signature(#[from] VerifyError),
}

/// Verifies the bytes of an answer to `method` and returns the node that Alipay signed.
///
/// # Errors
/// The answer is not signed, or not by a key of `alipay`, or cannot be split into its members in a unique way. The
/// caller must not use any of it as a fact.
pub fn verify<'a>(
    answer: &'a [u8],
    method: Method,
    alipay: &impl Verifier,
) -> Result<VerifiedAnswer<'a>, AnswerError> {
    let members = read(answer)?;
    let (node, raw) = find_node(&members, method)?;
    let Some(signature) = members.get("sign") else {
        return Err(AnswerError::Unsigned(serde_json::from_str(raw.get()).unwrap_or_default()));
    };
    let signature: String = serde_json::from_str(signature.get()).map_err(|_| VerifyError::Unreadable)?;
    let cert_sn = named_certificate(&members);
    alipay.verify_named(raw.get().as_bytes(), &signature, cert_sn.as_ref())?;
    Ok(VerifiedAnswer { node, json: raw.get(), cert_sn })
}

/// The serial number of the certificate that an answer names; `None` if it names none, or not by a serial number. It is
/// not signed: it only tells which certificate to look for.
pub fn named_cert_sn(answer: &[u8]) -> Option<CertSn> {
    named_certificate(&read(answer).ok()?)
}

/// The node of an answer to `method`, with no check of the signature. Use it only for content that is verified in
/// another way.
pub(crate) fn unverified_node(answer: &[u8], method: Method) -> Result<&str, AnswerError> {
    let members = read(answer)?;
    find_node(&members, method).map(|(_, raw)| raw.get())
}

fn read(answer: &[u8]) -> Result<Members<'_>, AnswerError> {
    if answer.len() > MAX_ANSWER_BYTES { Err(AnswerError::TooLong) } else { Members::read(answer) }
}

fn named_certificate(members: &Members<'_>) -> Option<CertSn> {
    let text: String = serde_json::from_str(members.get("alipay_cert_sn")?.get()).ok()?;
    text.parse().ok()
}

/// Wraps a node's JSON as the gateway does, and signs it if there is a key. For the sandbox and for tests.
///
/// # Errors
/// The library failed to sign.
pub fn seal(node_name: &str, node_json: &str, alipay: Option<&PrivateKey>) -> Result<String, SignError> {
    match alipay {
        Some(key) => {
            let signature = key.sign(node_json.as_bytes())?;
            Ok(format!(r#"{{"{node_name}":{node_json},"sign":"{signature}"}}"#))
        }
        None => Ok(format!(r#"{{"{node_name}":{node_json}}}"#)),
    }
}

/// Like [`seal`], in certificate mode: the answer names the certificate of the key that signed.
///
/// # Errors
/// The library failed to sign.
pub fn seal_by_certificate(
    node_name: &str,
    node_json: &str,
    alipay: &PrivateKey,
    cert_sn: &CertSn,
) -> Result<String, SignError> {
    let signature = alipay.sign(node_json.as_bytes())?;
    Ok(format!(r#"{{"{node_name}":{node_json},"alipay_cert_sn":"{cert_sn}","sign":"{signature}"}}"#))
}

fn find_node<'a>(members: &Members<'a>, method: Method) -> Result<(Node, &'a RawValue), AnswerError> {
    let expected = method.response_node();
    match (members.get(&expected), members.get(ERROR_NODE)) {
        (Some(raw), None) => Ok((Node::Response, raw)),
        (None, Some(raw)) => Ok((Node::Error, raw)),
        (Some(_), Some(_)) | (None, None) => Err(AnswerError::NoNode { expected }),
    }
}
