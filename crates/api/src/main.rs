//! The order service of 达达商城.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::cli::run()
}
