//! The protocol against what others recorded, and against itself.

mod answers;
mod keys;
mod messages;
mod recorded;
mod vectors;
