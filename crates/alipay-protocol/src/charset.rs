use encoding_rs::{Encoding, GB18030, UTF_8};

/// The text encodings that Alipay uses in `charset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// `utf-8`.
    Utf8,
    /// `GB18030`, and its subsets `GBK` and `gb2312`.
    Gb18030,
}

/// Why bytes cannot be decoded as text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharsetError {
    /// The charset is not one that Alipay is known to use.
    #[error("the charset is not one of utf-8, gbk, gb2312, gb18030")]
    Unknown,
    /// The bytes are not text in the named charset.
    #[error("`{name}` is not text in the charset that was named")]
    Malformed {
        /// The parameter.
        name: String,
    },
}

impl Charset {
    /// Parses the value of `charset`, in upper or lower case.
    ///
    /// # Errors
    /// The name is not `utf-8`, `utf8`, `gbk`, `gb2312` or `gb18030`.
    pub fn parse(label: &[u8]) -> Result<Self, CharsetError> {
        match label.to_ascii_lowercase().as_slice() {
            b"utf-8" | b"utf8" => Ok(Self::Utf8),
            b"gbk" | b"gb2312" | b"gb18030" => Ok(Self::Gb18030),
            _ => Err(CharsetError::Unknown),
        }
    }

    /// Decodes the value of the parameter `name`. An invalid byte is an error and never becomes a replacement
    /// character, because the text must be the text that was signed.
    ///
    /// # Errors
    /// The bytes are not text in this charset.
    pub fn decode(self, name: &str, bytes: &[u8]) -> Result<String, CharsetError> {
        self.encoding()
            .decode_without_bom_handling_and_without_replacement(bytes)
            .map(|text| text.into_owned())
            .ok_or_else(|| CharsetError::Malformed { name: name.to_owned() })
    }

    /// Encodes text; `None` if the charset lacks one of its characters.
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        let (bytes, _, unmappable) = self.encoding().encode(text);
        (!unmappable).then(|| bytes.into_owned())
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Gb18030 => GB18030,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for (label, charset) in
            [("UTF-8", Charset::Utf8), ("GBK", Charset::Gb18030), ("gb2312", Charset::Gb18030)]
        {
            assert_eq!(Charset::parse(label.as_bytes()), Ok(charset), "{label}");
        }
        assert_eq!(Charset::parse(b"latin1"), Err(CharsetError::Unknown));
    }

    #[test]
    fn bad_bytes_are_an_error_and_nothing_is_stripped() {
        assert!(Charset::Utf8.decode("subject", b"\xff").is_err());
        assert!(Charset::Gb18030.decode("subject", b"\x81\x20").is_err());
        assert_eq!(Charset::Utf8.decode("a", "\u{feff} 达 ".as_bytes()).unwrap(), "\u{feff} 达 ");
        let gbk = Charset::Gb18030.encode("达达商城").unwrap();
        assert_eq!(gbk, [0xb4, 0xef, 0xb4, 0xef, 0xc9, 0xcc, 0xb3, 0xc7]);
        assert_eq!(Charset::Gb18030.decode("a", &gbk).unwrap(), "达达商城");
    }
}
