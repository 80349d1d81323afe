//! Traces of a running program, as a collector gets them: `cargo test -p api --features otlp --test otlp`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// The program, killed with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ended_before = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// The bodies of the posts. They are protobuf, which contains texts and ids literally.
#[derive(Clone, Default)]
struct Posted(Arc<Mutex<Vec<Post>>>);

/// The head and the body of a request.
type Post = (String, Vec<u8>);

impl Posted {
    /// Answers every POST with 200, on its own port.
    fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let posted = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let posted = posted.clone();
                thread::spawn(move || posted.serve(stream.unwrap()));
            }
        });
        address
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if line.trim().is_empty() {
                    break;
                }
                head.push(line.trim().to_owned());
            }
            let length = head.iter().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length:")
                    .map(|length| length.trim().parse().unwrap())
            });
            let mut body = vec![0; length.unwrap()];
            reader.read_exact(&mut body).unwrap();
            self.0.lock().unwrap().push((head.join("\n"), body));
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            if reader.get_mut().write_all(answer).is_err() {
                return;
            }
        }
    }

    fn bodies(&self) -> Vec<u8> {
        self.0.lock().unwrap().iter().flat_map(|(_, body)| body.clone()).collect()
    }

    /// The heads of the posts to this path.
    fn heads(&self, path: &str) -> Vec<String> {
        let posted = self.0.lock().unwrap();
        posted
            .iter()
            .filter(|(head, _)| head.starts_with(&format!("POST {path} ")))
            .map(|(head, _)| head.clone())
            .collect()
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "timed out waiting until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// The status and the body of an answer.
fn ask(address: SocketAddr, request: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The spans of an order: the request is a child of the caller's span, the use case and the queries are present, and
/// the webhook carries the request's span. No span contains text from a client.
#[test]
fn a_request_is_exported_with_its_use_case_and_queries_and_nothing_personal() {
    let directory = tempfile::tempdir().unwrap();
    let (collector, receiver) = (Posted::default(), Posted::default());
    let (collector_at, receiver_at) = (collector.listen(), receiver.listen());
    let (listen, sandbox) = (free_address(), free_address());
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dashop"));
        command
            .env_clear()
            .env("DASHOP_LISTEN", listen.to_string())
            .env("DASHOP_SANDBOX_LISTEN", sandbox.to_string())
            .env("DASHOP_DATA_DIR", directory.path())
            .env("DASHOP_OTLP_ENDPOINT", format!("http://{collector_at}"))
            .env("DASHOP_EVENTS_URL", format!("http://{receiver_at}/hook"))
            .env("DASHOP_EVENTS_SECRET", "a secret of the tests of traces")
            .env("OTEL_BSP_SCHEDULE_DELAY", "100")
            .args(arguments);
        command
    };
    let mut serve = program(&["serve"]);
    let _program = Program(serve.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap());
    let get = "GET /readyz HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    until("it serves", || ask(listen, get).is_some_and(|(status, _)| status == 200));

    let token = program(&["token", "demo"]).output().unwrap();
    assert!(token.status.success(), "{token:?}");
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    let body = r#"{"status":0,"address_id":1,"settlement_type":0}"#;
    let (status, answer) = ask(
        listen,
        &format!(
            "POST /v1/orders/processing/?phone=13800138000 HTTP/1.1\r\nhost: shop\r\nconnection: close\r\nauthorization: {token}\r\n\
             traceparent: 00-{TRACE_ID}-{CALLER}-01\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
    .unwrap();
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("\"code\":200"), "{answer}");
    let missing = "GET /13900139000/secret-path HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    assert_eq!(ask(listen, missing).unwrap().0, 404);

    for name in ["request", "place_order", "place_group", "query", "PlacingStore.begin_group", "http.route"] {
        until(&format!("{name} is exported"), || has(&collector.bodies(), name.as_bytes()));
    }
    let parent = [hex(TRACE_ID), hex(CALLER)];
    until("the request is a part of the caller's trace", || {
        let bodies = collector.bodies();
        parent.iter().all(|id| has(&bodies, id))
    });
    assert!(!collector.heads("/v1/traces").is_empty());
    until("the event arrives", || !receiver.heads("/hook").is_empty());
    let heads = receiver.heads("/hook");
    let sent_on = heads[0]
        .lines()
        .find_map(|line| line.strip_prefix("traceparent: "))
        .unwrap_or_else(|| panic!("{heads:?}"));
    let (trace, span) = (&sent_on[3..35], &sent_on[36..52]);
    assert_eq!(trace, TRACE_ID);
    assert_ne!(span, CALLER, "the span of the request itself");
    until("that span is exported", || has(&collector.bodies(), &hex(span)));

    let bodies = collector.bodies();
    let personal = [&*token, "13800138000", "13900139000", "secret-path", "东城区", "a secret of"];
    for text in personal {
        assert!(!has(&bodies, text.as_bytes()), "{text} is exported");
    }
}

#[test]
fn a_collector_that_is_away_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (listen, sandbox) = (free_address(), free_address());
    let mut serve = Command::new(env!("CARGO_BIN_EXE_dashop"));
    serve
        .env_clear()
        .env("DASHOP_LISTEN", listen.to_string())
        .env("DASHOP_SANDBOX_LISTEN", sandbox.to_string())
        .env("DASHOP_DATA_DIR", directory.path())
        .env("DASHOP_OTLP_ENDPOINT", format!("http://{}", free_address()))
        .arg("serve");
    let _program = Program(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let get = "GET /readyz HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    until("it serves", || ask(listen, get).is_some_and(|(status, _)| status == 200));
    for _ in 0..20 {
        assert_eq!(ask(listen, get).unwrap().0, 200);
    }
}
