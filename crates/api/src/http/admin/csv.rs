//! Orders as CSV.

use actix_web::{HttpResponse, web::Bytes};
use application::OrderExport;
use csv::{QuoteStyle, WriterBuilder};
use futures_util::stream;
use ports::{ShippingListEntry, StoreError};

use super::table::{self, Cell, HEADS};
use crate::http::codes::log_failure;

/// Tells spreadsheets that the file is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Why a table ends early. The client sees that the response is incomplete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    #[error("the orders cannot be read")]
    Store(#[from] StoreError),
    #[error("a row cannot be written")]
    Row(#[from] csv::Error),
}

/// A table of the orders, sent page by page. The next page is read after the client has received the last one; after a
/// disconnect no more pages are read.
pub(super) fn answer(first: Option<Vec<ShippingListEntry>>, export: OrderExport) -> HttpResponse {
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
    export.next_with_goods().await?.map(|orders| rows(&orders)).transpose()
}

/// The table up to its first row.
pub(crate) fn head() -> Result<Vec<u8>, TableError> {
    let mut lines = BYTE_ORDER_MARK.to_vec();
    lines.extend(written([HEADS.map(str::to_owned)])?);
    Ok(lines)
}

/// The rows of these orders.
pub(crate) fn rows(orders: &[ShippingListEntry]) -> Result<Vec<u8>, TableError> {
    written(orders.iter().flat_map(table::rows).map(|row| row.map(|cell| text(&cell))))
}

/// All fields are quoted, so that their content needs no special treatment.
fn written(rows: impl IntoIterator<Item = [String; HEADS.len()]>) -> Result<Vec<u8>, TableError> {
    let mut lines = Vec::new();
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(&mut lines);
    for row in rows {
        writer.write_record(row)?;
    }
    writer.flush().map_err(csv::Error::from)?;
    drop(writer);
    Ok(lines)
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Typed(text) => harmless(text),
        // A tab at the end, as in Alipay's own bills: without it, spreadsheets keep only fifteen digits of sixteen.
        Cell::Number(digits) if digits.is_empty() => String::new(),
        Cell::Number(digits) => format!("{}\t", harmless(digits)),
        Cell::Amount(amount) => amount.to_string(),
        Cell::Count(count) => count.to_string(),
        Cell::Empty => String::new(),
    }
}

/// Characters that begin formulas, also in full width, and characters that spreadsheets skip before a formula: OWASP, CSV
/// injection.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];

/// Prefixes text that a buyer typed, so that no spreadsheet reads it as a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}
