use std::io::{BufReader, Cursor, Read as _};

use alipay_protocol::Charset;
use domain::Bill;
use zip::ZipArchive;

use super::{BillError, sheet::Sheet};

/// Maximum number of unpacked bytes: a small archive can hold a very long file.
const MAX_UNPACKED: u64 = 512 * 1024 * 1024;

/// Reads the bill.
pub(super) fn bill(bytes: Vec<u8>) -> Result<Bill, BillError> {
    read(bytes, MAX_UNPACKED)
}

fn read(bytes: Vec<u8>, max_unpacked: u64) -> Result<Bill, BillError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(BillError::Archive)?;
    let mut bill = Bill::default();
    let mut left = max_unpacked;
    let mut found = false;
    for nth in 0..archive.len() {
        let file = archive.by_index(nth).map_err(BillError::Archive)?;
        if !is_detail(file.name_raw()) {
            continue;
        }
        found = true;
        // One more byte shows whether the file ends here or goes on.
        let mut text = BufReader::new(file.take(left + 1));
        Sheet::default().read(&mut text, &mut bill)?;
        left = text.get_ref().limit().checked_sub(1).ok_or(BillError::TooLong(max_unpacked))?;
    }
    if found { Ok(bill) } else { Err(BillError::NoDetail) }
}

/// Whether a file holds the details (业务明细). The name of the summary (业务明细(汇总)) has that word too. Names are in
/// GBK, or in UTF-8 if somebody packed the bill again.
fn is_detail(name: &[u8]) -> bool {
    let is = |name: &str| name.contains("业务明细") && !name.contains("汇总");
    str::from_utf8(name).is_ok_and(is) || Charset::Gb18030.decode("name", name).is_ok_and(|name| is(&name))
}

#[cfg(test)]
mod tests;
