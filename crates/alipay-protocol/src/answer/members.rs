use std::{collections::BTreeMap, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::AnswerError;

/// The members at the top of a JSON object, each value as the very bytes it had.
///
/// [`RawValue`] borrows from the input, from a value's first byte to its last, so braces and quotes inside strings,
/// escapes and white space stay as they came. A name that occurs twice, even if once spelled with an escape, is refused:
/// which of the values was signed would be a guess.
pub(super) struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    pub(super) fn read(document: &'a [u8]) -> Result<Self, AnswerError> {
        // The error's own text may repeat as much of the document as it likes; its place is enough.
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
