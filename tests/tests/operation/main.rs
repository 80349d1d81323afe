//! What an operator relies on: the program's environment, faulty servers, demanding clients, and what the program
//! reports about them.

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
