//! `dashop reconcile`: compares our records with a channel's bill.

use std::process::ExitCode;

use application::FoundDifference;
use clap::Args;
use domain::{Channel, DifferenceKind, ShopDate};

use super::{CommandError, output::say_line, table::visible};
use crate::{configuration::Configuration, wiring::open_orders};

#[derive(Args)]
pub(super) struct ReconcileArguments {
    /// The day, YYYY-MM-DD in Asia/Shanghai. The bill is available the next morning.
    #[arg(value_parser = day)]
    date: ShopDate,
    /// The channel of the bill.
    #[arg(long, value_parser = channel, default_value = Channel::default().as_str())]
    channel: Channel,
    /// Repairs what is safe: payments and refunds that the channel confirms. Differences in amounts are left to people.
    #[arg(long)]
    repair: bool,
}

fn day(text: &str) -> Result<ShopDate, String> {
    ShopDate::parse(text).ok_or_else(|| "must be a date such as 2026-11-25".to_owned())
}

fn channel(word: &str) -> Result<Channel, String> {
    Channel::from_word(word).ok_or_else(|| {
        let known: Vec<_> = Channel::ALL.iter().map(|channel| channel.as_str()).collect();
        format!("must be one of: {}", known.join(", "))
    })
}

pub(super) async fn run(
    configuration: &Configuration,
    arguments: &ReconcileArguments,
) -> Result<ExitCode, CommandError> {
    let orders = open_orders(configuration).await?;
    let found = orders.reconcile(arguments.channel, arguments.date, arguments.repair).await?;
    for difference in &found {
        say_line(visible(&line(difference)))?;
    }
    let foreign = found.iter().filter(|(one, _)| one.kind == DifferenceKind::Foreign).count();
    let differences = found.len() - foreign;
    let besides = match foreign {
        0 => String::new(),
        _ => format!(", and {foreign} entries of other applications"),
    };
    say_line(format!("{}: {differences} differences{besides}", arguments.date))?;
    Ok(if differences == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// One difference in a line.
fn line((difference, repair): &FoundDifference) -> String {
    let request = difference.out_request_no.as_deref().map(|number| format!(" refund {number}"));
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let done = repair.as_deref().map(|done| format!("; {done}"));
    format!(
        "{:<13} order {} trade {}{}: here {}, there {}{}",
        difference.kind.as_str(),
        difference.out_trade_no,
        difference.trade_no,
        request.unwrap_or_default(),
        side(&difference.ours),
        side(&difference.theirs),
        done.unwrap_or_default(),
    )
}
