//! The command line.

#![deny(clippy::print_stdout, clippy::print_stderr, reason = "they panic when nobody reads: see `output`")]

mod amend;
mod audit;
mod doctor;
mod error;
mod events;
mod healthcheck;
mod orders;
mod output;
mod reconcile;
mod serve;
mod table;
mod upkeep;

use std::{num::NonZero, path::PathBuf, process::ExitCode};

use adapters::system::SystemClock;
use clap::{Parser, Subcommand};
use domain::{Cause, OrderId, Shipment, Username};
use error::CommandError;
use output::{complain, say_line};
use ports::Clock;

use crate::{
    build,
    configuration::{Configuration, DatabaseConfiguration, StaffSecret},
    error_chain::chain,
    http::{MAX_REASON, StaffKey},
    logging,
    reload::{self, Settings},
    wiring::{check, connect, open_orders, open_store, refuse_unsafe_engine, staff_key, token_key},
};

/// The order service of 达达商城: preview, order, pay through Alipay, receive.
///
/// Settings come from environment variables DASHOP_… over an optional TOML file; docs/OPERATIONS.md lists them.
#[derive(Parser)]
#[command(name = "dashop", version = build::LINE, about, long_about)]
struct Arguments {
    /// A TOML file with settings. By default the file that DASHOP_CONFIG names.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the shop until SIGTERM or SIGINT.
    Serve,
    /// Makes the running service reload its secrets and its log level. Exit status 1 if it refuses the new ones and keeps
    /// the old ones.
    Reload,
    /// Checks whether the service at the address of DASHOP_LISTEN runs. Exit status 0 if it does. For containers.
    Healthcheck,
    /// Updates the database's schema. It may run while programs use the database, and repeatedly.
    Migrate,
    /// Fills a shop that has no users yet with demo goods, users, addresses and carts.
    SeedDemo,
    /// Prints a token for calls to the service, for a user or a member of staff.
    Token {
        /// The user's name (user_profile.username).
        #[arg(required_unless_present = "staff", conflicts_with = "staff")]
        user: Option<String>,
        /// The name of a member of staff, for the shop side; timelines show it.
        #[arg(long, value_name = "NAME")]
        staff: Option<String>,
        /// How many days the token is valid.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
    },
    /// Marks a paid order as shipped: 待发货 becomes 待收货.
    Ship {
        /// The order's number.
        order: String,
        /// The carrier, such as 顺丰速运.
        #[arg(long, default_value = "")]
        carrier: String,
        /// The carrier's number for the parcel.
        #[arg(long, default_value = "")]
        tracking_number: String,
    },
    /// Cancels an unpaid order, after a query to Alipay, and returns its stock.
    Cancel {
        /// The order's number.
        order: String,
        /// The reason, for the timeline.
        #[arg(long, default_value = "商家取消")]
        reason: String,
    },
    /// Lowers the amount of an unpaid order, after a query to Alipay. The buyer pays in a new attempt.
    LowerAmount(amend::LowerAmountArguments),
    /// Changes the address of an order that is not shipped.
    ChangeAddress(amend::ChangeAddressArguments),
    /// Lists orders of all buyers, newest first.
    Orders(orders::OrdersArguments),
    /// Shows all records of one order.
    Order {
        /// The order's number.
        order: String,
    },
    /// Refunds a paid order in whole or in part. The same request number again is the same refund.
    Refund(orders::RefundArguments),
    /// Puts pieces of an order back into stock without a refund. The same request number again is the same return.
    Return(orders::ReturnArguments),
    /// Compares a day's payments and refunds with the channel's bill, and stores the differences. Exit status 1 if there are
    /// differences, 2 if the day could not be compared.
    Reconcile(reconcile::ReconcileArguments),
    /// Checks that the records of orders, payments, refunds and stock are consistent. The service may run meanwhile. Exit
    /// status 1 if there are differences, 2 if the check failed.
    Audit(audit::AuditArguments),
    /// Checks the environment of the shop: settings, database, Redis, Alipay, the machine. Exit status 1 if anything fails.
    Doctor,
    /// Copies the embedded database to a file while the shop runs.
    Backup(upkeep::BackupArguments),
    /// Permanently replaces names, phones and addresses in orders that ended more than DASHOP_ANONYMISE_DAYS ago.
    Anonymise(upkeep::AnonymiseArguments),
    /// Manages the delivery of order events to webhook endpoints.
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Prints the settings in force, without secrets.
    Config,
}

/// Runs the program.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    // For these commands, exit status 1 means that a difference was found.
    let compares = matches!(arguments.command, Command::Reconcile(_) | Command::Audit(_));
    let on_failure = if compares { ExitCode::from(2) } else { ExitCode::FAILURE };
    // HTTP and signatures have their own threads: more busy threads than processors cost more than they bring.
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((processors / 2).max(1))
        .enable_all()
        .build();
    let outcome = runtime.map_err(CommandError::from).and_then(|runtime| {
        let outcome = runtime.block_on(execute(arguments));
        // A reload may still wait for a file.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(&chain(&error));
            on_failure
        }
    }
}

async fn execute(arguments: Arguments) -> Result<ExitCode, CommandError> {
    let named = std::env::var_os("DASHOP_CONFIG").filter(|path| !path.is_empty());
    let file = arguments.config.or(named.map(PathBuf::from));
    let settings = Settings { file };
    let source = settings.source()?;
    let command = match arguments.command {
        // These commands need fewer settings.
        Command::Migrate => {
            let configuration = DatabaseConfiguration::read(source)?;
            logging::start(&configuration.log)?;
            return migrate(&configuration).await.map(|()| ExitCode::SUCCESS);
        }
        Command::Backup(arguments) => {
            let configuration = DatabaseConfiguration::read(source)?;
            logging::start(&configuration.log)?;
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
    // A command in a wrong directory must not create an empty shop and then report that all is right.
    let may_make_a_shop = matches!(command, Command::Serve | Command::SeedDemo);
    configuration.database.must_exist = !may_make_a_shop;
    // A command that only reads must not update the schema. `doctor` and `config` show what `serve` would do, and update
    // nothing.
    configuration.migrate_at_start &= may_make_a_shop || matches!(command, Command::Doctor | Command::Config);
    let log = match command {
        Command::Serve => logging::start_with_traces(&configuration.log),
        _ => logging::start(&configuration.log),
    }?;
    match command {
        Command::Serve => serve::serve(&configuration, settings, log).await,
        // Handled above.
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

/// Prints the settings with which a server would start.
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
            // A generated secret is kept beside the database; without a shop it is of no use.
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
    let orders = open_orders(configuration).await?;
    orders
        .ship(&order_id, &shipment, &operator())
        .await
        .map_err(|cause| CommandError::ship(&order_id, cause))?;
    say_line(format!("order {order_id} is on its way")).map(drop)
}

async fn cancel(configuration: &Configuration, order: &str, reason: &str) -> Result<(), CommandError> {
    let order_id = order_number(order)?;
    let reason = orders::line("--reason", reason, MAX_REASON)?;
    let orders = open_orders(configuration).await?;
    orders
        .cancel(&order_id, None, &reason, &operator())
        .await
        .map_err(|cause| CommandError::cancel(&order_id, cause))?;
    say_line(format!("order {order_id} is cancelled")).map(drop)
}

fn order_number(order: &str) -> Result<OrderId, CommandError> {
    OrderId::parse(order).map_err(|_| CommandError::NotAnOrderNumber(order.to_owned()))
}

/// The actor in timelines for changes from the command line.
fn operator() -> Cause {
    Cause::shop("command line".to_owned(), None)
}
