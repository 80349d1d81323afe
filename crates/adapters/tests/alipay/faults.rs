//! Gateways that answer late, wrongly, or not at all.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use adapters::alipay::{AlipayGateway, AlipayTimeouts};
use alipay_protocol::{Method, PrivateKey, answer};
use domain::ShopDate;
use ports::{CloseOutcome, GatewayError, PaymentGateway as _, RefundOutcome, RefundRequest};

use crate::shop::{config, gateway, order};

const NODE: &str = "alipay_trade_query_response";
const SUCCESS: &str = r#"{"code":"10000","msg":"Success","out_trade_no":"2019112820400804","total_amount":"323.91","trade_no":"1","trade_status":"TRADE_SUCCESS"}"#;

/// A gateway that answers the n-th request with the n-th script, and all further ones with the last.
struct Scripted {
    shop: AlipayGateway,
    asked: Arc<AtomicUsize>,
}

/// One answer of the script.
enum Script {
    /// The body, with status 200.
    Body(Vec<u8>),
    /// The status, with no body.
    Status(u16),
    /// No answer for as long as the caller waits.
    Silence,
}

fn scripted(key: &PrivateKey, scripts: Vec<Script>) -> Scripted {
    scripted_at(key, |_| scripts)
}

/// Like `scripted`, for a script that contains the gateway's own address.
fn scripted_at(key: &PrivateKey, scripts: impl FnOnce(&str) -> Vec<Script>) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/gateway.do", listener.local_addr().unwrap());
    let scripts = scripts(&url);
    // Short where the test waits for its end, and nowhere else: an attempt that a slow machine cuts off is asked again.
    let is_silent = scripts.iter().any(|script| matches!(script, Script::Silence));
    let attempt = Duration::from_secs(if is_silent { 1 } else { 5 });
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let nth = counter.fetch_add(1, Ordering::SeqCst).min(scripts.len() - 1);
            play(&mut stream.unwrap(), &scripts[nth]);
        }
    });
    let mut config = config(&url, PrivateKey::generate().unwrap(), key.public_key().clone());
    config.timeouts = AlipayTimeouts { attempt, ..AlipayTimeouts::default() };
    Scripted { shop: gateway(config), asked }
}

fn play(stream: &mut TcpStream, script: &Script) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        let read = stream.read(&mut buffer).unwrap();
        request.extend_from_slice(&buffer[..read]);
    }
    let head = |status: u16, length: usize| {
        format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
    };
    // The caller may hang up early, as it should when an answer is too long.
    let _ = match script {
        Script::Body(body) => stream.write_all(&[head(200, body.len()).as_bytes(), body].concat()),
        Script::Status(status) => stream.write_all(head(*status, 0).as_bytes()),
        Script::Silence => stream.read(&mut buffer).map(|_| ()),
    };
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.to_ascii_lowercase();
    let length =
        length.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next().unwrap().parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn signed(node: &str, key: &PrivateKey) -> Script {
    sealed(Method::TradeQuery, node, key)
}

fn sealed(method: Method, node: &str, key: &PrivateKey) -> Script {
    Script::Body(answer::seal(&method.response_node(), node, Some(key)).unwrap().into_bytes())
}

fn failure(code: &str, sub_code: &str) -> String {
    format!(r#"{{"code":"{code}","msg":"x","sub_code":"{sub_code}","sub_msg":"为什么"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_asked_again_with_the_same_parameters() {
    let key = PrivateKey::generate().unwrap();
    for passing in [
        signed(&failure("20000", "isp.unknow-error"), &key),
        signed(&failure("20000", ""), &key),
        signed(&failure("40004", "ACQ.SYSTEM_ERROR"), &key),
        signed(&failure("40005", "isv.app-call-limited"), &key),
        Script::Status(502),
        Script::Silence,
    ] {
        let gateway = scripted(&key, vec![passing, signed(SUCCESS, &key)]);
        let trade = gateway.shop.query(order().as_str()).await.unwrap().unwrap();
        assert_eq!(trade.total_amount.to_string(), "323.91");
        assert_eq!(gateway.asked.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pass_ends_after_three_attempts() {
    let key = PrivateKey::generate().unwrap();
    let unknown = scripted(&key, vec![signed(&failure("40004", "ACQ.SYSTEM_ERROR"), &key)]);
    match unknown.shop.query(order().as_str()).await {
        Err(GatewayError::Unknown { code }) => assert_eq!(code, "ACQ.SYSTEM_ERROR"),
        other => panic!("{other:?}"),
    }
    let silent = scripted(&key, vec![Script::Silence]);
    assert!(matches!(silent.shop.query(order().as_str()).await, Err(GatewayError::Unreachable(_))));
    assert_eq!((unknown.asked.load(Ordering::SeqCst), silent.asked.load(Ordering::SeqCst)), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_business_itself_is_final_unless_it_passes() {
    let key = PrivateKey::generate().unwrap();
    for (code, sub_code, expected) in [
        ("40004", "ACQ.INVALID_PARAMETER", "ACQ.INVALID_PARAMETER"),
        ("40004", "ACQ.TRADE_HAS_FINISHED", "ACQ.TRADE_HAS_FINISHED"),
        ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
        ("40004", "ACQ.REASON_TRADE_BEEN_FREEZEN", "ACQ.REASON_TRADE_BEEN_FREEZEN"),
        ("40004", "ACQ.SELLER_BEEN_BLOCKED", "ACQ.SELLER_BEEN_BLOCKED"),
        ("40002", "isv.invalid-signature", "isv.invalid-signature"),
        ("40006", "", "40006"),
    ] {
        let gateway = scripted(&key, vec![signed(&failure(code, sub_code), &key)]);
        match gateway.shop.query(order().as_str()).await {
            Err(GatewayError::Refused { code, message, is_final }) => {
                assert_eq!((code.as_str(), message.as_str()), (expected, "为什么"));
                let ends = ["ACQ.INVALID_PARAMETER", "ACQ.TRADE_HAS_FINISHED"];
                assert_eq!(is_final, ends.contains(&sub_code), "{expected}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(gateway.asked.load(Ordering::SeqCst), 1);
    }
    let none = scripted(&key, vec![signed(&failure("40004", "ACQ.TRADE_NOT_EXIST"), &key)]);
    assert_eq!(none.shop.query(order().as_str()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_unsigned_or_odd_is_taken_for_a_fact() {
    let (key, stranger) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let other_order = SUCCESS.replace("2019112820400804", "2019112820400805");
    let no_trade = failure("40004", "ACQ.TRADE_NOT_EXIST");
    let error_success = answer::seal("error_response", SUCCESS, Some(&key)).unwrap();
    for script in [
        Script::Body(answer::seal(NODE, SUCCESS, None).unwrap().into_bytes()),
        Script::Body(answer::seal(NODE, &no_trade, None).unwrap().into_bytes()),
        Script::Body(error_success.into_bytes()),
        Script::Body(b"<html>maintenance</html>".to_vec()),
        Script::Body(vec![b' '; 1 << 20]),
        signed(SUCCESS, &stranger),
        signed(&other_order, &key),
        signed(&SUCCESS.replace("TRADE_SUCCESS", "TRADE_WON"), &key),
        signed(&SUCCESS.replace("323.91", "-1"), &key),
        signed(r#"{"code":"10000","msg":"Success"}"#, &key),
        signed("[]", &key),
        signed("{}", &key),
    ] {
        let gateway = scripted(&key, vec![script]);
        let outcome = gateway.shop.query(order().as_str()).await;
        assert!(matches!(outcome, Err(GatewayError::Nonsense(_))), "{outcome:?}");
        assert_eq!(gateway.asked.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_in_full_is_read_from_a_closed_trade_that_was_paid() {
    let key = PrivateKey::generate().unwrap();
    let closed = SUCCESS.replace("TRADE_SUCCESS", "TRADE_CLOSED");
    let refunded = closed.replace("\"trade_no\"", "\"send_pay_date\":\"2019-11-28 20:41:00\",\"trade_no\"");
    for (node, amount) in [(closed, "0.00"), (refunded, "323.91")] {
        let gateway = scripted(&key, vec![signed(&node, &key)]);
        assert_eq!(gateway.shop.query(order().as_str()).await.unwrap().unwrap().refunded.to_string(), amount);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_listens_the_call_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/gateway.do", listener.local_addr().unwrap());
    drop(listener);
    let (key, alipay) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let shop = gateway(config(&url, key, alipay.public_key().clone()));
    match shop.query(order().as_str()).await {
        Err(GatewayError::Unreachable(cause)) => assert!(!cause.to_string().contains("sign="), "{cause}"),
        other => panic!("{other:?}"),
    }
}

fn refund() -> RefundRequest {
    RefundRequest {
        trade_no: "1".to_owned(),
        out_request_no: "R1".to_owned(),
        amount: "30.00".parse().unwrap(),
        reason: String::new(),
    }
}

fn is_nonsense<T>(outcome: &Result<T, GatewayError>) -> bool {
    matches!(outcome, Err(GatewayError::Nonsense(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_something_else_is_nonsense() {
    let key = PrivateKey::generate().unwrap();
    let answering = |method, node: &str| scripted(&key, vec![sealed(method, node, &key)]).shop;
    for node in [r#"{"code":"10000"}"#, r#"{"code":"10000","out_trade_no":"2019112820400805"}"#] {
        assert!(is_nonsense(&answering(Method::TradeClose, node).close(order().as_str()).await), "{node}");
    }
    for node in [
        r#"{"code":"10000","fund_change":"Y"}"#,
        r#"{"code":"10000","fund_change":"Y","trade_no":"2"}"#,
        r#"{"code":"10000","fund_change":1,"trade_no":"1"}"#,
    ] {
        assert!(is_nonsense(&answering(Method::TradeRefund, node).refund(&refund()).await), "{node}");
    }
    for node in [
        r#"{"code":"10000","refund_status":"REFUND_SUCCESS","refund_amount":"30.00"}"#,
        r#"{"code":"10000","refund_status":"REFUND_SUCCESS","refund_amount":"30.00","trade_no":"2","out_request_no":"R1"}"#,
        r#"{"code":"10000","refund_status":"REFUND_SUCCESS","refund_amount":"30.00","trade_no":"1","out_request_no":"R2"}"#,
        r#"{"code":"10000","refund_status":"REFUND_SUCCESS","trade_no":"1","out_request_no":"R1"}"#,
        r#"{"code":"10000","refund_status":"REFUND_SUCCESS","refund_amount":"-1","trade_no":"1","out_request_no":"R1"}"#,
    ] {
        let shop = answering(Method::TradeFastpayRefundQuery, node);
        assert!(is_nonsense(&shop.refund_query("1", "R1").await), "{node}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_plain_yes_says_that_money_moved() {
    let key = PrivateKey::generate().unwrap();
    for change in [r#","fund_change":"N""#, r#","fund_change":"y""#, ""] {
        let node = format!(r#"{{"code":"10000","trade_no":"1","refund_fee":"30.00"{change}}}"#);
        let shop = scripted(&key, vec![sealed(Method::TradeRefund, &node, &key)]).shop;
        assert_eq!(shop.refund(&refund()).await.unwrap(), RefundOutcome::Unclear, "{node}");
    }
    for status in [r#","refund_status":"REFUND_PROCESSING""#, ""] {
        let node = format!(
            r#"{{"code":"10000","trade_no":"1","out_request_no":"R1","refund_amount":"30.00"{status}}}"#
        );
        let shop = scripted(&key, vec![sealed(Method::TradeFastpayRefundQuery, &node, &key)]).shop;
        assert_eq!(shop.refund_query("1", "R1").await.unwrap(), None, "{node}");
    }
}

/// The sum only reveals refunds made elsewhere; it does not decide whether this refund succeeded.
#[tokio::test(flavor = "multi_thread")]
async fn the_sum_of_refunds_is_told_where_it_can_be_read() {
    let key = PrivateKey::generate().unwrap();
    for (sum, gone_back) in [
        (r#","refund_fee":"80.00""#, Some("80.00")),
        (r#","refund_fee":"-1""#, None),
        (r#","refund_fee":80"#, None),
        (r#","refund_fee":null"#, None),
        ("", None),
    ] {
        let node = format!(r#"{{"code":"10000","trade_no":"1","fund_change":"Y"{sum}}}"#);
        let shop = scripted(&key, vec![sealed(Method::TradeRefund, &node, &key)]).shop;
        let expected = RefundOutcome::Refunded { gone_back: gone_back.map(|sum| sum.parse().unwrap()) };
        assert_eq!(shop.refund(&refund()).await.unwrap(), expected, "{node}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_for_a_trade_past_closing_leads_to_a_query() {
    let key = PrivateKey::generate().unwrap();
    for word in ["ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.REASON_ILLEGAL_STATUS"] {
        for (status, expected) in
            [("TRADE_SUCCESS", CloseOutcome::NotClosable), ("TRADE_CLOSED", CloseOutcome::Closed)]
        {
            let refusal = sealed(Method::TradeClose, &failure("40004", word), &key);
            let trade = signed(&SUCCESS.replace("TRADE_SUCCESS", status), &key);
            let gateway = scripted(&key, vec![refusal, trade]);
            assert_eq!(gateway.shop.close(order().as_str()).await.unwrap(), expected, "{word} {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn being_called_too_often_is_no_refusal_of_a_refund() {
    let key = PrivateKey::generate().unwrap();
    let limited = sealed(Method::TradeRefund, &failure("40005", "isv.app-call-limited"), &key);
    let outcome = scripted(&key, vec![limited]).shop.refund(&refund()).await;
    assert!(matches!(outcome, Err(GatewayError::Unreachable(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_is_none_is_an_error_and_no_bill_is_none() {
    let key = PrivateKey::generate().unwrap();
    let method = Method::DataDataserviceBillDownloadurlQuery;
    let day = ShopDate::parse("2019-11-28").unwrap();
    let link =
        |url: &str| sealed(method, &format!(r#"{{"code":"10000","bill_download_url":"{url}"}}"#), &key);
    for word in ["NO_BILL_DATA", "BILL_NOT_EXIST", "isp.bill_not_exist"] {
        let none = scripted(&key, vec![sealed(method, &failure("40004", word), &key)]);
        assert_eq!(none.shop.bill(day).await.unwrap(), None, "{word}");
    }
    let expired = scripted_at(&key, |url| vec![link(url), Script::Body(b"<html>expired</html>".to_vec())]);
    assert!(is_nonsense(&expired.shop.bill(day).await));
    for odd in ["", "file:///etc/passwd", "bill.zip"] {
        assert!(is_nonsense(&scripted(&key, vec![link(odd)]).shop.bill(day).await), "{odd}");
    }
    let gone = scripted_at(&key, |url| vec![link(url), Script::Status(404)]);
    let outcome = gone.shop.bill(day).await;
    assert!(matches!(outcome, Err(GatewayError::Unreachable(_))), "{outcome:?}");
    assert_eq!(gone.asked.load(Ordering::SeqCst), 2);
}
