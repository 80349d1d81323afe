use std::{collections::BTreeMap, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::AnswerError;

/// The top-level members of a JSON object, each value as its original bytes.
///
/// [`RawValue`] borrows a value from the input, from its first byte to its last, so braces and quotes inside strings,
/// escapes and white space stay unchanged. A name that occurs twice, even if once written with an escape, is refused,
/// because it would not be clear which of the values was signed.
pub(super) struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    pub(super) fn read(document: &'a [u8]) -> Result<Self, AnswerError> {
        // The error's own text may quote the document, so only the position is kept.
        serde_json::from_slice(document)
            .map_err(|error| AnswerError::Malformed { line: error.line(), column: error.column() })
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs more than once"));
            }
        }
        Ok(Members(members))
    }
}
