use alipay_protocol::{Method, answer};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value;

use crate::{failure::Failure, signing::Signer};

/// The node of an answer, with the members in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Node(Vec<(&'static str, Value)>);

impl Node {
    pub(crate) fn success() -> Self {
        Self::default().with("code", "10000").with("msg", "Success")
    }

    pub(crate) fn failure(failure: &Failure) -> Self {
        let words = failure.words();
        Self::default()
            .with("code", words.code)
            .with("msg", words.msg())
            .with("sub_code", words.sub_code)
            .with("sub_msg", words.sub_msg)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    /// The JSON document of the answer, signed if there is a signer. A `/` is written as `\/`, which JSON allows. So a
    /// merchant that serialises the node again instead of keeping its bytes fails.
    pub(crate) fn seal(&self, method: Option<Method>, signer: Option<&Signer>) -> String {
        let name = method.map_or_else(|| "error_response".to_owned(), Method::response_node);
        let json = serde_json::to_string(self).unwrap_or_default().replace('/', "\\/");
        let sealed = match signer {
            None => answer::seal(&name, &json, None),
            Some(Signer { key, cert_sn: None }) => answer::seal(&name, &json, Some(key)),
            Some(Signer { key, cert_sn: Some(sn) }) => answer::seal_by_certificate(&name, &json, key, sn),
        };
        sealed.unwrap_or_else(|_| unsigned(&name))
    }
}

/// The unsigned answer if signing fails.
fn unsigned(name: &str) -> String {
    let node = serde_json::to_string(&Node::failure(&Failure::Signing)).unwrap_or_default();
    format!(r#"{{"{name}":{node}}}"#)
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
