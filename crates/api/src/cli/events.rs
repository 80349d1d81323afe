//! `dashop events`: the webhook deliveries of order events.

use adapters::system::SystemClock;
use clap::{Args, Subcommand};
use domain::{ShopDate, ShopTime};
use ports::{Clock, OutboxBacklog, Resend};

use super::{
    CommandError, order_number,
    output::{say, say_line},
};
use crate::{configuration::Configuration, wiring::resend_events};

#[derive(Subcommand)]
pub(super) enum EventsCommand {
    /// Sends events once more, those that arrived as well; without an option, those that were given up.
    Resend(ResendArguments),
    /// Says how many events were not delivered, and since when.
    Status,
}

#[derive(Args)]
pub(super) struct ResendArguments {
    /// All events of this order.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["from", "to"])]
    order: Option<String>,
    /// All events from this moment on: YYYY-MM-DD or "YYYY-MM-DD HH:MM:SS", in Asia/Shanghai.
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "to")]
    from: Option<ShopTime>,
    /// All events before this moment.
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "from")]
    to: Option<ShopTime>,
}

pub(super) async fn run(configuration: &Configuration, command: EventsCommand) -> Result<(), CommandError> {
    if configuration.events.is_none() {
        return Err(CommandError::NoListener);
    }
    let events = resend_events(configuration).await?;
    match command {
        EventsCommand::Resend(arguments) => {
            let resent = events.execute(&arguments.which()?).await?;
            say_line(format!("{resent} events will be sent once more"))
        }
        EventsCommand::Status => say(told(&events.backlog().await?, SystemClock.now())),
    }
    .map(drop)
}

impl ResendArguments {
    fn which(&self) -> Result<Resend, CommandError> {
        match (&self.order, self.from, self.to) {
            (Some(order), _, _) => Ok(Resend::OfOrder(order_number(order)?)),
            (None, Some(from), Some(until)) => Ok(Resend::Happened { from, until }),
            (None, _, _) => Ok(Resend::GivenUp),
        }
    }
}

fn told(backlog: &OutboxBacklog, now: ShopTime) -> String {
    let OutboxBacklog { undelivered, given_up, oldest } = backlog;
    let mut said = format!("undelivered: {undelivered}\ngiven up: {given_up}\n");
    if let Some(oldest) = oldest {
        said.push_str(&format!("oldest: {oldest}, {} seconds ago\n", now.since(*oldest).as_secs()));
    }
    said
}

/// A moment, or the first one of a day.
fn moment(text: &str) -> Result<ShopTime, String> {
    ShopTime::parse(text)
        .or_else(|| ShopDate::parse(text).map(ShopDate::begin))
        .ok_or_else(|| "must be YYYY-MM-DD or \"YYYY-MM-DD HH:MM:SS\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_may_be_a_day() {
        assert_eq!(moment("2019-11-28"), Ok(ShopTime::parse("2019-11-28 00:00:00").unwrap()));
        assert_eq!(moment("2019-11-28 20:40:08"), Ok(ShopTime::parse("2019-11-28 20:40:08").unwrap()));
        assert!(moment("yesterday").is_err());
    }

    #[test]
    fn the_state_is_told_in_words() {
        let now = ShopTime::parse("2019-11-28 20:40:08").unwrap();
        assert_eq!(told(&OutboxBacklog::default(), now), "undelivered: 0\ngiven up: 0\n");
        let backlog =
            OutboxBacklog { undelivered: 7, given_up: 2, oldest: ShopTime::parse("2019-11-28 20:40:00") };
        assert_eq!(
            told(&backlog, now),
            "undelivered: 7\ngiven up: 2\noldest: 2019-11-28 20:40:00, 8 seconds ago\n"
        );
    }
}
