use domain::ShopTime;

/// The time.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The present moment in the shop's time.
    fn now(&self) -> ShopTime;
}

/// Chance, for jitter and for telling processes apart; not for secrets.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Randomness: Send + Sync {
    /// A number, each equally likely.
    fn draw(&self) -> u32;
}
