use std::io::{BufRead, Read as _};

use alipay_protocol::Charset;
use domain::{BillEntry, BillEntryKind, Money, ShopTime};

use super::BillError;

/// The most bytes of a line.
const MAX_LINE: usize = 16 * 1024;
/// The most entries of a bill.
const MAX_ENTRIES: usize = 1_000_000;

const TRADE_NO: &str = "支付宝交易号";
const OUT_TRADE_NO: &str = "商户订单号";
const KIND: &str = "业务类型";
const CREATED_AT: &str = "创建时间";
const COMPLETED_AT: &str = "完成时间";
const AMOUNT: &str = "订单金额（元）";
const OUT_REQUEST_NO: &str = "退款批次号/请求号";

/// The columns that are read.
const COLUMNS: [&str; 7] = [TRADE_NO, OUT_TRADE_NO, KIND, CREATED_AT, COMPLETED_AT, AMOUNT, OUT_REQUEST_NO];

/// Reads one file of details, line by line: comments, the line of column names, entries, comments.
///
/// Lines are told apart and split before they are decoded, for in GBK no byte of a character is a line end, a comma, a
/// quote or a `#`.
#[derive(Default)]
pub(super) struct Sheet {
    line: usize,
    /// Where each of [`COLUMNS`] is; none before the line of names.
    places: Option<[usize; COLUMNS.len()]>,
    /// Entries of kinds that are neither payments nor refunds.
    others: usize,
}

impl Sheet {
    /// Adds the entries of the file.
    pub(super) fn read(
        mut self,
        text: &mut impl BufRead,
        entries: &mut Vec<BillEntry>,
    ) -> Result<(), BillError> {
        let mut line = Vec::new();
        loop {
            line.clear();
            self.line += 1;
            let at = self.line;
            // One byte more, to tell a line that ends here from one that goes on.
            let mut bounded = text.by_ref().take(MAX_LINE as u64 + 1);
            let read = bounded.read_until(b'\n', &mut line);
            if read.map_err(|cause| BillError::Io { line: at, cause })? == 0 {
                break;
            }
            if line.len() > MAX_LINE {
                return Err(BillError::LongLine { line: at, limit: MAX_LINE });
            }
            if let Some(entry) = self.take(&line)? {
                if entries.len() >= MAX_ENTRIES {
                    return Err(BillError::TooMany(MAX_ENTRIES));
                }
                entries.push(entry);
            }
        }
        if self.others > 0 {
            tracing::warn!(count = self.others, "the bill has entries that are neither payments nor refunds");
        }
        if self.places.is_some() { Ok(()) } else { Err(BillError::NoColumn(TRADE_NO)) }
    }

    fn take(&mut self, line: &[u8]) -> Result<Option<BillEntry>, BillError> {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(None);
        }
        let fields = fields(line).ok_or(BillError::Line { line: self.line })?;
        match self.places {
            Some(places) => self.entry(&fields, places),
            None => {
                self.places = Some(places(&fields)?);
                Ok(None)
            }
        }
    }

    fn entry(
        &mut self,
        fields: &[String],
        places: [usize; COLUMNS.len()],
    ) -> Result<Option<BillEntry>, BillError> {
        let unreadable = |column| BillError::Field { line: self.line, column };
        let [trade_no, out_trade_no, kind, created_at, completed_at, amount, out_request_no] =
            places.map(|place| fields.get(place).map_or("", |field| field.trim()));
        let kind = match kind {
            "交易" => BillEntryKind::Payment,
            "退款" => BillEntryKind::Refund { out_request_no: out_request_no.to_owned() },
            "" => return Err(unreadable(KIND)),
            _ => {
                self.others += 1;
                return Ok(None);
            }
        };
        if trade_no.is_empty() {
            return Err(unreadable(TRADE_NO));
        }
        let booked_at = ShopTime::parse(completed_at).or_else(|| ShopTime::parse(created_at));
        Ok(Some(BillEntry {
            trade_no: trade_no.to_owned(),
            out_trade_no: out_trade_no.to_owned(),
            amount: money(amount, &kind).ok_or_else(|| unreadable(AMOUNT))?,
            kind,
            booked_at: booked_at.ok_or_else(|| unreadable(COMPLETED_AT))?,
        }))
    }
}

/// What a buyer paid is positive, and what went back is negative.
fn money(text: &str, kind: &BillEntryKind) -> Option<Money> {
    let digits = match kind {
        BillEntryKind::Payment => text,
        BillEntryKind::Refund { .. } => text.strip_prefix('-')?,
    };
    digits.parse().ok()
}

/// The fields of one line.
fn fields(line: &[u8]) -> Option<Vec<String>> {
    let mut table =
        csv::ReaderBuilder::new().has_headers(false).buffer_capacity(line.len()).from_reader(line);
    let mut record = csv::ByteRecord::new();
    if !table.read_byte_record(&mut record).ok()? {
        return None;
    }
    record.iter().map(|field| Charset::Gb18030.decode("a field", field).ok()).collect()
}

fn places(names: &[String]) -> Result<[usize; COLUMNS.len()], BillError> {
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let found = names.iter().position(|name| plain(name) == plain(column));
        *place = found.ok_or(BillError::NoColumn(column))?;
    }
    Ok(places)
}

/// A column's name with the brackets that either width of writing has.
fn plain(name: &str) -> String {
    name.trim().replace('(', "（").replace(')', "）")
}
