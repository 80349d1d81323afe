//! Calls of the gateway: signs requests, verifies answers, and retries only if that is safe.

use alipay_protocol::{
    CertSn, Method, Params, VerifyError,
    answer::{self, AnswerError, MAX_ANSWER_BYTES, Node, VerifiedAnswer},
};
use domain::ShopTime;
use metrics::histogram;
use ports::{GatewayError, metric};
use reqwest::{RequestBuilder, StatusCode, header};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument;
use url::Url;

use super::{AlipayConfig, AlipayConfigError, AlipayGateway, AlipayTimeouts, alipay_time};
use crate::web_client;

/// Maximum number of attempts of one call.
const ATTEMPTS: u32 = 3;
/// How many times [`AlipayTimeouts::retry`] to wait after a temporary fault.
const AFTER_FAULT: u32 = 1;
/// How many times to wait after Alipay has reported too many calls.
const AFTER_LIMIT: u32 = 5;
/// Codes by which Alipay reports that the application's certificates are missing, wrong or expired. They say nothing
/// about a trade, and an operator must change the settings.
const CERTIFICATE_FAULTS: [&str; 5] = [
    "isv.missing-app-cert-sn",
    "isv.missing-alipay-root-cert-sn",
    "isv.invalid-alipay-root-cert-sn",
    "isv.app-cert-not-exist",
    "isv.app-cert-expired",
];

/// Codes by which Alipay refuses the application itself: missing parameters, invalid parameters (another key among
/// them), unmet conditions, no permission.
const SET_UP_FAULTS: [&str; 4] = ["40001", "40002", "40003", "40006"];

/// Whether every call fails until an operator acts. `code` is `sub_code`, or `code` if there is no `sub_code`. A
/// trade's `ACQ.INVALID_PARAMETER` is a fault of this program.
fn is_misconfigured(code: &str) -> bool {
    SET_UP_FAULTS.contains(&code) || code.starts_with("isv.") || code.ends_with("INVALID_PARAMETER")
}

/// The HTTP side of the gateway.
pub(super) struct Client {
    http: reqwest::Client,
    timeouts: AlipayTimeouts,
}

/// The fields that every answer has.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Verdict {
    code: String,
    msg: String,
    sub_code: String,
    sub_msg: String,
}

/// How one attempt ended.
enum Attempt {
    /// `10000`: the node's JSON.
    Done(String),
    /// Another attempt would give the same result.
    Failed(GatewayError),
    /// Another attempt with the same parameters may succeed, after this many times [`AlipayTimeouts::retry`].
    Again(GatewayError, u32),
}

impl Client {
    pub(super) fn new(config: &AlipayConfig) -> Result<Self, AlipayConfigError> {
        let AlipayTimeouts { connect, attempt, .. } = config.timeouts;
        let http =
            web_client::client(&config.gateway_url, connect, attempt).map_err(AlipayConfigError::Client)?;
        Ok(Self { http, timeouts: config.timeouts })
    }
}

/// The parameters that every request has. `charset` also decides the encoding of Alipay's answer.
pub(super) fn common_params(gateway: &AlipayGateway, method: Method, now: ShopTime) -> Params {
    let params = Params::new()
        .with("app_id", gateway.config.app_id.as_str())
        .with("method", method.name())
        .with("format", "JSON")
        .with("charset", "utf-8")
        .with("timestamp", alipay_time(now))
        .with("version", "1.0");
    gateway.trust.with_serial_numbers(params)
}

/// Calls a method and returns the JSON of the node, which Alipay has signed and whose code is `10000`. It ends within
/// [`AlipayTimeouts::call`], plus the time to sign.
///
/// Use it only for methods that may be repeated with the same parameters; that is true for every server call of Alipay.
///
/// # Errors
/// [`GatewayError::Refused`] if Alipay refuses. For a refund only if the first attempt is refused: the refusal of a
/// later one does not show whether an earlier one succeeded, so it is [`GatewayError::Unknown`].
pub(super) async fn call(
    gateway: &AlipayGateway,
    method: Method,
    biz_content: String,
) -> Result<String, GatewayError> {
    let now = gateway.clock.now();
    gateway.trust.remind(now);
    let params = common_params(gateway, method, now).with("biz_content", biz_content);
    let signed = gateway.sign(params).await?;
    let limit = gateway.client.timeouts.call;
    let begun = Instant::now();
    let calling = try_again(gateway, method, &signed).instrument(tracing::debug_span!("alipay", %method));
    let outcome = match timeout(limit, calling).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(GatewayError::Unreachable(elapsed.into())),
    };
    let labels = [("method", method.name()), ("outcome", word(&outcome))];
    histogram!(metric::ALIPAY_CALL, &labels).record(begun.elapsed());
    outcome
}

/// The outcome of a call in metrics. A refusal is also an answer, for example that a trade does not exist.
fn word(outcome: &Result<String, GatewayError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(GatewayError::Unreachable(_)) => "unreachable",
        Err(GatewayError::Nonsense(_)) => "nonsense",
        Err(GatewayError::Unknown { .. }) => "unknown",
        Err(GatewayError::Refused { code, .. }) if is_misconfigured(code) => "misconfigured",
        Err(GatewayError::Refused { .. }) => "refused",
    }
}

async fn try_again(gateway: &AlipayGateway, method: Method, signed: &Params) -> Result<String, GatewayError> {
    let mut tried = 1;
    loop {
        match attempt(gateway, method, signed).await {
            Attempt::Done(json) => return Ok(json),
            Attempt::Failed(GatewayError::Refused { code, .. }) if tried > 1 && moves_money(method) => {
                return Err(GatewayError::Unknown { code });
            }
            Attempt::Failed(error) => return Err(error),
            Attempt::Again(error, _) if tried >= ATTEMPTS => return Err(error),
            Attempt::Again(error, times) => {
                tracing::warn!(%method, tried, error = &error as &dyn std::error::Error, "Alipay is asked again");
                sleep(gateway.client.timeouts.retry * times * 2_u32.pow(tried - 1)).await;
                tried += 1;
            }
        }
    }
}

/// Whether the method moves money, so that a refusal of a later attempt does not show the result of an earlier one.
fn moves_money(method: Method) -> bool {
    method == Method::TradeRefund
}

async fn attempt(gateway: &AlipayGateway, method: Method, signed: &Params) -> Attempt {
    let answer = match send(gateway, signed).await {
        Ok(answer) => answer,
        Err(error @ GatewayError::Unreachable(_)) => return Attempt::Again(error, AFTER_FAULT),
        Err(error) => return Attempt::Failed(error),
    };
    let verdict = match judge(gateway, &answer, method) {
        // Alipay may have a new key. After its certificate is downloaded, the same bytes may verify.
        Err(AnswerError::Signature(VerifyError::Mismatch)) if learn_certificate(gateway, &answer).await => {
            judge(gateway, &answer, method)
        }
        verdict => verdict,
    };
    verdict.unwrap_or_else(|error| Attempt::Failed(untrusted(&error)))
}

async fn learn_certificate(gateway: &AlipayGateway, answer: &[u8]) -> bool {
    let download = async |sn: &CertSn| download_certificate(gateway, sn).await;
    gateway.trust.learn(answer, &*gateway.clock, download).await
}

/// Downloads a certificate of Alipay's. The answer is not verified here, and there is no second attempt.
async fn download_certificate(gateway: &AlipayGateway, sn: &CertSn) -> Result<Vec<u8>, GatewayError> {
    let biz_content = serde_json::json!({ "alipay_cert_sn": sn.as_str() }).to_string();
    let params = common_params(gateway, Method::OpenAppAlipaycertDownload, gateway.clock.now());
    let signed = gateway.sign(params.with("biz_content", biz_content)).await?;
    send(gateway, &signed).await
}

/// Sends `biz_content` in the body and all other parameters in the URL. Reads at most [`MAX_ANSWER_BYTES`].
async fn send(gateway: &AlipayGateway, signed: &Params) -> Result<Vec<u8>, GatewayError> {
    let (body, query) = signed.clone().partition(|name| name == b"biz_content");
    let request = gateway
        .client
        .http
        .post(format!("{}?{}", gateway.config.gateway_url, query.to_form()))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
        .body(body.to_form());
    receive(request, MAX_ANSWER_BYTES).await
}

/// Fetches a file of at most `longest` bytes. There is no second attempt, which would need a new link.
pub(super) async fn download(
    gateway: &AlipayGateway,
    url: Url,
    longest: usize,
) -> Result<Vec<u8>, GatewayError> {
    let Client { http, timeouts } = &gateway.client;
    receive(http.get(url).timeout(timeouts.download), longest).await
}

async fn receive(request: RequestBuilder, longest: usize) -> Result<Vec<u8>, GatewayError> {
    let mut response = request.send().await.map_err(unreachable)?;
    if response.status() != StatusCode::OK {
        return Err(GatewayError::Unreachable(format!("HTTP status {}", response.status()).into()));
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if answer.len() + chunk.len() > longest {
            return Err(GatewayError::Nonsense("the answer is too long".to_owned()));
        }
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// An error without the URL: it is long, and its signature need not be in a log.
fn unreachable(error: reqwest::Error) -> GatewayError {
    GatewayError::Unreachable(error.without_url().into())
}

/// Verifies an answer and reads it.
fn judge(gateway: &AlipayGateway, bytes: &[u8], method: Method) -> Result<Attempt, AnswerError> {
    let answer = answer::verify(bytes, method, &*gateway.trust.keys())?;
    if let Some(sn) = answer.cert_sn() {
        gateway.trust.note(sn);
    }
    Ok(meaning(&answer))
}

/// Reads a verified answer. `sub_code` is more specific than `code`: a system error comes as a business failure.
fn meaning(answer: &VerifiedAnswer<'_>) -> Attempt {
    let verdict: Verdict = match serde_json::from_str(answer.json()) {
        Ok(verdict) => verdict,
        Err(_) => {
            return Attempt::Failed(GatewayError::Nonsense("the answer has no readable code".to_owned()));
        }
    };
    if verdict.code == "10000" && answer.node() == Node::Response {
        return Attempt::Done(answer.json().to_owned());
    }
    refusal(verdict)
}

fn refusal(verdict: Verdict) -> Attempt {
    let code = if verdict.sub_code.is_empty() { verdict.code.clone() } else { verdict.sub_code };
    let message = if verdict.sub_msg.is_empty() { verdict.msg } else { verdict.sub_msg };
    match (verdict.code.as_str(), code.as_str()) {
        // Some methods use `aop.ACQ.SYSTEM_ERROR`.
        ("20000", _) => Attempt::Again(GatewayError::Unknown { code }, AFTER_FAULT),
        (_, system_error) if system_error.ends_with("ACQ.SYSTEM_ERROR") => {
            Attempt::Again(GatewayError::Unknown { code }, AFTER_FAULT)
        }
        // Too many calls: this passes by itself and says nothing about the request.
        ("40005", _) => {
            let limited = format!("it is called too often: {code} {message}");
            Attempt::Again(GatewayError::Unreachable(limited.into()), AFTER_LIMIT)
        }
        // This says nothing about the request, and passes when the settings are corrected.
        (_, fault) if CERTIFICATE_FAULTS.contains(&fault) => {
            alarm(&code, &message);
            Attempt::Failed(GatewayError::Unreachable(format!("{code} {message}").into()))
        }
        // A signed `error_response` that claims success, or an answer without a code, has no meaning.
        ("10000" | "", _) => {
            Attempt::Failed(GatewayError::Nonsense("the answer has no readable code".to_owned()))
        }
        (_, _) => {
            if is_misconfigured(&code) {
                alarm(&code, &message);
            }
            Attempt::Failed(super::refused(code, message))
        }
    }
}

fn untrusted(error: &AnswerError) -> GatewayError {
    if let AnswerError::Unsigned(failure) = error {
        let code = if failure.sub_code.is_empty() { &failure.code } else { &failure.sub_code };
        if is_misconfigured(code) {
            alarm(code, &failure.to_string());
        }
    }
    GatewayError::Nonsense(error.to_string())
}

/// Logs that no call succeeds until an operator acts.
fn alarm(code: &str, message: &str) {
    if CERTIFICATE_FAULTS.contains(&code) {
        tracing::error!(
            code,
            message,
            "Alipay does not accept the application's certificates: download them again in Alipay's console, configure them \
             (DASHOP_ALIPAY_APP_CERT, DASHOP_ALIPAY_ROOT_CERT) and start again"
        );
    } else {
        tracing::error!(
            code,
            message,
            "Alipay does not accept how it is called: look at the application, its key and its permissions in Alipay's console"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_application_is_told_apart_from_a_refused_trade() {
        for code in [
            "40002",
            "40006",
            "isv.invalid-signature",
            "isv.insufficient-isv-permissions",
            "ACQ.INVALID_PARAMETER",
        ] {
            assert!(is_misconfigured(code), "{code}");
            let refused = super::super::refused(code.to_owned(), String::new());
            assert_eq!(word(&Err(refused)), "misconfigured");
        }
        for code in ["ACQ.TRADE_NOT_EXIST", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "40004", "20000"] {
            assert!(!is_misconfigured(code), "{code}");
        }
    }
}
