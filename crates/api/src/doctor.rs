//! Checks the environment of the program: for `dashop doctor`, and for the log at the start of `serve`.

mod machine;

use std::{fmt, sync::Arc, time::Duration};

use adapters::{
    is_on_this_machine,
    passwords::Argon2Passwords,
    redis::RedisCarts,
    sql::{DatabaseFacts, SqlStore, demo, unsafe_engine},
    system::{SystemClock, SystemRandomness},
};
use domain::{Channel, OrderId, Password, ShopTime, Username};
use machine::surroundings;
use ports::{BoxError, Clock, GatewayError, Passwords};

use crate::{
    configuration::{AlipayAccount, AlipayConfiguration, Configuration},
    error_chain::chain,
    wiring::{CertificateLook, Payment, connect, secrets_to_change},
};

/// The largest difference to the database's clock. Two processes then differ by at most twice as much, which is less than
/// the default of `DASHOP_DOUBLE_CLICK`.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);
/// The privileges that the database user needs.
const NEEDED_PRIVILEGES: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// The shop runs, but an operator should act.
    Warn,
    /// Orders or money are at risk, or the shop does not run.
    Fail,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The severity.
    pub(crate) verdict: Verdict,
    /// What was checked.
    pub(crate) what: &'static str,
    /// The result, and what to do about it.
    pub(crate) said: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "OK",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        };
        write!(f, "{verdict:<4}  {:<20}  {}", self.what, self.said)
    }
}

/// The lines so far.
#[derive(Default)]
struct Report(Vec<Line>);

impl Report {
    fn add(&mut self, verdict: Verdict, what: &'static str, said: impl Into<String>) {
        self.0.push(Line { verdict, what, said: said.into() });
    }

    fn warn_unless(&mut self, is_ok: bool, what: &'static str, well: &str, ill: &str) {
        if is_ok { self.add(Verdict::Ok, what, well) } else { self.add(Verdict::Warn, what, ill) }
    }

    fn fail_unless(&mut self, is_ok: bool, what: &'static str, well: &str, ill: &str) {
        if is_ok { self.add(Verdict::Ok, what, well) } else { self.add(Verdict::Fail, what, ill) }
    }
}

/// All checks, including slow ones and those that contact other servers.
pub(crate) async fn examine(configuration: &Configuration) -> Vec<Line> {
    let mut report = Report::default();
    report.add(Verdict::Ok, "settings", "they can be read");
    secrets(&mut report, configuration);
    match connect(&configuration.database, Duration::ZERO).await {
        Ok(store) => database(&mut report, &*store, configuration).await,
        Err(error) => report.add(Verdict::Fail, "database", chain(&error)),
    }
    redis(&mut report, configuration).await;
    alipay(&mut report, configuration).await;
    surroundings(&mut report, configuration);
    report.0
}

/// The cheap checks, for the start.
async fn quick(configuration: &Configuration, store: &dyn SqlStore) -> Vec<Line> {
    let mut report = Report::default();
    if configuration.database.url.starts_with("mysql:") {
        match store.facts().await {
            Ok(facts) => server(&mut report, &facts, configuration.database.max_connections),
            Err(error) => report.add(Verdict::Warn, "database", chain(&error)),
        }
    }
    demo_accounts(&mut report, store, configuration).await;
    secrets(&mut report, configuration);
    if let AlipayConfiguration::Alipay(account) = &configuration.alipay {
        self::account(&mut report, account);
    }
    surroundings(&mut report, configuration);
    report.0
}

/// Logs the results of the cheap checks. They do not stop the start; readiness reports what makes orders impossible.
pub(crate) async fn report_at_start(configuration: &Configuration, store: &dyn SqlStore) {
    for line in quick(configuration, store).await {
        match line.verdict {
            Verdict::Ok => {}
            Verdict::Warn => tracing::warn!(what = line.what, "{}", line.said),
            Verdict::Fail => tracing::error!(what = line.what, "{}", line.said),
        }
    }
}

fn secrets(report: &mut Report, configuration: &Configuration) {
    let warnings = secrets_to_change(&configuration.tokens, SystemClock.now());
    if warnings.is_empty() {
        report.add(Verdict::Ok, "secrets", "none can be guessed, and none has ended");
    }
    for warning in warnings {
        report.add(Verdict::Warn, "secrets", warning);
    }
}

async fn database(report: &mut Report, store: &dyn SqlStore, configuration: &Configuration) {
    let mut is_current = true;
    match store.schema().await {
        Ok(schema) if schema.is_current() => report.add(Verdict::Ok, "schema", "it is up to date"),
        Ok(schema) => {
            is_current = false;
            let pending = schema.pending.join(", ");
            let (verdict, how) = if configuration.migrate_at_start {
                (Verdict::Ok, "serve brings it up to date")
            } else {
                (Verdict::Fail, "run: dashop migrate")
            };
            report.add(verdict, "schema", format!("it lacks {pending}; {how}"));
        }
        Err(error) => report.add(Verdict::Fail, "schema", chain(&error)),
    }
    match store.facts().await {
        Ok(facts) => server(report, &facts, configuration.database.max_connections),
        Err(error) => report.add(Verdict::Fail, "database", chain(&error)),
    }
    if !is_current {
        return;
    }
    match store.check_writable().await {
        Ok(()) => report.add(Verdict::Ok, "database writes", "they are possible"),
        Err(error) => report.add(Verdict::Fail, "database writes", chain(&error)),
    }
    demo_accounts(report, store, configuration).await;
}

/// If the shop takes real money: looks for demo users with known passwords, as whom anyone can sign in.
async fn demo_accounts(report: &mut Report, store: &dyn SqlStore, configuration: &Configuration) {
    if !configuration.alipay.takes_money() {
        return;
    }
    let open = match open_demo_accounts(store).await {
        Ok(open) => open.join("', '"),
        Err(error) => return report.add(Verdict::Warn, "demo accounts", chain(&*error)),
    };
    let said = format!(
        "everybody knows their password: UPDATE user_profile SET isActive = 0 WHERE username IN ('{open}')"
    );
    report.fail_unless(open.is_empty(), "demo accounts", "none can be signed in to", &said);
}

async fn open_demo_accounts(store: &dyn SqlStore) -> Result<Vec<&'static str>, BoxError> {
    let password = Password(demo::PASSWORD.to_owned());
    let mut open = Vec::new();
    for buyer in demo::BUYERS {
        let found = store.credential(&Username(buyer.username.to_owned())).await?;
        let Some(found) = found.filter(|found| found.is_active) else { continue };
        let passwords = Argon2Passwords::new(Arc::new(SystemRandomness))?;
        let is_known = match found.password.hash {
            Some(hash) => passwords.verify(&password, Some(hash)).await?,
            None => passwords.is_md5(&password, &found.password.md5),
        };
        if is_known {
            open.push(buyer.username);
        }
    }
    Ok(open)
}

/// How many statements a connection may keep prepared: one for each group size and each table.
const STATEMENTS_PER_CONNECTION: usize = 600;

/// Checks the settings of the database server for a process with this number of connections.
fn server(report: &mut Report, facts: &DatabaseFacts, connections: usize) {
    let version = &facts.version;
    match unsafe_engine(version) {
        Some(why) => report.add(Verdict::Fail, "database version", format!("{version}: {why}")),
        None => report.add(Verdict::Ok, "database version", version.clone()),
    }
    if let Some(damage) = &facts.damage {
        let said = format!("{damage}; stop the shop, keep the file, restore the last backup");
        report.add(Verdict::Fail, "database file", said);
    }
    if facts.settings.is_empty() {
        return;
    }
    let setting = |name: &str| facts.settings.get(name).map_or("", String::as_str);
    let is_on = |name: &str| matches!(setting(name), "ON" | "1");
    let is_read_only = is_on("read_only") || is_on("super_read_only");
    report.fail_unless(
        !is_read_only,
        "read-only",
        "the database can be written",
        "read_only is on: point DASHOP_DATABASE_URL at the primary",
    );
    let is_statement = is_on("log_bin") && setting("binlog_format") == "STATEMENT";
    report.fail_unless(
        !is_statement,
        "binlog_format",
        "statements at READ COMMITTED can be logged",
        "STATEMENT cannot log READ COMMITTED: SET GLOBAL binlog_format = 'ROW'",
    );
    report.warn_unless(
        is_on("log_bin"),
        "binary log",
        "it is on",
        "it is off: what came after the last dump is lost with the server; set log_bin",
    );
    report.fail_unless(
        setting("innodb_flush_log_at_trx_commit") == "1",
        "commits",
        "they are on the disk before they are answered",
        "a power cut loses answered orders: SET GLOBAL innodb_flush_log_at_trx_commit = 1",
    );
    if is_on("log_bin") {
        report.warn_unless(
            setting("sync_binlog") == "1",
            "binary log on disk",
            "it is on the disk before an order is answered",
            "after a power cut it may lack answered orders, which a restore then lacks: SET GLOBAL sync_binlog = 1",
        );
    }
    let most = setting("max_prepared_stmt_count").parse().unwrap_or(usize::MAX);
    let needed = connections.saturating_mul(STATEMENTS_PER_CONNECTION);
    let said = format!(
        "each process may keep {needed}, and the server allows {most} in all: raise max_prepared_stmt_count, or lower \
         DASHOP_DATABASE_CONNECTIONS"
    );
    report.warn_unless(needed <= most, "prepared statements", "there is room for those of a process", &said);
    let isolation = ["transaction_isolation", "tx_isolation"].map(setting).concat();
    report.add(
        Verdict::Ok,
        "isolation",
        format!("every session sets READ COMMITTED; the server's is {isolation}"),
    );
    let charset = setting("character_set_database");
    report.warn_unless(
        charset.starts_with("utf8mb4"),
        "character set",
        "utf8mb4",
        "it is not utf8mb4: names with rare characters cannot be stored in new tables of the old shop",
    );
    let tables = facts.unsafe_tables.join(", ");
    report.fail_unless(
        tables.is_empty(),
        "table engines",
        "InnoDB",
        &format!("no transaction protects {tables}: ALTER TABLE … ENGINE = InnoDB"),
    );
    let indexes = facts.missing_indexes.join(", ");
    report.warn_unless(
        indexes.is_empty(),
        "indexes",
        "none is missing",
        &format!(
            "none begins with {indexes}: the shop gets slow as it grows; run dashop migrate, or add them"
        ),
    );
    let may = |privilege: &&str| facts.privileges.iter().any(|granted| granted == privilege);
    let lacking: Vec<&str> = NEEDED_PRIVILEGES.into_iter().filter(|privilege| !may(privilege)).collect();
    let lacking = lacking.join(", ");
    report.warn_unless(
        lacking.is_empty(),
        "privileges",
        "the user may read and write",
        &format!("{lacking} is not granted on the database, unless a role grants it"),
    );
    if let Some(there) = facts.clock {
        clock(report, there, SystemClock.now());
    }
}

fn clock(report: &mut Report, there: ShopTime, here: ShopTime) {
    let apart = there.since(here).max(here.since(there));
    let said = format!("the database's differs by {} s; let both follow a time server", apart.as_secs());
    report.warn_unless(apart <= CLOCK_TOLERANCE, "clock", "it agrees with the database's", &said);
}

async fn redis(report: &mut Report, configuration: &Configuration) {
    let Some(redis) = &configuration.redis else {
        return report.add(Verdict::Ok, "carts", "they are in the database");
    };
    let carts = match RedisCarts::new(redis) {
        Ok(carts) => carts,
        Err(error) => return report.add(Verdict::Fail, "carts", chain(&error)),
    };
    if let Err(error) = carts.ping().await {
        return report.add(Verdict::Fail, "carts", chain(&error));
    }
    report.add(Verdict::Ok, "carts", "Redis answers");
    let (memory, persistence) = (carts.info("memory").await, carts.info("persistence").await);
    let (Ok(memory), Ok(persistence)) = (memory, persistence) else {
        return report.add(
            Verdict::Warn,
            "Redis",
            "INFO is not allowed: eviction and persistence are not known",
        );
    };
    if memory.is_empty() {
        return report.add(
            Verdict::Warn,
            "Redis",
            "of a cluster, look at each node: noeviction, appendonly yes",
        );
    }
    let value = |of: &std::collections::BTreeMap<String, String>, name: &str| {
        of.get(name).cloned().unwrap_or_default()
    };
    let policy = value(&memory, "maxmemory_policy");
    let never_evicts = value(&memory, "maxmemory") == "0" || policy == "noeviction";
    // Carts have no expiry time, so volatile policies remove none of them.
    let evicts_no_cart = never_evicts || policy.starts_with("volatile-");
    report.fail_unless(
        evicts_no_cart,
        "Redis eviction",
        "no cart is dropped for space",
        &format!("{policy} drops carts when memory is short: CONFIG SET maxmemory-policy noeviction"),
    );
    let keeps = value(&persistence, "aof_enabled") == "1";
    report.warn_unless(
        keeps,
        "Redis persistence",
        "the append-only file is on",
        "carts since the last snapshot are lost with the server: CONFIG SET appendonly yes",
    );
}

/// Reports missing settings of an account at Alipay. A sandbox on this machine can reach local addresses.
fn account(report: &mut Report, account: &AlipayAccount) {
    if is_on_this_machine(&account.gateway_url) {
        return;
    }
    let urls = [("NOTIFY", &account.notify_url), ("RETURN", &account.return_url)];
    let of_this_machine = urls.into_iter().filter(|(_, url)| is_on_this_machine(url));
    let lost: Vec<_> =
        of_this_machine.map(|(name, url)| format!("DASHOP_ALIPAY_{name}_URL is {url}")).collect();
    let said = format!("{}: nobody reaches that from outside; set DASHOP_PUBLIC_URL", lost.join(", "));
    report.warn_unless(
        lost.is_empty(),
        "Alipay URLs",
        "it may reach the shop, and buyers come back to it",
        &said,
    );
    report.warn_unless(
        account.seller_id.is_some(),
        "Alipay seller",
        "it is checked",
        "DASHOP_ALIPAY_SELLER_ID is not set: who receives the money of a payment is not checked",
    );
}

async fn alipay(report: &mut Report, configuration: &Configuration) {
    match &configuration.alipay {
        AlipayConfiguration::Sandbox(_) => {
            return report.add(Verdict::Ok, "Alipay", "the sandbox is paid at, and no money moves");
        }
        AlipayConfiguration::Alipay(account) => self::account(report, account),
    }
    let now = SystemClock.now();
    match Payment::certificates(configuration, now) {
        Ok(CertificateLook::KeyMode) => report.add(Verdict::Ok, "Alipay keys", "they can be read"),
        Ok(CertificateLook::Certificates(warnings)) if warnings.is_empty() => {
            report.add(Verdict::Ok, "Alipay certificates", "they fit the key, and none expires soon");
        }
        Ok(CertificateLook::Certificates(warnings)) => {
            for warning in warnings {
                report.add(Verdict::Warn, "Alipay certificates", warning);
            }
        }
        Err(error) => return report.add(Verdict::Fail, "Alipay keys", chain(&error)),
    }
    let channels = match Payment::reach(configuration) {
        Ok(Payment { channels, .. }) => channels,
        Err(error) => return report.add(Verdict::Fail, "Alipay keys", chain(&error)),
    };
    // A number of the year 1, which no order has.
    let Ok(nobodys) = OrderId::parse("0001010100000000") else { return };
    let asked = match channels.gateway(Channel::Alipay) {
        Ok(gateway) => gateway.query(nobodys.as_str()).await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(_) => report.add(Verdict::Ok, "Alipay", "a signed question was answered, and the answer verified"),
        Err(error @ GatewayError::Refused { .. }) => {
            let said =
                format!("{}; does the application's key belong to DASHOP_ALIPAY_APP_ID?", chain(&error));
            report.add(Verdict::Fail, "Alipay", said);
        }
        Err(error) => report.add(Verdict::Fail, "Alipay", chain(&error)),
    }
}

#[cfg(test)]
mod tests;
