use std::{fmt, path::PathBuf, time::Duration};

use alipay_protocol::{PrivateKey, PublicKey};

use crate::SandboxCertificates;

/// The configuration of a sandbox, which is the Alipay of one merchant.
#[derive(Clone)]
pub struct SandboxConfig {
    /// The application that may call the gateway.
    pub app_id: String,
    /// The account that receives the money.
    pub seller_id: String,
    /// The payee on the cashier page.
    pub merchant_name: String,
    /// The key that verifies the merchant's requests.
    pub app_public_key: PublicKey,
    /// The key that signs answers, returns and notifications.
    pub alipay_private_key: PrivateKey,
    /// The certificates of both keys in certificate mode; `None` in key mode.
    pub certificates: Option<SandboxCertificates>,
    /// The initial behaviour of notifications, which can change while the sandbox runs.
    pub notifications: NotificationBehaviour,
    /// The file that keeps the trades over a restart, however the sandbox ends. `None`: the trades are not kept.
    pub state_file: Option<PathBuf>,
    /// Maximum number of trades. Further ones are refused.
    pub max_trades: usize,
    /// Whether there is a bill of today with the trades so far. Alipay has the bill the next morning.
    pub bill_of_today: bool,
}

impl SandboxConfig {
    /// The default application.
    pub const DEFAULT_APP_ID: &str = "2021000000000001";
    /// The default seller.
    pub const DEFAULT_SELLER_ID: &str = "2088102146225135";
    /// The default payee.
    pub const DEFAULT_MERCHANT_NAME: &str = "达达商城";
    /// The default maximum number of trades.
    pub const DEFAULT_MAX_TRADES: usize = 100_000;

    /// A sandbox for these keys, with default values for everything else and no state file.
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

/// How asynchronous notifications are sent. The default is Alipay's normal behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationBehaviour {
    /// The pause after each unsuccessful attempt; Alipay's own schedule by default. After the attempt that follows the
    /// last pause it gives up.
    pub resend_after: Vec<Duration>,
    /// Divides all waiting times, so that the schedule of a day takes seconds; 1 is real time.
    pub speed_up: u32,
    /// The delay of the first attempt.
    pub delay: Duration,
    /// How many times a notification is sent again after the answer `success`.
    pub duplicates: u32,
    /// How many first attempts are lost. They count as attempts.
    pub lose_first: u32,
    /// Whether notifications overtake each other: the first one of two waits until the second one has been sent, at
    /// most [`NotificationBehaviour::REORDER_WAIT`].
    pub reorder: bool,
    /// Whether a notification is sent if the merchant closes an unpaid trade. At Alipay this depends on the product.
    pub notify_close: bool,
    /// Whether notifications are held instead of sent, until [`Sandbox::take_held`] signs and returns them. The test
    /// then delivers them itself, in any order and any number of times.
    ///
    /// [`Sandbox::take_held`]: crate::Sandbox::take_held
    pub hold: bool,
}

impl NotificationBehaviour {
    /// How long a notification waits to be overtaken.
    pub const REORDER_WAIT: Duration = Duration::from_secs(10);

    /// Alipay's schedule: 4, 10 and 10 minutes, then 1, 2, 6 and 15 hours.
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
