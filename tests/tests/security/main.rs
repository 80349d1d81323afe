//! How the program treats strangers, locked accounts and forged messages.

mod accounts;
mod files;
mod log;
