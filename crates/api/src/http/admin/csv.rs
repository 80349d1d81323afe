//! Orders as a table, for a spreadsheet.

use actix_web::{HttpResponse, web::Bytes};
use application::OrderExport;
use futures_util::stream;
use ports::{FoundOrder, StoreError};

use crate::http::codes::log_failure;

/// Tells spreadsheets that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The names of the columns.
const COLUMNS: [&str; 12] = [
    "order_id",
    "status",
    "status_text",
    "user_id",
    "username",
    "total_count",
    "total_amount",
    "freight",
    "refunded_amount",
    "receiver",
    "created_at",
    "expire_at",
];

/// Why a table ends early; the client sees that its answer is cut off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    #[error("the orders cannot be read")]
    Store(#[from] StoreError),
    #[error("a row cannot be written")]
    Row(#[from] csv::Error),
}

/// A table of the orders, sent page by page: the next one is read when the client has taken the last, and not at all
/// when it has gone away.
pub(super) fn table(first: Option<Vec<FoundOrder>>, export: OrderExport) -> HttpResponse {
    let pages = stream::try_unfold((Some(first), export), |(begun, mut export)| async move {
        let next = match begun {
            Some(first) => head().and_then(|mut head| {
                head.extend_from_slice(&rows(&first.unwrap_or_default())?);
                Ok(Some(head))
            }),
            None => page(&mut export).await,
        };
        match next {
            Ok(bytes) => Ok(bytes.map(|bytes| (Bytes::from(bytes), (None, export)))),
            Err(error) => {
                log_failure(&error, "a table of orders ended early");
                Err(error)
            }
        }
    });
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("content-disposition", "attachment; filename=\"orders.csv\""))
        .insert_header(("x-content-type-options", "nosniff"))
        .streaming(pages)
}

async fn page(export: &mut OrderExport) -> Result<Option<Vec<u8>>, TableError> {
    export.next().await?.map(|orders| rows(&orders)).transpose()
}

/// The beginning of a table, before its first row.
pub(crate) fn head() -> Result<Vec<u8>, TableError> {
    let mut line = BYTE_ORDER_MARK.to_vec();
    let mut writer = csv::Writer::from_writer(&mut line);
    writer.write_record(COLUMNS)?;
    writer.flush().map_err(csv::Error::from)?;
    drop(writer);
    Ok(line)
}

/// A row an order.
pub(crate) fn rows(orders: &[FoundOrder]) -> Result<Vec<u8>, TableError> {
    let mut lines = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut lines);
    for order in orders {
        writer.write_record([
            order.id.to_string(),
            order.status.code().to_string(),
            order.status.to_string(),
            order.user_id.to_string(),
            harmless(&order.username.0),
            order.total_count.to_string(),
            order.total_amount.to_string(),
            order.freight.to_string(),
            order.refunded_amount.to_string(),
            harmless(&order.receiver),
            order.created_at.to_string(),
            order.expire_at.map(|time| time.to_string()).unwrap_or_default(),
        ])?;
    }
    writer.flush().map_err(csv::Error::from)?;
    drop(writer);
    Ok(lines)
}

/// How formulas begin, in wide characters too, and what spreadsheets pass over in front of one: OWASP, CSV injection.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];

/// What buyers typed, so that no spreadsheet takes it for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}
