//! `dashop events`: the webhook deliveries of order events.

use adapters::system::SystemClock;
use application::{ListedEndpoint, ManageWebhooksError};
use clap::{Args, Subcommand};
use domain::{EndpointName, EventId, ShopTime};
use ports::{Clock, OutboxBacklog, Resend, Resent};

use super::{
    CommandError, order_number,
    output::{say, say_line},
};
use crate::{configuration::Configuration, http::first_moment, wiring::open_webhooks};

#[derive(Subcommand)]
pub(super) enum EventsCommand {
    /// Resends events, even if they were delivered. Without an option, resends those that were given up.
    Resend(ResendArguments),
    /// Shows how many events are undelivered, and since when.
    Status,
    /// Resumes an endpoint that was paused after long failures.
    Resume {
        /// The name of the endpoint; `default` is that of DASHOP_EVENTS_URL.
        #[arg(value_name = "ENDPOINT", value_parser = EndpointName::parse)]
        endpoint: EndpointName,
    },
}

#[derive(Args)]
pub(super) struct ResendArguments {
    /// All events of this order.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["from", "to"])]
    order: Option<String>,
    /// Only this event of the order.
    #[arg(long, value_name = "ID", value_parser = event_id, requires = "order")]
    event: Option<EventId>,
    /// All events from this moment on: YYYY-MM-DD or "YYYY-MM-DD HH:MM:SS", in Asia/Shanghai.
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "to")]
    from: Option<ShopTime>,
    /// All events before this moment.
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "from")]
    to: Option<ShopTime>,
    /// Only to this endpoint.
    #[arg(long, value_name = "ENDPOINT", value_parser = EndpointName::parse)]
    endpoint: Option<EndpointName>,
}

pub(super) async fn run(configuration: &Configuration, command: EventsCommand) -> Result<(), CommandError> {
    if configuration.events.endpoints.is_empty() {
        return Err(CommandError::NoEndpoint);
    }
    let webhooks = open_webhooks(configuration).await?;
    match command {
        EventsCommand::Resend(arguments) => {
            let which = arguments.which()?;
            let resent = match &arguments.endpoint {
                Some(name) => {
                    webhooks.resend(name, &which).await.map_err(|error| of_endpoint(name, error))?
                }
                None => webhooks.resend_to_all(&which).await?,
            };
            let paused = webhooks.paused().await?;
            let waits = |name: &&EndpointName| arguments.endpoint.as_ref().is_none_or(|only| only == *name);
            say_line(resent_text(resent, paused.iter().filter(waits)))
        }
        EventsCommand::Status => {
            let listed = webhooks.list().await?;
            say(status_text(&listed, SystemClock.now()))?;
            for endpoint in &configuration.events.endpoints {
                let name = &endpoint.webhook.name;
                if !listed.iter().any(|listed| listed.state.name == *name) {
                    say_line(format!("{name} is not on record: no program has been started with it"))?;
                }
            }
            Ok(true)
        }
        EventsCommand::Resume { endpoint } => {
            let resumed = webhooks.resume(&endpoint).await.map_err(|error| of_endpoint(&endpoint, error))?;
            say_line(if resumed {
                format!("{endpoint} is resumed")
            } else {
                format!("{endpoint} is not paused; nothing was changed")
            })
        }
    }
    .map(drop)
}

fn of_endpoint(name: &EndpointName, error: ManageWebhooksError) -> CommandError {
    match error {
        ManageWebhooksError::UnknownEndpoint => CommandError::UnknownEndpoint(name.to_string()),
        ManageWebhooksError::NotInSettings => CommandError::NotInSettings(name.to_string()),
        ManageWebhooksError::Store(error) => error.into(),
    }
}

impl ResendArguments {
    fn which(&self) -> Result<Resend, CommandError> {
        match (&self.order, &self.event, self.from, self.to) {
            (Some(order), Some(event_id), _, _) => {
                Ok(Resend::Event { order_id: order_number(order)?, event_id: event_id.clone() })
            }
            (Some(order), None, _, _) => Ok(Resend::OfOrder(order_number(order)?)),
            (None, _, Some(from), Some(until)) => Ok(Resend::Happened { from, until }),
            (None, _, _, _) => Ok(Resend::GivenUp),
        }
    }
}

fn resent_text<'a>(
    Resent { due, unwanted }: Resent,
    paused: impl Iterator<Item = &'a EndpointName>,
) -> String {
    let not_sent = match unwanted {
        0 => String::new(),
        _ => format!("; {unwanted} are of types that the endpoint is not sent"),
    };
    let waits = paused.take_while(|_| due > 0);
    let waits = waits.map(|name| format!("; {name} is paused, and is sent them when it is resumed"));
    format!("{due} events will be sent once more{not_sent}{}", waits.collect::<String>())
}

/// The state of each endpoint, with its name if there are several.
fn status_text(endpoints: &[ListedEndpoint], now: ShopTime) -> String {
    let is_first_alone = endpoints.iter().all(|endpoint| endpoint.state.name.is_first());
    let mut said = String::new();
    for ListedEndpoint { state, settings, backlog } in endpoints {
        if !is_first_alone {
            let unset = if settings.is_none() { " (not in these settings)" } else { "" };
            said.push_str(&format!("endpoint: {}{unset}\n", state.name));
        }
        let OutboxBacklog { undelivered, given_up, oldest } = backlog;
        said.push_str(&format!("undelivered: {undelivered}\ngiven up: {given_up}\n"));
        for (what, moment) in
            [("oldest", *oldest), ("failing since", state.failing_since), ("paused since", state.paused_at)]
        {
            if let Some(moment) = moment {
                said.push_str(&format!("{what}: {moment}, {} seconds ago\n", now.since(moment).as_secs()));
            }
        }
    }
    said
}

fn moment(text: &str) -> Result<ShopTime, String> {
    first_moment(text).ok_or_else(|| "must be YYYY-MM-DD or \"YYYY-MM-DD HH:MM:SS\"".to_owned())
}

fn event_id(text: &str) -> Result<EventId, String> {
    EventId::parse(text).ok_or_else(|| "must be the id of an event, such as evt_42".to_owned())
}

#[cfg(test)]
mod tests {
    use domain::EndpointState;

    use super::*;

    fn time(text: &str) -> ShopTime {
        ShopTime::parse(text).unwrap()
    }

    fn listed(name: &str, backlog: OutboxBacklog) -> ListedEndpoint {
        let state = EndpointState {
            name: EndpointName::parse(name).unwrap(),
            registered_at: time("2019-11-01 00:00:00"),
            seen_at: time("2019-11-28 20:00:00"),
            paused_at: None,
            failing_since: None,
            last_failure_at: None,
            last_success_at: None,
        };
        ListedEndpoint { state, settings: None, backlog }
    }

    #[test]
    fn a_moment_may_be_a_day() {
        assert_eq!(moment("2019-11-28"), Ok(time("2019-11-28 00:00:00")));
        assert_eq!(moment("2019-11-28 20:40:08"), Ok(time("2019-11-28 20:40:08")));
        for wrong in ["yesterday", "0000-12-31", "+10000-01-01", "+10000-01-01 00:00:00", "2019-1-001"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_sent_is_said() {
        let erp = EndpointName::parse("erp").unwrap();
        assert_eq!(
            resent_text(Resent { due: 2, unwanted: 0 }, [&erp].into_iter()),
            "2 events will be sent once more; erp is paused, and is sent them when it is resumed"
        );
        assert_eq!(
            resent_text(Resent { due: 0, unwanted: 1 }, [&erp].into_iter()),
            "0 events will be sent once more; 1 are of types that the endpoint is not sent"
        );
    }

    #[test]
    fn the_state_is_told_in_words() {
        let now = time("2019-11-28 20:40:08");
        let nothing = listed("default", OutboxBacklog::default());
        assert_eq!(status_text(std::slice::from_ref(&nothing), now), "undelivered: 0\ngiven up: 0\n");
        let oldest = Some(time("2019-11-28 20:40:00"));
        let backlog = OutboxBacklog { undelivered: 7, given_up: 2, oldest };
        assert_eq!(
            status_text(&[listed("default", backlog)], now),
            "undelivered: 7\ngiven up: 2\noldest: 2019-11-28 20:40:00, 8 seconds ago\n"
        );
        let mut paused = listed("erp", backlog);
        paused.state.failing_since = Some(time("2019-11-28 20:38:28"));
        paused.state.paused_at = oldest;
        assert_eq!(
            status_text(&[nothing, paused], now),
            "endpoint: default (not in these settings)\nundelivered: 0\ngiven up: 0\n\
             endpoint: erp (not in these settings)\nundelivered: 7\ngiven up: 2\n\
             oldest: 2019-11-28 20:40:00, 8 seconds ago\n\
             failing since: 2019-11-28 20:38:28, 100 seconds ago\n\
             paused since: 2019-11-28 20:40:00, 8 seconds ago\n"
        );
    }
}
