use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::system::SystemClock;
use ports::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Alipay, Browser, Buyer, Data, Database, Sandbox, Server, Staff,
    child::{binary, free_address, kill, killed_with_parent},
    data,
};

/// The setup of a program under test. Its files are in a temporary directory, which is removed with it.
#[derive(Clone)]
pub struct Setup {
    directory: Arc<TempDir>,
    program: PathBuf,
    data: Data,
    listen: SocketAddr,
    sandbox: SocketAddr,
    /// The address of its metrics, if they are on.
    metrics: Option<SocketAddr>,
    settings: Vec<(String, String)>,
    /// Default settings of the tests that are left out.
    left_out: Vec<&'static str>,
    /// Its soft and hard limits of open files, if they differ from the test's own.
    open_files: Option<(u32, u32)>,
}

/// The running program.
pub struct Dashop {
    setup: Setup,
    child: Child,
    /// The time from the start of the process to the first answer.
    pub ready_after: Duration,
    /// One client for all requests from here: to make a client takes so long on a busy machine that the program takes
    /// connections that are opened meanwhile for idle ones.
    browser: Browser,
}

const JWT_SECRET: &str = "a secret of the tests, long enough for HS256";
const STAFF_SECRET: &str = "another secret of the tests, long enough as well";

impl Setup {
    /// The embedded shop with the sandbox, as with `make run`, on free ports.
    pub fn embedded() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = Data::embedded(directory.path());
        Self::new(directory, data)
    }

    /// The same shop on the MySQL and the Redis of this run, both empty.
    pub async fn on_servers() -> Self {
        Self::new(tempfile::tempdir().unwrap(), Data::on_servers().await)
    }

    /// The same shop on servers that only this test uses.
    pub async fn on(mysql: &Server, redis: &Server) -> Self {
        let (mysql, redis) = (data::new_mysql(&mysql.url(), 1).await, format!("{}/4", redis.url()));
        let data = Data::Servers { mysql: vec![mysql], redis: vec![redis] };
        Self::new(tempfile::tempdir().unwrap(), data)
    }

    /// The same shop as a database user who has no rights beyond the database.
    pub async fn as_plain_user(self, mysql: &Server) -> Self {
        let database = self.data.database_url();
        let name = database.rsplit('/').next().unwrap();
        let url = format!("{}/{name}", mysql.url_of_plain_user().await);
        self.with("DASHOP_DATABASE_URL", &url)
    }

    /// The same shop on the Galera cluster and the Redis Cluster of this run.
    pub async fn on_clusters() -> Self {
        Self::new(tempfile::tempdir().unwrap(), Data::on_clusters().await)
    }

    /// The same shop, seen from one node of its database.
    pub fn at_node(&self, node: usize) -> Self {
        Self { data: self.data.at_node(node), ..self.beside() }
    }

    fn new(directory: TempDir, data: Data) -> Self {
        Self {
            directory: Arc::new(directory),
            program: binary("dashop"),
            data,
            listen: free_address(),
            sandbox: free_address(),
            metrics: None,
            settings: Vec::new(),
            left_out: Vec::new(),
            open_files: None,
        }
    }

    /// Pays at `alipay`, whose private key the test has, instead of at the sandbox.
    pub fn paying_at(self, alipay: &Alipay) -> Self {
        let settings = [
            ("DASHOP_ALIPAY_APP_ID", alipay.app_id.clone()),
            ("DASHOP_ALIPAY_SELLER_ID", alipay.seller_id.clone()),
            ("DASHOP_ALIPAY_APP_PRIVATE_KEY", alipay.application.to_pkcs8_pem().unwrap()),
            ("DASHOP_ALIPAY_PUBLIC_KEY", alipay.platform.public_key().to_spki_pem().unwrap()),
            ("DASHOP_SANDBOX", "false".to_owned()),
            ("DASHOP_SEED_DEMO", "true".to_owned()),
            // Nothing listens there: the program learns of payments only from the test's notifications.
            ("DASHOP_ALIPAY_GATEWAY_URL", format!("http://{}/gateway.do", free_address())),
        ];
        settings.into_iter().fold(self, |setup, (name, value)| setup.with(name, &value))
    }

    /// Pays at a sandbox that runs as its own program.
    pub fn paying_at_sandbox(self, sandbox: &Sandbox) -> Self {
        let mut setup = self.paying_at(&sandbox.alipay);
        let files = sandbox.certificate_files();
        if !files.is_empty() {
            let keys = ["DASHOP_ALIPAY_APP_PRIVATE_KEY", "DASHOP_ALIPAY_PUBLIC_KEY"];
            setup.settings.retain(|(name, _)| !keys.contains(&name.as_str()));
            setup.settings.extend(files);
        }
        setup.with("DASHOP_ALIPAY_GATEWAY_URL", &sandbox.gateway_url())
    }

    /// Uses another program, such as the last release.
    pub fn of_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    /// Adds a setting.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves out a variable that the tests set by default, for example because it is in the program's file.
    pub fn without(mut self, name: &'static str) -> Self {
        self.left_out.push(name);
        self
    }

    /// Turns the metrics on.
    pub fn with_metrics(self) -> Self {
        Self { metrics: Some(free_address()), ..self }
    }

    /// Limits the number of open files: soft and hard.
    pub fn with_open_files(self, soft: u32, hard: u32) -> Self {
        Self { open_files: Some((soft, hard)), ..self }
    }

    /// A second program beside this one, on the same data.
    pub fn beside(&self) -> Self {
        Self {
            listen: free_address(),
            sandbox: free_address(),
            metrics: self.metrics.map(|_| free_address()),
            ..self.clone()
        }
    }

    /// The directory in which the program keeps its files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The shop's data.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The program's command line, without a subcommand.
    pub fn command(&self) -> Command {
        let mut command = match self.open_files {
            None => killed_with_parent(&self.program),
            Some((soft, hard)) => {
                let mut command = killed_with_parent("prlimit");
                command.args([format!("--nofile={soft}:{hard}").as_str(), "--"]).arg(&self.program);
                command
            }
        };
        command
            .env_clear()
            .envs(self.data.settings())
            .env("DASHOP_LISTEN", self.listen.to_string())
            .env("DASHOP_SANDBOX_LISTEN", self.sandbox.to_string())
            .env("DASHOP_JWT_SECRET", JWT_SECRET)
            .env("DASHOP_STAFF_SECRET", STAFF_SECRET)
            // Buyers in these tests order the same things again and again.
            .env("DASHOP_DOUBLE_CLICK", "0")
            // They also leave many orders unpaid.
            .env("DASHOP_UNPAID_ORDERS", "0")
            .env("DASHOP_UNPAID_PIECES", "0")
            .envs(self.metrics.map(|address| ("DASHOP_METRICS_LISTEN", address.to_string())))
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory());
        for name in &self.left_out {
            command.env_remove(name);
        }
        command
    }

    /// Runs a subcommand until it ends.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("the program is built: cargo build --bin dashop")
    }

    /// Starts as many programs as the data allows: one on the embedded shop, two on servers, one at each node of a
    /// cluster.
    pub async fn start_programs(self) -> Vec<Dashop> {
        let mut setups = match &self.data {
            Data::Embedded(_) => Vec::new(),
            Data::Servers { mysql, .. } if mysql.len() == 1 => vec![self.beside()],
            Data::Servers { mysql, .. } => (1..mysql.len()).map(|node| self.at_node(node)).collect(),
        };
        setups.insert(0, self);
        let mut programs = Vec::new();
        for setup in setups {
            programs.push(setup.start().await);
        }
        programs
    }

    /// Starts the program and waits until it is ready.
    pub async fn start(self) -> Dashop {
        self.start_until("/readyz").await
    }

    /// Starts the program and waits until it answers, whether or not it is ready.
    pub async fn start_unready(self) -> Dashop {
        self.start_until("/healthz").await
    }

    async fn start_until(self, path: &str) -> Dashop {
        let started = Instant::now();
        let mut dashop = self.launch();
        dashop.await_answer(started, path).await;
        dashop
    }

    /// Starts the program without waiting.
    pub fn launch(self) -> Dashop {
        let log = File::options().append(true).create(true).open(self.log_file()).unwrap();
        let child = self
            .command()
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the program is built: cargo build --bin dashop");
        Dashop { setup: self, child, ready_after: Duration::ZERO, browser: Browser::new() }
    }

    /// The program's output so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.directory().join(format!("log-{}", self.listen.port()))
    }
}

impl Dashop {
    async fn await_answer(&mut self, started: Instant, path: &str) {
        let ready = self.url(path);
        while started.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the program ended with {status}");
            }
            if self.browser.status(&ready).await == Some(200) {
                self.ready_after = started.elapsed();
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the program did not get ready");
    }

    /// A URL of the program.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.setup.listen)
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.setup.listen
    }

    /// The address of its metrics.
    pub fn metrics_address(&self) -> SocketAddr {
        self.setup.metrics.expect("it is set up with metrics")
    }

    /// Its metrics, as Prometheus reads them.
    pub async fn metrics(&self) -> String {
        let reply = self.browser.get(&format!("http://{}/metrics", self.metrics_address())).await;
        assert_eq!(reply.status, 200);
        reply.text
    }

    /// One of its metrics, with labels as shown.
    pub async fn metric(&self, series: &str) -> Option<f64> {
        let metrics = self.metrics().await;
        let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }

    /// The program's output so far.
    pub fn log(&self) -> String {
        self.setup.log()
    }

    /// Its setup.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Opens its database beside it.
    pub async fn database(&self) -> Database {
        self.setup.data.open().await
    }

    /// A buyer with a valid token. The user need not exist.
    pub fn buyer(&self, username: &str) -> Buyer {
        Buyer::new(self.browser.clone(), self.url(""), token(username, 3600))
    }

    /// A buyer with this token.
    pub fn bearer(&self, token: &str) -> Buyer {
        Buyer::new(self.browser.clone(), self.url(""), token.to_owned())
    }

    /// Signs in over HTTP and returns the whole answer.
    pub async fn sign_in(&self, username: &str, password: &str) -> Value {
        let body = serde_json::json!({"username": username, "password": password, "cart": null});
        self.browser.post_json(&self.url("/v1/tokens"), &body).await
    }

    /// A valid token for this user name.
    pub fn token(&self, username: &str) -> String {
        token(username, 24 * 3600)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Orders one piece of the SKU directly, as buyer `b<user>` with the address of the same id. Returns the order's
    /// number.
    pub async fn order_one(&self, user: i32, sku_id: i32) -> String {
        let body = json!({"address_id": user, "settlement_type": 1, "sku_id": sku_id, "buy_num": 1});
        let created = self.buyer(&format!("b{user}")).create(body).await;
        created["data"]["order_id"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned()
    }

    /// The output of `dashop events`.
    pub fn events(&self, arguments: &[&str]) -> String {
        let output = self.setup.run(&[&["events"], arguments].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A member of staff, with a token from the command line.
    pub fn staff(&self, name: &str) -> Staff {
        let output = self.setup.run(&["token", "--staff", name]);
        assert!(output.status.success(), "{output:?}");
        Staff::new(
            self.browser.clone(),
            self.url(""),
            String::from_utf8(output.stdout).unwrap().trim().to_owned(),
        )
    }

    /// Its anonymous resident memory in bytes, without the pages of its file, which are many in a debug build.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    }

    /// One of its soft limits, such as `Max open files`.
    pub fn limit(&self, name: &str) -> String {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    }

    /// Whether SIGSTOP has stopped it.
    pub fn is_stopped_by_a_signal(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        status.lines().any(|line| line.starts_with("State:\tT"))
    }

    /// Sends it a signal, such as `HUP`.
    pub fn signal(&self, name: &str) {
        crate::child::signal(self.child.id(), name);
    }

    /// Kills it as a power cut would: SIGKILL.
    pub fn kill(mut self) -> Setup {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.setup.clone()
    }

    /// Sends SIGTERM and waits until it has stopped.
    pub async fn stop(self) -> Setup {
        self.signal("TERM");
        self.ended().await
    }

    /// Waits until it has ended successfully, as after a signal.
    pub async fn ended(mut self) -> Setup {
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "stopped with {status}");
                return self.setup.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the program did not stop");
    }
}

impl Drop for Dashop {
    fn drop(&mut self) {
        kill(&mut self.child);
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("the program said at last:\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
        }
    }
}

/// A token signed with the tests' secret.
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
