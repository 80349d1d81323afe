//! Asynchronous notifications: sends them on Alipay's schedule until the merchant answers `success`.

mod held;
mod message;
mod record;
mod turn;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alipay_protocol::{Params, message as signed};
use domain::ShopTime;
use ports::Clock;
use reqwest::{Client, header, redirect};
use tokio::{runtime::Handle, sync::Semaphore, task::JoinSet, time::sleep};

use held::Held;
pub use held::HeldNotification;
pub(crate) use message::parameters;
pub use record::NotificationRecord;
use record::Records;
use turn::{Turn, Turns};

use crate::{NotificationBehaviour, saves::Saves, signing::Signing};

/// How long the merchant may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take to connect to the merchant.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Maximum number of notifications that wait to be sent or resent; further ones are lost.
const MAX_PENDING: usize = 10_000;
/// Maximum number of concurrent requests.
const MAX_CONCURRENT: usize = 64;
/// How many bytes of an answer are read; a longer answer is not `success`.
const MAX_ANSWER_BYTES: usize = 256;
/// The answer that ends the resending.
const ACKNOWLEDGEMENT: &[u8] = b"success";

/// One notification, before it is sent.
pub(crate) struct Notification {
    pub(crate) notify_url: String,
    pub(crate) notify_id: String,
    pub(crate) out_trade_no: String,
    pub(crate) trade_status: &'static str,
    pub(crate) params: Params,
}

/// Sends notifications in background tasks.
pub(crate) struct Notifier {
    sender: Arc<Sender>,
    behaviour: Mutex<NotificationBehaviour>,
    turns: Turns,
    held: Held,
    tasks: Mutex<JoinSet<()>>,
    runtime: Handle,
}

struct Sender {
    client: Client,
    signing: Arc<Signing>,
    clock: Arc<dyn Clock>,
    records: Records,
    places: Semaphore,
    saves: Arc<Saves>,
}

impl Notifier {
    /// Must be called in a tokio runtime, which then runs all tasks, whichever thread calls `announce`.
    pub(crate) fn new(
        signing: Arc<Signing>,
        clock: Arc<dyn Clock>,
        behaviour: NotificationBehaviour,
        saves: Arc<Saves>,
    ) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?;
        let records = Records::new();
        let places = Semaphore::new(MAX_CONCURRENT);
        Ok(Self {
            sender: Arc::new(Sender { client, signing, clock, records, places, saves }),
            behaviour: Mutex::new(behaviour),
            turns: Turns::default(),
            held: Held::default(),
            tasks: Mutex::new(JoinSet::new()),
            runtime: Handle::current(),
        })
    }

    pub(crate) fn behave(&self, behaviour: NotificationBehaviour) {
        *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    pub(crate) fn behaviour(&self) -> NotificationBehaviour {
        self.behaviour.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn records(&self) -> &Records {
        &self.sender.records
    }

    /// Takes the held notifications, oldest first.
    pub(crate) fn take_held(&self) -> Vec<HeldNotification> {
        self.held.take(&self.sender.signing.signer().key)
    }

    /// Starts to send a notification as the behaviour says, or holds it, and returns at once.
    pub(crate) fn announce(&self, notification: Notification) {
        let behaviour = self.behaviour();
        if behaviour.hold {
            let params = self.sender.dated(&notification);
            self.held.keep(notification.out_trade_no, params);
            return;
        }
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= MAX_PENDING {
            tracing::warn!(
                out_trade_no = notification.out_trade_no,
                "too many notifications wait; this one is lost"
            );
            return;
        }
        self.sender.records.begin(NotificationRecord {
            notify_id: notification.notify_id.clone(),
            out_trade_no: notification.out_trade_no.clone(),
            trade_status: notification.trade_status,
            attempts: 0,
            acknowledged: false,
            over: false,
            last_answer: None,
        });
        let turn = self.turns.next(behaviour.reorder);
        let sender = Arc::clone(&self.sender);
        tasks.spawn_on(async move { sender.deliver(notification, behaviour, turn).await }, &self.runtime);
    }

    /// Ends all sending, even if notifications are unfinished.
    pub(crate) async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

impl Sender {
    async fn deliver(&self, notification: Notification, behaviour: NotificationBehaviour, turn: Turn) {
        sleep(behaviour.scaled(behaviour.delay)).await;
        let release = turn.come(behaviour.scaled(NotificationBehaviour::REORDER_WAIT)).await;
        let mut acknowledged = self.attempt(&notification, behaviour.lose_first > 0).await;
        // This releases the notification that waits.
        drop(release);
        let mut lost = behaviour.lose_first.saturating_sub(1);
        for wait in &behaviour.resend_after {
            if acknowledged {
                break;
            }
            sleep(behaviour.scaled(*wait)).await;
            acknowledged = self.attempt(&notification, lost > 0).await;
            lost = lost.saturating_sub(1);
        }
        if acknowledged {
            for _ in 0..behaviour.duplicates {
                self.attempt(&notification, false).await;
            }
        }
        self.records.update(&notification.notify_id, |record| record.over = true);
    }

    /// Sends a notification once, or only counts the attempt if it must be lost. Returns whether the answer was
    /// `success`.
    async fn attempt(&self, notification: &Notification, lose: bool) -> bool {
        let answer = if lose { Err("lost on purpose".to_owned()) } else { self.send(notification).await };
        let acknowledged = answer.as_deref().is_ok_and(|answer| answer == ACKNOWLEDGEMENT);
        let shown = answer.map_or_else(|why| why, |bytes| String::from_utf8_lossy(&bytes).into_owned());
        if !acknowledged {
            tracing::info!(
                notify_id = notification.notify_id,
                answer = shown,
                "a notification was not taken"
            );
        }
        self.records.update(&notification.notify_id, |record| {
            record.attempts += 1;
            record.acknowledged |= acknowledged;
            record.last_answer = Some(shown);
        });
        acknowledged
    }

    /// The parameters with the time of this attempt.
    fn dated(&self, notification: &Notification) -> Params {
        let now: ShopTime = self.clock.now();
        notification.params.clone().with("notify_time", now.to_string())
    }

    async fn send(&self, notification: &Notification) -> Result<Vec<u8>, String> {
        if !self.saves.kept().await {
            return Err("the state file cannot be written".to_owned());
        }
        let _place = self.places.acquire().await.map_err(|closed| closed.to_string())?;
        let signer = self.signing.signer();
        let form = signed::sign(self.dated(notification), &signer.key)
            .map_err(|failed| failed.to_string())?
            .to_form();
        let request = self
            .client
            .post(&notification.notify_url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
            .body(form);
        let mut response = request.send().await.map_err(|error| error.to_string())?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("HTTP {}", response.status()));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
            answer.extend(chunk.iter().take(MAX_ANSWER_BYTES - answer.len()));
            if answer.len() >= MAX_ANSWER_BYTES {
                break;
            }
        }
        Ok(answer)
    }
}
