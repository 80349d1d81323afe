use crate::{Money, OrderStatus, ShippingAddress, TimelineEntry};

/// What was changed of an order after it was placed, beside its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amendment {
    /// Staff lowered what it costs: 改价.
    Amount {
        /// What it cost.
        before: Money,
        /// What it costs since.
        after: Money,
    },
    /// It goes elsewhere.
    Address {
        /// Where it went.
        before: ShippingAddress,
    },
}

impl Amendment {
    /// The word that is stored, and that metrics use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Amount { .. } => "amount",
            Self::Address { .. } => "address",
        }
    }
}

impl TimelineEntry {
    /// The changes of an order's status with its amendments among them, both the first first.
    ///
    /// An order has each status once, so an amendment stands in front of the change that ended its status, whatever the
    /// clocks of two processes said.
    pub fn in_order(changes: Vec<Self>, amendments: Vec<Self>) -> Vec<Self> {
        let mut entries = changes;
        for amendment in amendments {
            let ends_status = |entry: &Self| entry.amendment.is_none() && entry.from == Some(amendment.to);
            let place = entries.iter().position(ends_status).unwrap_or(entries.len());
            entries.insert(place, amendment);
        }
        entries
    }
}

/// Who may change an order how often: each change is a row for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amender {
    /// Its buyer.
    Buyer,
    /// Staff.
    Staff,
}

impl Amender {
    /// How many amendments an order may have so that one more can be made.
    pub(crate) fn most(self) -> u32 {
        match self {
            Self::Buyer => 10,
            Self::Staff => 100,
        }
    }

    /// Whether an order in this status can still go elsewhere: for its buyer until it is paid, for staff until it is
    /// shipped.
    pub(crate) fn may_redirect(self, status: OrderStatus) -> bool {
        match status {
            OrderStatus::AwaitingPayment => true,
            OrderStatus::AwaitingShipment => self == Self::Staff,
            OrderStatus::AwaitingReceipt
            | OrderStatus::Completed
            | OrderStatus::Cancelled
            | OrderStatus::Refunded => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cause, ShopTime};

    fn entry(from: OrderStatus, to: OrderStatus, amendment: Option<Amendment>, at: &str) -> TimelineEntry {
        let at = ShopTime::parse(&format!("2019-11-28 {at}")).unwrap();
        TimelineEntry { from: Some(from), to, cause: Cause::system(), reason: String::new(), amendment, at }
    }

    #[test]
    fn an_amendment_stands_before_the_change_that_ends_its_status() {
        use OrderStatus::{AwaitingPayment, AwaitingReceipt, AwaitingShipment};
        let money = |text: &str| text.parse().unwrap();
        let lowered = |before, after, at| {
            let amount = Amendment::Amount { before: money(before), after: money(after) };
            entry(AwaitingPayment, AwaitingPayment, Some(amount), at)
        };
        // The clock that said when it was paid was behind.
        let paid = entry(AwaitingPayment, AwaitingShipment, None, "12:00:01");
        let shipped = entry(AwaitingShipment, AwaitingReceipt, None, "12:30:00");
        let (first, second) = (lowered("9.00", "8.00", "12:00:02"), lowered("8.00", "7.00", "12:00:03"));
        let changes = vec![paid.clone(), shipped.clone()];
        let merged = TimelineEntry::in_order(changes, vec![first.clone(), second.clone()]);
        assert_eq!(merged, [first.clone(), second, paid, shipped]);
        assert_eq!(TimelineEntry::in_order(Vec::new(), vec![first.clone()]), [first]);
    }

    #[test]
    fn each_kind_has_a_word() {
        let nothing = ShippingAddress {
            title: String::new(),
            receiver: String::new(),
            mobile: String::new(),
            address: String::new(),
        };
        let amount = Amendment::Amount { before: Money::MAX, after: Money::ZERO };
        assert_eq!((amount.as_str(), Amendment::Address { before: nothing }.as_str()), ("amount", "address"));
    }

    #[test]
    fn staff_change_more_and_longer_than_buyers() {
        for status in OrderStatus::ALL {
            let may = [Amender::Buyer, Amender::Staff].map(|who| who.may_redirect(status));
            let expected = match status.code() {
                1 => [true, true],
                2 => [false, true],
                _ => [false, false],
            };
            assert_eq!(may, expected, "{status}");
        }
        assert!(Amender::Buyer.most() < Amender::Staff.most());
    }
}
