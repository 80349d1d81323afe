//! What strangers, locked accounts and forged messages meet.

mod accounts;
mod files;
mod log;
