//! The recorded vectors of certificate mode: serial numbers, requests, answers, downloads, notifications, returns.

use alipay_protocol::{
    CertSn, MerchantCertificates, Method, Params, TrustedKeys, VerifyError,
    answer::{self, AnswerError},
    certificates::{
        Certificate, CertificateError, CertificateFile, CertificateFiles, CertificateProblem, ChainError,
        Distrust, DownloadError,
    },
    message::{self, MessageError},
    request,
};
use serde_json::Value;

use crate::recorded::{json, text};

/// 2026-11-28 19:30:04 +08:00, the moment of the vectors.
pub(crate) const NOW: i64 = 1_795_865_404;

const APP: &str = "certificates/config/appCertPublicKey_2021000000000001.crt";
const ALIPAY: &str = "certificates/config/alipayCertPublicKey_RSA2.crt";
const ROOT: &str = "certificates/config/alipayRootCert.crt";

fn vector(name: &str) -> Value {
    json(&format!("certificates/{name}"))
}

fn first(file: &str) -> Certificate {
    Certificate::read_pem(&text(file)).unwrap().remove(0)
}

/// The merchant with these certificate files from Alipay.
fn merchant_with(alipay: &str, root: &str) -> MerchantCertificates {
    let files = CertificateFiles { app: &text(APP), alipay: &text(alipay), root: &text(root) };
    MerchantCertificates::read(files, &first(APP).public_key().unwrap()).unwrap()
}

fn merchant() -> MerchantCertificates {
    merchant_with(ALIPAY, ROOT)
}

fn configured_only() -> TrustedKeys {
    TrustedKeys::Certificates(vec![merchant().alipay_certificate()])
}

/// The trusted keys after the download of the new key.
fn after_rotation() -> TrustedKeys {
    let rotated = accept_download(&vector("download.json")["d1_rotated"]).unwrap();
    TrustedKeys::Certificates(vec![merchant().alipay_certificate(), rotated])
}

fn accept_download(vector: &Value) -> Result<alipay_protocol::TrustedCertificate, DownloadError> {
    let asked: CertSn = vector["asked_sn"].as_str().unwrap().parse().unwrap();
    merchant().accept_download(&asked, vector["body"].as_str().unwrap().as_bytes(), NOW)
}

#[test]
fn serial_numbers_are_those_of_alipays_own_code() {
    let vectors = vector("sn.json");
    for vector in vectors.as_array().unwrap() {
        let file = vector["file"].as_str().unwrap();
        let expected = vector["expected"].as_str().unwrap();
        let path = format!("certificates/{file}");
        let sn = match vector["parameter"].as_str().unwrap() {
            "alipay_root_cert_sn" => merchant_with(ALIPAY, &path).alipay_root_cert_sn(),
            _ => first(&path).sn().to_string(),
        };
        assert_eq!(sn, expected, "{file}");
    }
    assert_eq!(vectors.as_array().unwrap().len(), 24);
}

#[test]
fn requests_of_two_sdks_verify_and_carry_both_serial_numbers() {
    let vectors = vector("requests.json");
    let application = first(APP).public_key().unwrap();
    let mut seen = 0;
    for (name, case) in vectors["cases"].as_object().unwrap() {
        for (by, signed) in case.as_object().unwrap().values().filter_map(Value::as_object).flatten() {
            let Some(canonical) = signed.get("canonical") else { continue };
            let query = signed["url"].as_str().unwrap().split_once('?').unwrap().1;
            let params = Params::parse(query.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(request::canonical(&params)).unwrap(), canonical.as_str().unwrap());
            assert_eq!(request::verify(&params, &application), Ok(()), "{name} {by}");
            assert_eq!(params.text("app_cert_sn"), Some(merchant().app_cert_sn().as_str()));
            assert_eq!(params.text("alipay_root_cert_sn"), Some(merchant().alipay_root_cert_sn().as_str()));
            for serial in ["app_cert_sn", "alipay_root_cert_sn"] {
                assert!(request::verify(&params.clone().with(serial, ""), &application).is_err());
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 10);
}

fn method_of(vector: &Value) -> Method {
    vector["method"].as_str().unwrap().parse().unwrap()
}

#[test]
fn answers_are_accepted_by_the_keys_that_are_trusted() {
    for (name, vector) in vector("answers.json").as_object().unwrap() {
        let body = vector["body"].as_str().unwrap().as_bytes();
        let verdict = |keys: &TrustedKeys| {
            answer::verify(body, method_of(vector), keys).map(|answer| answer.json().to_owned())
        };
        let signed = vector["signed_substring"].as_str().unwrap_or_default().to_owned();
        let mismatch = Err(AnswerError::Signature(VerifyError::Mismatch));
        let expected = match vector["expect"].as_str().unwrap() {
            "accept" => [Ok(signed.clone()), Ok(signed)],
            "refuse until d1 is accepted, then accept" => [mismatch, Ok(signed)],
            "refuse" | "refuse, whatever a download brings" => [mismatch.clone(), mismatch],
            "unsigned" => {
                let failure = serde_json::from_str(&signed).unwrap();
                [Err(AnswerError::Unsigned(failure)), verdict(&after_rotation())]
            }
            other => panic!("{name}: {other}"),
        };
        assert_eq!([verdict(&configured_only()), verdict(&after_rotation())], expected, "{name}");
        let named = answer::named_cert_sn(body).map(|sn| sn.to_string());
        assert_eq!(named.as_deref(), vector["alipay_cert_sn"].as_str(), "{name}");
    }
}

#[test]
fn downloads_are_trusted_only_for_their_issuers() {
    let vectors = vector("download.json");
    let unreadable = DownloadError::Certificate(CertificateError::Unreadable { nth: 1 });
    let distrust = |reason| Err(DownloadError::Distrust(reason));
    let chain = |reason| distrust(Distrust::Chain(reason));
    for (name, expected) in [
        ("d1_rotated", Ok(())),
        ("d2_rotated_unsigned", Ok(())),
        // The issuer is in the configured file.
        ("d3_leaf_only", Ok(())),
        ("d4_other_serial", distrust(Distrust::OtherSn)),
        ("d5_expired", chain(ChainError::Expired)),
        ("d6_not_yet_valid", chain(ChainError::NotYetValid)),
        ("d7_other_root", chain(ChainError::NoPath)),
        ("d8_impostor", chain(ChainError::Signature)),
        ("d9_other_merchant_app", distrust(Distrust::Subject)),
        ("d10_other_pid", distrust(Distrust::Subject)),
        ("d11_leaf_as_ca", chain(ChainError::NotAnAuthority)),
        ("d13_garbage", Err(unreadable)),
        ("d14_not_base64", Err(DownloadError::Content)),
    ] {
        let verdict = accept_download(&vectors[name]);
        assert_eq!(verdict.as_ref().map(|_| ()).map_err(Clone::clone), expected, "{name}");
        if let Ok(certificate) = verdict {
            assert_eq!(certificate.sn.as_str(), vectors[name]["answered_sn"].as_str().unwrap(), "{name}");
        }
    }
    let missing = accept_download(&vectors["d12_not_found"]).unwrap_err();
    assert!(
        matches!(&missing, DownloadError::Refused(failure) if failure.sub_code == "isv.alipay-cert-not-exist")
    );
    assert_eq!(vectors.as_object().unwrap().len(), 14);
}

/// Reads a message, and compares the result with what was signed.
fn check_message(name: &str, vector: &Value, form: &[u8]) {
    let verdict = |keys: &TrustedKeys| message::verify(form, keys);
    let mismatch = MessageError::Signature(VerifyError::Mismatch);
    let expect = vector["expect"].as_str().unwrap();
    let accepted = match expect {
        "refuse" => {
            assert_eq!(verdict(&configured_only()), Err(mismatch.clone()), "{name}");
            assert_eq!(verdict(&after_rotation()), Err(mismatch), "{name}");
            return;
        }
        expect if expect.starts_with("refuse while") => {
            assert_eq!(verdict(&configured_only()), Err(mismatch), "{name}");
            verdict(&after_rotation()).unwrap()
        }
        expect => {
            assert!(expect.starts_with("accept"), "{expect}");
            verdict(&configured_only()).unwrap_or_else(|error| panic!("{name}: {error}"))
        }
    };
    let read_back: Vec<String> = accepted
        .iter()
        .filter(|(name, value)| *name != "sign_type" && !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let signed: Vec<&str> =
        vector["canonical"].as_str().unwrap().split('&').filter(|one| !one.ends_with('=')).collect();
    assert_eq!(read_back, signed, "{name}");
}

#[test]
fn notifications_verify_with_the_serial_number_in_or_out_of_what_is_signed() {
    let vectors = vector("notify.json");
    for (name, vector) in vectors.as_object().unwrap() {
        check_message(name, vector, vector["body"].as_str().unwrap().as_bytes());
    }
    assert_eq!(vectors.as_object().unwrap().len(), 7);
}

#[test]
fn returns_verify_with_the_serial_number_in_or_out_of_what_is_signed() {
    let vectors = vector("return_url.json");
    for (name, vector) in vectors.as_object().unwrap() {
        check_message(name, vector, vector["url"].as_str().unwrap().split_once('?').unwrap().1.as_bytes());
    }
    assert_eq!(vectors.as_object().unwrap().len(), 3);
}

#[test]
fn in_key_mode_a_serial_number_that_was_not_signed_is_refused() {
    let key = first(ALIPAY).public_key().unwrap();
    let vectors = vector("notify.json");
    let verdict =
        |name: &str| message::verify(vectors[name]["body"].as_str().unwrap().as_bytes(), &key).map(|_| ());
    let mismatch = Err(MessageError::Signature(VerifyError::Mismatch));
    assert_eq!([verdict("n1_paid"), verdict("n2_paid_serial_outside")], [Ok(()), mismatch]);
    assert_eq!(verdict("n3_paid_serial_inside"), Ok(()));
}

#[test]
fn a_configured_certificate_like_the_sandboxs_works_with_warnings() {
    let merchant = merchant_with("certificates/alipay/sandbox_like.crt", ROOT);
    let warnings = merchant.warnings(NOW);
    let problems: Vec<_> = warnings.iter().map(|warning| (warning.file, warning.problem)).collect();
    assert_eq!(
        problems,
        [
            (CertificateFile::Alipay, CertificateProblem::Expired),
            (CertificateFile::Alipay, CertificateProblem::NoChain(ChainError::Expired)),
        ]
    );
    assert!(merchant_with(ALIPAY, ROOT).warnings(NOW).is_empty());
}
