use std::io::{BufRead, Read as _};

use alipay_protocol::Charset;
use domain::{Bill, BillEntry, Money, UnreadableLine};

use super::BillError;

/// Maximum number of bytes of a line.
const MAX_LINE: usize = 16 * 1024;
/// Maximum number of entries of a bill.
const MAX_ENTRIES: usize = 1_000_000;
/// Maximum length of the number of a trade or an order, in bytes.
const MAX_NUMBER: usize = 64;
/// Maximum number of unreadable lines: if there are more, Alipay has changed the form of its bills.
const MAX_UNREADABLE: usize = 1_000;

const TRADE_NO: &str = "支付宝交易号";
const OUT_TRADE_NO: &str = "商户订单号";
const KIND: &str = "业务类型";
const AMOUNT: &str = "订单金额（元）";
const OUT_REQUEST_NO: &str = "退款批次号/请求号";

/// The columns that are read.
const COLUMNS: [&str; 5] = [TRADE_NO, OUT_TRADE_NO, KIND, AMOUNT, OUT_REQUEST_NO];

/// Reads one file of details, line by line: comments, the line of column names, entries, comments.
///
/// Lines and fields are split before they are decoded: in GBK no byte of a character is a line end, a comma, a quote or
/// a `#`.
#[derive(Default)]
pub(super) struct Sheet {
    line: usize,
    /// `None` before the line of names.
    names: Option<Names>,
    /// Entries of kinds that are neither payments nor refunds.
    others: usize,
}

/// The contents of the line of names.
#[derive(Clone, Copy)]
struct Names {
    /// The index of each of [`COLUMNS`].
    places: [usize; COLUMNS.len()],
    /// The number of fields of a line.
    count: usize,
}

impl Sheet {
    /// Adds the contents of the file to the bill.
    pub(super) fn read(mut self, text: &mut impl BufRead, bill: &mut Bill) -> Result<(), BillError> {
        let mut line = Vec::new();
        loop {
            line.clear();
            self.line += 1;
            let at = self.line;
            // One byte more shows whether the line ends here or goes on.
            let mut bounded = text.by_ref().take(MAX_LINE as u64 + 1);
            let read = bounded.read_until(b'\n', &mut line);
            if read.map_err(|cause| BillError::Io { line: at, cause })? == 0 {
                break;
            }
            if line.len() > MAX_LINE {
                return Err(BillError::LongLine { line: at, limit: MAX_LINE });
            }
            self.take(&line, bill)?;
            if bill.entries.len() > MAX_ENTRIES {
                return Err(BillError::TooMany(MAX_ENTRIES));
            }
            if bill.unreadable.len() > MAX_UNREADABLE {
                return Err(BillError::Unreadable(MAX_UNREADABLE));
            }
        }
        if self.others > 0 {
            tracing::warn!(count = self.others, "the bill has entries that are neither payments nor refunds");
        }
        if self.names.is_some() { Ok(()) } else { Err(BillError::NoColumn(TRADE_NO)) }
    }

    fn take(&mut self, line: &[u8], bill: &mut Bill) -> Result<(), BillError> {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        let fields = fields(line);
        let Some(names) = self.names else {
            let fields = fields.ok_or(BillError::Names(self.line))?;
            self.names = Some(Names { places: places(&fields)?, count: fields.len() });
            return Ok(());
        };
        let fields = fields.unwrap_or_default();
        match self.entry(&fields, names) {
            Ok(entry) => bill.entries.extend(entry),
            Err(problem) => bill.unreadable.push(self.unreadable(problem, &fields, names)),
        }
        Ok(())
    }

    /// The entry in a line; `None` if it is neither a payment nor a refund.
    fn entry(&mut self, fields: &[String], names: Names) -> Result<Option<BillEntry>, String> {
        // An unquoted comma in a text shifts the fields after it.
        if fields.len() != names.count {
            return Err(format!("it has {} fields where {} are named", fields.len(), names.count));
        }
        let unreadable = |column| format!("it has no readable {column}");
        let [trade_no, out_trade_no, kind, amount, out_request_no] =
            names.places.map(|place| fields.get(place).map_or("", |field| field.trim()));
        let out_request_no = match kind {
            "交易" => None,
            "退款" => Some(out_request_no.to_owned()),
            "" => return Err(unreadable(KIND)),
            _ => {
                self.others += 1;
                return Ok(None);
            }
        };
        if trade_no.is_empty() {
            return Err(unreadable(TRADE_NO));
        }
        Ok(Some(BillEntry {
            trade_no: trade_no.to_owned(),
            out_trade_no: out_trade_no.to_owned(),
            amount: money(amount, out_request_no.is_some()).ok_or_else(|| unreadable(AMOUNT))?,
            out_request_no,
        }))
    }

    fn unreadable(&self, problem: String, fields: &[String], names: Names) -> UnreadableLine {
        let [trade_no, out_trade_no, ..] = names.places;
        let number = |place: usize| {
            let field = fields.get(place).map_or("", |field| field.trim());
            let is_number = field.len() <= MAX_NUMBER && field.bytes().all(|byte| byte.is_ascii_graphic());
            if is_number { field.to_owned() } else { String::new() }
        };
        UnreadableLine {
            line: self.line,
            problem,
            trade_no: number(trade_no),
            out_trade_no: number(out_trade_no),
        }
    }
}

/// Parses an amount: payments are positive, and refunds are negative.
fn money(text: &str, went_back: bool) -> Option<Money> {
    let digits = if went_back { text.strip_prefix('-')? } else { text };
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

/// A column's name with full-width brackets, whichever width it has.
fn plain(name: &str) -> String {
    name.trim().replace('(', "（").replace(')', "）")
}
