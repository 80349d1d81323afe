use std::collections::BTreeMap;

use domain::ShopTime;

/// What a database reports about itself. `dashop doctor` decides by it whether a shop can run on the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// The version as the database reports it.
    pub version: String,
    /// Global settings by name. A setting that the database does not have is missing.
    pub settings: BTreeMap<String, String>,
    /// The shop's tables whose storage engine has no rollback, with the engine.
    pub unsafe_tables: Vec<String>,
    /// Missing indexes without which the shop is slow.
    pub missing_indexes: Vec<String>,
    /// Privileges of the database user; empty if they are not known.
    pub privileges: Vec<String>,
    /// The time of the database's clock, in Asia/Shanghai; `None` if it is not known.
    pub clock: Option<ShopTime>,
    /// The damage that the database's own check found; `None` if it found none or has no such check.
    pub damage: Option<String>,
}

/// Why the shop must not use a database of this version; `None` if no reason is known.
pub fn unsafe_engine(version: &str) -> Option<&'static str> {
    let version = version.to_ascii_lowercase();
    if version.contains("tidb") {
        return Some(
            "on TiDB, SKIP LOCKED locks nothing and numbers do not follow the order of commits, so that jobs do things twice \
             and events get lost",
        );
    }
    // Some servers and proxies put `5.5.5-` before the version, for replicas that expect an old MySQL version.
    let numbers = version.strip_prefix("5.5.5-").filter(|rest| rest.contains("mariadb")).unwrap_or(&version);
    let mut numbers =
        numbers.split(|c: char| !c.is_ascii_digit()).map_while(|digits| digits.parse::<u32>().ok());
    let numbers = (numbers.next()?, numbers.next()?);
    let is_old = if version.contains("mariadb") { numbers < (10, 6) } else { numbers.0 == 5 };
    is_old.then_some(
        "before MySQL 8.0 and MariaDB 10.6 there is no SKIP LOCKED, so that no timer of an order goes off",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_is_not_safe_is_known_by_its_version() {
        for version in ["8.0.11-TiDB-v7.5.1", "5.7.25-TiDB-v6.1.0", "8.0.11-TiDB-Serverless"] {
            assert!(unsafe_engine(version).is_some_and(|why| why.contains("TiDB")), "{version}");
        }
        let old = [
            "5.7.44-log",
            "5.6.10",
            "5.7.mysql_aurora.2.11.2",
            "10.5.23-MariaDB",
            "5.5.5-10.4.34-MariaDB-log",
        ];
        for version in old {
            assert!(unsafe_engine(version).is_some_and(|why| why.contains("MariaDB 10.6")), "{version}");
        }
        for version in [
            "8.0.36",
            "8.0.mysql_aurora.3.08.0",
            "9.7.0",
            "10.6.0-MariaDB",
            "10.11.6-MariaDB-0+deb12u1",
            "5.5.5-10.11.6-MariaDB",
            "11.8.3-MariaDB",
            "8.0.35-PolarDB",
            // SQLite.
            "3.46.0",
            "",
        ] {
            assert_eq!(unsafe_engine(version), None, "{version}");
        }
    }
}
