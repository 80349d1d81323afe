//! The order service of 达达商城.

use std::process::ExitCode;

/// Threads take and give back memory without waiting for each other, and what was needed for a moment goes back to the
/// system: docs/PERFORMANCE.md has the figures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    api::cli::run()
}
