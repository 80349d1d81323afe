use crate::ShopTime;

/// The shipment of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// The carrier, such as 顺丰速运; empty if it is not known.
    pub carrier: String,
    /// The carrier's number for the parcel; empty if it is not known.
    pub tracking_number: String,
    /// When the shop handed the parcel to the carrier.
    pub shipped_at: ShopTime,
}

/// Why a shipment is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidShipment {
    /// The carrier is too long, or not one line of text.
    #[error("carrier must be one line of at most {} characters", Shipment::CARRIER_CHARS)]
    Carrier,
    /// The tracking number is too long, or not one line of text.
    #[error("tracking_number must be one line of at most {} characters", Shipment::TRACKING_CHARS)]
    TrackingNumber,
}

impl Shipment {
    /// The longest carrier's name, in characters.
    pub const CARRIER_CHARS: usize = 32;
    /// The longest tracking number, in characters.
    pub const TRACKING_CHARS: usize = 64;

    /// Whether both are the same parcel, regardless of the time of shipment.
    pub(crate) fn is_same_parcel(&self, other: &Self) -> bool {
        (&self.carrier, &self.tracking_number) == (&other.carrier, &other.tracking_number)
    }

    /// A shipment as staff type it; surrounding blanks are removed.
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
