//! What an operator relies on: the environment the program starts in, servers that are not as they should be, clients that
//! ask too much, and what is told of all that.

mod clients;
mod connections;
mod encrypted;
mod engines;
mod jobs;
mod locks;
mod metrics;
mod outages;
mod proxy;
mod readiness;
mod rolling;
mod rotation;
mod start;
mod systemd;
