//! A gateway that answers each method as the test defines, to many callers at once.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use alipay_protocol::{Method, Params};

/// What the gateway answers.
#[derive(Clone)]
pub(crate) enum Reply {
    /// The body, with status 200.
    Body(String),
    /// The status, with no body.
    Status(u16),
    /// No answer for as long as the caller waits.
    Silence,
    /// The body, once the other method has been answered this many times.
    After(u64, Method, String),
}

type Script = dyn Fn(Method, &Params) -> Reply + Send + Sync;

pub(crate) struct FakeGateway {
    pub(crate) url: String,
    answered: Arc<Answered>,
}

/// How many calls of each method were answered, or deliberately not answered.
#[derive(Default)]
struct Answered {
    counts: Mutex<BTreeMap<Method, u64>>,
    changed: Condvar,
}

impl Answered {
    fn count(&self, method: Method) -> u64 {
        self.counts.lock().unwrap().get(&method).copied().unwrap_or_default()
    }

    fn add(&self, method: Method) {
        *self.counts.lock().unwrap().entry(method).or_default() += 1;
        self.changed.notify_all();
    }

    fn wait_for(&self, count: u64, method: Method) {
        let counts = self.counts.lock().unwrap();
        let too_few =
            |counts: &mut BTreeMap<Method, u64>| counts.get(&method).is_none_or(|done| *done < count);
        drop(self.changed.wait_while(counts, too_few).unwrap());
    }
}

impl FakeGateway {
    /// Answers with what `script` makes of the method and the parameters.
    pub(crate) fn start(script: impl Fn(Method, &Params) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/gateway.do", listener.local_addr().unwrap());
        let answered = Arc::new(Answered::default());
        let shared = (Arc::<Script>::from(Box::new(script) as Box<Script>), Arc::clone(&answered));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, answered) = shared.clone();
                thread::spawn(move || serve(&mut stream.unwrap(), &*script, &answered));
            }
        });
        Self { url, answered }
    }

    /// How many calls of the method there were.
    pub(crate) fn count(&self, method: Method) -> u64 {
        self.answered.count(method)
    }
}

fn serve(stream: &mut TcpStream, script: &Script, answered: &Answered) {
    let params = read_request(stream);
    let method = params.text("method").unwrap().parse().unwrap();
    let head = |status: u16, length: usize| {
        format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
    };
    let answer = match script(method, &params) {
        Reply::Body(body) => head(200, body.len()) + &body,
        Reply::Status(status) => head(status, 0),
        Reply::After(count, other, body) => {
            answered.wait_for(count, other);
            head(200, body.len()) + &body
        }
        Reply::Silence => {
            answered.add(method);
            let _ = stream.read(&mut [0]);
            return;
        }
    };
    answered.add(method);
    // The caller may have given up.
    let _ = stream.write_all(answer.as_bytes());
}

/// The parameters of the query and of the body.
fn read_request(stream: &mut TcpStream) -> Params {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "the request ends early");
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase();
        let length: usize =
            length.split_once("content-length: ").unwrap().1.lines().next().unwrap().parse().unwrap();
        if body.len() >= length {
            let query = head.split_once('?').unwrap().1.split_once(' ').unwrap().0;
            let query = Params::parse(query.as_bytes()).unwrap();
            return query.merged(Params::parse(body.as_bytes()).unwrap()).unwrap();
        }
    }
}
