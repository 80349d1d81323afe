use crate::{Allocation, Money, Order, OrderEvent, OrderId, OrderStatus, ShopTime, Transition};

/// Who may be paid: the shop as Alipay knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// The application at Alipay that the shop pays through.
    pub app_id: String,
    /// The account that receives the money (`seller_id`, 2088…), where it is configured.
    pub seller_id: Option<String>,
}

/// What a verified message says about whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// `app_id` of the message.
    pub app_id: String,
    /// `seller_id` of the message, where it has one.
    pub seller_id: Option<String>,
}

/// One trade at Alipay, as evidence with a verified signature tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// Alipay's number of the trade.
    pub trade_no: String,
    /// Our order number, as Alipay has it; it may be none of ours.
    pub out_trade_no: String,
    /// Where the trade stands.
    pub status: TradeStatus,
    /// The whole amount of the trade.
    pub total_amount: Money,
    /// What went back to the buyer so far. More than nothing says that the message tells of a refund.
    pub refunded: Money,
    /// The number of the refund that the message tells of (`out_biz_no`), where it tells of one.
    pub refund_request_no: Option<String>,
    /// The buyer's account, as Alipay masks or numbers it.
    pub buyer: Option<String>,
    /// When the buyer paid.
    pub paid_at: Option<ShopTime>,
}

/// `trade_status` of Alipay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TradeStatus {
    /// `WAIT_BUYER_PAY`: the buyer has come and not paid.
    WaitBuyerPay,
    /// `TRADE_SUCCESS`: paid, can be refunded.
    Success,
    /// `TRADE_FINISHED`: paid, can no longer be refunded.
    Finished,
    /// `TRADE_CLOSED`: timed out unpaid, or wholly refunded.
    Closed,
}

/// Where evidence of a payment came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceSource {
    /// Alipay's asynchronous notification.
    Notification,
    /// The answer to `alipay.trade.query`.
    Query,
}

/// A payment that reached the shop, as it is kept: one row a trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// The trade.
    pub trade: Trade,
    /// What became of it.
    pub status: PaymentStatus,
    /// What it was learned from.
    pub source: EvidenceSource,
    /// When it was recorded.
    pub recorded_at: ShopTime,
}

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentStatus {
    /// It paid its order.
    Settled,
    /// Another trade had paid the order; this money goes back.
    Duplicate,
    /// The order was cancelled and its stock is gone; this money goes back.
    Late,
    /// Not the amount of the order; the shop's people decide.
    WrongAmount,
    /// No order has this number; the shop's people decide.
    UnknownOrder,
}

/// What to do about a trade that Alipay tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Nothing has been paid, or the message tells of a refund: nothing to do.
    NotAPayment,
    /// The trade is on record: nothing to do.
    AlreadyRecorded,
    /// The order is paid: make the transition and record the trade.
    Settle(Paid),
    /// The order was cancelled: take its stock again, and do the same; or, where the stock is gone, record the trade
    /// as [`PaymentStatus::Late`].
    SettleLate(Paid, Vec<Allocation>),
    /// Record the trade so; leave the order alone. An order that is found paid without a record, as the old back end
    /// leaves it, gets its record this way.
    RecordOnly(PaymentStatus),
}

/// The transition of an order that was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// Which order.
    pub order_id: OrderId,
    /// The status it is in.
    pub from: OrderStatus,
    /// The status it gets.
    pub to: OrderStatus,
}

/// A message that Alipay signed, but not for this shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotForUs {
    /// It is for another application.
    #[error("the message is for another app_id")]
    App,
    /// It is for another seller.
    #[error("the message is for another seller_id")]
    Seller,
}

impl Merchant {
    /// Checks that a message is for this shop.
    ///
    /// # Errors
    /// `app_id` is another, or `seller_id` is configured and is another or missing.
    pub fn check(&self, addressee: &Addressee) -> Result<(), NotForUs> {
        if addressee.app_id != self.app_id {
            return Err(NotForUs::App);
        }
        match &self.seller_id {
            Some(seller_id) if addressee.seller_id.as_ref() != Some(seller_id) => Err(NotForUs::Seller),
            Some(_) | None => Ok(()),
        }
    }
}

impl TradeStatus {
    /// The status with Alipay's word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::WaitBuyerPay, Self::Success, Self::Finished, Self::Closed]
            .into_iter()
            .find(|status| status.as_str() == word)
    }

    /// Alipay's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WaitBuyerPay => "WAIT_BUYER_PAY",
            Self::Success => "TRADE_SUCCESS",
            Self::Finished => "TRADE_FINISHED",
            Self::Closed => "TRADE_CLOSED",
        }
    }
}

impl Trade {
    /// Whether the trade tells that its whole amount has been paid and is still with the shop.
    ///
    /// A refund is notified as `TRADE_SUCCESS` again, with what went back: that is not a payment.
    pub fn is_payment(&self) -> bool {
        match self.status {
            TradeStatus::Success | TradeStatus::Finished => self.refunded.is_zero(),
            TradeStatus::WaitBuyerPay | TradeStatus::Closed => false,
        }
    }
}

impl PaymentStatus {
    /// The word that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::WrongAmount => "wrong_amount",
            Self::UnknownOrder => "unknown_order",
        }
    }

    /// The status with this stored word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Settled, Self::Duplicate, Self::Late, Self::WrongAmount, Self::UnknownOrder]
            .into_iter()
            .find(|status| status.as_str() == word)
    }

    /// Whether the money must go back to the buyer.
    pub fn is_refund_due(self) -> bool {
        match self {
            Self::Duplicate | Self::Late => true,
            Self::Settled | Self::WrongAmount | Self::UnknownOrder => false,
        }
    }
}

impl EvidenceSource {
    /// The word that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "notification",
            Self::Query => "query",
        }
    }

    /// The source with this stored word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Notification, Self::Query].into_iter().find(|source| source.as_str() == word)
    }
}

/// Decides what a trade means for the order of its number, given the payments already on record for that number.
///
/// `order` is none where no order has the number. A wrong amount never settles, whatever the order's status.
pub fn decide_settlement(order: Option<&Order>, recorded: &[PaymentRecord], trade: &Trade) -> Settlement {
    if !trade.is_payment() {
        return Settlement::NotAPayment;
    }
    if recorded.iter().any(|payment| payment.trade.trade_no == trade.trade_no) {
        return Settlement::AlreadyRecorded;
    }
    let Some(order) = order.filter(|order| order.id.as_str() == trade.out_trade_no) else {
        return Settlement::RecordOnly(PaymentStatus::UnknownOrder);
    };
    if order.total_amount != trade.total_amount {
        return Settlement::RecordOnly(PaymentStatus::WrongAmount);
    }
    if recorded.iter().any(|payment| payment.status == PaymentStatus::Settled) {
        return Settlement::RecordOnly(PaymentStatus::Duplicate);
    }
    let becomes = |event| match order.status.on(event) {
        Ok(Transition::To(to)) => Some(Paid { order_id: order.id.clone(), from: order.status, to }),
        Ok(Transition::AlreadyDone) | Err(_) => None,
    };
    if let Some(paid) = becomes(OrderEvent::Paid) {
        Settlement::Settle(paid)
    } else if let Some(paid) = becomes(OrderEvent::PaidLate) {
        Settlement::SettleLate(paid, order.stock())
    } else {
        Settlement::RecordOnly(PaymentStatus::Settled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OrderGoods, Quantity, ShippingAddress, SkuId, UserId};

    fn trade(trade_no: &str, amount: &str, status: TradeStatus) -> Trade {
        Trade {
            trade_no: trade_no.to_owned(),
            out_trade_no: "2019112820400804".to_owned(),
            status,
            total_amount: amount.parse().unwrap(),
            refunded: Money::ZERO,
            refund_request_no: None,
            buyer: None,
            paid_at: None,
        }
    }

    fn record(trade_no: &str, status: PaymentStatus) -> PaymentRecord {
        PaymentRecord {
            trade: trade(trade_no, "323.91", TradeStatus::Success),
            status,
            source: EvidenceSource::Notification,
            recorded_at: ShopTime::parse("2019-11-28 20:41:00").unwrap(),
        }
    }

    fn decide(status: OrderStatus, recorded: &[PaymentRecord], trade: &Trade) -> Settlement {
        decide_settlement(Some(&order(status)), recorded, trade)
    }

    fn order(status: OrderStatus) -> Order {
        let line = |id, price: &str, pieces| OrderGoods {
            sku_id: SkuId(id),
            name: String::new(),
            default_image_url: String::new(),
            price: price.parse().unwrap(),
            quantity: Quantity::stored(pieces).unwrap(),
            attributes: Vec::new(),
        };
        Order {
            id: OrderId::parse("2019112820400804").unwrap(),
            user_id: UserId(4),
            status,
            total_count: 3,
            total_amount: "323.91".parse().unwrap(),
            freight: "10.00".parse().unwrap(),
            shipping: ShippingAddress {
                title: String::new(),
                receiver: String::new(),
                mobile: String::new(),
                address: String::new(),
            },
            created_at: ShopTime::parse("2019-11-28 20:40:08").unwrap(),
            expire_at: None,
            shipment: None,
            refunded_amount: Money::ZERO,
            goods: vec![line(4, "104.95", 2), line(5, "104.01", 1)],
        }
    }

    fn paid(from: OrderStatus) -> Paid {
        Paid { order_id: order(from).id, from, to: OrderStatus::AwaitingShipment }
    }

    #[test]
    fn an_unpaid_order_is_settled_by_its_whole_amount() {
        for status in [TradeStatus::Success, TradeStatus::Finished] {
            let decision = decide(OrderStatus::AwaitingPayment, &[], &trade("A", "323.91", status));
            assert_eq!(decision, Settlement::Settle(paid(OrderStatus::AwaitingPayment)));
        }
    }

    #[test]
    fn a_trade_that_is_not_paid_settles_nothing() {
        for status in [TradeStatus::WaitBuyerPay, TradeStatus::Closed] {
            let trade = trade("A", "323.91", status);
            assert_eq!(decide(OrderStatus::AwaitingPayment, &[], &trade), Settlement::NotAPayment);
        }
    }

    #[test]
    fn a_refund_is_not_a_payment() {
        for status in [TradeStatus::Success, TradeStatus::Closed] {
            let refund = Trade { refunded: "0.01".parse().unwrap(), ..trade("A", "323.91", status) };
            for order in OrderStatus::ALL {
                assert_eq!(decide(order, &[], &refund), Settlement::NotAPayment);
            }
        }
    }

    #[test]
    fn another_amount_never_settles() {
        for amount in ["219.00", "323", "323.90", "323.92"] {
            let wrong = trade("A", amount, TradeStatus::Success);
            for order in OrderStatus::ALL {
                assert_eq!(decide(order, &[], &wrong), Settlement::RecordOnly(PaymentStatus::WrongAmount));
            }
        }
    }

    #[test]
    fn a_replay_changes_nothing_in_any_status() {
        let recorded = [record("A", PaymentStatus::Settled)];
        for order in OrderStatus::ALL {
            let replay = trade("A", "323.91", TradeStatus::Success);
            assert_eq!(decide(order, &recorded, &replay), Settlement::AlreadyRecorded);
        }
    }

    #[test]
    fn the_second_of_two_trades_is_a_duplicate() {
        let recorded = [record("A", PaymentStatus::Settled)];
        for order in OrderStatus::ALL {
            let second = trade("B", "323.91", TradeStatus::Success);
            assert_eq!(decide(order, &recorded, &second), Settlement::RecordOnly(PaymentStatus::Duplicate));
        }
    }

    #[test]
    fn a_wrong_payment_does_not_stand_in_the_way_of_the_right_one() {
        let recorded = [record("A", PaymentStatus::WrongAmount)];
        let right = trade("B", "323.91", TradeStatus::Success);
        let decision = decide(OrderStatus::AwaitingPayment, &recorded, &right);
        assert_eq!(decision, Settlement::Settle(paid(OrderStatus::AwaitingPayment)));
    }

    #[test]
    fn a_cancelled_order_takes_its_stock_again() {
        let decision = decide(OrderStatus::Cancelled, &[], &trade("A", "323.91", TradeStatus::Success));
        let stock = [(4, 2, "104.95"), (5, 1, "104.01")].map(|(id, pieces, price)| Allocation {
            sku_id: SkuId(id),
            pieces,
            price: price.parse().unwrap(),
        });
        assert_eq!(decision, Settlement::SettleLate(paid(OrderStatus::Cancelled), stock.to_vec()));
    }

    #[test]
    fn an_order_that_is_paid_without_a_record_gets_one() {
        for status in [OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt, OrderStatus::Completed] {
            let decision = decide(status, &[], &trade("A", "323.91", TradeStatus::Success));
            assert_eq!(decision, Settlement::RecordOnly(PaymentStatus::Settled));
        }
    }

    #[test]
    fn a_payment_of_no_order_of_ours_is_only_recorded() {
        let paid = trade("A", "323.91", TradeStatus::Success);
        assert_eq!(decide_settlement(None, &[], &paid), Settlement::RecordOnly(PaymentStatus::UnknownOrder));
        let other = Trade { out_trade_no: "2019112820400899".to_owned(), ..paid };
        assert_eq!(
            decide(OrderStatus::AwaitingPayment, &[], &other),
            Settlement::RecordOnly(PaymentStatus::UnknownOrder)
        );
    }

    #[test]
    fn a_message_must_be_for_this_shop() {
        let addressee = |app: &str, seller: Option<&str>| Addressee {
            app_id: app.to_owned(),
            seller_id: seller.map(str::to_owned),
        };
        let merchant = Merchant { app_id: "2021".to_owned(), seller_id: Some("2088".to_owned()) };
        assert_eq!(merchant.check(&addressee("2021", Some("2088"))), Ok(()));
        assert_eq!(merchant.check(&addressee("2022", Some("2088"))), Err(NotForUs::App));
        assert_eq!(merchant.check(&addressee("2021", Some("2089"))), Err(NotForUs::Seller));
        assert_eq!(merchant.check(&addressee("2021", None)), Err(NotForUs::Seller));
        let any_seller = Merchant { seller_id: None, ..merchant };
        assert_eq!(any_seller.check(&addressee("2021", Some("2089"))), Ok(()));
    }

    #[test]
    fn stored_words_are_read_back() {
        for status in ["settled", "duplicate", "late", "wrong_amount", "unknown_order"] {
            assert_eq!(PaymentStatus::from_word(status).map(PaymentStatus::as_str), Some(status));
        }
        for source in ["notification", "query"] {
            assert_eq!(EvidenceSource::from_word(source).map(EvidenceSource::as_str), Some(source));
        }
        assert_eq!(TradeStatus::from_word("TRADE_SUCCESS"), Some(TradeStatus::Success));
        assert_eq!(TradeStatus::from_word("trade_success"), None);
    }
}
