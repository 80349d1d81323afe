use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// A raw connection: a test decides every byte that is sent.
pub struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer, read from the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireAnswer {
    /// HTTP status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

/// How long a test waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

impl Wire {
    /// A connection from this address of the local machine.
    ///
    /// # Errors
    /// The connection is refused.
    pub async fn from(address: IpAddr, to: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Unread data stays in this buffer, so it must be small.
        socket.set_recv_buffer_size(4096)?;
        socket.bind(SocketAddr::new(address, 0))?;
        let stream = socket.connect(to).await?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// A connection from loopback.
    pub async fn to(address: SocketAddr) -> Self {
        Self::from([127, 0, 0, 1].into(), address).await.unwrap()
    }

    /// Writes all of it.
    pub async fn write(&mut self, text: &str) {
        self.try_all(text).await.unwrap();
    }

    /// Writes all of it, if the other side allows it.
    ///
    /// # Errors
    /// The other side has closed the connection.
    pub async fn try_all(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.write_all(text.as_bytes()).await
    }

    /// Writes what can be sent without waiting, and returns the number of bytes.
    ///
    /// # Errors
    /// The other side has closed the connection.
    pub fn write_some(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.stream.try_write(bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(0),
            written => written,
        }
    }

    /// The next answer; `None` if the other side closes the connection instead.
    pub async fn answer(&mut self) -> Option<WireAnswer> {
        let head_end = loop {
            if let Some(at) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            self.receive().await?;
        };
        let head = String::from_utf8(self.received.drain(..head_end).collect()).unwrap().to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        while self.received.len() < length {
            self.receive().await?;
        }
        let body = String::from_utf8(self.received.drain(..length).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(WireAnswer { status, head, body })
    }

    /// Whether the other side closes the connection within this time without sending anything.
    pub async fn hangs_up_within(&mut self, time: Duration) -> bool {
        matches!(timeout(time, self.stream.read(&mut [0; 1])).await, Ok(Ok(0) | Err(_)))
    }

    async fn receive(&mut self) -> Option<()> {
        let mut part = [0; 4096];
        let read = timeout(PATIENCE, self.stream.read(&mut part)).await.expect("no answer came").ok()?;
        self.received.extend_from_slice(&part[..read]);
        (read > 0).then_some(())
    }
}
