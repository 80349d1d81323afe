//! Answers beyond the recorded ones: strings that contain JSON, forged content around the signed node, failures without
//! a signature.

use alipay_protocol::{
    Method, PrivateKey, PublicKey, VerifyError,
    answer::{self, AnswerError, MAX_ANSWER_BYTES, Node, UnsignedFailure, VerifiedAnswer},
};

const NODE: &str = "alipay_trade_query_response";

fn verify<'a>(envelope: &'a str, key: &PublicKey) -> Result<VerifiedAnswer<'a>, AnswerError> {
    answer::verify(envelope.as_bytes(), Method::TradeQuery, key)
}

#[test]
fn strings_that_look_like_json_do_not_end_the_node() {
    let key = PrivateKey::generate().unwrap();
    for node in [
        r#"{"code":"10000","subject":"a } b { c"}"#,
        r#"{"code":"10000","subject":"\",\"sign\":\"AAAA\"}"}"#,
        r#"{"code":"10000","subject":"\\","sign":"inner","x":{"sign":"deeper"}}"#,
        r#"{"code":"10000","subject":"\\\"}","list":[{"a":"]"},[]]}"#,
        r#"{"code":"10000","subject":"\u8fbe\/达"}"#,
        "{ \"code\" : \"10000\",\n\t\"subject\" : \"x\" }",
        "{}",
    ] {
        let envelope = answer::seal(NODE, node, Some(&key)).unwrap();
        assert_eq!(verify(&envelope, key.public_key()).unwrap().json(), node);
        let signature = key.sign(node.as_bytes()).unwrap();
        let sign_first = format!(r#"{{"sign":"{signature}","extra":{{"{NODE}":{{}}}},"{NODE}":{node}}}"#);
        assert_eq!(verify(&sign_first, key.public_key()).unwrap().json(), node);
    }
}

#[test]
fn a_signature_inside_the_node_is_none() {
    let key = PrivateKey::generate().unwrap();
    let signature = key.sign(b"{}").unwrap();
    let envelope = format!(r#"{{"{NODE}":{{"code":"40004","sign":"{signature}"}}}}"#);
    let failure = UnsignedFailure { code: "40004".to_owned(), ..UnsignedFailure::default() };
    assert_eq!(verify(&envelope, key.public_key()), Err(AnswerError::Unsigned(failure)));
}

#[test]
fn a_member_twice_is_refused_even_when_spelled_differently() {
    let key = PrivateKey::generate().unwrap();
    let genuine = r#"{"code":"40004"}"#;
    let signature = key.sign(genuine.as_bytes()).unwrap();
    for lie in [
        format!(r#"{{"{NODE}":{genuine},"{NODE}":{{"code":"10000"}},"sign":"{signature}"}}"#),
        format!(r#"{{"{NODE}":{genuine},"alipay\u005ftrade_query_response":{{}},"sign":"{signature}"}}"#),
        format!(r#"{{"{NODE}":{genuine},"sign":"{signature}","sign":"{signature}"}}"#),
    ] {
        assert!(matches!(verify(&lie, key.public_key()), Err(AnswerError::Malformed { .. })), "{lie}");
    }
    let both = format!(r#"{{"{NODE}":{genuine},"error_response":{genuine},"sign":"{signature}"}}"#);
    assert!(matches!(verify(&both, key.public_key()), Err(AnswerError::NoNode { .. })));
}

#[test]
fn an_answer_to_another_method_is_none() {
    let key = PrivateKey::generate().unwrap();
    let envelope = answer::seal("alipay_trade_close_response", "{}", Some(&key)).unwrap();
    let expected = NODE.to_owned();
    assert_eq!(verify(&envelope, key.public_key()), Err(AnswerError::NoNode { expected }));
}

#[test]
fn an_error_response_is_told_apart() {
    let key = PrivateKey::generate().unwrap();
    let node = r#"{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id","sub_msg":"无效的AppID参数"}"#;
    let signed = answer::seal("error_response", node, Some(&key)).unwrap();
    assert_eq!(verify(&signed, key.public_key()).unwrap().node(), Node::Error);

    let unsigned = answer::seal("error_response", node, None).unwrap();
    let Err(AnswerError::Unsigned(failure)) = verify(&unsigned, key.public_key()) else {
        panic!("an unsigned answer must not verify");
    };
    assert_eq!(failure.to_string(), "40002 Invalid Arguments isv.invalid-app-id 无效的AppID参数");
}

#[test]
fn an_unsigned_success_is_no_success() {
    let key = PrivateKey::generate().unwrap();
    let node = r#"{"code":"10000","msg":"Success","trade_status":"TRADE_SUCCESS","total_amount":"323.91"}"#;
    for envelope in [
        format!(r#"{{"{NODE}":{node}}}"#),
        format!(r#"{{"{NODE}":{node},"sign":""}}"#),
        format!(r#"{{"{NODE}":{node},"sign":null}}"#),
        format!(r#"{{"{NODE}":{node},"sign":{{}}}}"#),
    ] {
        assert!(verify(&envelope, key.public_key()).is_err(), "{envelope}");
    }
}

#[test]
fn what_is_no_answer_is_refused() {
    let key = PrivateKey::generate().unwrap();
    let verify = |bytes: &[u8]| answer::verify(bytes, Method::TradeQuery, key.public_key()).map(|_| ());
    for bytes in [&b""[..], b"<html>502</html>", b"[]", b"\"x\"", b"{", b"{} x", b"{\"a\":\"\xba\xec\"}"] {
        assert!(matches!(verify(bytes), Err(AnswerError::Malformed { .. })), "{bytes:?}");
    }
    assert_eq!(verify(&vec![b' '; MAX_ANSWER_BYTES + 1]), Err(AnswerError::TooLong));
    // Nesting must not exhaust the stack.
    let deep = format!(r#"{{"{NODE}":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(verify(deep.as_bytes()).is_err());
}

#[test]
fn signatures_of_others_and_for_others_do_not_verify() {
    let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let envelope = answer::seal(NODE, r#"{"code":"10000"}"#, Some(&other)).unwrap();
    assert_eq!(verify(&envelope, key.public_key()), Err(AnswerError::Signature(VerifyError::Mismatch)));
}

/// An unsigned failure is logged: on one line, of limited length, without control characters.
#[test]
fn an_unsigned_failure_is_shown_as_one_short_line() {
    let failure = UnsignedFailure { msg: "x\n\u{1b}[31m".repeat(1000), ..UnsignedFailure::default() };
    let shown = failure.to_string();
    assert!(shown.len() < 500 && !shown.contains(['\n', '\u{1b}']), "{shown}");
}
