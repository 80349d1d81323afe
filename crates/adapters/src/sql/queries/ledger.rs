use async_trait::async_trait;
use domain::{
    OrderEvent, OrderId, OrderLedger, OrderStatus, Refund, ShopTime, TraceParent, ledger::Event, order_number,
};
use ports::{AppendError, Claimed, DueOrder, LockedOrder, OrderRepo, StoreError};

use super::{Conn, Database, Lease, amendments, attempts, orders, outbox, payments, refunds, stock};
use crate::sql::{config::EventSink, failure::QueryError};

#[async_trait]
impl OrderRepo for Database {
    async fn lock(&self, number: &str) -> Result<Box<dyn LockedOrder>, StoreError> {
        let mut lease = Self::begin(self).await?;
        let ledger = lease.call(|conn| lock(conn, number)).await?;
        Ok(Box::new(Locked { lease, ledger, event_sink: self.event_sink, trace: None }))
    }

    async fn claim_due_orders(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<DueOrder>>, StoreError> {
        let (claimed, parked) =
            self.transact(async |conn| orders::claim_due(conn, now, lease_until, limit).await).await?;
        self.add_parked(parked);
        Ok(claimed)
    }

    async fn claim_due_refunds(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Refund>>, StoreError> {
        let (claimed, parked) =
            self.transact(async |conn| refunds::claim_due(conn, now, lease_until, limit).await).await?;
        self.add_parked(parked);
        Ok(claimed)
    }
}

/// A transaction that holds the lock on one number. If it is dropped, the lease rolls it back.
struct Locked {
    lease: Lease,
    ledger: OrderLedger,
    event_sink: EventSink,
    trace: Option<TraceParent>,
}

#[async_trait]
impl LockedOrder for Locked {
    fn ledger(&self) -> &OrderLedger {
        &self.ledger
    }

    fn set_trace(&mut self, trace: TraceParent) {
        self.trace = Some(trace);
    }

    async fn append(self: Box<Self>, events: &[Event]) -> Result<(), AppendError> {
        let Self { mut lease, ledger, event_sink, trace } = *self;
        let mut notices = match event_sink {
            EventSink::Dropped => Vec::new(),
            EventSink::Outbox => ledger.notices(events),
        };
        notices.iter_mut().for_each(|notice| notice.trace.clone_from(&trace));
        match lease.call(|conn| write_all(conn, &ledger.number, events, &notices)).await? {
            Written::Yes => Ok(lease.commit().await?),
            Written::GuardLost => Err(AppendError::GuardLost),
            Written::RequestNumberInUse => Err(AppendError::RequestNumberInUse),
        }
    }
}

/// Whether the events were written.
enum Written {
    Yes,
    GuardLost,
    RequestNumberInUse,
}

impl Written {
    fn if_guarded(was_written: bool) -> Self {
        if was_written { Self::Yes } else { Self::GuardLost }
    }

    fn if_new(was_inserted: bool) -> Self {
        if was_inserted { Self::Yes } else { Self::RequestNumberInUse }
    }
}

async fn lock(conn: &mut Conn, number: &str) -> Result<OrderLedger, QueryError> {
    // The number of an attempt begins with the number of its order, even if the attempt is not on record.
    let of_order = order_number(number);
    let order = match OrderId::parse(of_order) {
        Ok(id) => orders::find_for_update(conn, &id).await?,
        Err(_) => None,
    };
    if order.is_some() {
        return rest_of(conn, of_order, order).await;
    }
    payments::lock_of_order(conn, number).await?;
    rest_of(conn, number, None).await
}

/// The ledger of a number: the order, if there is one, and all other records of the number.
pub(super) async fn rest_of(
    conn: &mut Conn,
    number: &str,
    order: Option<domain::Order>,
) -> Result<OrderLedger, QueryError> {
    let attempts = match order {
        Some(_) => attempts::of_order(conn, number).await?,
        None => Vec::new(),
    };
    let payments = payments::of_number(conn, number).await?;
    // Without a payment there is no refund, and the pieces of an unpaid order have not moved.
    let is_new = payments.is_empty()
        && order.as_ref().is_none_or(|order| order.status == OrderStatus::AwaitingPayment);
    let (refunds, movements) = if is_new {
        (Vec::new(), Vec::new())
    } else {
        (refunds::of_number(conn, number).await?, stock::moves_of(conn, number).await?)
    };
    let held = order.as_ref().map(domain::Order::stock).unwrap_or_default();
    let skus: Vec<i32> = held.iter().map(|line| line.sku_id.0).collect();
    let in_stock = stock::in_stock(conn, &skus).await?;
    Ok(OrderLedger { number: number.to_owned(), order, attempts, payments, refunds, movements, in_stock })
}

async fn write_all(
    conn: &mut Conn,
    number: &str,
    events: &[Event],
    notices: &[OrderEvent],
) -> Result<Written, QueryError> {
    for event in events {
        match write(conn, number, event).await? {
            Written::Yes => {}
            lost @ (Written::GuardLost | Written::RequestNumberInUse) => return Ok(lost),
        }
    }
    if !notices.is_empty() {
        outbox::add(conn, notices).await?;
    }
    Ok(Written::Yes)
}

async fn write(conn: &mut Conn, number: &str, event: &Event) -> Result<Written, QueryError> {
    Ok(match event {
        Event::StatusChanged(change) => Written::if_guarded(orders::change_status(conn, change).await?),
        Event::Shipped(shipment) => {
            orders::record_shipment(conn, number, shipment).await?;
            Written::Yes
        }
        Event::AmountLowered { before, after, discount, cause, reason, at } => {
            let origin = amendments::Origin { cause, reason, at: *at };
            let amounts = [*before, *after, *discount];
            Written::if_guarded(amendments::lower_amount(conn, number, amounts, origin).await?)
        }
        Event::AddressChanged { status, before, after, address_id, cause, reason, at } => {
            let origin = amendments::Origin { cause, reason, at: *at };
            let ways = [before, after];
            let changed =
                amendments::change_address(conn, number, *status, ways, *address_id, origin).await?;
            Written::if_guarded(changed)
        }
        Event::AttemptOpened(attempt) => Written::if_guarded(attempts::open(conn, number, attempt).await?),
        Event::AttemptClosed { out_trade_no, is_final, at } => {
            Written::if_guarded(attempts::close(conn, out_trade_no, *is_final, *at).await?)
        }
        Event::AttemptPaid { out_trade_no, at } => {
            Written::if_guarded(attempts::pay(conn, out_trade_no, *at).await?)
        }
        Event::PaymentRecorded(payment) => Written::if_guarded(payments::record(conn, payment).await?),
        Event::TradeClosed { channel, trade_no } => {
            payments::close(conn, channel.trade(trade_no)).await?;
            Written::Yes
        }
        Event::RefundRequested { refund, due_at } => {
            Written::if_new(refunds::record(conn, refund, Some(*due_at)).await?)
        }
        Event::RefundReopened { refund, due_at } => {
            Written::if_guarded(refunds::reopen(conn, refund, *due_at).await?)
        }
        Event::RefundSucceeded { refund, before, trade_refunded, order_refunded } => {
            let written = match before {
                None => Written::if_new(refunds::record(conn, refund, None).await?),
                Some(before) => Written::if_guarded(refunds::finish(conn, refund, *before).await?),
            };
            payments::set_refunded(conn, refund.trade(), *trade_refunded).await?;
            if let Some(amount) = order_refunded {
                orders::set_refunded(conn, number, *amount).await?;
            }
            written
        }
        Event::RefundFailed { out_request_no, failure, at } => {
            Written::if_guarded(refunds::fail(conn, out_request_no, failure, *at).await?)
        }
        Event::RefundPostponed { out_request_no, due_at, failure } => {
            let failure = failure.as_deref();
            Written::if_guarded(refunds::postpone(conn, out_request_no, *due_at, failure).await?)
        }
        Event::StockReturned { reason, pieces, at } => {
            Written::if_guarded(stock::give_back(conn, number, reason, pieces, *at).await?)
        }
        Event::StockRetaken { pieces, at } => {
            Written::if_guarded(stock::retake(conn, number, pieces, *at).await?)
        }
        Event::TimerSet { status, due_at, restart } => {
            Written::if_guarded(orders::set_timer(conn, number, *status, *due_at, *restart).await?)
        }
    })
}
