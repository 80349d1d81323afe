use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A webhook endpoint that receives the shop's order events. On demand it answers with an error, hangs up, or never
/// answers.
pub struct Listener {
    url: String,
    heard: Arc<Mutex<Heard>>,
    _serving: JoinSet<()>,
}

/// How the listener answers an event. The default is 200.
#[derive(Debug, Clone, Copy)]
pub enum Reception {
    /// Answers with this HTTP status.
    Status(u16),
    /// Closes the connection without an answer.
    HangUp,
    /// Sends nothing until the other side gives up.
    Silence,
}

/// An event as it arrived.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its headers, with names in lower case.
    pub headers: HashMap<String, String>,
    /// The body, as it was signed.
    pub body: String,
    /// Whether it was answered with 200.
    pub is_taken: bool,
}

#[derive(Default)]
struct Heard {
    events: Vec<Event>,
    /// The receptions of the next events, by order.
    receptions: HashMap<String, VecDeque<Reception>>,
    /// Connections that the other side closed because they got no answer.
    given_up: usize,
    /// The status that answers every event without a reception of its own; 200 if `None`.
    broken: Option<u16>,
}

impl Listener {
    /// Listens on a free port of loopback.
    pub async fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=of-the-listener", socket.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Heard::default()));
        let mut serving = JoinSet::new();
        let shared = Arc::clone(&heard);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = socket.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { url, heard, _serving: serving }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sets the receptions of the order's next events, one after the other.
    pub fn receive(&self, order_id: &str, receptions: impl IntoIterator<Item = Reception>) {
        let mut heard = self.heard.lock().unwrap();
        heard.receptions.entry(order_id.to_owned()).or_default().extend(receptions);
    }

    /// Sets the receptions of the first events of any order, for orders that have no number yet.
    pub fn receive_unknown(&self, receptions: impl IntoIterator<Item = Reception>) {
        self.receive("", receptions);
    }

    /// From now on answers every event without a reception of its own with this status, or with 200 if `None`.
    pub fn break_down(&self, status: Option<u16>) {
        self.heard.lock().unwrap().broken = status;
    }

    /// Every event of the order, in the order of arrival.
    pub fn events(&self, order_id: &str) -> Vec<Event> {
        let heard = self.heard.lock().unwrap();
        heard.events.iter().filter(|event| event.json()["order_id"] == order_id).cloned().collect()
    }

    /// The types of the accepted events, by order, in the order of arrival.
    pub fn taken(&self) -> BTreeMap<String, Vec<String>> {
        let heard = self.heard.lock().unwrap();
        let mut taken: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for event in heard.events.iter().filter(|event| event.is_taken).map(Event::json) {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            taken.entry(text("order_id")).or_default().push(text("type"));
        }
        taken
    }

    /// How many unanswered connections the other side gave up.
    pub fn given_up(&self) -> usize {
        self.heard.lock().unwrap().given_up
    }
}

impl Event {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether one of the signatures in the headers was made with this secret, by the rules of Standard Webhooks and by
    /// the older ones. The check does not use the code that signs.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let is_signed = self.is_signed_by_the_standard(secret);
        assert_eq!(self.is_signed_as_before(secret), is_signed, "{self:?}");
        is_signed
    }

    /// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, "Signature scheme".
    fn is_signed_by_the_standard(&self, secret: &str) -> bool {
        let key = match secret.strip_prefix("whsec_") {
            Some(encoded) => BASE64_STANDARD.decode(encoded).unwrap(),
            None => secret.as_bytes().to_vec(),
        };
        let (id, timestamp) = (&self.headers["webhook-id"], &self.headers["webhook-timestamp"]);
        let expected = hmac_sha256(&key, &format!("{id}.{timestamp}.{}", self.body));
        let expected = format!("v1,{}", BASE64_STANDARD.encode(expected));
        self.headers["webhook-signature"].split(' ').any(|signature| signature == expected)
    }

    fn is_signed_as_before(&self, secret: &str) -> bool {
        let message = format!("{}.{}", self.headers["dashop-timestamp"], self.body);
        let expected = hmac_sha256(secret.as_bytes(), &message);
        let digits: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = format!("v1={digits}");
        self.headers["dashop-signature"].split(' ').any(|signature| signature == expected)
    }
}

fn hmac_sha256(key: &[u8], message: &str) -> Vec<u8> {
    let key = jsonwebtoken::EncodingKey::from_secret(key);
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()
}

impl Heard {
    fn reception_of(&mut self, order_id: &str) -> Option<Reception> {
        let mut next = |name: &str| self.receptions.get_mut(name).and_then(VecDeque::pop_front);
        let first = next(order_id).or_else(|| next(""));
        first.or(self.broken.map(Reception::Status))
    }
}

/// Takes events from one connection until it ends.
async fn serve(mut stream: TcpStream, heard: Arc<Mutex<Heard>>) {
    while let Some(mut event) = read_event(&mut stream).await {
        let order_id = event.json()["order_id"].as_str().unwrap().to_owned();
        let reception = {
            let mut heard = heard.lock().unwrap();
            let reception = heard.reception_of(&order_id);
            event.is_taken = reception.is_none();
            heard.events.push(event);
            reception
        };
        let status = match reception {
            None => 200,
            Some(Reception::Status(status)) => status,
            Some(Reception::HangUp) => return,
            Some(Reception::Silence) => {
                let ended = stream.read(&mut [0; 1]).await;
                assert!(matches!(ended, Ok(0) | Err(_)), "more was sent before the answer");
                heard.lock().unwrap().given_up += 1;
                return;
            }
        };
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nlocation: /elsewhere\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// One POST; `None` if the connection ends.
async fn read_event(stream: &mut TcpStream) -> Option<Event> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some("POST /hook?token=of-the-listener HTTP/1.1"));
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    Some(Event { headers, body: String::from_utf8(body).unwrap(), is_taken: false })
}
