use crate::ShopTime;

/// How an order's goods were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// Who carries them, such as 顺丰速运; empty where the shop did not say.
    pub carrier: String,
    /// The carrier's number for the parcel; empty where the shop did not say.
    pub tracking_number: String,
    /// When they were handed over.
    pub shipped_at: ShopTime,
}

/// What is wrong with what the shop said about a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidShipment {
    /// The carrier is too long, or not a line of text.
    #[error("carrier must be one line of at most {} characters", Shipment::CARRIER_CHARS)]
    Carrier,
    /// The tracking number is too long, or not a line of text.
    #[error("tracking_number must be one line of at most {} characters", Shipment::TRACKING_CHARS)]
    TrackingNumber,
}

impl Shipment {
    /// The longest carrier's name that is kept.
    pub const CARRIER_CHARS: usize = 32;
    /// The longest tracking number that is kept.
    pub const TRACKING_CHARS: usize = 64;

    /// Whether it is the same parcel, whenever it was said to be handed over.
    pub(crate) fn is_same_parcel(&self, other: &Self) -> bool {
        (&self.carrier, &self.tracking_number) == (&other.carrier, &other.tracking_number)
    }

    /// A shipment as staff type it; blanks around are dropped.
    pub fn new(carrier: &str, tracking_number: &str, shipped_at: ShopTime) -> Result<Self, InvalidShipment> {
        let line = |text: &str, chars| {
            let text = text.trim();
            let fits = text.chars().count() <= chars && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        };
        Ok(Self {
            carrier: line(carrier, Self::CARRIER_CHARS).ok_or(InvalidShipment::Carrier)?,
            tracking_number: line(tracking_number, Self::TRACKING_CHARS)
                .ok_or(InvalidShipment::TrackingNumber)?,
            shipped_at,
        })
    }
}

#[cfg(test)]
mod tests;
