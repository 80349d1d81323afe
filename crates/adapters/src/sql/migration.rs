//! The migrations, and which of them a database has. `queries/migrations.rs` runs them.

/// One migration of an engine: the folder `migrations/<engine>/<name>`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    /// The digits of its name, as diesel's command-line tool records them.
    pub(super) version: &'static str,
    /// The folder's name.
    pub(super) name: &'static str,
    /// Its `up.sql`.
    pub(super) sql: &'static str,
}

/// Which migrations a database has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaState {
    /// The versions that were run, in ascending order, including those of a newer dashop.
    pub applied: Vec<String>,
    /// The names of the migrations that this dashop needs and that were not run.
    pub pending: Vec<&'static str>,
}

impl SchemaState {
    pub(super) fn new(known: &'static [Migration], applied: Vec<String>) -> Self {
        let pending = known
            .iter()
            .filter(|migration| !applied.iter().any(|version| version == migration.version))
            .map(|migration| migration.name);
        Self { pending: pending.collect(), applied }
    }

    /// Whether all migrations that this dashop needs were run. A newer dashop may have run more.
    pub fn is_current(&self) -> bool {
        self.pending.is_empty()
    }
}

/// The embedded migrations of an engine, by the name of its folder.
macro_rules! embed {
    ($engine:literal) => {
        [
            $crate::sql::migration::one!($engine, "20261123000001", "2026-11-23-000001_shop_tables"),
            $crate::sql::migration::one!($engine, "20261123000002", "2026-11-23-000002_dashop"),
            $crate::sql::migration::one!($engine, "20261125000003", "2026-11-25-000003_storefront"),
            $crate::sql::migration::one!($engine, "20261125000004", "2026-11-25-000004_order_life"),
            $crate::sql::migration::one!($engine, "20261125000005", "2026-11-25-000005_ordered_lines"),
            $crate::sql::migration::one!($engine, "20261128000006", "2026-11-28-000006_parked_and_refused"),
            $crate::sql::migration::one!($engine, "20261128000007", "2026-11-28-000007_upkeep"),
            $crate::sql::migration::one!($engine, "20261128000008", "2026-11-28-000008_payment_attempts"),
            $crate::sql::migration::one!($engine, "20261128000009", "2026-11-28-000009_amendments"),
            $crate::sql::migration::one!($engine, "20261128000010", "2026-11-28-000010_payment_channels"),
            $crate::sql::migration::one!($engine, "20261128000011", "2026-11-28-000011_webhook_endpoints"),
            $crate::sql::migration::one!($engine, "20261129000012", "2026-11-29-000012_refunds_by_status"),
            $crate::sql::migration::one!($engine, "20261129000013", "2026-11-29-000013_payments_by_status"),
        ]
    };
}

macro_rules! one {
    ($engine:literal, $version:literal, $name:literal) => {
        $crate::sql::migration::Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../migrations/",
                $engine,
                "/",
                $name,
                "/up.sql"
            )),
        }
    };
}

pub(super) use {embed, one};

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    const MYSQL: [Migration; 13] = embed!("mysql");
    const SQLITE: [Migration; 13] = embed!("sqlite");

    #[test]
    fn every_migration_of_both_engines_is_embedded_in_order() {
        for (engine, embedded) in [("mysql", MYSQL), ("sqlite", SQLITE)] {
            let folder = format!("{}/../../migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
            let names: BTreeSet<String> = fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            let embedded_names: Vec<&str> = embedded.iter().map(|migration| migration.name).collect();
            assert_eq!(embedded_names, names.iter().map(String::as_str).collect::<Vec<_>>(), "{engine}");
            for migration in embedded {
                let digits: String = migration.name.chars().filter(char::is_ascii_digit).collect();
                assert_eq!(digits, migration.version);
            }
        }
    }

    #[test]
    fn a_database_of_a_newer_dashop_is_current() {
        let applied = |versions: &[&str]| versions.iter().map(|version| (*version).to_owned()).collect();
        let known: &'static [Migration] = &SQLITE;
        assert_eq!(SchemaState::new(known, applied(&[])).pending.len(), known.len());
        assert!(!SchemaState::new(known, applied(&["20261123000001"])).is_current());
        let newer: Vec<&str> =
            known.iter().map(|migration| migration.version).chain(["20991231000001"]).collect();
        assert!(SchemaState::new(known, applied(&newer)).is_current());
    }
}
