//! The recorded vectors: signatures that other implementations made and verified.

use crate::recorded::{json, key};
use alipay_protocol::{
    Method, Params, VerifyError,
    answer::{self, AnswerError, Node},
    message::{self, MessageError},
    request::{self, RequestError},
};
use serde_json::Value;

/// Every signed query string in the files of the two SDKs, and the parameters of the npm SDK's POST form.
fn page_pay_params() -> Vec<(String, Params)> {
    let mut found = Vec::new();
    for file in ["page_pay_npm_alipay_sdk_4.14.0.json", "page_pay_python_alipay_sdk_3.4.0.json"] {
        for (name, value) in json(file).as_object().unwrap() {
            let text = value.as_str().unwrap();
            let params = if text.contains("<form") { posted_form(text) } else { query(text) };
            found.push((format!("{file} {name}"), params));
        }
    }
    found
}

fn query(url: &str) -> Params {
    let query = url.split_once('?').map_or(url, |(_, query)| query);
    Params::parse(query.as_bytes()).unwrap()
}

/// What a browser sends when the form is submitted: the action's query and the hidden inputs.
fn posted_form(html: &str) -> Params {
    let between =
        |start: &str, text: &str| text.split_once(start).unwrap().1.split('"').next().unwrap().to_owned();
    let inputs = html.split("<input ").skip(1);
    let body = inputs.fold(Params::new(), |body, input| {
        body.with(&between("name=\"", input), between("value=\"", input).replace("&quot;", "\""))
    });
    query(&between("action=\"", html)).merged(body).unwrap()
}

#[test]
fn requests_of_two_sdks_verify() {
    let application = key("app_public_spki.pem");
    let params = page_pay_params();
    assert_eq!(params.len(), 7);
    for (name, params) in params {
        assert_eq!(request::verify(&params, &application), Ok(()), "{name}");
        assert_eq!(
            request::verify(&params, &key("alipay_public_spki.pem")),
            Err(RequestError::Signature(VerifyError::Mismatch)),
            "{name}"
        );
    }
}

#[test]
fn a_request_with_any_parameter_changed_or_left_out_does_not_verify() {
    let application = key("app_public_spki.pem");
    for (name, params) in page_pay_params() {
        for (field, value) in params.iter() {
            let field = str::from_utf8(field).unwrap();
            let longer = params.clone().with(field, [value, b"1"].concat());
            assert!(request::verify(&longer, &application).is_err(), "{name}: {field} changed");
            let without = params.clone().with(field, "");
            assert!(request::verify(&without, &application).is_err(), "{name}: {field} emptied");
        }
    }
}

#[test]
fn notifications_verify_and_say_what_was_signed() {
    let alipay = key("alipay_public_spki.pem");
    for (name, vector) in json("notify.json").as_object().unwrap() {
        let verdict = message::verify(vector["body"].as_str().unwrap().as_bytes(), &alipay);
        let Some(canonical) = vector.get("canonical") else {
            assert_eq!(verdict, Err(MessageError::Signature(VerifyError::Mismatch)), "{name}");
            continue;
        };
        let message = verdict.unwrap_or_else(|error| panic!("{name}: {error}"));
        let read_back: Vec<String> = message
            .iter()
            .filter(|(name, value)| *name != "sign_type" && !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(read_back.join("&"), canonical.as_str().unwrap(), "{name}");
    }
}

#[test]
fn a_notification_with_any_field_changed_does_not_verify() {
    let alipay = key("alipay_public_spki.pem");
    let vectors = json("notify.json");
    let genuine =
        Params::parse(vectors["b5_notify_partial_refund"]["body"].as_str().unwrap().as_bytes()).unwrap();
    for (field, value) in genuine.iter() {
        let field = str::from_utf8(field).unwrap();
        for other in [[value, b"1"].concat(), [b" ", value].concat(), Vec::new()] {
            let tampered = genuine.clone().with(field, other).to_form();
            let verdict = message::verify(tampered.as_bytes(), &alipay);
            // An empty `sign_type` is an unknown one; an empty `sign` counts as absent.
            assert!(verdict.is_err(), "{field}");
        }
    }
    let added = genuine.with("refund_status", "1").to_form();
    assert!(message::verify(added.as_bytes(), &alipay).is_err());
}

#[test]
fn the_browsers_return_verifies_if_nothing_was_added() {
    let alipay = key("alipay_public_spki.pem");
    let vector = json("return_url.json");
    let query = vector["url"].as_str().unwrap().split_once('?').unwrap().1;
    let message = message::verify(query.as_bytes(), &alipay).unwrap();
    assert_eq!(message.get("out_trade_no"), Some("ORD_20250102_0001"));
    assert_eq!(message.get("total_amount"), Some("88.80"));
    assert_eq!(message.get("timestamp"), Some("2025-01-02 03:05:12"));
    let added = format!("order_id=ORD_20250102_0001&{query}");
    assert_eq!(
        message::verify(added.as_bytes(), &alipay),
        Err(MessageError::Signature(VerifyError::Mismatch))
    );
    let tampered = query.replace("total_amount=88.80", "total_amount=0.01");
    assert!(message::verify(tampered.as_bytes(), &alipay).is_err());
    let twice = format!("{query}&total_amount=0.01");
    assert!(matches!(message::verify(twice.as_bytes(), &alipay), Err(MessageError::Params(_))));
}

/// The envelope in every form that Alipay is known to send.
fn envelopes(vector: &Value) -> Vec<String> {
    let (node, json) =
        (vector["response_key"].as_str().unwrap(), vector["signed_substring"].as_str().unwrap());
    let sign = vector["sign"].as_str().unwrap();
    let escaped_sign = sign.replace('/', "\\/");
    vec![
        format!(r#"{{"{node}":{json},"sign":"{sign}"}}"#),
        format!(r#"{{"{node}":{json},"sign":"{escaped_sign}"}}"#),
        format!(r#"{{"sign":"{sign}","{node}":{json}}}"#),
        format!(r#"{{"{node}":{json},"alipay_cert_sn":"50fa7bc5dc305a4fbdbe166689ddc827","sign":"{sign}"}}"#),
        format!("\r\n {{ \"{node}\" :\n {json} ,\t\"sign\" : \"{sign}\" }} \n"),
    ]
}

fn method_of(vector: &Value) -> Method {
    let node = vector["response_key"].as_str().unwrap();
    Method::ALL.into_iter().find(|method| method.response_node() == node).unwrap()
}

#[test]
fn answers_verify_in_every_shape_and_keep_their_bytes() {
    let alipay = key("alipay_public_spki.pem");
    let vectors = json("response.json");
    let signed = vectors.as_object().unwrap().iter().filter(|(_, vector)| vector.get("sign").is_some());
    let mut seen = 0;
    for (name, vector) in signed {
        for envelope in envelopes(vector) {
            let answer = answer::verify(envelope.as_bytes(), method_of(vector), &alipay)
                .unwrap_or_else(|error| panic!("{name}: {error}\n{envelope}"));
            assert_eq!(answer.node(), Node::Response);
            assert_eq!(answer.json(), vector["signed_substring"].as_str().unwrap(), "{name}");
        }
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[test]
fn an_answer_with_any_byte_changed_does_not_verify() {
    let alipay = key("alipay_public_spki.pem");
    let vector = &json("response.json")["c4_query_not_exist"];
    let genuine = envelopes(vector).remove(0);
    for tampered in [
        genuine.replace("TRADE_NOT_EXIST", "TRADE_NOT_EXISTS"),
        genuine.replace("\"40004\"", "\"10000\""),
        genuine.replace("{\"code\"", "{ \"code\""),
        genuine.replace("交易", "\\u4ea4\\u6613"),
    ] {
        assert_ne!(tampered, genuine);
        assert_eq!(
            answer::verify(tampered.as_bytes(), Method::TradeQuery, &alipay),
            Err(AnswerError::Signature(VerifyError::Mismatch))
        );
    }
}
