use std::{collections::BTreeMap, sync::Arc};

use domain::{Channel, Merchant};

use crate::{GatewayError, PaymentGateway};

/// The registry of the channels through which the shop is paid. The wiring fills it; use cases read it.
#[derive(Clone, Default)]
pub struct PaymentChannels(BTreeMap<Channel, PaymentChannel>);

/// A channel with its settings.
#[derive(Clone)]
pub struct PaymentChannel {
    /// The port to the channel.
    pub gateway: Arc<dyn PaymentGateway>,
    /// The merchant that it must pay.
    pub merchant: Merchant,
}

/// A payment was made through a channel for which this program has no settings.
#[derive(Debug, thiserror::Error)]
#[error("this program is not set up for payments by {}", .0.as_str())]
struct NotSetUp(Channel);

impl PaymentChannels {
    /// Adds a channel.
    #[must_use]
    pub fn with(mut self, channel: Channel, gateway: Arc<dyn PaymentGateway>, merchant: Merchant) -> Self {
        self.0.insert(channel, PaymentChannel { gateway, merchant });
        self
    }

    /// The channel, if the shop is paid through it.
    pub fn get(&self, channel: Channel) -> Option<&PaymentChannel> {
        self.0.get(&channel)
    }

    /// The port to the channel, for questions about a payment.
    ///
    /// # Errors
    /// [`GatewayError::Unreachable`] if the shop has no such channel: then the state of the payment is not known.
    pub fn gateway(&self, channel: Channel) -> Result<&dyn PaymentGateway, GatewayError> {
        let found = self.get(channel).map(|found| &*found.gateway);
        found.ok_or_else(|| GatewayError::Unreachable(NotSetUp(channel).into()))
    }
}
