//! What an operator relies on: the environment the program starts in, and servers that are not as they should be.

mod connections;
mod encrypted;
mod engines;
mod proxy;
mod readiness;
mod rolling;
mod rotation;
mod start;
mod systemd;
