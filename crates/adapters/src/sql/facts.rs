use std::collections::BTreeMap;

use domain::ShopTime;

/// What a database says of itself: `dashop doctor` judges whether a shop can run on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Its version, in its own words.
    pub version: String,
    /// Its global settings by their names; those that it does not have are missing.
    pub settings: BTreeMap<String, String>,
    /// The shop's tables that no transaction can take back, with their engines.
    pub unsafe_tables: Vec<String>,
    /// Indexes without which the shop is slow.
    pub missing_indexes: Vec<String>,
    /// What this user may do; empty where that is not known.
    pub privileges: Vec<String>,
    /// What time it is there, in Asia/Shanghai.
    pub clock: Option<ShopTime>,
    /// What it found when it looked for damage; `None` if nothing is wrong or it cannot look.
    pub damage: Option<String>,
}

/// Why a version of a database must not be used; `None` if nothing is known against it.
pub fn unsafe_engine(version: &str) -> Option<&'static str> {
    let version = version.to_ascii_lowercase();
    if version.contains("tidb") {
        return Some(
            "on TiDB, SKIP LOCKED locks nothing and numbers do not follow the order of commits, so that jobs do things twice \
             and events get lost",
        );
    }
    // Some servers and proxies put the version of an ancient MySQL in front, for replicas that know no other.
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
            // SQLite's.
            "3.46.0",
            "",
        ] {
            assert_eq!(unsafe_engine(version), None, "{version}");
        }
    }
}
