use std::{
    fs::File,
    net::SocketAddr,
    process::{Child, Stdio},
};

use tempfile::TempDir;

use crate::{
    Browser, Dashop,
    child::{free_address, kill, killed_with_parent, until},
};

/// The example configuration for operators.
const EXAMPLE: &str = include_str!("../../docs/operations/nginx.conf");

/// An nginx in front of two programs, with the configuration from the documentation.
pub struct Nginx {
    address: SocketAddr,
    directory: TempDir,
    child: Child,
}

impl Nginx {
    /// Starts it and waits until it answers.
    pub async fn before(programs: [&Dashop; 2]) -> Self {
        let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
        let mut site = EXAMPLE.to_owned();
        let [first, second] = programs.map(|program| program.address().to_string());
        for (shown, here) in [
            ("127.0.0.1:8000", first),
            ("127.0.0.1:8010", second),
            ("listen 80;", format!("listen {address};")),
            // Shorter, so that a program need not drain for long.
            ("keepalive_timeout 2s;", "keepalive_timeout 1s;".to_owned()),
            ("fail_timeout=2s;", "fail_timeout=1s;".to_owned()),
        ] {
            assert!(site.contains(shown), "the example has {shown}");
            site = site.replace(shown, &here);
        }
        let folder = directory.path().display();
        // One process, which ends with the test.
        let around = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
             fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n{site}}}\n"
        );
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, around).unwrap();
        let output = File::create(directory.path().join("output")).unwrap();
        // `/usr/sbin` is not in the PATH of ordinary users.
        let child = killed_with_parent("/usr/sbin/nginx")
            .args(["-p", &folder.to_string(), "-e", "log", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .expect("Debian's nginx is installed");
        let nginx = Self { address, directory, child };
        let browser = Browser::new();
        until("nginx answers", async || browser.status(&nginx.url("/healthz")).await == Some(200)).await;
        nginx
    }

    /// A URL of the shop behind nginx.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The errors that nginx has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        kill(&mut self.child);
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("nginx said at last:\n{}", lines[lines.len().saturating_sub(15)..].join("\n"));
        }
    }
}
