use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_http::ConnectionType;
use actix_web::{
    Error, HttpMessage,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::Stream;
use tokio::time::Instant;

use crate::http::Shop;

/// How many bytes of an answer are passed to the connection at a time. Only bytes that are being sent are held twice.
const PIECE: usize = 32 * 1024;

/// The shared state of the two sides of a connection: the socket, where bytes arrive, and the requests parsed from them.
/// actix-http reads and parses everything that has arrived, even several requests. So the socket passes on one request at a
/// time, and the body of a request only when its handler asks for it.
pub(super) struct Flow {
    requests: Cell<usize>,
    wants_body: Cell<bool>,
    idle_since: Cell<Instant>,
    /// The connection's task, while it waits for permission to read.
    waiting: RefCell<Option<Waker>>,
}

impl Flow {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            requests: Cell::new(0),
            wants_body: Cell::new(false),
            idle_since: Cell::new(Instant::now()),
            waiting: RefCell::new(None),
        })
    }

    /// Whether no request is being answered.
    pub(super) fn is_idle(&self) -> bool {
        self.requests.get() == 0
    }

    /// Since when no request is being answered.
    pub(super) fn idle_since(&self) -> Instant {
        self.idle_since.get()
    }

    /// Whether bytes may be read and passed on. If not, the task is woken when they may.
    pub(super) fn may_read(&self, context: &Context<'_>) -> bool {
        let may_read = self.is_idle() || self.wants_body.get();
        if !may_read {
            *self.waiting.borrow_mut() = Some(context.waker().clone());
        }
        may_read
    }

    /// A request may be complete: no more bytes are passed on until they are asked for.
    pub(super) fn fed(&self) {
        self.wants_body.set(false);
    }

    fn ask_for_body(&self, wants: bool) {
        if self.wants_body.replace(wants) != wants && wants {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(task) = self.waiting.borrow_mut().take() {
            task.wake();
        }
    }
}

/// Lets the next request of the connection in after this one is answered, and closes connections while the program is
/// stopping.
///
/// # Errors
/// The errors of the inner services.
pub(super) async fn one_at_a_time(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Answer>, Error> {
    let flow = request.conn_data::<Rc<Flow>>().cloned();
    let shop = request.app_data::<Data<Shop>>().cloned();
    let in_progress = flow.map(InProgress::begin);
    if let Some(InProgress(flow)) = &in_progress {
        match request.take_payload() {
            Payload::None => {}
            payload @ (Payload::H1 { .. } | Payload::Stream { .. }) => {
                let body = Box::pin(Body { payload, flow: Rc::clone(flow) });
                request.set_payload(Payload::Stream { payload: body });
            }
        }
    }
    let mut answer = next.call(request).await?;
    if shop.is_some_and(|shop| shop.stopping.is_set()) {
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(answer.map_body(|_, body| Answer {
        body: body.boxed(),
        piece: Bytes::new(),
        _in_progress: in_progress,
    }))
}

/// A request in progress, from its head to the last byte of its answer.
struct InProgress(Rc<Flow>);

impl InProgress {
    fn begin(flow: Rc<Flow>) -> Self {
        flow.requests.set(flow.requests.get() + 1);
        Self(flow)
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.requests.set(self.0.requests.get().saturating_sub(1));
        self.0.idle_since.set(Instant::now());
        self.0.ask_for_body(false);
        self.0.wake();
    }
}

/// The body of a request. More of it is read when the handler waits for more.
struct Body {
    payload: Payload,
    flow: Rc<Flow>,
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = Pin::new(&mut this.payload).poll_next(context);
        this.flow.ask_for_body(next.is_pending());
        next
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.flow.ask_for_body(false);
    }
}

/// The body of an answer, in pieces.
pub(super) struct Answer {
    body: BoxBody,
    /// The rest of the body's last part, which is still to be passed on.
    piece: Bytes,
    _in_progress: Option<InProgress>,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.piece.is_empty() {
            match Pin::new(&mut this.body).poll_next(context) {
                Poll::Ready(Some(Ok(part))) => this.piece = part,
                other @ (Poll::Ready(Some(Err(_)) | None) | Poll::Pending) => return other,
            }
        }
        Poll::Ready(Some(Ok(this.piece.split_to(this.piece.len().min(PIECE)))))
    }
}
