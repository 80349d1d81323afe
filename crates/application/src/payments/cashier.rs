use std::sync::Arc;

use domain::{
    Cause, EndedAttempt, Money, NotAllowed, Order, OrderId, PaymentAttempt, PaymentProduct,
    ledger::{Command, MOST_ATTEMPTS, Refusal},
};
use ports::{Clock, GatewayError, OrderReader, PaymentGateway, PaymentRequest, StoreError};

use crate::{OrderChangeError, SettleError, SettlePayment, TransactError};

/// How often the attempts of an order are looked at anew because another one was opened meanwhile.
const TRIES: usize = 3;

/// Invites buyers to pay their orders at Alipay. Every invitation belongs to an attempt to pay.
pub struct Cashier {
    /// Alipay.
    pub gateway: Arc<dyn PaymentGateway>,
    /// The attempts that are on record.
    pub orders: Arc<dyn OrderReader>,
    /// Settles what turns out paid, and opens and closes attempts.
    pub settle: Arc<SettlePayment>,
    /// The time of the request.
    pub clock: Arc<dyn Clock>,
}

/// How a buyer wants to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaymentWish {
    /// By which product of Alipay's, which follows from the device.
    pub product: PaymentProduct,
    /// Whether in a new attempt, even if there is one by this product: with another account, or because the old one does
    /// not work.
    pub anew: bool,
}

/// Where and what a buyer pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentInvitation {
    /// The order.
    pub order_id: OrderId,
    /// Goods and freight: exactly what Alipay will charge.
    pub total_amount: Money,
    /// Where the browser goes to pay it.
    pub pay_url: String,
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

/// Why a buyer cannot be invited.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// The order was cancelled or refunded, or its payment deadline has passed.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// Alipay's rules do not allow the payment, or it could not be asked about another attempt; nothing was changed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Another attempt turned out paid, and that could not be written down.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The attempt, or that the order is watched, could not be recorded.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Cashier {
    /// The invitation to pay an order that was placed this moment.
    pub(crate) async fn invite_first(
        &self,
        order: &Order,
        product: PaymentProduct,
    ) -> Result<StartedPayment, InvitationError> {
        if !order.is_payable(self.clock.now())? {
            return Ok(paid(order));
        }
        match product {
            PaymentProduct::Page => self.sign(order, order.id.as_str(), product).await,
            PaymentProduct::Wap => {
                // Another request may have handed out the URL of the attempt that has the order's number meanwhile.
                let number = order.id.as_str().to_owned();
                let unused = EndedAttempt { out_trade_no: number, is_final: false };
                self.open(order, product, vec![unused]).await
            }
        }
    }

    /// The invitation to pay an order. The same wish gives the same parameters each time, so that Alipay continues a trade
    /// that the buyer has begun. A new attempt is opened once Alipay was asked about the others: what is paid is settled,
    /// what waits for payment is closed.
    pub(crate) async fn invite(
        &self,
        order: &Order,
        wish: PaymentWish,
    ) -> Result<StartedPayment, InvitationError> {
        for _ in 0..TRIES {
            if !order.is_payable(self.clock.now())? {
                return Ok(paid(order));
            }
            let attempts = PaymentAttempt::of(order, self.orders.attempts(&order.id).await?);
            let serving = attempts.iter().find(|attempt| attempt.serves(order, wish.product));
            let is_last = attempts.len() >= MOST_ATTEMPTS;
            match serving.filter(|_| is_last || !wish.anew) {
                Some(attempt) => return self.sign(order, &attempt.out_trade_no, wish.product).await,
                // What is open stays open.
                None if is_last => return Err(TransactError::from(Refusal::TooManyAttempts).into()),
                None => {}
            }
            let cause = Cause::alipay(None);
            let ended = self.settle.end_attempts(&order.id, &attempts, &cause).await?;
            match self.open(order, wish.product, ended.clone()).await {
                Err(InvitationError::Transact(TransactError::Refused(Refusal::OtherAttemptOpen))) => {}
                Err(error @ InvitationError::Transact(TransactError::Conflict | TransactError::Store(_))) => {
                    self.settle.note_ended(&order.id, ended, &cause).await;
                    return Err(error);
                }
                other => return other,
            }
        }
        Err(TransactError::Conflict.into())
    }

    /// Opens an attempt after these have ended, unless what Alipay said of one of them has paid the order.
    async fn open(
        &self,
        order: &Order,
        product: PaymentProduct,
        ended: Vec<EndedAttempt>,
    ) -> Result<StartedPayment, InvitationError> {
        let command = Command::OpenAttempt { product, ended };
        let transact = &self.settle.transact;
        let opened = match transact.run(order.id.as_str(), &command, &Cause::system()).await {
            Err(TransactError::Refused(Refusal::NotAllowed(refusal))) => return Err(refusal.into()),
            other => other?.ledger,
        };
        let order = opened.order.as_ref().unwrap_or(order);
        let attempt = opened.attempts.iter().find(|attempt| attempt.serves(order, product));
        match attempt.filter(|_| !order.status.is_paid()) {
            Some(attempt) => self.sign(order, &attempt.out_trade_no, product).await,
            None => Ok(paid(order)),
        }
    }

    async fn sign(
        &self,
        order: &Order,
        out_trade_no: &str,
        product: PaymentProduct,
    ) -> Result<StartedPayment, InvitationError> {
        let request = PaymentRequest {
            order_id: order.id.clone(),
            out_trade_no: out_trade_no.to_owned(),
            product,
            total_amount: order.total_amount,
            subject: subject(order),
            now: self.clock.now(),
            time_expire: order.expire_at,
        };
        let pay_url = self.gateway.pay_url(&request).await?;
        let (order_id, total_amount) = (order.id.clone(), order.total_amount);
        Ok(StartedPayment::Invited(PaymentInvitation { order_id, total_amount, pay_url }))
    }
}

impl From<OrderChangeError> for InvitationError {
    fn from(error: OrderChangeError) -> Self {
        match error {
            OrderChangeError::Gateway(error) => Self::Gateway(error),
            OrderChangeError::Settle(error) => Self::Settle(error),
            OrderChangeError::Transact(error) => Self::Transact(error),
            OrderChangeError::Store(error) => Self::Store(error),
        }
    }
}

fn paid(order: &Order) -> StartedPayment {
    StartedPayment::AlreadyPaid { order_id: order.id.clone(), total_amount: order.total_amount }
}

/// What the buyer reads at Alipay: the names of the goods.
fn subject(order: &Order) -> String {
    let names: Vec<&str> =
        order.goods.iter().map(|line| line.name.as_str()).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { format!("订单{}", order.id) } else { names.join(" ") }
}
