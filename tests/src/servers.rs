use std::{
    fs::File,
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use deadpool_redis::redis;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, SimpleAsyncConnection};
use tempfile::TempDir;

use crate::Certificates;
use crate::child::{free_address, kill, killed_with_parent, signal, until};

/// A database or cart server that only one test uses, and that can be killed and halted. It keeps its data when it is
/// killed.
pub struct Server {
    kind: Kind,
    /// Options of the server's command line.
    options: Vec<String>,
    directory: TempDir,
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    child: Option<Child>,
}

#[derive(Clone, Copy)]
enum Kind {
    MariaDb,
    Redis,
}

impl Server {
    /// A MariaDB with an empty data directory.
    pub async fn mariadb() -> Self {
        Self::mariadb_with(&[]).await
    }

    /// The same with these options.
    pub async fn mariadb_with(options: &[&str]) -> Self {
        Self::new(Kind::MariaDb, options).await
    }

    /// An empty Redis that writes each change to disk before it answers.
    pub async fn redis() -> Self {
        Self::new(Kind::Redis, &[]).await
    }

    /// The same, also reachable over TLS.
    pub async fn redis_with_tls(certificates: &Certificates) -> Self {
        let address = free_address();
        let file = |path: std::path::PathBuf| path.display().to_string();
        let (certificate, key) = (file(certificates.certificate()), file(certificates.key()));
        let (port, authority) = (address.port().to_string(), file(certificates.authority()));
        let options = [
            ["--tls-port", &port],
            ["--tls-cert-file", &certificate],
            ["--tls-key-file", &key],
            ["--tls-ca-cert-file", &authority],
            ["--tls-auth-clients", "no"],
        ];
        let mut server = Self::new(Kind::Redis, &options.concat()).await;
        server.tls_address = Some(address);
        server
    }

    /// Its URL over TLS.
    pub fn tls_url(&self) -> String {
        format!("rediss://{}", self.tls_address.expect("it is reached over TLS"))
    }

    async fn new(kind: Kind, options: &[&str]) -> Self {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let directory = tempfile::tempdir().unwrap();
        let mut server =
            Self { kind, options, directory, address: free_address(), tls_address: None, child: None };
        server.install();
        server.start().await;
        server
    }

    /// Its URL; for a MySQL server, without the name of a database.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::MariaDb => format!("mysql://root@{}", self.address),
            Kind::Redis => format!("redis://{}", self.address),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Sends SIGKILL, which acts like a power cut.
    pub fn kill(&mut self) {
        kill(&mut self.child.take().expect("it runs"));
    }

    /// Sends SIGSTOP: connections stay open, but nothing is answered.
    pub fn halt(&self) {
        signal(self.pid(), "STOP");
    }

    /// Sends SIGCONT, which ends the halt.
    pub fn go_on(&self) {
        signal(self.pid(), "CONT");
    }

    /// Starts it, or starts it again, with the same address and data, and waits until it answers.
    pub async fn start(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log_file = self.directory.path().join("log");
        let log = File::options().append(true).create(true).open(&log_file).unwrap();
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().expect("Debian's mariadb-server and redis-server are installed"));
        let what = format!("the server answers; its log is {}", log_file.display());
        until(&what, async || self.answers().await).await;
    }

    fn install(&self) {
        if let Kind::Redis = self.kind {
            return;
        }
        let output = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"])
            .arg(format!("--user={}", user()))
            .arg(format!("--datadir={}", self.directory.path().join("data").display()))
            // MariaDB removes files there that look like its own at its start, even another server's.
            .env("TMPDIR", self.directory.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn command(&self) -> Command {
        let folder = self.directory.path().display();
        let port = self.address.port();
        let mut command = match self.kind {
            Kind::MariaDb => {
                let mut mariadbd = killed_with_parent("/usr/sbin/mariadbd");
                mariadbd.args(["--no-defaults", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=64M"]);
                mariadbd.args(["--character-set-server=utf8mb4".to_owned(), format!("--user={}", user())]);
                mariadbd.args([format!("--port={port}"), format!("--datadir={folder}/data")]);
                mariadbd.args([format!("--socket={folder}/socket"), format!("--pid-file={folder}/pid")]);
                mariadbd
            }
            Kind::Redis => {
                let mut redis = killed_with_parent("redis-server");
                redis.args(["--bind", "127.0.0.1", "--appendonly", "yes", "--appendfsync", "always"]);
                redis.args(["--port", &port.to_string(), "--dir", &folder.to_string()]);
                redis
            }
        };
        command.args(&self.options).env("TMPDIR", self.directory.path());
        command
    }

    /// Runs statements as the root user of the database.
    pub async fn execute(&self, sql: &str) {
        let mut root = AsyncMysqlConnection::establish(&format!("{}/mysql", self.url())).await.unwrap();
        root.batch_execute(sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// Its URL for a user who has rights only on the databases of the tests.
    pub async fn url_of_plain_user(&self) -> String {
        self.execute(
            "CREATE USER IF NOT EXISTS shop@'127.0.0.1' IDENTIFIED BY 'shop'; \
             GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES ON `shop%`.* TO shop@'127.0.0.1'",
        )
        .await;
        format!("mysql://shop:shop@{}", self.address)
    }

    async fn answers(&self) -> bool {
        match self.kind {
            Kind::MariaDb => {
                let url = format!("{}/mysql", self.url());
                let Ok(mut root) = AsyncMysqlConnection::establish(&url).await else { return false };
                root.batch_execute("SELECT 1").await.is_ok()
            }
            Kind::Redis => {
                let client = redis::Client::open(self.url()).unwrap();
                let Ok(mut client) = client.get_multiplexed_async_connection().await else { return false };
                // While it loads its file it answers with an error instead.
                redis::cmd("PING").query_async::<String>(&mut client).await.is_ok()
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            kill(child);
        }
    }
}

/// The user who runs the test: mariadbd refuses to run as root unless told to.
fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
