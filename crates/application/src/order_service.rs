use std::{sync::Arc, time::Duration};

use domain::{OrderId, ShopTime};
use ports::{DailyStatements, OrderReader, PaymentChannels, RefusedMessages, Users};

use crate::{Recently, Transact};

/// What is done about orders once they are placed, by buyers, staff, payment channels and the clock. Each use case is a file
/// of its own.
pub struct OrderService {
    /// The buyers, and where their orders may go.
    pub users: Arc<dyn Users>,
    /// Orders to look at.
    pub orders: Arc<dyn OrderReader>,
    /// Where orders are claimed and changed.
    pub transact: Transact,
    /// Verify what they signed, and are asked about payments and refunds. The money must be for their merchant.
    pub channels: PaymentChannels,
    /// Keeps messages that can never be dealt with.
    pub refused: Arc<dyn RefusedMessages>,
    /// What is on record of a day.
    pub statements: Arc<dyn DailyStatements>,
    /// The orders that a channel was asked about a moment ago: a return can be replayed by anybody who has seen it.
    pub asked: Recently<OrderId>,
    /// After how long the buyer is taken to have the goods.
    pub receipt_after: Duration,
}

impl OrderService {
    pub(crate) fn now(&self) -> ShopTime {
        self.transact.clock.now()
    }
}
