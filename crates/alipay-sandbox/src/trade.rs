//! The rules of one trade.

use chrono::Timelike as _;
use domain::ShopTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{amount::Amount, failure::Failure};

/// Maximum number of refunds of one trade.
const MAX_REFUNDS: usize = 500;

/// `trade_status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TradeStatus {
    WaitBuyerPay,
    Success,
    Finished,
    Closed,
}

impl TradeStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::WaitBuyerPay => "WAIT_BUYER_PAY",
            Self::Success => "TRADE_SUCCESS",
            Self::Finished => "TRADE_FINISHED",
            Self::Closed => "TRADE_CLOSED",
        }
    }
}

/// The terms of the merchant's request. A second request for the same `out_trade_no` must have the same terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// Missing in an older state file, from when there was one product.
    #[serde(default)]
    pub(crate) product: Product,
    pub(crate) out_trade_no: String,
    pub(crate) total_amount: Amount,
    pub(crate) subject: String,
    pub(crate) body: Option<String>,
    pub(crate) passback_params: Option<String>,
    pub(crate) goods_detail: Option<Value>,
    pub(crate) time_expire: Option<String>,
    pub(crate) timeout_express: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Trade {
    pub(crate) terms: Terms,
    pub(crate) trade_no: String,
    pub(crate) status: TradeStatus,
    #[serde(with = "crate::moment")]
    pub(crate) created_at: ShopTime,
    #[serde(with = "crate::moment")]
    pub(crate) expires_at: ShopTime,
    #[serde(with = "crate::moment::optional")]
    pub(crate) paid_at: Option<ShopTime>,
    #[serde(with = "crate::moment::optional")]
    pub(crate) closed_at: Option<ShopTime>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) notify_url: Option<String>,
    pub(crate) return_url: Option<String>,
    /// The page to which a phone returns if the buyer does not pay.
    #[serde(default)]
    pub(crate) quit_url: Option<String>,
    /// The account that opened the trade; no other account can pay it. `None` in an older state file, from when there
    /// was one account.
    #[serde(default)]
    pub(crate) account: Option<String>,
}

/// The product with which the buyer opened the cashier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Product {
    /// `alipay.trade.page.pay`.
    #[default]
    Page,
    /// `alipay.trade.wap.pay`.
    Wap,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) out_request_no: String,
    pub(crate) amount: Amount,
    #[serde(with = "crate::moment")]
    pub(crate) at: ShopTime,
}

/// The result of a refund request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refunded {
    /// The refund of that `out_request_no`.
    pub(crate) refund: Refund,
    /// Whether this request refunded the money, and not an earlier request with the same number.
    pub(crate) fund_change: bool,
}

impl Trade {
    /// Closes an unpaid trade whose deadline has passed. It is called before every access to a trade, so no timer is
    /// needed.
    pub(crate) fn expire(&mut self, now: ShopTime) {
        if self.status == TradeStatus::WaitBuyerPay && self.is_closed(now) {
            self.status = TradeStatus::Closed;
            self.closed_at = Some(self.expires_at);
        }
    }

    /// Whether it is closed, or will be at the next access.
    pub(crate) fn is_closed(&self, now: ShopTime) -> bool {
        match self.status {
            TradeStatus::Closed => true,
            TradeStatus::WaitBuyerPay => now >= self.expires_at,
            TradeStatus::Success | TradeStatus::Finished => false,
        }
    }

    pub(crate) fn pay(&mut self, now: ShopTime) -> Result<(), Failure> {
        self.must_be_payable()?;
        self.status = TradeStatus::Success;
        self.paid_at = Some(now);
        Ok(())
    }

    pub(crate) fn must_be_payable(&self) -> Result<(), Failure> {
        match self.status {
            TradeStatus::WaitBuyerPay => Ok(()),
            TradeStatus::Success | TradeStatus::Finished => Err(Failure::TradeHasSuccess),
            TradeStatus::Closed => Err(Failure::TradeHasClose),
        }
    }

    pub(crate) fn close(&mut self, now: ShopTime) -> Result<(), Failure> {
        match self.status {
            TradeStatus::WaitBuyerPay => {
                self.status = TradeStatus::Closed;
                self.closed_at = Some(now);
                Ok(())
            }
            TradeStatus::Success | TradeStatus::Finished => Err(Failure::TradeStatusError),
            TradeStatus::Closed => Err(Failure::ReasonTradeStatusInvalid),
        }
    }

    /// Ends the time in which the trade can be refunded.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        match self.status {
            TradeStatus::Success => {
                self.status = TradeStatus::Finished;
                Ok(())
            }
            TradeStatus::WaitBuyerPay | TradeStatus::Finished | TradeStatus::Closed => {
                Err(Failure::TradeStatusError)
            }
        }
    }

    /// Refunds money. Without `out_request_no` only the whole amount can be refunded, and `out_trade_no` is the number
    /// of the refund.
    pub(crate) fn refund(
        &mut self,
        amount: Amount,
        out_request_no: Option<String>,
        now: ShopTime,
    ) -> Result<Refunded, Failure> {
        let partial = amount != self.terms.total_amount;
        let out_request_no = match out_request_no {
            None if partial => return Err(Failure::RefundAmountNotEqualTotal),
            None => self.terms.out_trade_no.clone(),
            Some(out_request_no) => out_request_no,
        };
        if let Some(earlier) = self.refund_of(&out_request_no) {
            return if earlier.amount == amount {
                Ok(Refunded { refund: earlier.clone(), fund_change: false })
            } else {
                Err(Failure::DiscordantRepeatRequest)
            };
        }
        self.must_be_refundable()?;
        let total = self.refund_fee().plus(amount);
        if total > self.terms.total_amount || self.refunds.len() >= MAX_REFUNDS {
            return Err(Failure::RefundFeeInvalid);
        }
        let refund = Refund { out_request_no, amount, at: now };
        self.refunds.push(refund.clone());
        if total == self.terms.total_amount {
            self.status = TradeStatus::Closed;
            self.closed_at = Some(now);
        }
        Ok(Refunded { refund, fund_change: true })
    }

    fn must_be_refundable(&self) -> Result<(), Failure> {
        match self.status {
            TradeStatus::Success => Ok(()),
            TradeStatus::Finished => Err(Failure::TradeHasFinished),
            TradeStatus::WaitBuyerPay | TradeStatus::Closed => Err(Failure::TradeStatusError),
        }
    }

    pub(crate) fn refund_of(&self, out_request_no: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.out_request_no == out_request_no)
    }

    /// The sum of all refunds so far (`refund_fee`).
    pub(crate) fn refund_fee(&self) -> Amount {
        self.refunds.iter().fold(Amount::ZERO, |sum, refund| sum.plus(refund.amount))
    }
}

impl Terms {
    /// The latest deadline that Alipay allows: 15 days.
    const LONGEST_MINUTES: u64 = 15 * 24 * 60;

    /// Until when a trade that begins now can be paid: `time_expire`, or else `timeout_express`, or else 15 days.
    pub(crate) fn deadline(&self, now: ShopTime) -> Result<ShopTime, Failure> {
        let longest = now.after(minutes(Self::LONGEST_MINUTES));
        if let Some(text) = &self.time_expire {
            let deadline = ShopTime::parse(text).ok_or(Failure::InvalidParameter { field: "time_expire" })?;
            return if deadline <= longest {
                Ok(deadline)
            } else {
                Err(Failure::InvalidParameter { field: "time_expire" })
            };
        }
        match &self.timeout_express {
            Some(text) => timeout(text, now).ok_or(Failure::InvalidParameter { field: "timeout_express" }),
            None => Ok(longest),
        }
    }
}

/// Parses `90m`, `12h`, `3d` (1 minute to 15 days) or `1c` (the end of today).
fn timeout(text: &str, now: ShopTime) -> Option<ShopTime> {
    if text == "1c" {
        let seconds = u64::from(now.to_shanghai().num_seconds_from_midnight());
        return Some(now.after(std::time::Duration::from_secs(24 * 60 * 60 - seconds)));
    }
    let unit = text.chars().next_back()?;
    let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let span = match unit {
        'm' => count,
        'h' => count.checked_mul(60)?,
        'd' => count.checked_mul(24 * 60)?,
        _ => return None,
    };
    (1..=Terms::LONGEST_MINUTES).contains(&span).then(|| now.after(minutes(span)))
}

fn minutes(count: u64) -> std::time::Duration {
    std::time::Duration::from_secs(count * 60)
}

#[cfg(test)]
mod tests;
