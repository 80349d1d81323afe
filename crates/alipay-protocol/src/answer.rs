//! What the gateway answers to a server: a JSON document of which one node is signed, byte for byte.
//!
//! ```json
//! {"alipay_trade_query_response":{"code":"10000",…},"sign":"…"}
//! ```
//!
//! The signature is over the raw bytes of the node as they came. Writing the node again from parsed values would change
//! escapes, spaces and order; it is never done here.

use std::fmt;

use serde_json::value::RawValue;

use crate::{CertSn, Method, PrivateKey, SignError, Verifier, VerifyError};

mod members;

use members::Members;

/// The node of failures that happen before the gateway knows which method was called.
const ERROR_NODE: &str = "error_response";

/// The most bytes an answer may have: a page of goods fits many times over.
pub const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Which of the two nodes an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// `alipay_xxx_response`, named after the method that was called.
    Response,
    /// `error_response`.
    Error,
}

/// A node whose signature verified. There is no other way to make one.
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

    /// The certificate that the answer names, which is not signed: only whether it is known is of interest.
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

/// An unsigned failure: anyone on the way could have written it. It says that the call failed and is worth a
/// line in the log; it says nothing about a trade.
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
        // A stranger may have written it, so it gets one bounded line.
        let parts = [&self.code, &self.msg, &self.sub_code, &self.sub_msg];
        let line = parts.map(|part| part.escape_debug().take(100).collect::<String>()).join(" ");
        f.write_str(&line)
    }
}

/// Why an answer is not Alipay's word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// More than [`MAX_ANSWER_BYTES`].
    #[error("the answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    /// Not UTF-8, not a JSON object, or a member twice.
    #[error("the answer is not a JSON object with each member once: see line {line}, column {column}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
    },
    /// Neither the method's node nor `error_response`, or both of them.
    #[error("the answer has not exactly one of the nodes `{expected}` and `{ERROR_NODE}`")]
    NoNode {
        /// The node that belongs to the method.
        expected: String,
    },
    /// There is a node, and no signature over it.
    #[error("the answer is not signed: {0}")]
    Unsigned(UnsignedFailure),
    /// The signature is over something else, or another key's.
    #[error(transparent)]
    Signature(#[from] VerifyError),
}

/// Takes the bytes of an answer to `method` and gives the node that Alipay signed.
///
/// # Errors
/// It is not signed, or not by a key of `alipay`, or cannot be taken apart without doubt; nothing of it may be used as a fact then.
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

/// The serial number of the certificate that an answer names; `None` if it names none, or no serial number. It is not
/// signed: it only says which certificate to look for.
pub fn named_cert_sn(answer: &[u8]) -> Option<CertSn> {
    named_certificate(&read(answer).ok()?)
}

/// The node of an answer to `method`, without its signature being verified. Only for content that proves itself in
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

/// Wraps a node's JSON as the gateway does, signed where there is a key: for the sandbox, and for tests.
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

/// The same in certificate mode, where an answer names the certificate whose key signed.
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
