//! Requests, downloads, unpacks and reads the bill of a day.
//!
//! Alipay signs the URL of the bill, not the bill itself. So the bill only shows what the shop may have missed; the
//! shop queries a trade before it acts on an entry.

mod archive;
mod sheet;

use alipay_protocol::Method;
use domain::{Bill, ShopDate};
use ports::GatewayError;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{AlipayGateway, client, nonsense};

/// Maximum number of bytes of a download.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Why a bill cannot be read. The message says where, and does not quote the bill.
#[derive(Debug, thiserror::Error)]
enum BillError {
    #[error("the bill is no archive that can be read")]
    Archive(#[source] zip::result::ZipError),
    #[error("the bill's archive has no file of details")]
    NoDetail,
    #[error("the bill cannot be read past line {line}")]
    Io {
        line: usize,
        #[source]
        cause: std::io::Error,
    },
    #[error("the bill has a line of more than {limit} bytes: line {line}")]
    LongLine { line: usize, limit: usize },
    #[error("the bill has more than {0} entries")]
    TooMany(usize),
    #[error("the bill is longer than {0} bytes when it is unpacked")]
    TooLong(u64),
    #[error("the bill's line {0} is to have the names of the columns and is no line of a table in GBK")]
    Names(usize),
    #[error("the bill has no column {0}")]
    NoColumn(&'static str),
    #[error("more than {0} lines of the bill cannot be read")]
    Unreadable(usize),
}

/// The node of an answer whose code is `10000`.
#[derive(Deserialize)]
struct Answer {
    bill_download_url: String,
}

pub(super) async fn of(gateway: &AlipayGateway, date: ShopDate) -> Result<Option<Bill>, GatewayError> {
    let biz_content = json!({ "bill_type": "trade", "bill_date": date.to_string() }).to_string();
    let method = Method::DataDataserviceBillDownloadurlQuery;
    let node = match client::call(gateway, method, biz_content).await {
        Ok(node) => node,
        Err(GatewayError::Refused { code, .. }) if is_no_bill(&code) => return Ok(None),
        Err(error) => return Err(error),
    };
    let answer: Answer =
        serde_json::from_str(&node).map_err(|_| nonsense("the answer lacks bill_download_url"))?;
    let url = Url::parse(&answer.bill_download_url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| nonsense("bill_download_url is no URL"))?;
    let bytes = client::download(gateway, url, MAX_BYTES).await?;
    // Unpacking and reading take computing time and must not block other tasks on this thread.
    let bill = tokio::task::spawn_blocking(move || archive::bill(bytes))
        .await
        .map_err(|_| nonsense("the bill could not be read"))?;
    bill.map(Some).map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, %date, "a bill cannot be read");
        nonsense(&error.to_string())
    })
}

/// Whether the code says that the day has no bill. Some answers put `isp.` before it, and write it in lower case.
fn is_no_bill(code: &str) -> bool {
    let word = code.rsplit('.').next().unwrap_or(code);
    ["NO_BILL_DATA", "BILL_NOT_EXIST"].iter().any(|known| word.eq_ignore_ascii_case(known))
}
