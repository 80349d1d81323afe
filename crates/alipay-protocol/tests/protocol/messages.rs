//! Notifications and returns beyond the recorded ones: GBK, empty values, ambiguity.

use alipay_protocol::{
    Charset, CharsetError, Params, ParamsError, PrivateKey, VerifyError,
    message::{self, MessageError},
};

fn key() -> PrivateKey {
    PrivateKey::generate().unwrap()
}

fn notification() -> Params {
    Params::new()
        .with("app_id", "2021000000000001")
        .with("charset", "utf-8")
        .with("out_trade_no", "2019112820400804")
        .with("subject", "红袖添香 100%纯棉+T恤 A&B=C")
        .with("total_amount", "323.91")
        .with("trade_status", "TRADE_SUCCESS")
}

/// Signs a string that the test composed, not the code under test.
fn signed_over(canonical: &[u8], params: Params, key: &PrivateKey) -> String {
    params.with("sign_type", "RSA2").with("sign", key.sign(canonical).unwrap()).to_form()
}

#[test]
fn a_gbk_notification_is_verified_over_its_bytes_and_read_by_its_signed_charset() {
    let key = key();
    for label in ["GBK", "gb2312", "gb18030"] {
        let subject = Charset::Gb18030.encode("红袖添香(小)").unwrap();
        let params = Params::new().with("charset", label).with("subject", subject.clone());
        let canonical = [format!("charset={label}&subject=").as_bytes(), &subject].concat();
        let body = signed_over(&canonical, params, &key);
        let message = message::verify(body.as_bytes(), key.public_key()).unwrap();
        assert_eq!(message.get("subject"), Some("红袖添香(小)"));
    }
}

#[test]
fn text_that_is_none_in_its_charset_is_an_error() {
    let key = key();
    let broken = |charset: &str, bytes: &[u8]| {
        let params = Params::new().with("charset", charset).with("subject", bytes);
        let form = message::sign(params, &key).unwrap().to_form();
        message::verify(form.as_bytes(), key.public_key())
    };
    let malformed = CharsetError::Malformed { name: "subject".to_owned() };
    assert_eq!(broken("utf-8", b"\xba\xec"), Err(MessageError::Charset(malformed.clone())));
    assert_eq!(broken("gbk", b"\xff"), Err(MessageError::Charset(malformed)));
    assert_eq!(broken("utf-16", b"abc"), Err(MessageError::Charset(CharsetError::Unknown)));
}

#[test]
fn empty_values_may_be_signed_or_left_out() {
    let key = key();
    let params = || Params::new().with("a", "1").with("body", "").with("c", "3");
    for canonical in ["a=1&c=3", "a=1&body=&c=3"] {
        let form = signed_over(canonical.as_bytes(), params(), &key);
        let message = message::verify(form.as_bytes(), key.public_key()).unwrap();
        assert_eq!((message.get("a"), message.get("body")), (Some("1"), None));
    }
    let form = signed_over(b"a=1&body=x&c=3", params(), &key);
    assert!(message::verify(form.as_bytes(), key.public_key()).is_err());
}

#[test]
fn white_space_is_part_of_a_value() {
    let key = key();
    let form = message::sign(notification().with("subject", " a "), &key).unwrap();
    let verdict = message::verify(form.to_form().as_bytes(), key.public_key());
    assert_eq!(verdict.unwrap().get("subject"), Some(" a "));
    let trimmed = form.with("subject", "a").to_form();
    assert!(message::verify(trimmed.as_bytes(), key.public_key()).is_err());
}

#[test]
fn a_message_without_a_usable_signature_is_refused() {
    let key = key();
    let verdict = |params: Params| message::verify(params.to_form().as_bytes(), key.public_key());
    let signed = || message::sign(notification(), &key).unwrap();
    assert!(verdict(signed()).is_ok());
    assert_eq!(verdict(notification()), Err(MessageError::Unsigned));
    assert_eq!(verdict(signed().with("sign", "")), Err(MessageError::Unsigned));
    assert_eq!(verdict(signed().with("sign_type", "RSA")), Err(MessageError::UnsupportedSignType));
    assert_eq!(verdict(signed().with("sign", "%%%")), Err(MessageError::Signature(VerifyError::Unreadable)));
    let others = message::sign(notification(), &PrivateKey::generate().unwrap()).unwrap();
    assert_eq!(verdict(others), Err(MessageError::Signature(VerifyError::Mismatch)));
}

/// One signed string can be split into parameters in two ways. Here the refund becomes a part of the amount before it.
#[test]
fn a_message_that_can_be_cut_differently_is_refused() {
    let key = key();
    let refund = notification().with("receipt_amount", "323.91").with("refund_fee", "30.00");
    let signature = message::sign(refund, &key).unwrap().text("sign").unwrap().to_owned();
    let recut = notification()
        .with("receipt_amount", "323.91&refund_fee=30.00")
        .with("sign_type", "RSA2")
        .with("sign", signature);
    assert_eq!(
        message::verify(recut.to_form().as_bytes(), key.public_key()),
        Err(MessageError::Ambiguous { name: "refund_fee" })
    );
}

/// The same split within a name: the refund would be read as its payment.
#[test]
fn a_name_that_holds_other_parameters_is_refused() {
    let key = key();
    let refund = notification().with("receipt_amount", "323.91").with("refund_fee", "323.91");
    let signature = message::sign(refund, &key).unwrap().text("sign").unwrap().to_owned();
    for (name, value) in
        [("receipt_amount=323.91&refund_fee", "323.91"), ("receipt_amount", "323.91"), ("refund_fee=", "")]
    {
        let recut = notification().with(name, value).with("sign_type", "RSA2").with("sign", &*signature);
        let verdict = message::verify(recut.to_form().as_bytes(), key.public_key());
        match name.strip_prefix("receipt_amount").unwrap_or(name) {
            "" => assert_eq!(verdict, Err(MessageError::Signature(VerifyError::Mismatch))),
            _ => assert_eq!(verdict, Err(MessageError::Params(ParamsError::Name { name: name.to_owned() }))),
        }
    }
}

#[test]
fn no_value_shows_in_debug() {
    let key = key();
    let form = message::sign(notification(), &key).unwrap();
    let message = message::verify(form.to_form().as_bytes(), key.public_key()).unwrap();
    let shown = format!("{form:?} {message:?}");
    assert!(shown.contains("total_amount") && !shown.contains("323.91"), "{shown}");
}
