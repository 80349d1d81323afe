//! `dashop backup` and `dashop anonymise`.

use std::path::PathBuf;

use adapters::sql::{self, BackupError};
use clap::Args;

use super::{CommandError, output::say_line};
use crate::{
    configuration::{Configuration, DatabaseConfiguration},
    wiring::{no_database, open_anonymise},
};

#[derive(Args)]
pub(super) struct BackupArguments {
    /// The file to write. It must not exist.
    file: PathBuf,
}

#[derive(Args)]
pub(super) struct AnonymiseArguments {
    /// Makes the change, which cannot be undone. Without this option, only shows how many orders it would change.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn backup(
    configuration: &DatabaseConfiguration,
    arguments: BackupArguments,
) -> Result<(), CommandError> {
    let (url, limit) = (configuration.database.url.clone(), configuration.database.lock_timeout);
    if !url.starts_with("sqlite:") {
        return Err(CommandError::NotEmbedded);
    }
    let file = arguments.file.clone();
    tokio::task::spawn_blocking(move || sql::backup(&url, &file, limit))
        .await
        .map_err(|error| CommandError::Io(error.into()))?
        .map_err(|error| match error {
            BackupError::Absent(path) => no_database(path).into(),
            error => CommandError::from(error),
        })?;
    say_line(format!("the database is copied to {}", arguments.file.display())).map(drop)
}

pub(super) async fn anonymise(
    configuration: &Configuration,
    arguments: &AnonymiseArguments,
) -> Result<(), CommandError> {
    let anonymise = open_anonymise(configuration).await?;
    let days = configuration.anonymise_after.as_secs() / (24 * 3600);
    if !arguments.yes {
        let orders = anonymise.count().await?;
        let said =
            format!("{orders} orders ended more than {days} days ago and are not anonymous; do it: --yes");
        return say_line(said).map(drop);
    }
    let report = anonymise.execute().await?;
    let said = format!(
        "{} orders and {} removed addresses are anonymous now, of more than {days} days ago",
        report.orders, report.addresses
    );
    say_line(said).map(drop)
}
