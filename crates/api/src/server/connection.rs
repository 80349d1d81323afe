use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::web::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

use super::{flow::Flow, shares::Share};

/// How long a client may take to send the head of a request: of the first one from the moment of acceptance, of a later one
/// from its first byte.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the rest of a request body is read after an answer that did not wait for it. If the program closed the
/// connection with unread data, the system would reset it and the client would lose the answer.
pub(super) const LINGER: Duration = Duration::from_secs(2);
/// How long a client may take no data of an answer.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How many bytes are received at a time. One piece is scanned without yielding to the other connections.
const PIECE: usize = 8 * 1024;
/// Extra time, so that actix-http detects timeouts first: it answers 408, while this code just closes the connection.
const GRACE: Duration = Duration::from_secs(2);

/// A client's connection. It passes on one request at a time (see [`Flow`]) and reads nothing while the client has not
/// taken an answer, so that the memory per connection is bounded. It ends if the head of a request stays incomplete or an
/// answer is not taken.
pub(super) struct Connection {
    stream: TcpStream,
    flow: Rc<Flow>,
    lines: Lines,
    /// Bytes received after the end of a request.
    behind: BytesMut,
    /// The end of a head was passed on and must be parsed first.
    is_fed: bool,
    /// When the first byte after an answered request arrived: of a head, or of a body that nobody reads.
    head_since: Option<Instant>,
    reading: Pin<Box<Sleep>>,
    /// Runs while the client takes no data of an answer.
    unread: Option<Pin<Box<Sleep>>>,
    _share: Share,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, share: Share) -> Self {
        Self {
            stream,
            flow: Flow::new(),
            lines: Lines::default(),
            behind: BytesMut::new(),
            is_fed: false,
            head_since: None,
            reading: Box::pin(sleep(KEEP_ALIVE + GRACE)),
            unread: None,
            _share: share,
        }
    }

    pub(super) fn flow(&self) -> &Rc<Flow> {
        &self.flow
    }

    /// Passes on the bytes kept after the last request, up to the end of the next head.
    fn hand_on(&mut self, buffer: &mut ReadBuf<'_>) {
        let (fitting, _) = self.behind.split_at(self.behind.len().min(buffer.remaining()));
        let end = self.lines.end_of_head(fitting);
        let handed = self.behind.split_to(end.unwrap_or(fitting.len()));
        buffer.put_slice(&handed);
        self.handed_on(end.is_some());
    }

    /// Receives some bytes and passes them on up to the end of a head; the rest is kept.
    fn receive(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut piece = ReadBuf::new(buffer.initialize_unfilled_to(PIECE.min(buffer.remaining())));
        std::task::ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece))?;
        let received = piece.filled();
        let length = received.len();
        if length == 0 {
            return Poll::Ready(Ok(()));
        }
        let end = self.lines.end_of_head(received);
        self.behind.extend_from_slice(received.get(end.unwrap_or(length)..).unwrap_or_default());
        buffer.advance(end.unwrap_or(length));
        self.handed_on(end.is_some());
        Poll::Ready(Ok(()))
    }

    fn handed_on(&mut self, is_complete: bool) {
        if self.flow.is_idle() && self.head_since().is_none() {
            self.head_since = Some(Instant::now());
        }
        if is_complete {
            self.is_fed = true;
            self.flow.fed();
        }
    }

    fn head_since(&self) -> Option<Instant> {
        self.head_since.filter(|begun| *begun >= self.flow.idle_since())
    }

    /// Waits for more bytes, with a time limit.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.flow.is_idle() {
            // The handler that asks for the body has a time limit of its own.
            return Poll::Pending;
        }
        let due = match self.head_since() {
            Some(begun) => begun + HEAD_TIMEOUT,
            None => self.flow.idle_since() + KEEP_ALIVE,
        } + GRACE;
        // The timer is set again only if it would fire too late or has fired too early.
        if self.reading.deadline() > due || self.reading.is_elapsed() {
            self.reading.as_mut().reset(due);
        }
        while self.reading.as_mut().poll(context).is_ready() {
            if Instant::now() >= due {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.reading.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// Checks the result of a write, and whether the client takes the data.
    fn judge<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.unread.take().is_some() {
                // Reading waits until the answer is taken.
                context.waker().wake_by_ref();
            }
            return written;
        }
        let unread = self.unread.get_or_insert_with(|| Box::pin(sleep(UNREAD_TIMEOUT)));
        match unread.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.is_fed) {
            // A caller that reads until no data comes now parses the request and comes back.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.unread.is_some() || !this.flow.may_read(context) {
            return Poll::Pending;
        }
        if !this.behind.is_empty() {
            this.hand_on(buffer);
            return Poll::Ready(Ok(()));
        }
        let received = this.receive(context, buffer);
        if received.is_pending() { this.poll_patience(context) } else { received }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.judge(written, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// Finds the empty line at the end of a head, across the parts in which it arrives. Empty lines in a body are also
/// reported; the only effect is that the body is passed on in more pieces.
#[derive(Default)]
struct Lines {
    /// Whether the current line contains anything.
    has_text: bool,
    /// Whether an earlier line contained anything.
    is_begun: bool,
}

impl Lines {
    /// How many of these bytes belong to the head; `None` if it does not end in them.
    fn end_of_head(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.has_text => *self = Self { has_text: false, is_begun: true },
                b'\n' if self.is_begun => {
                    *self = Self::default();
                    return Some(index + 1);
                }
                b'\n' | b'\r' => {}
                _ => self.has_text = true,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(parts: &[&str]) -> Vec<Option<usize>> {
        let mut lines = Lines::default();
        parts.iter().map(|part| lines.end_of_head(part.as_bytes())).collect()
    }

    #[test]
    fn a_head_ends_with_its_first_empty_line() {
        assert_eq!(ends(&["GET / HTTP/1.1\r\nHost: x\r\n\r\nGET"]), [Some(27)]);
        assert_eq!(ends(&["GET / HTTP/1.1\nHost: x\n\nGET"]), [Some(24)]);
        assert_eq!(ends(&["GET / HTTP/1.1\r\nHost: x\r\n"]), [None]);
        assert_eq!(ends(&["", "no line"]), [None, None]);
    }

    #[test]
    fn it_may_arrive_in_any_parts() {
        assert_eq!(ends(&["GET / HTTP/1.1\r", "\n\r", "\nGET"]), [None, None, Some(1)]);
        assert_eq!(ends(&["G", "\n", "\n", "G\n\n"]), [None, None, Some(1), Some(3)]);
    }

    #[test]
    fn empty_lines_before_it_do_not_end_it() {
        assert_eq!(ends(&["\r\n\r\n\n\nGET /\r\n\r\n"]), [Some(15)]);
    }
}
