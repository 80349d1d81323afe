use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use socket2::{Domain, Protocol, SockFilter, SockRef, Socket, Type};

/// Connections that the system may hold until they are accepted.
const BACKLOG: i32 = 2048;
/// How long connections that were open when the door closed have until their request is read.
const LET_IN: Duration = Duration::from_millis(500);

/// Where connections come in, kept so that it can be closed without those being cut off that wait before it.
///
/// The system opens a connection before the program accepts it, and resets it where the listener closes in between. The
/// client has sent its request by then and cannot know whether it was carried out: a proxy repeats a GET, but answers 502 to
/// an order. With the door closed no connection begins, and the client, which has sent nothing, asks another program.
pub(super) struct Door(TcpListener);

/// Drops the packets that would begin a connection: SYN without ACK. In the flags of TCP, byte 13, these are 2 and 16.
const BEGINS_NOTHING: [SockFilter; 5] = [
    // A = the flags
    SockFilter::new(0x30, 0, 0, 13),
    // A = A & (SYN | ACK)
    SockFilter::new(0x54, 0, 0, 0x12),
    // if A == SYN, the next but one
    SockFilter::new(0x15, 1, 0, 0x02),
    // all of it is let through
    SockFilter::new(0x06, 0, 0, u32::MAX),
    // nothing is
    SockFilter::new(0x06, 0, 0, 0),
];

impl Door {
    /// Listens; the listener is for the server.
    ///
    /// # Errors
    /// The address cannot be had.
    pub(super) fn open(address: SocketAddr) -> io::Result<(Self, TcpListener)> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        Ok((Self(listener.try_clone()?), listener))
    }

    /// Lets no new connection begin, and gives those that have begun the time to be accepted.
    pub(super) async fn close(self) {
        match SockRef::from(&self.0).attach_filter(&BEGINS_NOTHING) {
            Ok(()) => tokio::time::sleep(LET_IN).await,
            // As in a sandbox that has no filters: then it is as without this.
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
