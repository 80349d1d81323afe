//! alipay-sandbox
