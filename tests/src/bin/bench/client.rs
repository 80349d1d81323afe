//! A load of HTTP requests that costs little CPU: requests are built beforehand, and only the length and the code of
//! each answer are read.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// The result of a load.
pub(crate) struct Served {
    /// Requests a second.
    pub(crate) rate: f64,
    /// The median duration of a request.
    pub(crate) median: Duration,
    /// How many there were.
    pub(crate) requests: u64,
}

/// A request without a body.
pub(crate) fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: shop\r\nauthorization: {token}\r\n\r\n").into_bytes()
}

/// A request with a body.
pub(crate) fn post(path: &str, token: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: shop\r\nauthorization: {token}\r\ncontent-type: {content_type}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends the requests over this many connections, in turn, each at most once, for at most this time. Every answer must
/// contain `expected`.
pub(crate) async fn load(
    address: SocketAddr,
    connections: usize,
    span: Duration,
    requests: Arc<Vec<Vec<u8>>>,
    expected: &'static str,
) -> Served {
    let (next, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..connections {
        let (next, done, requests) = (Arc::clone(&next), Arc::clone(&done), Arc::clone(&requests));
        callers.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut times = Vec::new();
            let mut buffer = Vec::with_capacity(64 * 1024);
            while started.elapsed() < span {
                let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let begun = Instant::now();
                stream.write_all(request).await.unwrap();
                read_answer(&mut stream, &mut buffer, expected).await;
                times.push(begun.elapsed());
                done.fetch_add(1, Ordering::Relaxed);
            }
            times
        });
    }
    let mut times: Vec<Duration> = callers.join_all().await.into_iter().flatten().collect();
    let took = started.elapsed().as_secs_f64();
    times.sort();
    let requests = done.load(Ordering::Relaxed);
    assert!(requests > 0, "nothing was asked");
    #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    let rate = requests as f64 / took;
    Served { rate, median: times[times.len() / 2], requests }
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>, expected: &str) {
    buffer.clear();
    let head = loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the connection was closed");
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    while buffer.len() < head + length {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the connection was closed");
    }
    let body = &buffer[head..];
    let begins = &body[..body.len().min(200)];
    assert!(
        begins.windows(expected.len()).any(|window| window == expected.as_bytes()),
        "{text}{}",
        String::from_utf8_lossy(body)
    );
}
