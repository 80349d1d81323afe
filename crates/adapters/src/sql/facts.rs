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
    version.to_ascii_lowercase().contains("tidb").then_some(
        "on TiDB, SKIP LOCKED locks nothing and numbers do not follow the order of commits, so that jobs do things twice \
         and events get lost",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidb_is_known_by_its_version() {
        assert!(unsafe_engine("8.0.11-TiDB-v7.5.1").is_some());
        for version in ["8.0.36", "10.11.6-MariaDB-0+deb12u1", "11.8.3-MariaDB", "3.46.0", "8.0.35-PolarDB"] {
            assert_eq!(unsafe_engine(version), None, "{version}");
        }
    }
}
