//! What happens to an order when its timer goes off.

use std::{sync::Arc, time::Duration};

use domain::{Cause, EndedAttempt, Order, OrderStatus, PaymentAttempt, TradeStatus, ledger::Command};
use ports::{Claimed, DueOrder, GatewayError, StoreError};

use crate::{Job, JobError, OrderError, OrderService, TransactError, jobs::each};

/// Processes orders whose timers went off. It queries the payment of unpaid orders, in case a notification was lost;
/// cancels orders whose deadline has passed; checks cancelled orders once more, because they may have been paid in the
/// last minute; completes shipped orders some days after shipment; and closes the other attempts of paid orders.
pub struct OrderTimers(pub Arc<OrderService>);

impl OrderTimers {
    /// How long one process owns an order. If the process dies, an overdue order waits no longer than after a failure.
    const LEASE: Duration = Order::LONGEST_OVERDUE;
    /// How many orders one pass takes at most.
    pub const PASS: u32 = 64;
    /// How many of them are processed concurrently.
    const AT_ONCE: usize = 8;
}

/// Several processes may run this job at the same time.
impl Job for OrderTimers {
    const NAME: &'static str = "order_timers";

    async fn pass(&self) -> Result<usize, JobError> {
        let Self(service) = self;
        let now = service.now();
        let due = service.transact.orders.claim_due_orders(now, now.after(Self::LEASE), Self::PASS).await?;
        let work = due.into_iter().map(|claimed| {
            let service = Arc::clone(service);
            (claimed.item.id.to_string(), async move { service.run_timer(claimed).await })
        });
        each(work, Self::AT_ONCE).await
    }
}

impl OrderService {
    async fn run_timer(&self, Claimed { item: due, attempts }: Claimed<DueOrder>) {
        let DueOrder { id, status } = due;
        let order = match self.orders.find(&id).await {
            Ok(Some(order)) => order,
            Ok(None) => return,
            // The order keeps its timer: a program of a later release may be able to read it.
            Err(error @ StoreError::Corrupt(_)) => {
                tracing::error!(order_id = %id, attempts, error = &error as &dyn std::error::Error,
                    "a due order cannot be read: until it is repaired, nothing is done about it");
                return;
            }
            Err(error) => {
                tracing::warn!(order_id = %id, attempts, error = &error as &dyn std::error::Error,
                    "an order could not be read; it is due again when its lease ends");
                return;
            }
        };
        // The order's status changed after the claim, and the order has another timer.
        if status != Some(order.status) {
            return;
        }
        match self.deal_with(&order, attempts).await {
            Ok(()) => {}
            Err(error) if went_on(&error) => {}
            Err(error) => {
                tracing::warn!(order_id = %id, attempts, error = &error as &dyn std::error::Error,
                    "an order could not be dealt with; it is looked at again later");
                if let Err(error) = self.set_timer(&order, attempts, true).await {
                    tracing::error!(order_id = %id, error = &error as &dyn std::error::Error,
                        "an order could not be put off; it is due again when its lease ends");
                }
            }
        }
    }

    async fn deal_with(&self, order: &Order, attempts: u32) -> Result<(), OrderError> {
        let id = &order.id;
        match order.status {
            OrderStatus::AwaitingPayment if order.is_expired(self.now()) => {
                return self.cancel(id, None, "超过支付期限,自动取消", &Cause::system()).await;
            }
            OrderStatus::AwaitingReceipt if order.has_receipt_timer() => {
                let received = Command::ConfirmReceipt { buyer: None };
                self.transact.run(id.as_str(), &received, &Cause::system()).await?;
                return Ok(());
            }
            OrderStatus::AwaitingPayment | OrderStatus::Cancelled => self.ask_channels(order).await?,
            OrderStatus::AwaitingShipment
            | OrderStatus::AwaitingReceipt
            | OrderStatus::Completed
            | OrderStatus::Refunded => {
                self.end_other_attempts(order).await?;
            }
        }
        self.set_timer(order, attempts, false).await
    }

    /// Queries every attempt that can still be paid, settles payments, and records attempts that the channel has
    /// closed. An error for one attempt does not prevent queries about the others, unless the channel is unreachable.
    async fn ask_channels(&self, order: &Order) -> Result<(), OrderError> {
        let recorded = self.orders.attempts(&order.id).await?;
        let mut ended = Vec::new();
        let mut failure = Ok(());
        for attempt in PaymentAttempt::of(order, recorded).into_iter().filter(|one| one.state.may_be_paid()) {
            match self.state_of_trade(&attempt, &Cause::system()).await {
                Ok(Some(TradeStatus::Closed)) => {
                    ended.push(EndedAttempt { out_trade_no: attempt.out_trade_no, is_final: true });
                }
                Ok(_) => {}
                // The other queries would time out as well.
                Err(error @ OrderError::Gateway(GatewayError::Unreachable(_))) => {
                    failure = Err(error);
                    break;
                }
                Err(error) => failure = Err(error),
            }
        }
        if order.status == OrderStatus::AwaitingPayment && !ended.is_empty() {
            let command = Command::EndAttempts { ended };
            self.transact.run(order.id.as_str(), &command, &Cause::system()).await?;
        }
        failure
    }

    /// Closes trades that wait for payment although the order is paid, and records attempts that can no longer be paid.
    async fn end_other_attempts(&self, order: &Order) -> Result<(), OrderError> {
        let (cause, now) = (Cause::system(), self.now());
        let (mut ended, mut failure) = (Vec::new(), Ok(()));
        let attempts = self.orders.attempts(&order.id).await?;
        for attempt in attempts.into_iter().filter(|one| one.state.may_be_paid()) {
            match self.end_attempt(&attempt, &cause).await {
                Ok(one) => {
                    let is_final = one.is_final || attempt.is_over(order, now);
                    ended.push(EndedAttempt { is_final, ..one });
                }
                Err(error @ OrderError::Gateway(GatewayError::Unreachable(_))) => {
                    failure = Err(error);
                    break;
                }
                Err(error) => failure = Err(error),
            }
        }
        self.note_ended(&order.id, ended, &cause).await;
        failure
    }

    async fn set_timer(&self, order: &Order, attempts: u32, failed: bool) -> Result<(), OrderError> {
        let command = Command::SetTimer { found: order.status, attempts, failed };
        self.transact.run(order.id.as_str(), &command, &Cause::system()).await?;
        Ok(())
    }
}

/// Whether the order changed in the meantime, by a payment or by its buyer. That is not a failure.
fn went_on(error: &OrderError) -> bool {
    use domain::ledger::Refusal::{NotAllowed, UnknownOrder};
    matches!(error, OrderError::Transact(TransactError::Refused(NotAllowed(_) | UnknownOrder)))
}
