//! `alipay-sandbox`: a sandbox that replaces Alipay, on its own port.

use std::{
    error::Error, fs, io::IsTerminal as _, net::TcpListener, path::PathBuf, process::ExitCode, sync::Arc,
    time::Duration,
};

use adapters::system::SystemClock;
use alipay_protocol::{PrivateKey, PublicKey};
use alipay_sandbox::{NotificationBehaviour, Sandbox, SandboxCertificates, SandboxConfig, SandboxKeys};
use clap::Parser;
use ports::Clock as _;
use tracing_subscriber::EnvFilter;

/// A stand-in for Alipay: gateway, cashier page, notifications and refunds.
#[derive(Parser)]
struct Options {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "ALIPAY_SANDBOX_LISTEN", default_value = "127.0.0.1:8001")]
    listen: String,
    /// Folder of the keys; what is missing in it is made.
    #[arg(long, env = "ALIPAY_SANDBOX_KEYS", default_value = "data/alipay-sandbox")]
    keys: PathBuf,
    /// File with the merchant's public key, instead of the folder's.
    #[arg(long, env = "ALIPAY_SANDBOX_APP_PUBLIC_KEY")]
    app_public_key: Option<PathBuf>,
    /// File with Alipay's private key, instead of the folder's.
    #[arg(long, env = "ALIPAY_SANDBOX_ALIPAY_PRIVATE_KEY")]
    alipay_private_key: Option<PathBuf>,
    /// Be in certificate mode (公钥证书): certificates are made in the folder of the keys.
    #[arg(long, env = "ALIPAY_SANDBOX_CERTIFICATES")]
    certificates: bool,
    /// The application that may call.
    #[arg(long, env = "ALIPAY_SANDBOX_APP_ID", default_value = SandboxConfig::DEFAULT_APP_ID)]
    app_id: String,
    /// The account that receives the money.
    #[arg(long, env = "ALIPAY_SANDBOX_SELLER_ID", default_value = SandboxConfig::DEFAULT_SELLER_ID)]
    seller_id: String,
    /// The payee that the cashier page shows.
    #[arg(long, env = "ALIPAY_SANDBOX_MERCHANT_NAME", default_value = SandboxConfig::DEFAULT_MERCHANT_NAME)]
    merchant_name: String,
    /// File that keeps the trades over a restart.
    #[arg(long, env = "ALIPAY_SANDBOX_STATE_FILE")]
    state_file: Option<PathBuf>,
    /// Have a bill of today too.
    #[arg(long, env = "ALIPAY_SANDBOX_BILL_OF_TODAY")]
    bill_of_today: bool,
    /// Divides the waiting between attempts of a notification (25 hours in all).
    #[arg(long, env = "ALIPAY_SANDBOX_NOTIFY_SPEED_UP", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    notify_speed_up: u32,
    /// Milliseconds by which each notification is late.
    #[arg(long, env = "ALIPAY_SANDBOX_NOTIFY_DELAY_MS", default_value_t = 0)]
    notify_delay_ms: u64,
    /// How many times a notification is repeated although it was taken.
    #[arg(long, env = "ALIPAY_SANDBOX_NOTIFY_DUPLICATES", default_value_t = 0)]
    notify_duplicates: u32,
    /// How many first attempts of each notification are lost.
    #[arg(long, env = "ALIPAY_SANDBOX_NOTIFY_LOSE_FIRST", default_value_t = 0)]
    notify_lose_first: u32,
    /// Let notifications overtake each other.
    #[arg(long, env = "ALIPAY_SANDBOX_NOTIFY_REORDER")]
    notify_reorder: bool,
    /// Notify also trades that the merchant closes unpaid.
    #[arg(long, env = "ALIPAY_SANDBOX_NOTIFY_CLOSE")]
    notify_close: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("ALIPAY_SANDBOX_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,alipay_sandbox=info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("alipay-sandbox: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let listener =
        TcpListener::bind(&options.listen).map_err(|error| format!("{}: {error}", options.listen))?;
    let sandbox = Sandbox::start(config(options)?, listener, Arc::new(SystemClock))?;
    // This is the only line on standard output. A script that starts the program on port 0 reads it.
    println!("{}", sandbox.gateway_url());
    asked_to_stop().await?;
    sandbox.stop().await;
    Ok(())
}

fn config(options: Options) -> Result<SandboxConfig, Box<dyn Error>> {
    let (app_public_key, alipay_private_key) = keys(&options)?;
    let folder = options.certificates.then(|| options.keys.clone());
    let mut config = SandboxConfig {
        app_id: options.app_id,
        seller_id: options.seller_id,
        merchant_name: options.merchant_name,
        state_file: options.state_file,
        bill_of_today: options.bill_of_today,
        notifications: NotificationBehaviour {
            speed_up: options.notify_speed_up,
            delay: Duration::from_millis(options.notify_delay_ms),
            duplicates: options.notify_duplicates,
            lose_first: options.notify_lose_first,
            reorder: options.notify_reorder,
            notify_close: options.notify_close,
            ..NotificationBehaviour::default()
        },
        ..SandboxConfig::new(app_public_key, alipay_private_key)
    };
    if let Some(folder) = folder {
        let now = SystemClock.now();
        config.certificates = Some(SandboxCertificates::load_or_generate(&folder, &config, now)?);
    }
    Ok(config)
}

/// Reads the keys from the named files. It uses the folder only for keys without a named file.
fn keys(options: &Options) -> Result<(PublicKey, PrivateKey), Box<dyn Error>> {
    let read =
        |path: &PathBuf| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let app = match &options.app_public_key {
        Some(path) => {
            Some(PublicKey::parse(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?)
        }
        None => None,
    };
    let alipay = match &options.alipay_private_key {
        Some(path) => {
            Some(PrivateKey::parse(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?)
        }
        None => None,
    };
    if let (Some(app), Some(alipay)) = (&app, &alipay) {
        return Ok((app.clone(), alipay.clone()));
    }
    let folder = SandboxKeys::load_or_generate(&options.keys)?;
    Ok((app.unwrap_or_else(|| folder.app.public_key().clone()), alipay.unwrap_or(folder.alipay)))
}

/// Waits for Ctrl-C or SIGTERM.
async fn asked_to_stop() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
