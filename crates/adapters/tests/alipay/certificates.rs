//! Certificate mode against a gateway that gives the recorded answers.

use std::{sync::Arc, time::Duration};

use adapters::alipay::{AlipayConfig, AlipayGateway, AlipayMode, AlipayTimeouts};
use alipay_protocol::{
    MerchantCertificates, Method, Params, PrivateKey, answer,
    certificates::{Certificate, CertificateFiles},
    request,
};
use domain::{OrderId, ShopTime, TradeStatus};
use ports::{Clock, GatewayError, NotVerified, PaymentGateway as _, PaymentRequest};
use serde_json::Value;

use crate::{
    fake_gateway::{FakeGateway, Reply},
    recorded::{json, recorded},
    shop::{config, payment},
};

const DOWNLOAD: Method = Method::OpenAppAlipaycertDownload;

/// The moment of the vectors.
struct VectorClock;

impl Clock for VectorClock {
    fn now(&self) -> ShopTime {
        ShopTime::parse("2026-11-28 19:30:04").unwrap()
    }
}

fn vectors(name: &str) -> Value {
    json(&format!("certificates/{name}"))
}

/// The body of a recorded answer or download.
fn body(file: &str, name: &str) -> String {
    vectors(file)[name]["body"].as_str().unwrap().to_owned()
}

/// The merchant of the vectors. Its private key is not recorded, so requests are signed with another one.
fn merchant() -> MerchantCertificates {
    let file = |name: &str| recorded(&format!("certificates/config/{name}"));
    let (app, alipay, root) = (
        file("appCertPublicKey_2021000000000001.crt"),
        file("alipayCertPublicKey_RSA2.crt"),
        file("alipayRootCert.crt"),
    );
    let key = Certificate::read_pem(&app).unwrap()[0].public_key().unwrap();
    MerchantCertificates::read(CertificateFiles { app: &app, alipay: &alipay, root: &root }, &key).unwrap()
}

fn configuration(gateway_url: &str) -> AlipayConfig {
    let key = PrivateKey::generate().unwrap();
    let alipay = merchant().alipay_certificate().key;
    let timeouts = AlipayTimeouts { attempt: Duration::from_secs(2), ..AlipayTimeouts::default() };
    let mode = AlipayMode::Certificates(Box::new(merchant()));
    AlipayConfig { mode, timeouts, ..config(gateway_url, key, alipay) }
}

struct Bench {
    gateway: FakeGateway,
    shop: Arc<AlipayGateway>,
}

impl Bench {
    fn new(script: impl Fn(Method, &Params) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(script, |_| ())
    }

    fn with(
        script: impl Fn(Method, &Params) -> Reply + Send + Sync + 'static,
        change: impl FnOnce(&mut AlipayConfig),
    ) -> Self {
        let gateway = FakeGateway::start(script);
        let mut config = configuration(&gateway.url);
        change(&mut config);
        let shop = Arc::new(AlipayGateway::new(config, Arc::new(VectorClock)).unwrap());
        Self { gateway, shop }
    }

    /// A gateway that gives one recorded answer to each query, and one recorded certificate.
    fn recorded(answer: &'static str, download: &'static str) -> Self {
        let (answer, download) = (body("answers.json", answer), body("download.json", download));
        Self::new(move |method, _| {
            Reply::Body(if method == DOWNLOAD { download.clone() } else { answer.clone() })
        })
    }

    async fn query(&self) -> Result<TradeStatus, GatewayError> {
        let order = OrderId::parse("2026112819300401").unwrap();
        self.shop.query(order.as_str()).await.map(|trade| trade.unwrap().status)
    }

    /// The number of queries and downloads.
    fn calls(&self) -> [u64; 2] {
        [self.gateway.count(Method::TradeQuery), self.gateway.count(DOWNLOAD)]
    }
}

fn is_refused(outcome: &Result<TradeStatus, GatewayError>) -> bool {
    matches!(outcome, Err(GatewayError::Nonsense(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_those_of_the_sdks_and_carry_both_serial_numbers() {
    let mut config = configuration("https://openapi-sandbox.dl.alipaydev.com/gateway.do");
    let case = vectors("requests.json")["cases"]["page_chinese"].clone();
    config.notify_url = case["notify_url"].as_str().map(str::to_owned);
    config.return_url = case["return_url"].as_str().map(str::to_owned);
    let application = config.app_private_key.public_key().clone();
    let shop = AlipayGateway::new(config, Arc::new(VectorClock)).unwrap();
    let request = PaymentRequest {
        order_id: OrderId::parse("2026112819300402").unwrap(),
        out_trade_no: "2026112819300402".to_owned(),
        product: domain::PaymentProduct::Page,
        as_code: false,
        total_amount: "0.01".parse().unwrap(),
        subject: "达达商城订单 2026112819300402".to_owned(),
        now: VectorClock.now(),
        time_expire: ShopTime::parse("2026-11-28 20:00:04"),
    };
    let query = |url: &str| Params::parse(url.split_once('?').unwrap().1.as_bytes()).unwrap();
    let ours = query(&shop.pay_url(&request).await.unwrap());
    let theirs = query(case["pypi python-alipay-sdk 3.4.0"]["url"]["url"].as_str().unwrap());
    for (name, value) in theirs.iter().filter(|(name, _)| !matches!(*name, b"sign" | b"biz_content")) {
        let name = str::from_utf8(name).unwrap();
        assert_eq!(
            ours.get(name).map(String::from_utf8_lossy),
            Some(String::from_utf8_lossy(value)),
            "{name}"
        );
    }
    assert_eq!(request::verify(&ours, &application), Ok(()));
    for serial in ["app_cert_sn", "alipay_root_cert_sn"] {
        assert!(request::verify(&ours.clone().with(serial, ""), &application).is_err(), "{serial}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn server_calls_carry_both_serial_numbers() {
    let answer = body("answers.json", "a1_query_paid");
    let bench = Bench::new(move |_, params| {
        assert_eq!(params.text("app_cert_sn"), Some(merchant().app_cert_sn().as_str()));
        assert_eq!(params.text("alipay_root_cert_sn"), Some(merchant().alipay_root_cert_sn().as_str()));
        Reply::Body(answer.clone())
    });
    assert_eq!(bench.query().await.unwrap(), TradeStatus::Success);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_by_a_new_key_is_accepted_in_the_same_call() {
    let bench = Bench::recorded("a3_query_paid_rotated", "d1_rotated");
    assert_eq!(bench.query().await.unwrap(), TradeStatus::Success);
    assert_eq!(bench.calls(), [1, 1]);
    assert_eq!(bench.query().await.unwrap(), TradeStatus::Success);
    assert_eq!(bench.calls(), [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_download_asks_for_the_serial_number_that_was_named() {
    let (answer, download) =
        (body("answers.json", "a3_query_paid_rotated"), body("download.json", "d2_rotated_unsigned"));
    let bench = Bench::new(move |method, params| {
        if method != DOWNLOAD {
            return Reply::Body(answer.clone());
        }
        let biz: Value = serde_json::from_str(params.text("biz_content").unwrap()).unwrap();
        assert_eq!(biz, serde_json::json!({ "alipay_cert_sn": "cd06ab375c87f22115001e8a2d2ef228" }));
        Reply::Body(download.clone())
    });
    assert_eq!(bench.query().await.unwrap(), TradeStatus::Success);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_answers_at_once_lead_to_one_download() {
    let (answer, download) =
        (body("answers.json", "a3_query_paid_rotated"), body("download.json", "d1_rotated"));
    let bench = Arc::new(Bench::with(
        move |method, _| match method {
            DOWNLOAD => Reply::After(50, Method::TradeQuery, download.clone()),
            _ => Reply::Body(answer.clone()),
        },
        |config| config.timeouts.attempt = Duration::from_secs(10),
    ));
    let queries: Vec<_> = (0..50)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { bench.query().await })
        })
        .collect();
    for query in queries {
        assert_eq!(query.await.unwrap().unwrap(), TradeStatus::Success);
    }
    assert_eq!(bench.calls(), [50, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_of_the_same_key_needs_no_download() {
    for answer in ["a1_query_paid", "a2_query_paid_renewed", "a11_without_serial"] {
        let bench = Bench::recorded(answer, "d1_rotated");
        assert_eq!(bench.query().await.unwrap(), TradeStatus::Success);
        assert_eq!(bench.calls(), [1, 0], "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_no_trusted_key_signed_is_no_answer() {
    for (answer, download, downloads) in [
        ("a8_tampered", "d1_rotated", 0),
        ("a9_impostor", "d8_impostor", 1),
        ("a10_expired", "d5_expired", 1),
        ("a3_query_paid_rotated", "d4_other_serial", 1),
        ("a3_query_paid_rotated", "d12_not_found", 1),
        ("a3_query_paid_rotated", "d13_garbage", 1),
        ("a3_query_paid_rotated", "d14_not_base64", 1),
    ] {
        let bench = Bench::recorded(answer, download);
        assert!(is_refused(&bench.query().await), "{answer} {download}");
        // The next download of it waits.
        assert!(is_refused(&bench.query().await), "{answer} {download}");
        assert_eq!(bench.calls(), [2, downloads], "{answer} {download}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_download_other_calls_go_on_and_the_next_one_waits() {
    let rotated = body("answers.json", "a3_query_paid_rotated");
    let close = body("answers.json", "a6_close");
    for failure in [Reply::Status(500), Reply::Silence, Reply::Body("<html>".to_owned())] {
        let (rotated, close, failure) = (rotated.clone(), close.clone(), failure.clone());
        let bench = Bench::with(
            move |method, _| match method {
                DOWNLOAD => failure.clone(),
                Method::TradeClose => Reply::Body(close.clone()),
                _ => Reply::Body(rotated.clone()),
            },
            |config| config.timeouts.attempt = Duration::from_secs(1),
        );
        assert!(is_refused(&bench.query().await));
        let order = OrderId::parse("2026112819300402").unwrap();
        assert_eq!(bench.shop.close(order.as_str()).await.unwrap(), ports::CloseOutcome::Closed);
        assert!(is_refused(&bench.query().await));
        assert_eq!(bench.calls(), [2, 1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_tried_again_when_its_pause_is_over() {
    let (answer, download) =
        (body("answers.json", "a3_query_paid_rotated"), body("download.json", "d1_rotated"));
    let failures = std::sync::atomic::AtomicUsize::new(2);
    let bench = Bench::with(
        move |method, _| {
            let is_failing = || failures.fetch_update(SEQ_CST, SEQ_CST, |left| left.checked_sub(1)).is_ok();
            match method {
                DOWNLOAD if is_failing() => Reply::Status(500),
                DOWNLOAD => Reply::Body(download.clone()),
                _ => Reply::Body(answer.clone()),
            }
        },
        |config| config.timeouts.certificate_retry = Duration::ZERO,
    );
    let outcomes = [bench.query().await.is_ok(), bench.query().await.is_ok(), bench.query().await.is_ok()];
    assert_eq!((outcomes, bench.calls()), ([false, false, true], [3, 3]));
}

const SEQ_CST: std::sync::atomic::Ordering = std::sync::atomic::Ordering::SeqCst;

/// The call's own time limit ends during the download: that is a failure too.
#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_its_caller_gives_up_is_not_tried_again_at_once() {
    let answer = body("answers.json", "a3_query_paid_rotated");
    let bench = Bench::with(
        move |method, _| if method == DOWNLOAD { Reply::Silence } else { Reply::Body(answer.clone()) },
        |config| {
            config.timeouts.call = Duration::from_secs(1);
            config.timeouts.attempt = Duration::from_secs(60);
        },
    );
    assert!(matches!(bench.query().await, Err(GatewayError::Unreachable(_))));
    assert!(is_refused(&bench.query().await));
    assert_eq!(bench.calls(), [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_number_that_is_none_is_never_asked_for() {
    let stranger = PrivateKey::generate().unwrap();
    let node = r#"{"code":"10000","msg":"Success"}"#;
    let sealed = answer::seal("alipay_trade_query_response", node, Some(&stranger)).unwrap();
    for odd in [
        "\"\"",
        "\"CD06AB375C87F22115001E8A2D2EF228\"",
        "\"cd06ab375c87f22115001e8a2d2ef22\"",
        "\"cd06ab375c87f22115001e8a2d2ef228\\\",\\\"x\"",
        "1",
        "null",
        "{}",
    ] {
        let answer = sealed.replacen('{', &format!(r#"{{"alipay_cert_sn":{odd},"#), 1);
        let bench = Bench::new(move |_, _| Reply::Body(answer.clone()));
        assert!(is_refused(&bench.query().await), "{odd}");
        assert_eq!(bench.calls(), [1, 0], "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_from_outside_causes_a_download() {
    let bench = Bench::recorded("a3_query_paid_rotated", "d1_rotated");
    let notify = |name: &str| {
        let verdict = bench.shop.verify_notification(body("notify.json", name).as_bytes());
        verdict.map(|notification| notification.trade.unwrap().status)
    };
    for (name, expected) in [
        ("n1_paid", Some(TradeStatus::Success)),
        ("n2_paid_serial_outside", Some(TradeStatus::Success)),
        ("n3_paid_serial_inside", Some(TradeStatus::Success)),
        ("n4_paid_rotated", None),
        ("n5_wap_closed", Some(TradeStatus::Closed)),
        ("n6_tampered", None),
        ("n7_impostor", None),
    ] {
        match (notify(name), expected) {
            (Ok(status), Some(expected)) => assert_eq!(status, expected, "{name}"),
            (Err(NotVerified::Signature), None) => {}
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
    let urls = vectors("return_url.json");
    for (name, vector) in urls.as_object().unwrap() {
        let query = vector["url"].as_str().unwrap().split_once('?').unwrap().1;
        let query = query.strip_prefix("from=alipay&").unwrap_or(query);
        assert!(bench.shop.verify_return(query).is_ok(), "{name}");
    }
    assert_eq!(bench.calls(), [0, 0]);
    // Alipay resends the notification; a query has downloaded the certificate by then.
    bench.query().await.unwrap();
    assert_eq!(notify("n4_paid_rotated").unwrap(), TradeStatus::Success);
    assert_eq!(bench.calls(), [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_certificates_says_nothing_of_the_trade() {
    let unsigned = Bench::recorded("a5_app_cert_expired", "d1_rotated");
    assert!(is_refused(&unsigned.query().await));
    // Signed with a key that is trusted after a download.
    let alipay = PrivateKey::generate().unwrap();
    let node = r#"{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.app-cert-expired","sub_msg":"应用公钥证书已过期"}"#;
    let answer = answer::seal("alipay_trade_query_response", node, Some(&alipay)).unwrap();
    let gateway = FakeGateway::start(move |_, _| Reply::Body(answer.clone()));
    let key = alipay.public_key().clone();
    let shop = crate::shop::gateway(config(&gateway.url, PrivateKey::generate().unwrap(), key));
    assert!(matches!(shop.query(&payment().out_trade_no).await, Err(GatewayError::Unreachable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_key_mode_two_keys_are_trusted_and_nothing_is_downloaded() {
    let (current, previous) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let merchant = merchant();
    let node = r#"{"code":"10000","msg":"Success","out_trade_no":"2026112819300401","total_amount":"88.80","trade_no":"1","trade_status":"TRADE_SUCCESS"}"#;
    let stranger = PrivateKey::generate().unwrap();
    for (key, is_trusted) in [(&current, true), (&previous, true), (&stranger, false)] {
        let sn = merchant.app_cert_sn();
        let answer = answer::seal_by_certificate("alipay_trade_query_response", node, key, sn).unwrap();
        let mode = AlipayMode::PublicKey {
            current: current.public_key().clone(),
            previous: Some(previous.public_key().clone()),
        };
        let bench = Bench::with(move |_, _| Reply::Body(answer.clone()), |config| config.mode = mode);
        assert_eq!(bench.query().await.is_ok(), is_trusted);
        let message = Params::new()
            .with("app_id", "2021000000000001")
            .with("out_trade_no", "2026112819300401")
            .with("total_amount", "88.80")
            .with("trade_no", "1")
            .with("trade_status", "TRADE_SUCCESS");
        let form = alipay_protocol::message::sign(message, key).unwrap().to_form();
        assert_eq!(bench.shop.verify_notification(form.as_bytes()).is_ok(), is_trusted);
        assert_eq!(bench.calls(), [1, 0]);
        let url = bench.shop.pay_url(&PaymentRequest { time_expire: None, ..payment() }).await.unwrap();
        assert!(!url.contains("cert_sn"), "{url}");
    }
}
