//! What one client may cost the others: connections, memory, and requests that never end.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use tests::{Browser, Dashop, Setup, Wire, until};

const GET: &str = "GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n";
/// A loopback address that no other request of the tests comes from.
const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: shop\r\n{headers}\r\n{body}")
}

async fn wires(dashop: &Dashop, from: IpAddr, count: usize) -> Vec<Wire> {
    let mut wires = Vec::new();
    for _ in 0..count {
        wires.push(Wire::from(from, dashop.address()).await.unwrap());
    }
    wires
}

/// Connections that send requests without end and read no answers. The requests are small; the answers are small or
/// large.
async fn flooded(dashop: &Dashop, path: &str, connections: usize) -> Vec<Wire> {
    let requests = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(6000);
    let mut wires = wires(dashop, STRANGER, connections).await;
    for wire in &mut wires {
        wire.write_some(requests.as_bytes()).unwrap();
    }
    wires
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_whose_answers_nobody_reads_cost_little_and_are_given_up() {
    let dashop = Setup::embedded().with("DASHOP_CONNECTIONS", "2000").start().await;
    let browser = Browser::new();
    let before = dashop.resident_bytes();
    let mut wires = flooded(&dashop, "/", 60).await;
    wires.extend(flooded(&dashop, "/docs/swagger-ui-bundle.js", 20).await);
    let (mut most, started) = (0, Instant::now());
    while !wires.is_empty() {
        assert!(started.elapsed() < Duration::from_secs(180), "{} connections are still open", wires.len());
        wires.retain_mut(|wire| wire.write_some(b"G").is_ok());
        most = most.max(dashop.resident_bytes());
        let asked = Instant::now();
        assert_eq!(browser.status(&dashop.url("/readyz")).await, Some(200));
        assert!(asked.elapsed() < Duration::from_secs(5), "others wait {:?}", asked.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let cost = most.saturating_sub(before) / (1024 * 1024);
    println!("{cost} MiB");
    assert!(cost < 40, "{cost} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_head_has_its_time_not_the_first_alone() {
    let dashop = Setup::embedded().start().await;
    let first = async {
        let mut wire = Wire::to(dashop.address()).await;
        wire.write("G").await;
        assert_eq!(wire.answer().await.map(|answer| answer.status), Some(408), "the first one is told so");
    };
    let silent = async {
        let mut wire = Wire::to(dashop.address()).await;
        assert_eq!(wire.answer().await.map(|answer| answer.status), Some(408), "so is one who sends nothing");
    };
    let later = async |beginning: &str| {
        let mut wire = Wire::to(dashop.address()).await;
        wire.write(GET).await;
        assert_eq!(wire.answer().await.unwrap().status, 200);
        wire.write(beginning).await;
        assert!(wire.hangs_up_within(Duration::from_secs(15)).await, "{beginning:?}");
    };
    // The time limit also holds for a body that no handler reads.
    let unwanted = async {
        let mut wire = Wire::to(dashop.address()).await;
        wire.write(&post("/nowhere", "transfer-encoding: chunked\r\n", "5\r\nhello\r\n")).await;
        assert_eq!(wire.answer().await.unwrap().status, 404);
        wire.write("5\r\nhello\r\n").await;
        assert!(wire.hangs_up_within(Duration::from_secs(15)).await);
    };
    let unwanted_with_empty_lines = async {
        let mut wire = Wire::to(dashop.address()).await;
        wire.write(&post("/nowhere", "transfer-encoding: chunked\r\n", "5000\r\n")).await;
        assert_eq!(wire.answer().await.unwrap().status, 404);
        let since = Instant::now();
        while wire.write_some(b"\n\na").is_ok() {
            assert!(since.elapsed() < Duration::from_secs(30), "empty lines make its time longer");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::join!(
        first,
        silent,
        later("G"),
        later("GET /healthz HTTP/1.1\r\nHost:"),
        unwanted,
        unwanted_with_empty_lines
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_does_not_take_the_connections_of_all() {
    let dashop = Setup::embedded().with_open_files(128, 128).start().await;
    let mut held = wires(&dashop, STRANGER, 130).await;
    for wire in &mut held {
        let _refused = wire.write_some(GET.as_bytes());
    }
    let browser = Browser::new();
    for _ in 0..20 {
        assert_eq!(browser.status(&dashop.url("/readyz")).await, Some(200));
    }
    let mut answered = 0;
    for wire in &mut held {
        answered += usize::from(wire.answer().await.is_some());
    }
    assert_eq!(answered, 16, "a quarter of half of 128");
    assert!(dashop.log().contains("has as many connections as it may"), "{}", dashop.log());
    drop(held);
    until("the address may come again", async || {
        let mut wire = Wire::from(STRANGER, dashop.address()).await.unwrap();
        let _refused = wire.write_some(GET.as_bytes());
        wire.answer().await.is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_share_can_be_set_and_a_trusted_proxy_has_them_all() {
    for (setting, value, wanted) in
        [("DASHOP_CONNECTIONS_PER_ADDRESS", "3", 3), ("DASHOP_TRUSTED_PROXY", "true", 20)]
    {
        let dashop = Setup::embedded().with("DASHOP_CONNECTIONS", "40").with(setting, value).start().await;
        let mut held = wires(&dashop, STRANGER, 20).await;
        let mut answered = 0;
        for wire in &mut held {
            let _refused = wire.write_some(GET.as_bytes());
            answered += usize::from(wire.answer().await.is_some());
        }
        assert_eq!(answered, wanted, "{setting}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_opens_as_many_files_as_it_is_allowed_to() {
    let dashop = Setup::embedded().with_open_files(100, 3000).start().await;
    assert_eq!(dashop.limit("Max open files"), "3000");
    let mut wires = wires(&dashop, STRANGER, 300).await;
    for wire in &mut wires {
        wire.write(GET).await;
    }
    for wire in &mut wires {
        assert_eq!(wire.answer().await.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_on_one_connection_are_answered_one_after_the_other() {
    let dashop = Setup::embedded().start().await;
    // Empty lines in a body end nothing; empty lines before a head do not either.
    let body = "{\"username\":\n\n\r\n\r\n\"nobody\",\r\n\r\n\"password\":\"wrong\"}";
    let sized = post("/v1/tokens", &format!("content-length: {}\r\n", body.len()), body);
    let mut chunked = post("/v1/tokens", "transfer-encoding: chunked\r\n", "");
    for part in body.split_inclusive('\n') {
        chunked += &format!("{:x}\r\n{part}\r\n", part.len());
    }
    chunked += "0\r\n\r\n";
    let unread = post("/nowhere", &format!("content-length: {}\r\n", body.len()), body);
    let text = format!("{GET}{sized}\r\n\r\n{GET}{chunked}{GET}{GET}{unread}");

    let mut at_once = Wire::to(dashop.address()).await;
    at_once.write(&text).await;
    let mut in_parts = Wire::to(dashop.address()).await;
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let writing = async {
        for part in text.as_bytes().chunks(7) {
            in_parts.write(std::str::from_utf8(part).unwrap()).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        while other.len() < 7 {
            other.push(in_parts.answer().await.unwrap());
        }
    };
    let reading = async {
        while one.len() < 7 {
            one.push(at_once.answer().await.unwrap());
        }
    };
    tokio::join!(writing, reading);
    for answers in [one, other] {
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 404], "{answers:?}");
        for wrong_password in [&answers[1], &answers[3]] {
            assert!(wrong_password.body.contains("\"code\":"), "{wrong_password:?}");
            assert!(!wrong_password.body.contains("\"status\":\"ok\""), "{wrong_password:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_before_the_end_of_a_body_is_not_lost() {
    let dashop = Setup::embedded().start().await;
    let large = "0".repeat(200_000);
    for (path, status) in [("/nowhere", 404), ("/v1/tokens", 200)] {
        let mut wire = Wire::to(dashop.address()).await;
        wire.write(&post(path, &format!("content-length: {}\r\n", 2 * large.len()), &large)).await;
        // The answer is on its way; the client sends more before it reads it.
        tokio::time::sleep(Duration::from_millis(50)).await;
        wire.write(&large).await;
        let answer = wire.answer().await.expect(path);
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.head.contains("connection: close"), "{answer:?}");
        assert!(wire.hangs_up_within(Duration::from_secs(10)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_nobody_wants_keeps_nobody_waiting() {
    let dashop = Setup::embedded().with("DASHOP_WORKERS", "1").start().await;
    // The best of three rounds, each with its own flood: a busy machine may hold up a request of one round by itself.
    let mut best = Duration::MAX;
    for _ in 0..3 {
        best = best.min(slowest_beside_a_flood(&dashop).await);
    }
    assert!(best < Duration::from_secs(1), "others wait {best:?}");
}

/// How long the slowest of forty requests takes, while another client sends a body that the server does not want.
async fn slowest_beside_a_flood(dashop: &Dashop) -> Duration {
    let body = "a\n\n".repeat(50_000);
    let mut wire = Wire::to(dashop.address()).await;
    // First a long line, for which the server grows its buffer.
    let beginning = post("/nowhere", "content-length: 1000000000\r\n", &"0".repeat(200_000));
    let flood = async {
        wire.write(&beginning).await;
        while wire.try_all(&body).await.is_ok() {}
    };
    let mut slowest = Duration::ZERO;
    let browser = Browser::new();
    let others = async {
        for _ in 0..40 {
            let asked = Instant::now();
            assert_eq!(browser.status(&dashop.url("/healthz")).await, Some(200));
            slowest = slowest.max(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::join!(flood, others);
    slowest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_read_as_it_comes_and_a_client_may_ask_first() {
    let dashop = Setup::embedded().start().await;
    let mut wire = Wire::to(dashop.address()).await;
    let body = format!("{{\"username\":\"nobody\",\"password\":\"{}\"}}", "\\n".repeat(20_000));
    wire.write(&post(
        "/v1/tokens",
        &format!("expect: 100-continue\r\ncontent-length: {}\r\n", body.len()),
        "",
    ))
    .await;
    assert_eq!(wire.answer().await.unwrap().status, 100);
    for part in body.as_bytes().chunks(5000) {
        wire.write(std::str::from_utf8(part).unwrap()).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(wire.answer().await.unwrap().status, 200);
    wire.write(GET).await;
    assert_eq!(wire.answer().await.unwrap().status, 200);
    // A large answer arrives in full.
    wire.write("GET /openapi.json HTTP/1.1\r\nHost: shop\r\n\r\n").await;
    let document = wire.answer().await.unwrap().body;
    assert!(document.len() > 32 * 1024, "more than one piece: {} bytes", document.len());
    serde_json::from_str::<serde_json::Value>(&document).unwrap();
    wire.write(GET).await;
    assert_eq!(wire.answer().await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_that_say_nothing_end_nothing() {
    let dashop = Setup::embedded().start().await;
    let browser = Browser::new();
    for signal in ["HUP", "USR1", "USR2"] {
        dashop.signal(signal);
        for _ in 0..10 {
            assert_eq!(browser.status(&dashop.url("/healthz")).await, Some(200), "after SIG{signal}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_it_stops_it_says_so_and_answers_on() {
    let dashop = Setup::embedded().with("DASHOP_DRAIN", "8").start().await;
    let browser = Browser::new();
    let mut kept = Wire::to(dashop.address()).await;
    kept.write(GET).await;
    let answer = kept.answer().await.unwrap();
    assert!(!answer.head.contains("connection: close"), "{answer:?}");
    let told = Instant::now();
    dashop.signal("TERM");
    until("it is not ready", async || browser.status(&dashop.url("/readyz")).await == Some(503)).await;
    assert!(browser.get(&dashop.url("/readyz")).await.text.contains("stopping"));
    // A client on a kept connection gets an answer, with the note that it is the last one.
    kept.write(GET).await;
    let answer = kept.answer().await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("connection: close"), "{answer:?}");
    assert_eq!(kept.answer().await, None);
    while told.elapsed() < Duration::from_secs(2) {
        assert_eq!(browser.status(&dashop.url("/healthz")).await, Some(200));
    }
    let setup = dashop.ended().await;
    assert!(told.elapsed() >= Duration::from_secs(8), "{:?}", told.elapsed());
    drop(setup);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_wait() {
    for second in ["TERM", "INT"] {
        let dashop = Setup::embedded().with("DASHOP_DRAIN", "300").start().await;
        dashop.signal("TERM");
        until("it is not ready", async || Browser::new().status(&dashop.url("/readyz")).await == Some(503))
            .await;
        dashop.signal(second);
        dashop.ended().await;
    }
}
