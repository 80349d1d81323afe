//! Makes the URLs with which buyers pay their orders. Each URL belongs to an attempt to pay.

use domain::{
    Cause, Channel, EndedAttempt, Money, Order, OrderId, OrderLedger, PaymentAttempt, PaymentProduct,
    ledger::{Command, Refusal},
};
use ports::PaymentRequest;

use crate::{
    OrderError, OrderService, TransactError,
    retries::{Again, Attempts},
};

/// How often the attempts of an order are read again because another attempt was opened in the meantime.
const TRIES: u32 = 3;

/// How a buyer wants to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaymentWish {
    /// The payment channel.
    pub channel: Channel,
    /// The payment product of the channel. It depends on the device.
    pub product: PaymentProduct,
    /// Whether to open a new attempt even if there is one with this product: the buyer wants to use another account, or the
    /// old attempt does not work.
    pub anew: bool,
    /// The amount that the client expects; `None` to pay whatever amount the order has.
    pub expected_amount: Option<Money>,
    /// Whether the shop's page can also show the channel's code in a frame.
    pub as_code: bool,
}

/// The URL and the amount of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentInvitation {
    /// The order.
    pub order_id: OrderId,
    /// Goods and freight: exactly the amount that the channel charges.
    pub total_amount: Money,
    /// The URL of the channel's page for this payment.
    pub pay_url: String,
    /// The URL that shows the same payment as a code in a frame of the shop's page; `None` if not requested or not possible.
    pub code_url: Option<String>,
}

/// What the buyer does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartedPayment {
    /// Pay.
    Invited(PaymentInvitation),
    /// Nothing: the order is paid. The page shows its number and amount.
    AlreadyPaid {
        /// The order.
        order_id: OrderId,
        /// What was paid.
        total_amount: Money,
    },
}

impl PaymentWish {
    /// The command that opens such an attempt after `ended` have ended.
    fn open(self, ended: Vec<EndedAttempt>) -> Command {
        let Self { channel, product, expected_amount: expected, .. } = self;
        Command::OpenAttempt { channel, product, expected, ended }
    }
}

impl OrderService {
    /// Starts the payment of an order that was just placed.
    pub(crate) async fn invite_first(
        &self,
        order: &Order,
        channel: Channel,
        product: PaymentProduct,
    ) -> Result<StartedPayment, OrderError> {
        if !order.is_payable(self.now())? {
            return Ok(paid(order));
        }
        let attempts = PaymentAttempt::of(order, Vec::new());
        match attempts.iter().find(|first| first.serves(order, channel, product)) {
            Some(first) => self.sign(order, first, false).await,
            None => {
                // Another request may have given out the URL of the first attempt, which has the order's number, in the
                // meantime.
                let number = order.id.as_str().to_owned();
                let unused = EndedAttempt { out_trade_no: number, is_final: false };
                let wish = PaymentWish { channel, product, ..PaymentWish::default() };
                let open = wish.open(vec![unused]);
                let opened = self.transact.run(order.id.as_str(), &open, &Cause::system()).await?;
                self.lead(order, wish, &opened.ledger).await
            }
        }
    }

    /// Starts the payment of an order. The same wish gives the same parameters each time, so that the channel continues a
    /// trade that the buyer has begun. Before a new attempt is opened, the channel is queried about the others: payments
    /// are settled, and trades that wait for payment are closed.
    pub(crate) async fn invite(
        &self,
        mut order: Order,
        wish: PaymentWish,
    ) -> Result<StartedPayment, OrderError> {
        let mut tries = Attempts::at_most(TRIES, &*self.transact.randomness);
        loop {
            if !order.is_to_be_paid(wish.expected_amount, self.now())? {
                return Ok(paid(&order));
            }
            let attempts = PaymentAttempt::of(&order, self.orders.attempts(&order.id).await?);
            let PaymentWish { channel, product, anew, .. } = wish;
            // Checked before any attempt is ended: if no further one can be opened, the open attempts stay open.
            let kept = PaymentAttempt::to_keep(&attempts, &order, channel, product, anew)?;
            if let Some(attempt) = kept {
                return self.sign(&order, attempt, wish.as_code).await;
            }
            let open = |ended| wish.open(ended);
            match self.after_ending(&order.id, &attempts, open, &Cause::system()).await {
                Err(error) if error.is_other_attempt_open() => {
                    tries.again(Again::Conflict, TransactError::Conflict).await?;
                    order = self.orders.find(&order.id).await?.ok_or(Refusal::UnknownOrder)?;
                }
                opened => return self.lead(&order, wish, &opened?.ledger).await,
            }
        }
    }

    /// Starts the payment in the attempt that was opened, unless a payment in another attempt has paid the order.
    async fn lead(
        &self,
        order: &Order,
        wish: PaymentWish,
        opened: &OrderLedger,
    ) -> Result<StartedPayment, OrderError> {
        let PaymentWish { channel, product, as_code, .. } = wish;
        let order = opened.order.as_ref().unwrap_or(order);
        let attempt = opened.attempts.iter().find(|attempt| attempt.serves(order, channel, product));
        match attempt.filter(|_| !order.status.is_paid()) {
            Some(attempt) => self.sign(order, attempt, as_code).await,
            None => Ok(paid(order)),
        }
    }

    async fn sign(
        &self,
        order: &Order,
        attempt: &PaymentAttempt,
        as_code: bool,
    ) -> Result<StartedPayment, OrderError> {
        let request = PaymentRequest {
            order_id: order.id.clone(),
            out_trade_no: attempt.out_trade_no.clone(),
            product: attempt.product,
            as_code: false,
            total_amount: order.total_amount,
            subject: subject(order),
            now: self.now(),
            time_expire: order.expire_at,
        };
        let gateway = self.channels.gateway(attempt.channel)?;
        let pay_url = gateway.pay_url(&request).await?;
        let code_url = match as_code && attempt.product == PaymentProduct::Page {
            true => Some(gateway.pay_url(&PaymentRequest { as_code, ..request }).await?),
            false => None,
        };
        let (order_id, total_amount) = (order.id.clone(), order.total_amount);
        Ok(StartedPayment::Invited(PaymentInvitation { order_id, total_amount, pay_url, code_url }))
    }
}

pub(super) fn paid(order: &Order) -> StartedPayment {
    StartedPayment::AlreadyPaid { order_id: order.id.clone(), total_amount: order.total_amount }
}

/// The text that the buyer reads at the channel: the names of the goods.
fn subject(order: &Order) -> String {
    let names: Vec<&str> =
        order.goods.iter().map(|line| line.name.as_str()).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { format!("订单{}", order.id) } else { names.join(" ") }
}
