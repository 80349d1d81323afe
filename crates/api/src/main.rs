//! The order service of 达达商城.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// One that suits servers: what many threads take and give back does not stay with the process.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    api::cli::run()
}
