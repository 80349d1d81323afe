//! The command line.

#![deny(clippy::print_stdout, clippy::print_stderr, reason = "they panic when nobody reads: see `output`")]

mod amend;
mod audit;
mod doctor;
mod events;
mod healthcheck;
mod log;
mod orders;
mod output;
mod reconcile;
mod serve;
mod table;
mod upkeep;

use std::{error::Error, net::SocketAddr, num::NonZero, path::PathBuf, process::ExitCode};

use adapters::system::SystemClock;
use application::{ChangeAddressError, OrderChangeError, ReconcileError, SearchOrders, TransactError};
use clap::{Parser, Subcommand};
use domain::{Cause, InvalidField, InvalidShipment, OrderId, Shipment, Trade, Username};
use output::{complain, say_line};
use ports::{Clock, StoreError};

pub(crate) use log::{LogError, LogLevel};

use crate::{
    StartError, build,
    configuration::{Configuration, ConfigurationError, DatabaseConfiguration, StaffSecret},
    http::{MAX_REASON, StaffKey, TableError},
    reload::{self, AskError, Settings},
    wiring::{OrderLife, check, connect, open_store, refuse_unsafe_engine, staff_key, token_key},
};

/// The order service of 达达商城: preview, order, pay through Alipay, receive.
///
/// Settings come from environment variables DASHOP_… over an optional TOML file; docs/OPERATIONS.md lists them.
#[derive(Parser)]
#[command(name = "dashop", version = build::LINE, about, long_about)]
struct Arguments {
    /// A TOML file with settings; DASHOP_CONFIG names one too.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the shop until SIGTERM or SIGINT.
    Serve,
    /// Makes the running service read its secrets and its log level again. Exit status 1 where it refuses them: then it goes on
    /// with those that it has.
    Reload,
    /// Asks the service whether it runs, at the address of DASHOP_LISTEN. Exit status 0 where it does: for containers.
    Healthcheck,
    /// Brings the database's schema up to date. Safe beside running programs, and when run twice.
    Migrate,
    /// Fills a shop that has no users yet with demo goods, users, addresses and carts.
    SeedDemo,
    /// Prints a token for a user, or for a member of staff, to call the service with.
    Token {
        /// The user's name (user_profile.username).
        #[arg(required_unless_present = "staff", conflicts_with = "staff")]
        user: Option<String>,
        /// The name of a member of staff, for the shop side; timelines show it.
        #[arg(long, value_name = "NAME")]
        staff: Option<String>,
        /// For how many days it is valid.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
    },
    /// Marks a paid order as shipped: 待发货 becomes 待收货.
    Ship {
        /// The order's number.
        order: String,
        /// Who carries it, such as 顺丰速运.
        #[arg(long, default_value = "")]
        carrier: String,
        /// The carrier's number for the parcel.
        #[arg(long, default_value = "")]
        tracking_number: String,
    },
    /// Gives up an unpaid order, after asking Alipay: its stock goes back.
    Cancel {
        /// The order's number.
        order: String,
        /// Why, for the timeline.
        #[arg(long, default_value = "商家取消")]
        reason: String,
    },
    /// Lowers what an unpaid order costs, after asking Alipay; its buyer pays in a new attempt.
    LowerAmount(amend::LowerAmountArguments),
    /// Sends an order elsewhere that was not shipped.
    ChangeAddress(amend::ChangeAddressArguments),
    /// Lists orders of all buyers, newest first.
    Orders(orders::OrdersArguments),
    /// Shows all that is on record of one order.
    Order {
        /// The order's number.
        order: String,
    },
    /// Refunds a paid order, all of it or a part. The same request number again is the same refund.
    Refund(orders::RefundArguments),
    /// Puts pieces of an order back into stock without money. The same request number again is the same return.
    Return(orders::ReturnArguments),
    /// Compares a day's payments and refunds with Alipay's bill, and keeps what does not agree. Exit status 1 where
    /// anything does not, 2 where the day could not be compared.
    Reconcile(reconcile::ReconcileArguments),
    /// Proves that orders, payments, refunds and stock on record are right, beside the running service. Exit status 1 where
    /// anything is not, 2 where that could not be found out.
    Audit(audit::AuditArguments),
    /// Looks whether everything around the shop is as it needs it: settings, database, Redis, Alipay, the machine. Exit
    /// status 1 where anything fails.
    Doctor,
    /// Copies the embedded database to a file while the shop runs.
    Backup(upkeep::BackupArguments),
    /// Replaces name, phone and address of the buyers of orders that ended more than DASHOP_ANONYMISE_DAYS ago, for good.
    Anonymise(upkeep::AnonymiseArguments),
    /// Events: order events, sent to DASHOP_EVENTS_URL.
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Prints the settings in force, without secrets.
    Config,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("{0:?} is not a name that a timeline can show: one line of at most 64 characters")]
    NotAName(String),
    #[error("the demo shop is not set up where real money comes in: everybody knows its users' passwords")]
    DemoForMoney,
    #[error("there is no user {0:?}")]
    NoSuchUser(String),
    #[error("DASHOP_STAFF_SECRET is not set: the shop side has no tokens")]
    NoStaffSecret,
    #[error("{0} is not an order number")]
    NotAnOrderNumber(String),
    #[error("order {order_id} was not shipped")]
    Ship {
        order_id: OrderId,
        #[source]
        cause: TransactError,
    },
    #[error("order {order_id} was not cancelled")]
    Cancel {
        order_id: OrderId,
        #[source]
        cause: OrderChangeError,
    },
    #[error("order {order_id} costs what it did")]
    LowerAmount {
        order_id: OrderId,
        #[source]
        cause: OrderChangeError,
    },
    #[error("order {order_id} goes where it did")]
    ChangeAddress {
        order_id: OrderId,
        #[source]
        cause: ChangeAddressError,
    },
    #[error("it is not known whether {what}; {how} finds out")]
    NotKnown {
        what: String,
        how: String,
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    #[error("there is no order {0} to show")]
    NoSuchOrder(OrderId),
    #[error("request {request_id}: order {order_number} was not refunded")]
    Refund {
        order_number: String,
        request_id: String,
        #[source]
        cause: OrderChangeError,
    },
    #[error("request {request_id}: no pieces of order {order_id} went back into stock")]
    Return {
        order_id: OrderId,
        request_id: String,
        #[source]
        cause: TransactError,
    },
    #[error(
        "the payment channel refused refund {number}: {}; the same with --request-id {request_id} tries again",
        .why.as_deref().unwrap_or("without a word")
    )]
    RefundRefused { number: String, request_id: String, why: Option<String> },
    #[error("{0:?} is no request number: 1 to 48 of A-Z a-z 0-9 _ -")]
    NotARequestNumber(String),
    #[error("an order's or a payment's number is 1 to {} printable characters", Trade::MAX_NUMBER)]
    NotAPaymentNumber,
    #[error("{what} must be one line of 1 to {most} characters")]
    NotALine { what: &'static str, most: usize },
    #[error("the day was not compared")]
    Reconcile(#[from] ReconcileError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("there are more than {} orders: --from and --to divide them", SearchOrders::EXPORT_MOST)]
    TooManyOrders,
    #[error(transparent)]
    Shipment(#[from] InvalidShipment),
    #[error(transparent)]
    Address(#[from] InvalidField),
    #[error("neither DASHOP_EVENTS_URL nor a table [webhooks.…] is set: nobody is told of events")]
    NoEndpoint,
    #[error("{0} is no webhook endpoint on record")]
    UnknownEndpoint(String),
    #[error("the webhook endpoint {0} is not in the settings: nothing is sent to it")]
    NotInSettings(String),
    #[error(transparent)]
    Token(#[from] crate::http::TokenError),
    #[error("{address}: {problem}")]
    Unhealthy { address: SocketAddr, problem: String },
    #[error("the server failed")]
    Io(#[from] std::io::Error),
    #[error(
        "only the embedded database is copied so; docs/OPERATIONS.md says how MySQL and MariaDB are backed up"
    )]
    NotEmbedded,
    #[error(transparent)]
    Backup(#[from] adapters::sql::BackupError),
    #[error("the output cannot be written")]
    Output(#[source] std::io::Error),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Reload(#[from] AskError),
}

impl CommandError {
    fn ship(order_id: &OrderId, cause: TransactError) -> Self {
        if may_be_done(&cause) {
            return Self::look_at(order_id, "was shipped", cause);
        }
        Self::Ship { order_id: order_id.clone(), cause }
    }

    fn cancel(order_id: &OrderId, cause: OrderChangeError) -> Self {
        if may_be_changed(&cause) {
            return Self::look_at(order_id, "was cancelled", cause);
        }
        Self::Cancel { order_id: order_id.clone(), cause }
    }

    fn lower_amount(order_id: &OrderId, cause: OrderChangeError) -> Self {
        if may_be_changed(&cause) {
            return Self::look_at(order_id, "costs less", cause);
        }
        Self::LowerAmount { order_id: order_id.clone(), cause }
    }

    fn change_address(order_id: &OrderId, cause: ChangeAddressError) -> Self {
        if matches!(&cause, ChangeAddressError::Transact(cause) if may_be_done(cause)) {
            return Self::look_at(order_id, "goes to the new address", cause);
        }
        Self::ChangeAddress { order_id: order_id.clone(), cause }
    }

    fn returning(order_id: &OrderId, request_id: &str, cause: TransactError) -> Self {
        if may_be_done(&cause) {
            return Self::NotKnown {
                what: format!("the pieces of order {order_id} went back into stock"),
                how: format!("the same with --request-id {request_id}"),
                cause: cause.into(),
            };
        }
        Self::Return { order_id: order_id.clone(), request_id: request_id.to_owned(), cause }
    }

    /// A refund is written down, sent, and its answer written down: what fails at the database may have failed after the money
    /// went back.
    fn refund(order_number: &str, request_id: &str, cause: OrderChangeError) -> Self {
        use OrderChangeError::{CostsNothing, Gateway, NotAdmitted, Settle, Store, Transact};
        match cause {
            // Before anything was sent, or by the rules.
            NotAdmitted(_) | CostsNothing | Gateway(_) | Settle(_) | Transact(TransactError::Refused(_)) => {
                Self::Refund {
                    order_number: order_number.to_owned(),
                    request_id: request_id.to_owned(),
                    cause,
                }
            }
            Store(_) | Transact(TransactError::Conflict | TransactError::Store(_)) => Self::NotKnown {
                what: format!("order {order_number} was refunded"),
                how: format!("the same with --request-id {request_id}"),
                cause: cause.into(),
            },
        }
    }

    fn look_at(order_id: &OrderId, did: &str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::NotKnown {
            what: format!("order {order_id} {did}"),
            how: format!("dashop order {order_id}"),
            cause: Box::new(cause),
        }
    }
}

/// Whether a transaction may have taken effect all the same.
fn may_be_done(cause: &TransactError) -> bool {
    matches!(cause, TransactError::Store(StoreError::OutcomeUnknown(_)))
}

/// The same of the last of the transactions of a change.
fn may_be_changed(cause: &OrderChangeError) -> bool {
    matches!(cause, OrderChangeError::Transact(cause) if may_be_done(cause))
}

/// Runs the program.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    // 1 says there that it was compared, and does not agree.
    let compares = matches!(arguments.command, Command::Reconcile(_) | Command::Audit(_));
    let on_failure = if compares { ExitCode::from(2) } else { ExitCode::FAILURE };
    // HTTP and signatures have threads of their own: more busy threads than processors cost more than they do.
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((processors / 2).max(1))
        .enable_all()
        .build()
        .map_err(CommandError::from)
        .and_then(|runtime| runtime.block_on(execute(arguments)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(&chain(&error));
            on_failure
        }
    }
}

async fn execute(arguments: Arguments) -> Result<ExitCode, CommandError> {
    let named: Option<PathBuf> = std::env::var_os("DASHOP_CONFIG").map(PathBuf::from);
    let file = arguments.config.or(named);
    let settings = Settings { file };
    let source = settings.source()?;
    let command = match arguments.command {
        // They need less.
        Command::Migrate => {
            let configuration = DatabaseConfiguration::read(source)?;
            log::start(&configuration.log)?;
            return migrate(&configuration).await.map(|()| ExitCode::SUCCESS);
        }
        Command::Backup(arguments) => {
            let configuration = DatabaseConfiguration::read(source)?;
            log::start(&configuration.log)?;
            return upkeep::backup(&configuration, arguments).await.map(|()| ExitCode::SUCCESS);
        }
        Command::Healthcheck => {
            healthcheck::run(Configuration::listen(source)?).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Reload => {
            reload::ask(reload::control_socket(source)?).await?;
            return say_line("secrets and log level are as the settings say now").map(|_| ExitCode::SUCCESS);
        }
        command => command,
    };
    let mut configuration = Configuration::read(source)?;
    // A command in a wrong place must not make an empty shop and find everything right in it.
    configuration.database.must_exist = !matches!(command, Command::Serve | Command::SeedDemo);
    let log = match command {
        Command::Serve => log::start_with_traces(&configuration.log),
        _ => log::start(&configuration.log),
    }?;
    match command {
        Command::Serve => serve::serve(&configuration, settings, log).await,
        // Done above.
        Command::Migrate | Command::Backup(_) | Command::Healthcheck | Command::Reload => Ok(()),
        Command::SeedDemo => seed_demo(&configuration).await,
        Command::Token { user, staff, days } => token(&configuration, user, staff, days).await,
        Command::Ship { order, carrier, tracking_number } => {
            ship(&configuration, &order, &carrier, &tracking_number).await
        }
        Command::Cancel { order, reason } => cancel(&configuration, &order, &reason).await,
        Command::LowerAmount(arguments) => amend::lower_amount(&configuration, arguments).await,
        Command::ChangeAddress(arguments) => amend::change_address(&configuration, arguments).await,
        Command::Orders(arguments) => orders::orders(&configuration, &arguments).await,
        Command::Order { order } => orders::order(&configuration, &order).await,
        Command::Refund(arguments) => orders::refund(&configuration, arguments).await,
        Command::Return(arguments) => orders::return_pieces(&configuration, arguments).await,
        Command::Reconcile(arguments) => return reconcile::run(&configuration, &arguments).await,
        Command::Doctor => return doctor::run(&configuration).await,
        Command::Anonymise(arguments) => upkeep::anonymise(&configuration, &arguments).await,
        Command::Audit(arguments) => return audit::run(&configuration, &arguments).await,
        Command::Events(command) => events::run(&configuration, command).await,
        Command::Config => show(&configuration),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The settings in force, which are those that a server would start with.
fn show(configuration: &Configuration) -> Result<(), CommandError> {
    check(configuration)?;
    say_line(format!("{configuration:#?}")).map(drop)
}

async fn migrate(configuration: &DatabaseConfiguration) -> Result<(), CommandError> {
    let store = connect(&configuration.database, configuration.start_timeout).await?;
    refuse_unsafe_engine(&*store, configuration.allows_unsafe_engine).await?;
    let ran = store.migrate().await?;
    for name in &ran {
        say_line(format!("ran {name}"))?;
    }
    if ran.is_empty() {
        say_line("the schema is up to date")?;
    }
    Ok(())
}

async fn seed_demo(configuration: &Configuration) -> Result<(), CommandError> {
    if configuration.alipay.takes_money() {
        return Err(CommandError::DemoForMoney);
    }
    let store = open_store(configuration).await?;
    let seeded = store.seed_demo(SystemClock.now()).await?;
    let said =
        if seeded { "the demo shop is set up" } else { "there are users already; nothing was changed" };
    say_line(said).map(drop)
}

async fn token(
    configuration: &Configuration,
    user: Option<String>,
    staff: Option<String>,
    days: u16,
) -> Result<(), CommandError> {
    let expires = SystemClock.now().unix_seconds() + i64::from(days) * 24 * 3600;
    let token = match staff {
        Some(name) if !StaffKey::is_name(&name) => return Err(CommandError::NotAName(name)),
        Some(name) => {
            // A secret that is generated is beside the database: one of no shop is of no use.
            if matches!(configuration.tokens.staff, StaffSecret::Kept) {
                open_store(configuration).await?;
            }
            staff_key(configuration)?.ok_or(CommandError::NoStaffSecret)?.issue(name.trim(), expires)?
        }
        None => user_token(configuration, Username(user.unwrap_or_default()), expires).await?,
    };
    say_line(token).map(drop)
}

/// A token of a buyer.
async fn user_token(
    configuration: &Configuration,
    user: Username,
    expires: i64,
) -> Result<String, CommandError> {
    let credential = open_store(configuration).await?.credential(&user).await?;
    let password = credential.ok_or_else(|| CommandError::NoSuchUser(user.0.clone()))?.password;
    Ok(token_key(configuration)?.issue(&user, &password, expires)?)
}

async fn ship(
    configuration: &Configuration,
    order: &str,
    carrier: &str,
    tracking_number: &str,
) -> Result<(), CommandError> {
    let order_id = order_number(order)?;
    let shipment = Shipment::new(carrier, tracking_number, SystemClock.now())?;
    let life = OrderLife::open(configuration).await?;
    life.ship
        .execute(&order_id, &shipment, &operator())
        .await
        .map_err(|cause| CommandError::ship(&order_id, cause))?;
    say_line(format!("order {order_id} is on its way")).map(drop)
}

async fn cancel(configuration: &Configuration, order: &str, reason: &str) -> Result<(), CommandError> {
    let order_id = order_number(order)?;
    let reason = orders::line("--reason", reason, MAX_REASON)?;
    let life = OrderLife::open(configuration).await?;
    life.cancel
        .by_shop(&order_id, &reason, &operator())
        .await
        .map_err(|cause| CommandError::cancel(&order_id, cause))?;
    say_line(format!("order {order_id} is cancelled")).map(drop)
}

fn order_number(order: &str) -> Result<OrderId, CommandError> {
    OrderId::parse(order).map_err(|_| CommandError::NotAnOrderNumber(order.to_owned()))
}

/// The user who runs a command, as the timeline names them.
fn operator() -> Cause {
    Cause::shop("command line".to_owned(), None)
}

/// An error and its causes in one line; a cause that its error quotes already is not said twice.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.ends_with(&text) {
            said.push_str(": ");
            said.push_str(&text);
        }
        cause = error.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use std::io;

    use domain::ledger::Refusal;

    use super::*;

    fn order() -> OrderId {
        OrderId::parse("2019112820400804").unwrap()
    }

    fn unanswered() -> TransactError {
        StoreError::OutcomeUnknown(io::Error::from(io::ErrorKind::ConnectionReset).into()).into()
    }

    fn unavailable() -> TransactError {
        StoreError::Unavailable(io::Error::from(io::ErrorKind::ConnectionRefused).into()).into()
    }

    /// What may have happened is not called undone: a repetition under another number would do it twice.
    #[test]
    fn what_may_have_happened_is_not_said_not_to_have() {
        let order = order();
        let of_order = "dashop order 2019112820400804 finds out";
        for (error, what, how) in [
            (CommandError::ship(&order, unanswered()), "was shipped", of_order),
            (CommandError::cancel(&order, unanswered().into()), "was cancelled", of_order),
            (CommandError::lower_amount(&order, unanswered().into()), "costs less", of_order),
            (CommandError::change_address(&order, unanswered().into()), "goes to the new address", of_order),
            (
                CommandError::returning(&order, "r1", unanswered()),
                "went back into stock",
                "the same with --request-id r1 finds out",
            ),
        ] {
            let said = chain(&error);
            assert!(said.starts_with("it is not known whether ") && said.contains(what), "{said}");
            assert!(said.contains(&format!("; {how}: ")), "{said}");
        }
    }

    #[test]
    fn a_refund_that_failed_at_the_database_may_have_been_made() {
        for cause in [unanswered(), unavailable(), TransactError::Conflict] {
            let said = chain(&CommandError::refund("OLD-7", "r1", cause.into()));
            let begin =
                "it is not known whether order OLD-7 was refunded; the same with --request-id r1 finds out: ";
            assert!(said.starts_with(begin), "{said}");
        }
        let refused = TransactError::from(Refusal::NothingToRefund).into();
        assert_eq!(
            chain(&CommandError::refund("OLD-7", "r1", refused)),
            "request r1: order OLD-7 was not refunded: there is nothing to refund"
        );
    }

    #[test]
    fn what_was_not_done_is_said_with_its_request() {
        let order = order();
        let said = chain(&CommandError::returning(&order, "r1", unavailable()));
        let begin = "request r1: no pieces of order 2019112820400804 went back into stock: ";
        assert!(said.starts_with(begin), "{said}");
        let said = chain(&CommandError::ship(&order, unavailable()));
        assert!(
            said.starts_with("order 2019112820400804 was not shipped: the database is not available"),
            "{said}"
        );
    }
}
