//! What the buyer does at Alipay, and refunds in Alipay's console.

use alipay_sandbox::HeldNotification;
use application::{PaymentWish, StartedPayment};
use domain::{Money, OrderId, PaymentProduct};
use rand::{RngExt, seq::IndexedRandom};

use crate::events::{Form, Sequence, Work};

impl Sequence<'_> {
    /// The buyer goes to the cashier, and usually pays.
    pub(crate) async fn pay(&mut self) {
        let Some(order) = self.order() else { return };
        let wants_to = !self.one_in(5);
        if self.one_in(4) {
            self.pay_by_an_old_url(&order);
        } else {
            self.go_to_cashier(&order, wants_to).await;
        }
    }

    /// The buyer comes back to a page that was left open, perhaps from before the order was lowered.
    fn pay_by_an_old_url(&mut self, order: &OrderId) {
        let its: Vec<&String> = self.urls.iter().filter(|(of, _)| of == order).map(|(_, url)| url).collect();
        let Some(url) = its.choose(&mut self.random).copied().cloned() else { return };
        let arrived = self.world.sandbox.arrive_as(&url, "buyer@sandbox.example").ok();
        let number = arrived.map(|trade| trade.out_trade_no);
        let paid = number.as_ref().is_some_and(|number| self.world.sandbox.pay(number).is_ok());
        self.tell(format!("the buyer of {order} comes back to {number:?}, pays: {paid}"));
    }

    /// Returns whether the buyer paid.
    ///
    /// The buyer uses a PC or a phone, one account or another, and sometimes a new attempt.
    async fn go_to_cashier(&mut self, order: &OrderId, wants_to_pay: bool) -> bool {
        let product = if self.one_in(3) { PaymentProduct::Wap } else { PaymentProduct::Page };
        let wish = PaymentWish { product, anew: self.one_in(6), ..PaymentWish::default() };
        let account = if self.one_in(4) { "another@sandbox.example" } else { "buyer@sandbox.example" };
        let process = &self.world.processes[0];
        let started = process.orders.start_payment(&self.world.buyer, order, wish).await;
        let Ok(StartedPayment::Invited(invitation)) = started else { return false };
        self.urls.push((order.clone(), invitation.pay_url.clone()));
        // The page is left open: Alipay has no trade yet that could be closed when the order is lowered.
        if self.one_in(4) {
            return false;
        }
        let arrived = self.world.sandbox.arrive_as(&invitation.pay_url, account).ok();
        let number = arrived.map(|trade| trade.out_trade_no);
        let paid =
            wants_to_pay && number.as_ref().is_some_and(|number| self.world.sandbox.pay(number).is_ok());
        self.tell(format!(
            "the buyer of {order} arrives with {wish:?} and {account} at {number:?}, pays: {paid}"
        ));
        paid
    }

    /// The number of an attempt at the order that Alipay knows, or else the order's own number.
    pub(crate) fn an_attempt(&mut self, order: &OrderId) -> String {
        let trades = self.world.trades_of(order);
        trades.choose(&mut self.random).map_or_else(|| order.to_string(), |trade| trade.out_trade_no.clone())
    }

    pub(crate) fn pay_again(&mut self) {
        let Some(order) = self.order() else { return };
        let attempt = self.an_attempt(&order);
        let paid = self.world.sandbox.pay_again(&attempt).map(|trade| trade.trade_no);
        self.tell(format!("the buyer of {order} pays again: {paid:?}"));
    }

    pub(crate) fn refund_at_console(&mut self) {
        let Some(order) = self.order() else { return };
        let amount = Money::from_fen(self.random.random_range(1..5_000)).unwrap();
        let attempt = self.an_attempt(&order);
        let refunded = self.world.sandbox.refund_at_console(&attempt, amount);
        self.tell(format!("{amount} of {attempt} refunded at Alipay: {refunded:?}"));
    }

    /// The buyer pays, all or a part is refunded in Alipay's console, and that notification arrives before the
    /// payment's.
    pub(crate) async fn refund_overtakes_payment(&mut self) {
        let Some(order) = self.order() else { return };
        self.held.extend(self.world.sandbox.take_held());
        if !self.go_to_cashier(&order, true).await {
            return;
        }
        let all = self.world.trades_of(&order).into_iter().rfind(|trade| trade.paid).unwrap();
        let part = Money::from_fen(self.random.random_range(1..5_000)).unwrap();
        let amount = if self.one_in(2) { all.total_amount } else { part };
        let refunded = self.world.sandbox.refund_at_console(&all.out_trade_no, amount);
        self.tell(format!("{amount} of {order} refunded at Alipay at once: {refunded:?}"));
        let mut arriving = self.world.sandbox.take_held();
        let last = arriving.pop();
        self.held.extend(arriving);
        if let Some(HeldNotification { form, .. }) = last {
            self.work(vec![Work::Deliver(Form(form))]).await;
        }
    }
}
