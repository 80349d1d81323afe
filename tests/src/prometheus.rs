use std::{
    collections::BTreeSet,
    fs::{self, File},
    process::{Child, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Browser, Dashop,
    child::{free_address, kill, killed_with_parent, until},
};

/// A Prometheus server that watches a program with these rules. Its configuration and data are in a temporary
/// directory, which is removed with it.
pub struct Prometheus {
    base: String,
    browser: Browser,
    child: Child,
    _directory: TempDir,
}

impl Prometheus {
    /// Starts Prometheus and waits until it has the program's metrics.
    pub async fn watching(dashop: &Dashop, rules: &str) -> Self {
        let (directory, listen) = (tempfile::tempdir().unwrap(), free_address());
        let file = |name: &str| directory.path().join(name);
        fs::write(file("rules.yml"), rules).unwrap();
        let target = dashop.metrics_address().to_string();
        let configuration = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: [rules.yml]\n\
             scrape_configs: [{{job_name: dashop, static_configs: [{{targets: ['{target}']}}]}}]\n"
        );
        fs::write(file("prometheus.yml"), configuration).unwrap();
        let log = File::create(file("log")).unwrap();
        let child = killed_with_parent("prometheus")
            .arg(format!("--config.file={}", file("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", file("data").display()))
            .arg(format!("--web.listen-address={listen}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("prometheus is installed: make tools-test");
        let base = format!("http://{listen}");
        let prometheus = Self { base, browser: Browser::new(), child, _directory: directory };
        until("Prometheus is ready", async || {
            prometheus.browser.status(&prometheus.url("/-/ready")).await == Some(200)
        })
        .await;
        until("the program is scraped", async || prometheus.value("up").await == Some(1.0)).await;
        prometheus
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The first value of an expression; `None` if it has none.
    pub async fn value(&self, expression: &str) -> Option<f64> {
        let reply = self.browser.get(&self.url(&format!("/api/v1/query?query={expression}"))).await;
        let answer: Value = reply.json();
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    /// The alerts that fire.
    pub async fn firing(&self) -> BTreeSet<String> {
        let answer: Value = self.browser.get(&self.url("/api/v1/alerts")).await.json();
        let alerts = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        firing.map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}
