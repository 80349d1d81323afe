/// The trace and the span of a request: W3C's `traceparent`, version 00.
///
/// Source: W3C Trace Context, <https://www.w3.org/TR/trace-context/#traceparent-header>.
#[derive(Debug, Clone, PartialEq, Eq, derive_more::Display)]
pub struct TraceParent(Box<str>);

impl TraceParent {
    /// Reads the text of the header, whose digits are lower case. Fields that later versions append to the flags are
    /// dropped, as W3C requires.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = |digits: usize| {
            let is_hex = |part: &&str| {
                part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            };
            parts.next().filter(is_hex)
        };
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let is_set = |id: &str| id.bytes().any(|byte| byte != b'0');
        let is_valid =
            version != "ff" && (version != "00" || parts.next().is_none()) && is_set(trace) && is_set(span);
        is_valid.then(|| Self(format!("00-{trace}-{span}-{flags}").into()))
    }

    /// The header's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trace alone, 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        self.0.get(3..35).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
