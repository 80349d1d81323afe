//! The rules that concern the whole world.

use domain::{OrderStatus, PaymentRecord, RefundStatus, SkuId};

use crate::{
    Known, Number, Rule, Trade, TradeState, World,
    alipay::{trade_no, yuan},
    command::BOUGHT,
    rules::{forgets_pieces, held},
};

impl World {
    /// Whether the world keeps the rule. Some rules are checked on the way, and only recorded here.
    pub(crate) fn keeps(&self, rule: Rule) -> bool {
        let is_broken = |known: &Known| known.broken().has(rule);
        if self.broken.has(rule) || is_broken(&self.order) || self.rival.as_ref().is_some_and(is_broken) {
            return false;
        }
        match rule {
            Rule::StockIsConstant => self.is_stock_constant(),
            Rule::AlipayAgrees => self.agrees_with_alipay(),
            Rule::WaitingIsWatched => self.is_watched(),
            Rule::UnshippedIsInStock => !forgets_pieces(&self.order, |id| self.in_stock(id).is_some()),
            Rule::EventsApply
            | Rule::EventsTellAll
            | Rule::RepeatsChangeNothing
            | Rule::TimelineExplains
            | Rule::PaidIsNotCancelled
            | Rule::PaidOnce
            | Rule::PaidExactly
            | Rule::AskedForTheAmount
            | Rule::NothingKept
            | Rule::SumsAgree
            | Rule::NothingBeyondPayment
            | Rule::NothingShippedThatWentBack
            | Rule::PiecesAreOut
            | Rule::EndIsReached => true,
        }
    }

    fn in_stock(&self, sku_id: SkuId) -> Option<u8> {
        BOUGHT.iter().zip(self.stock).find(|((id, _), _)| *id == sku_id).and_then(|(_, pieces)| pieces)
    }

    fn is_stock_constant(&self) -> bool {
        BOUGHT.iter().zip(self.stock).all(|((sku_id, there_were), in_stock)| {
            let orders = [Some(&self.order), self.rival.as_ref()].into_iter().flatten();
            let with_orders: i64 = orders.map(|order| held(&order.ledger, *sku_id)).sum();
            in_stock.is_none_or(|in_stock| i64::from(in_stock) + with_orders == i64::from(*there_were))
        })
    }

    fn agrees_with_alipay(&self) -> bool {
        let trade = |number: &str| self.numbered_trades().find(|(index, _)| trade_no(*index) == number);
        let ledger = &self.order.ledger;
        let is_paid = |paid: &PaymentRecord| {
            let at_alipay = trade(&paid.trade.trade_no).filter(|(_, trade)| trade.state == TradeState::Paid);
            at_alipay.is_some_and(|(_, trade)| yuan(trade.amount) == paid.trade.total_amount)
        };
        let went_back = |refund: &domain::Refund| {
            let done = trade(&refund.trade_no)
                .and_then(|(_, trade)| trade.refund(Number::parse(&refund.out_request_no)?));
            done.is_some_and(|amount| yuan(amount) == refund.amount)
        };
        let mut succeeded = ledger.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded);
        ledger.payments.iter().all(is_paid) && succeeded.all(went_back)
    }

    /// Whether an order that waits has a timer. A query reports one trade per attempt, so an order with more is exempt.
    fn is_watched(&self) -> bool {
        let has_timer = self.order.has_timer;
        match self.status() {
            Some(OrderStatus::AwaitingPayment | OrderStatus::AwaitingReceipt) => has_timer,
            Some(OrderStatus::Cancelled) => {
                let can_be_paid = |trade: &Trade| trade.state == TradeState::Waiting;
                let unnoticed = (0..self.attempts()).find_map(|attempt| self.unnoticed_payment(attempt));
                let needs_look = unnoticed.is_some() || self.trades.iter().any(can_be_paid);
                let of_attempt =
                    |attempt| self.trades.iter().filter(move |trade| trade.attempt == attempt).count();
                has_timer || (0..self.attempts()).any(|attempt| of_attempt(attempt) > 1) || !needs_look
            }
            Some(OrderStatus::AwaitingShipment | OrderStatus::Completed | OrderStatus::Refunded) => {
                has_timer || !self.order.ledger.attempts.iter().any(|attempt| attempt.state.may_be_paid())
            }
            None => true,
        }
    }
}
