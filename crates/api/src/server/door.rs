use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use socket2::{Domain, Protocol, SockFilter, SockRef, Socket, Type};

/// Connections that the system may hold until they are accepted.
const BACKLOG: i32 = 2048;
/// How long open connections have after the door has closed, until their requests are read.
const LET_IN: Duration = Duration::from_millis(500);

/// The listening socket, kept so that it can be closed without resetting the connections that wait to be accepted.
///
/// The system opens a connection before the program accepts it, and resets it if the listener is closed in between. By then
/// the client has sent its request and cannot know whether it was processed: a proxy repeats a GET, but answers 502 to an
/// order. When the door is closed, no new connection begins, and a client that has sent nothing connects to another
/// process.
pub(super) struct Door(TcpListener);

/// Drops packets that begin a connection: SYN without ACK. In byte 13 of the TCP header, the flags, these are 2 and 16.
const BEGINS_NOTHING: [SockFilter; 5] = [
    // A = the flags
    SockFilter::new(0x30, 0, 0, 13),
    // A = A & (SYN | ACK)
    SockFilter::new(0x54, 0, 0, 0x12),
    // if A == SYN, skip one instruction
    SockFilter::new(0x15, 1, 0, 0x02),
    // accept the whole packet
    SockFilter::new(0x06, 0, 0, u32::MAX),
    // drop the packet
    SockFilter::new(0x06, 0, 0, 0),
];

impl Door {
    /// Listens on the address; the listener is for the server.
    ///
    /// # Errors
    /// The system refuses the address.
    pub(super) fn open(address: SocketAddr) -> io::Result<(Self, TcpListener)> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        Ok((Self(listener.try_clone()?), listener))
    }

    /// Refuses new connections, and waits until those that have begun are accepted.
    pub(super) async fn close(self) {
        match SockRef::from(&self.0).attach_filter(&BEGINS_NOTHING) {
            Ok(()) => tokio::time::sleep(LET_IN).await,
            // For example in a sandbox without filters: the listener then closes without this protection.
            Err(error) => tracing::warn!(%error, "connections that begin at this moment may be cut off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn what_waits_before_a_closed_door_is_let_in_and_nobody_else() {
        let (door, listener) = Door::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let patience = Duration::from_millis(300);
        let waiting = TcpStream::connect_timeout(&address, patience).unwrap();
        let before = tokio::time::Instant::now();
        door.close().await;
        assert!(before.elapsed() >= LET_IN);
        let refused = TcpStream::connect_timeout(&address, patience).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        let (_accepted, from) = listener.accept().unwrap();
        assert_eq!(from, waiting.local_addr().unwrap());
    }
}
