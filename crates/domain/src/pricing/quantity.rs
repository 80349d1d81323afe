/// How many pieces of one SKU are bought: at least one, at most the shop's [`QuantityLimit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity(u32);

/// The most pieces of one SKU that one order may have; configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantityLimit(u32);

/// The number of pieces is not from one to the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a quantity is a whole number from 1 to {most}")]
pub struct InvalidQuantity {
    /// The limit that was in force.
    pub most: u32,
}

impl QuantityLimit {
    /// The most pieces.
    pub fn most(self) -> u32 {
        self.0
    }

    /// A limit of 1 to `i32::MAX` pieces, the range of the database's columns; else `None`.
    pub fn new(most: u32) -> Option<Self> {
        (1..=i32::MAX.unsigned_abs()).contains(&most).then_some(Self(most))
    }

    /// The quantity, if it is within the limit.
    pub fn quantity(self, pieces: i64) -> Result<Quantity, InvalidQuantity> {
        match u32::try_from(pieces) {
            Ok(pieces) if (1..=self.0).contains(&pieces) => Ok(Quantity(pieces)),
            Ok(_) | Err(_) => Err(InvalidQuantity { most: self.0 }),
        }
    }
}

impl Quantity {
    /// One piece.
    pub const ONE: Self = Self(1);

    /// A stored quantity, which the present limit does not apply to; `None` if it is below one.
    pub fn stored(pieces: i32) -> Option<Self> {
        u32::try_from(pieces).ok().filter(|pieces| *pieces > 0).map(Self)
    }

    /// The number of pieces.
    pub fn pieces(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests;
