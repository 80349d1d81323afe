//! The sandbox's one buyer, who has unlimited money.

/// The buyer's account number.
pub(crate) const BUYER_ID: &str = "2088102175953034";

/// The buyer's sign-in name, masked as Alipay masks it.
pub(crate) const BUYER_LOGON_ID: &str = "dad***@sandbox.com";
