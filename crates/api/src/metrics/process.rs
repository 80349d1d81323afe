//! Metrics of this process from Linux, under the names that every Prometheus client uses.

use std::fs;

use metrics::{counter, gauge};
use ports::metric;
use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::{Resource, getrlimit},
};

/// Looks up the values. Values that cannot be read are left out.
pub(super) fn refresh() {
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::read) {
        let ticks = float(clock_ticks_per_second());
        counter!(metric::PROCESS_CPU).absolute(stat.cpu_ticks / clock_ticks_per_second().max(1));
        gauge!(metric::PROCESS_THREADS).set(float(stat.threads));
        gauge!(metric::PROCESS_MEMORY).set(float(stat.resident_pages) * float(page_size() as u64));
        if let Some(booted) = fs::read_to_string("/proc/stat").ok().as_deref().and_then(boot_time) {
            gauge!(metric::PROCESS_START).set(float(booted) + float(stat.started_ticks) / ticks);
        }
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // Reading the directory itself takes one file.
        gauge!(metric::PROCESS_FDS).set(float(files.count().saturating_sub(1) as u64));
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        gauge!(metric::PROCESS_MAX_FDS).set(float(most));
    }
}

/// The useful fields of `/proc/self/stat`: proc(5).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    threads: u64,
    started_ticks: u64,
    resident_pages: u64,
}

impl Stat {
    fn read(line: &str) -> Option<Self> {
        // The program's name is in parentheses and may contain blanks and parentheses. Field 3, the state, follows it.
        let (_, rest) = line.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: field(14)?.saturating_add(field(15)?),
            threads: field(20)?,
            started_ticks: field(22)?,
            resident_pages: field(24)?,
        })
    }
}

fn boot_time(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// Exact up to 2^53; larger values are rounded.
#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found_whatever_the_program_is_called() {
        let line = "4242 (a) b (c)) S 4 5 6 7 8 9 10 11 12 13 130 20 16 17 18 19 9 21 5555 20000 321 25";
        let stat = Stat { cpu_ticks: 150, threads: 9, started_ticks: 5555, resident_pages: 321 };
        assert_eq!(Stat::read(line), Some(stat));
        assert_eq!(Stat::read("4242 (a) S 1"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let line = fs::read_to_string("/proc/self/stat").unwrap();
        assert!(Stat::read(&line).unwrap().resident_pages > 0);
        assert!(boot_time(&fs::read_to_string("/proc/stat").unwrap()).unwrap() > 1_000_000_000);
    }
}
