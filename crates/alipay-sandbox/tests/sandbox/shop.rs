//! A shop that receives notifications and answers as the test defines.

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, web};
use alipay_protocol::{PublicKey, message};
use tokio::sync::watch;

type Answer = Arc<dyn Fn(usize) -> HttpResponse + Send + Sync>;

/// A shop with the bodies that it has received.
pub(crate) struct Shop {
    pub(crate) notify_url: String,
    received: Arc<watch::Sender<Vec<String>>>,
    server: ServerHandle,
}

impl Shop {
    pub(crate) fn answering_success() -> Self {
        Self::answering(|_| HttpResponse::Ok().body("success"))
    }

    /// Answers the n-th notification (from 0) with what `answer` makes of n.
    pub(crate) fn answering(answer: impl Fn(usize) -> HttpResponse + Send + Sync + 'static) -> Self {
        let received = Arc::new(watch::Sender::new(Vec::new()));
        let answer: Answer = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let notify_url = format!("http://{}/notify", listener.local_addr().unwrap());
        let shared = (web::Data::from(Arc::clone(&received)), web::Data::new(answer));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.0.clone())
                .app_data(shared.1.clone())
                .route("/notify", web::post().to(take))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { notify_url, received, server: handle }
    }

    /// Waits for this many notifications; each must verify. Returns them in the order of arrival.
    pub(crate) async fn received(&self, count: usize, alipay: &PublicKey) -> Vec<message::VerifiedMessage> {
        let mut receiver = self.received.subscribe();
        let bodies = receiver.wait_for(|bodies| bodies.len() >= count).await.unwrap().clone();
        bodies.iter().map(|body| message::verify(body.as_bytes(), alipay).unwrap()).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.received.borrow().len()
    }

    pub(crate) async fn stop(&self) {
        self.server.stop(false).await;
    }
}

async fn take(
    received: web::Data<watch::Sender<Vec<String>>>,
    answer: web::Data<Answer>,
    body: String,
) -> HttpResponse {
    let nth = received.borrow().len();
    received.send_modify(|bodies| bodies.push(body));
    answer(nth)
}
