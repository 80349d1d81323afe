//! Changes secrets and log level at run time: after SIGHUP, and for `dashop reload`.

mod socket;

use std::{error::Error, io, path::PathBuf, sync::Arc, time::Duration};

use adapters::{system::SystemClock, webhook::WebhookConfig};
use ports::Clock;
use tokio::{
    signal::unix::Signal,
    task::{JoinError, spawn_blocking},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use socket::ControlSocket;
pub(crate) use socket::ask;

use crate::{
    StartError,
    configuration::{Configuration, ConfigurationError, Source, TokenSecrets},
    error_chain::chain,
    http::{Secrets, SecretsInForce},
    logging::{LogError, LogLevel},
    systemd,
    wiring::{Webhooks, secrets, secrets_to_change},
};

/// How often the log repeats warnings about the secrets.
const REMINDER: Duration = Duration::from_secs(24 * 3600);
/// How long reading the settings may take: a mounted secret may hang. `dashop reload` waits somewhat longer.
const READ_WITHIN: Duration = Duration::from_secs(20);

/// Where the settings are read from at each reload.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The TOML file.
    pub(crate) file: Option<PathBuf>,
}

impl Settings {
    /// The environment, as it was at the start, overrides the file.
    ///
    /// # Errors
    /// The file or a variable cannot be read.
    pub(crate) fn source(&self) -> Result<Source, ConfigurationError> {
        Source::of_environment(std::env::vars_os(), self.file.as_deref())
    }
}

/// The socket of the program for `dashop reload`.
///
/// # Errors
/// A setting is invalid or unknown.
pub(crate) fn control_socket(source: Source) -> Result<PathBuf, ConfigurationError> {
    let (data_dir, listen) = Configuration::place(source)?;
    Ok(socket::path(&data_dir, listen))
}

/// Why new settings are refused.
#[derive(Debug, thiserror::Error)]
enum ReloadError {
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(
        "DASHOP_EVENTS_URL and [webhooks.…]: the endpoints are not those of the start, by name and URL, which takes a restart"
    )]
    Endpoints,
    #[error("the files of the settings were not read within {} seconds", READ_WITHIN.as_secs())]
    Unread,
    #[error("the settings could not be read")]
    Died(#[from] JoinError),
}

/// The parts that can change at run time.
pub(crate) struct Reload {
    /// Where settings come from.
    pub(crate) settings: Settings,
    /// The settings at the start.
    pub(crate) started: Configuration,
    /// The secrets of tokens.
    pub(crate) secrets: Arc<SecretsInForce>,
    /// The signers of events.
    pub(crate) webhooks: Webhooks,
    /// The log level.
    pub(crate) log: LogLevel,
}

impl Reload {
    /// Reloads secrets and log level at each request, forever. Each HTTP request keeps the secrets with which it began.
    pub(crate) async fn serve(self, mut hangups: Signal) {
        let socket = ControlSocket::open(&self.started.data_dir, self.started.http.listen);
        if let Err(error) = &socket {
            tracing::warn!(%error, "`dashop reload` cannot reach this program; SIGHUP does the same");
        }
        let mut tokens = self.started.tokens.clone();
        let mut reminders = interval_at(Instant::now() + REMINDER, REMINDER);
        reminders.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(()) = hangups.recv() => {
                    if let Ok(read) = self.reload().await {
                        tokens = read;
                    }
                }
                asked = next(socket.as_ref().ok()) => {
                    let outcome = self.reload().await;
                    asked.answer(outcome.as_ref().err().map(|error| chain(error))).await;
                    tokens = outcome.unwrap_or(tokens);
                }
                _ = reminders.tick() => remind(&tokens),
            }
        }
    }

    /// Reads and checks everything before it changes anything.
    async fn reload(&self) -> Result<TokenSecrets, ReloadError> {
        systemd::reloading();
        let outcome = self.read_and_change().await;
        match &outcome {
            Ok(tokens) => {
                tracing::info!("secrets and log level are as the settings say now");
                remind(tokens);
            }
            Err(error) => tracing::error!(
                error = error as &dyn Error,
                "the new settings are refused; secrets and log level stay as they were"
            ),
        }
        systemd::ready();
        outcome
    }

    async fn read_and_change(&self) -> Result<TokenSecrets, ReloadError> {
        let settings = self.settings.clone();
        let data_dir = self.started.data_dir.clone();
        // In a thread of its own: orders and jobs continue in the meantime.
        let reading = spawn_blocking(move || read(&settings, data_dir));
        let read = timeout(READ_WITHIN, reading).await.map_err(|_elapsed| ReloadError::Unread)?;
        let (configuration, secrets) = read??;
        let filter = self.log.read(&configuration.log.level)?;
        let endpoints = endpoints(&configuration);
        let places = |endpoints: &[&WebhookConfig]| -> Vec<_> {
            endpoints.iter().map(|endpoint| (endpoint.name.clone(), endpoint.url.clone())).collect()
        };
        if places(&endpoints) != places(&self::endpoints(&self.started)) {
            return Err(ReloadError::Endpoints);
        }
        self.secrets.replace(secrets);
        for (name, webhook) in &self.webhooks {
            if let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.name == *name) {
                webhook.sign_with(&endpoint.secrets);
            }
        }
        self.log.set(filter)?;
        Ok(configuration.tokens)
    }
}

/// Blocks while it reads files.
fn read(settings: &Settings, data_dir: PathBuf) -> Result<(Configuration, Secrets), ReloadError> {
    let mut configuration = Configuration::read(settings.source()?)?;
    // Generated secrets are in the data directory of this process.
    configuration.data_dir = data_dir;
    let secrets = secrets(&configuration)?;
    Ok((configuration, secrets))
}

/// The webhook endpoints in the settings.
fn endpoints(configuration: &Configuration) -> Vec<&WebhookConfig> {
    configuration.events.endpoints.iter().map(|endpoint| &endpoint.webhook).collect()
}

/// The next request; waits forever if there is no socket.
async fn next(socket: Option<&ControlSocket>) -> socket::Asked {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

fn remind(tokens: &TokenSecrets) {
    for warning in secrets_to_change(tokens, SystemClock.now()) {
        tracing::warn!(what = "secrets", "{warning}");
    }
}

/// `dashop reload` failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("{}: no program listens here for `dashop reload`; DASHOP_DATA_DIR and DASHOP_LISTEN must be its own", socket.display())]
    Nobody {
        socket: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("the program did not answer")]
    NoAnswer,
    #[error("the program refused the new settings and goes on with the old ones: {0}")]
    Refused(String),
}
