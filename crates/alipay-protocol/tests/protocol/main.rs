//! The protocol against what others recorded, and against itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod answers;
mod keys;
mod messages;
mod recorded;
mod vectors;
