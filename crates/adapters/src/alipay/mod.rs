//! Alipay: the payment gateway over its real protocol.
