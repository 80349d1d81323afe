use std::{fmt, path::PathBuf, time::Duration};

use alipay_protocol::{PrivateKey, PublicKey};

use crate::SandboxCertificates;

/// What a sandbox needs to know to be the Alipay of one merchant.
#[derive(Clone)]
pub struct SandboxConfig {
    /// The application that may call the gateway.
    pub app_id: String,
    /// The account that receives the money.
    pub seller_id: String,
    /// What the cashier page shows as the payee.
    pub merchant_name: String,
    /// Verifies the merchant's requests.
    pub app_public_key: PublicKey,
    /// Signs answers, returns and notifications.
    pub alipay_private_key: PrivateKey,
    /// The certificates of both keys in certificate mode; none in key mode.
    pub certificates: Option<SandboxCertificates>,
    /// How notifications behave at first; can be changed while the sandbox runs.
    pub notifications: NotificationBehaviour,
    /// Where the trades are kept over a restart, however the sandbox ends; nowhere where there is none.
    pub state_file: Option<PathBuf>,
    /// How many trades are kept. Further ones are refused.
    pub max_trades: usize,
    /// Whether there is a bill of today, as far as it goes; Alipay has one the next morning.
    pub bill_of_today: bool,
}

impl SandboxConfig {
    /// The application that a fresh sandbox knows.
    pub const DEFAULT_APP_ID: &str = "2021000000000001";
    /// The seller that a fresh sandbox knows.
    pub const DEFAULT_SELLER_ID: &str = "2088102146225135";
    /// The payee that a fresh sandbox shows.
    pub const DEFAULT_MERCHANT_NAME: &str = "达达商城";
    /// Trades that a fresh sandbox keeps.
    pub const DEFAULT_MAX_TRADES: usize = 100_000;

    /// A sandbox for these keys, with everything else as by default and no state file.
    pub fn new(app_public_key: PublicKey, alipay_private_key: PrivateKey) -> Self {
        Self {
            app_id: Self::DEFAULT_APP_ID.to_owned(),
            seller_id: Self::DEFAULT_SELLER_ID.to_owned(),
            merchant_name: Self::DEFAULT_MERCHANT_NAME.to_owned(),
            app_public_key,
            alipay_private_key,
            certificates: None,
            notifications: NotificationBehaviour::default(),
            state_file: None,
            max_trades: Self::DEFAULT_MAX_TRADES,
            bill_of_today: false,
        }
    }
}

/// Shows no key material: see the keys' own `Debug`.
impl fmt::Debug for SandboxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxConfig")
            .field("app_id", &self.app_id)
            .field("seller_id", &self.seller_id)
            .field("app_public_key", &self.app_public_key)
            .field("alipay_public_key", self.alipay_private_key.public_key())
            .field("notifications", &self.notifications)
            .field("state_file", &self.state_file)
            .finish_non_exhaustive()
    }
}

/// How asynchronous notifications are sent. The default is Alipay on a good day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationBehaviour {
    /// How long after each unsuccessful attempt the next one follows; Alipay's own schedule by default. After the last
    /// one it gives up.
    pub resend_after: Vec<Duration>,
    /// Divides all waiting, so that the schedule of a day passes in seconds; 1 is real time.
    pub speed_up: u32,
    /// How long the first attempt is held back.
    pub delay: Duration,
    /// How many times a notification is sent again although it was answered `success`.
    pub duplicates: u32,
    /// How many first attempts never arrive; they are counted as attempts.
    pub lose_first: u32,
    /// Whether notifications overtake each other: each first one waits until the next one has been sent, or for
    /// [`NotificationBehaviour::REORDER_WAIT`].
    pub reorder: bool,
    /// Whether a trade that the merchant closes unpaid is notified; whether Alipay does depends on the product.
    pub notify_close: bool,
    /// Whether notifications are signed and kept instead of sent, until [`Sandbox::take_held`] hands them out: a test
    /// then delivers them itself, in any order and any number of times.
    ///
    /// [`Sandbox::take_held`]: crate::Sandbox::take_held
    pub hold: bool,
}

impl NotificationBehaviour {
    /// How long a notification waits to be overtaken.
    pub const REORDER_WAIT: Duration = Duration::from_secs(10);

    /// Alipay's schedule: 4 and 10 and 10 minutes, 1, 2, 6 and 15 hours.
    pub const SCHEDULE_MINUTES: [u64; 7] = [4, 10, 10, 60, 120, 360, 900];

    /// A span of this schedule in real time.
    pub(crate) fn scaled(&self, span: Duration) -> Duration {
        span / self.speed_up.max(1)
    }
}

impl Default for NotificationBehaviour {
    fn default() -> Self {
        Self {
            resend_after: Self::SCHEDULE_MINUTES.map(|minutes| Duration::from_secs(minutes * 60)).to_vec(),
            speed_up: 1,
            delay: Duration::ZERO,
            duplicates: 0,
            lose_first: 0,
            reorder: false,
            notify_close: false,
            hold: false,
        }
    }
}
