use domain::ShopTime;

/// The time.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The present moment in the shop's time.
    fn now(&self) -> ShopTime;
}

/// Random numbers, for jitter and to distinguish processes; not for secrets.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Randomness: Send + Sync {
    /// A random number; all are equally likely.
    fn draw(&self) -> u32;
}
