use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::system::SystemClock;
use ports::Clock;
use tempfile::TempDir;

use crate::{Alipay, Browser, Buyer, Database};

/// How a program under test is set up. Everything lives in a directory of its own, which is removed with it.
pub struct Setup {
    directory: Arc<TempDir>,
    listen: SocketAddr,
    sandbox: SocketAddr,
    settings: Vec<(String, String)>,
}

/// The program, running.
pub struct Dashop {
    setup: Setup,
    child: Child,
    /// How long it took from the start of the process to the first answer.
    pub ready_after: Duration,
}

const JWT_SECRET: &str = "a secret of the tests, long enough for HS256";

impl Setup {
    /// The embedded shop with the sandbox, as `make run` has it, on free ports.
    pub fn embedded() -> Self {
        Self {
            directory: Arc::new(tempfile::tempdir().unwrap()),
            listen: free_port(),
            sandbox: free_port(),
            settings: Vec::new(),
        }
    }

    /// The embedded shop that pays at `alipay`, whose private key the test has.
    pub fn paying_at(alipay: &Alipay) -> Self {
        let keys = [
            ("DASHOP_ALIPAY_APP_ID", alipay.app_id.clone()),
            ("DASHOP_ALIPAY_SELLER_ID", alipay.seller_id.clone()),
            ("DASHOP_ALIPAY_APP_PRIVATE_KEY", alipay.application.to_pkcs8_pem().unwrap()),
            ("DASHOP_ALIPAY_PUBLIC_KEY", alipay.platform.public_key().to_spki_pem().unwrap()),
            ("DASHOP_SEED_DEMO", "true".to_owned()),
            // Nobody listens there: what is known of a payment is what the test notifies.
            ("DASHOP_ALIPAY_GATEWAY_URL", format!("http://{}/gateway.do", free_port())),
        ];
        keys.into_iter().fold(Self::embedded(), |setup, (name, value)| setup.with(name, &value))
    }

    /// With one more setting.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The directory in which the program keeps its data.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The program's command line, without a subcommand.
    pub fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command
            .env_clear()
            .env("DASHOP_DATABASE_URL", format!("sqlite:{}", self.database_file().display()))
            .env("DASHOP_LISTEN", self.listen.to_string())
            .env("DASHOP_SANDBOX_LISTEN", self.sandbox.to_string())
            .env("DASHOP_JWT_SECRET", JWT_SECRET)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory());
        command
    }

    /// The embedded database.
    pub fn database_file(&self) -> PathBuf {
        self.directory().join("dashop.db")
    }

    /// Starts the program and waits until it serves.
    pub async fn start(self) -> Dashop {
        let log = File::options().append(true).create(true).open(self.directory().join("log")).unwrap();
        let started = Instant::now();
        let child = self
            .command()
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the program is built: cargo build --bin dashop");
        let mut dashop = Dashop { setup: self, child, ready_after: Duration::ZERO };
        dashop.await_ready(started).await;
        dashop
    }
}

impl Dashop {
    /// Starts a program of its own on the embedded shop with the sandbox.
    pub async fn embedded() -> Self {
        Setup::embedded().start().await
    }

    async fn await_ready(&mut self, started: Instant) {
        let browser = Browser::new();
        let ready = self.url("/readyz");
        while started.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the program ended with {status}:\n{}", self.log());
            }
            if browser.status(&ready).await == Some(200) {
                self.ready_after = started.elapsed();
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the program did not get ready:\n{}", self.log());
    }

    /// A URL of the program.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.setup.listen)
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.setup.directory().join("log")).unwrap_or_default()
    }

    /// How it is set up.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// A look into its database, beside it.
    pub fn database(&self) -> Database {
        Database::open(&self.setup.database_file())
    }

    /// A buyer with a valid token, whether or not the user exists.
    pub fn buyer(&self, username: &str) -> Buyer {
        Buyer::new(self.url(""), token(username, 3600))
    }

    /// The memory it has resident, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    }

    /// Kills it as a power cut would: SIGKILL.
    pub fn kill(mut self) -> Setup {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.take_setup()
    }

    /// Asks it to stop, SIGTERM, and waits until it has.
    pub async fn stop(mut self) -> Setup {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "stopped with {status}:\n{}", self.log());
                return self.take_setup();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the program did not stop:\n{}", self.log());
    }

    fn take_setup(&self) -> Setup {
        Setup {
            directory: Arc::clone(&self.setup.directory),
            listen: self.setup.listen,
            sandbox: self.setup.sandbox,
            settings: self.setup.settings.clone(),
        }
    }
}

impl Drop for Dashop {
    fn drop(&mut self) {
        // It may have been stopped already; then there is nothing to kill.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// A token of the tests' secret.
fn token(username: &str, seconds: i64) -> String {
    #[derive(serde::Serialize)]
    struct Claims<'a> {
        username: &'a str,
        exp: i64,
    }
    let claims = Claims { username, exp: SystemClock.now().unix_seconds() + seconds };
    let key = jsonwebtoken::EncodingKey::from_secret(JWT_SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

/// An address on loopback that nobody listens on.
fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The program beside which the test was built.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let mut beside = test.ancestors().skip(1).take(2).map(|folder| folder.join("dashop"));
    beside.find(|program| program.is_file()).expect("the program is built: cargo build --bin dashop")
}
