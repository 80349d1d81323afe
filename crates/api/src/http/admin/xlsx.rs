//! Orders as an Excel workbook.

use actix_web::HttpResponse;
use application::OrderExport;
use domain::Money;
use ports::{ShippingListEntry, StoreError};
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::table::{self, Cell, HEADS};

/// The most orders: unlike CSV, a workbook can be sent only when it is complete.
pub(super) const MOST: usize = 10_000;
/// The widths of the columns, in characters.
const WIDTHS: [f64; HEADS.len()] = [
    24.0, 8.0, 20.0, 12.0, 12.0, 14.0, 40.0, 10.0, 30.0, 20.0, 10.0, 6.0, 10.0, 8.0, 10.0, 10.0, 32.0, 20.0,
    12.0, 20.0, 20.0, 10.0, 8.0,
];

/// Why a workbook could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkbookError {
    #[error("the orders cannot be read")]
    Store(#[from] StoreError),
    #[error("there are more than {MOST} orders")]
    TooMany,
    #[error("the workbook cannot be written")]
    Written(#[from] XlsxError),
    #[error("writing the workbook was given up")]
    GivenUp(#[from] tokio::task::JoinError),
}

/// A workbook of all orders that match.
pub(super) async fn workbook(mut export: OrderExport) -> Result<Vec<u8>, WorkbookError> {
    let mut orders = Vec::new();
    while let Some(page) = export.next_with_goods().await? {
        orders.extend(page);
        if orders.len() > MOST {
            return Err(WorkbookError::TooMany);
        }
    }
    // Writing is CPU work: it must not block other tasks on this thread.
    Ok(tokio::task::spawn_blocking(move || written(&orders)).await??)
}

pub(super) fn answer(workbook: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("content-disposition", "attachment; filename=\"orders.xlsx\""))
        .insert_header(("x-content-type-options", "nosniff"))
        .body(workbook)
}

fn written(orders: &[ShippingListEntry]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name("订单")?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, width) in (0..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    let (bold, money) = (Format::new().set_bold(), Format::new().set_num_format("0.00"));
    for (column, head) in (0..).zip(HEADS) {
        sheet.write_string_with_format(0, column, head, &bold)?;
    }
    for (row, cells) in (1..).zip(orders.iter().flat_map(table::rows)) {
        for (column, cell) in (0..).zip(&cells) {
            write(sheet, row, column, cell, &money)?;
        }
    }
    workbook.save_to_buffer()
}

/// Text stays text in a workbook, whatever it begins with. A text that is too long for a cell is cut.
fn write(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell, money: &Format) -> Result<(), XlsxError> {
    match cell {
        Cell::Text(text) | Cell::Typed(text) | Cell::Number(text) => {
            sheet.write_string(row, column, text.chars().take(MAX_CHARS).collect::<String>())?;
        }
        Cell::Amount(amount) => {
            sheet.write_number_with_format(row, column, number(*amount), money)?;
        }
        Cell::Count(count) => {
            sheet.write_number(row, column, *count)?;
        }
        Cell::Empty => {}
    }
    Ok(())
}

/// A cell holds at most 32,767 characters; all stored texts are far shorter.
const MAX_CHARS: usize = 2_000;

/// Excel uses binary floats. With two decimals shown, every order amount is exact.
fn number(amount: Money) -> f64 {
    amount.to_decimal().to_f64().unwrap_or_default()
}
