//! `dashop doctor`: checks the environment of the shop.

use std::process::ExitCode;

use super::{CommandError, output::say_line, table::visible};
use crate::{
    configuration::Configuration,
    doctor::{Verdict, examine},
};

pub(super) async fn run(configuration: &Configuration) -> Result<ExitCode, CommandError> {
    let lines = examine(configuration).await;
    for line in &lines {
        say_line(visible(&line.to_string()))?;
    }
    let fails = lines.iter().any(|line| line.verdict == Verdict::Fail);
    Ok(if fails { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
