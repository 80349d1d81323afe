//! `dashop audit`: checks that all records are consistent.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use application::{Audit, AuditReport};
use clap::Args;
use domain::audit::OldTotals;
use serde_json::json;

use super::{CommandError, output::say_line, table::visible};
use crate::{configuration::Configuration, wiring::open_audit};

#[derive(Args)]
pub(super) struct AuditArguments {
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    configuration: &Configuration,
    arguments: &AuditArguments,
) -> Result<ExitCode, CommandError> {
    let audit = open_audit(configuration).await?;
    let is_watched = std::io::stderr().is_terminal();
    let report = audit.execute(|done, total| show(is_watched, done, total)).await;
    if is_watched {
        let _unread = write!(std::io::stderr().lock(), "\r\x1b[K");
    }
    let report = report?;
    if arguments.json {
        say_line(as_json(&report))?;
    } else {
        say_line(as_text(&report, configuration.audit.terms.old_totals))?;
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Shows the progress in one line on a terminal, and nothing otherwise.
fn show(is_watched: bool, done: u64, total: u64) {
    if is_watched {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
        let _unread = write!(std::io::stderr().lock(), "\r{done} of {total} orders, {percent} %");
    }
}

fn as_json(report: &AuditReport) -> String {
    let finding = |found: &domain::audit::Finding| json!({"kind": found.kind.as_str(), "key": found.key, "what": found.what});
    let counts = report.counts.iter().map(|(kind, count)| (kind.as_str().to_owned(), json!(count)));
    json!({
        "clean": report.is_clean(),
        "orders": report.orders,
        "skus": report.skus,
        "sales_compared": report.has_compared_sales,
        "counts": counts.collect::<serde_json::Map<_, _>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "old_totals": {
            "with_freight": report.old_totals.with_freight,
            "goods_alone": report.old_totals.goods_alone,
            "looks_like": report.old_totals.looks_like().map(OldTotals::as_str),
        },
    })
    .to_string()
}

fn as_text(report: &AuditReport, read_as: OldTotals) -> String {
    let mut lines = Vec::new();
    for (kind, count) in &report.counts {
        let kind = *kind;
        lines.push(format!("{}: {count}", kind.as_str()));
        for found in report.findings.iter().filter(|found| found.kind == kind) {
            lines.push(format!("  {}: {}", visible(&found.key), visible(&found.what)));
        }
        if *count > Audit::LISTED {
            lines.push(format!("  and {} more", count.saturating_sub(Audit::LISTED)));
        }
    }
    if let Some(looks_like) = report.old_totals.looks_like() {
        let seen = report.old_totals;
        lines.push(format!(
            "old orders with freight: {} have it in their amount, {} have not; read as {}, they look like {}",
            seen.with_freight,
            seen.goods_alone,
            read_as.as_str(),
            looks_like.as_str(),
        ));
    }
    if !report.has_compared_sales {
        lines.push("the sales of SKUs were not compared: rows with pieces cannot be read".to_owned());
    }
    lines.push(format!(
        "{} orders, {} SKUs: {} differences",
        report.orders,
        report.skus,
        report.differences()
    ));
    lines.join("\n")
}
