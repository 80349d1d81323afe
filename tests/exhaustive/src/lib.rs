//! Every interleaving of events in the life of an order, up to a stated bound.
//!
//! One order of two SKUs, a second order that competes for its stock, Alipay with its trades, buyer, staff and timers are
//! a state machine here ([`World`], [`Step`]); the order's side of it is [`domain::OrderLedger`] itself. The checker visits
//! every state that a [`Bounds`] allows and holds each against every [`Rule`].
//!
//! Messages may be lost, repeated, reordered and delayed: every message of Alipay can arrive at any later time, any
//! number of times, or never. The same holds for every request to Alipay and for every decision that waits for an
//! answer.
//!
//! Time has three values: before, at and after the shipment. Decisions compare nothing else; deadlines are steps. So
//! the number of states is finite.

mod alipay;
mod checks;
mod command;
mod ending;
mod happens;
mod model;
mod outcomes;
mod record;
mod rules;
mod steps;
mod world;

pub use alipay::{Message, Number, Trade, TradeState};
pub use command::{Answer, Ask, Asked, Cmd, Pieces};
pub use model::{Bounds, Decide, Shop};
pub use record::{Known, Record};
pub use rules::Rule;
pub use steps::{RivalStep, Step};
pub use world::World;
