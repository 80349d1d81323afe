//! The computer's clock and random numbers. All other code uses [`ports::Clock`] and [`ports::Randomness`].

use domain::ShopTime;
use ports::{Clock, Randomness};

/// The computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Random numbers of the thread's cryptographic generator, which the operating system seeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> ShopTime {
        ShopTime::from_utc(chrono::Utc::now())
    }
}

impl Randomness for SystemRandomness {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws random numbers")]
    fn draw(&self) -> u32 {
        rand::random()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, time::Duration};

    use super::*;

    #[test]
    fn the_clock_does_not_stand_or_run_backwards() {
        let earlier = SystemClock.now();
        let later = SystemClock.now();
        assert!(later >= earlier);
        assert!(later.since(earlier) < Duration::from_secs(60));
        assert!(earlier > ShopTime::parse("2026-01-01 00:00:00").unwrap());
    }

    #[test]
    fn draws_differ() {
        let drawn: HashSet<u32> = (0..64).map(|_| SystemRandomness.draw()).collect();
        assert!(drawn.len() > 60, "{} of 64 draws differ", drawn.len());
    }
}
