//! Tests the protocol with recorded messages of other implementations, and with itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod answers;
mod certificate_vectors;
mod certificates;
mod chains;
mod hierarchy;
mod keys;
mod messages;
mod recorded;
mod vectors;
