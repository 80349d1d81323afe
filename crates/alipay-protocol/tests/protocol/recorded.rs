//! The recorded vectors, in `tests/vectors`.

use std::path::PathBuf;

use alipay_protocol::PublicKey;
use serde_json::Value;

pub(crate) fn text(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

pub(crate) fn key(name: &str) -> PublicKey {
    PublicKey::parse(&text(&format!("keys/{name}"))).unwrap()
}
