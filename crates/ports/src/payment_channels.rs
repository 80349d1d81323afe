use std::{collections::BTreeMap, sync::Arc};

use domain::{Channel, Merchant};

use crate::{GatewayError, PaymentGateway};

/// The channels through which the shop is paid: the registry that the wiring fills and use cases look into.
#[derive(Clone, Default)]
pub struct PaymentChannels(BTreeMap<Channel, PaymentChannel>);

/// What a channel is reached by.
#[derive(Clone)]
pub struct PaymentChannel {
    /// The channel itself.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Whom it must pay.
    pub merchant: Merchant,
}

/// Something was paid through a channel of which this program has no settings.
#[derive(Debug, thiserror::Error)]
#[error("this program is not set up for payments by {}", .0.as_str())]
struct NotSetUp(Channel);

impl PaymentChannels {
    /// With this one too.
    #[must_use]
    pub fn with(mut self, channel: Channel, gateway: Arc<dyn PaymentGateway>, merchant: Merchant) -> Self {
        self.0.insert(channel, PaymentChannel { gateway, merchant });
        self
    }

    /// The channel, if the shop is paid through it.
    pub fn get(&self, channel: Channel) -> Option<&PaymentChannel> {
        self.0.get(&channel)
    }

    /// Where to ask about a payment.
    ///
    /// # Errors
    /// [`GatewayError::Unreachable`] if the shop is not paid through the channel any more: nothing is known then.
    pub fn gateway(&self, channel: Channel) -> Result<&dyn PaymentGateway, GatewayError> {
        let found = self.get(channel).map(|found| &*found.gateway);
        found.ok_or_else(|| GatewayError::Unreachable(NotSetUp(channel).into()))
    }
}
