use encoding_rs::{Encoding, GB18030, UTF_8};

/// The encodings of text that Alipay names in `charset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// `utf-8`.
    Utf8,
    /// `GBK`, and with it `gb2312` (a part of it) and `GB18030` (it is a part of that).
    Gb18030,
}

/// Why bytes cannot be read as text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharsetError {
    /// A charset that Alipay is not known to use.
    #[error("the charset is not one of utf-8, gbk, gb2312, gb18030")]
    Unknown,
    /// Bytes that are no text in the charset that was named.
    #[error("`{name}` is not text in the charset that was named")]
    Malformed {
        /// The parameter.
        name: String,
    },
}

impl Charset {
    /// Reads the value of `charset`, in any case.
    ///
    /// # Errors
    /// The name is none of `utf-8`, `gbk`, `gb2312`, `gb18030`.
    pub fn parse(label: &[u8]) -> Result<Self, CharsetError> {
        match label.to_ascii_lowercase().as_slice() {
            b"utf-8" | b"utf8" => Ok(Self::Utf8),
            b"gbk" | b"gb2312" | b"gb18030" => Ok(Self::Gb18030),
            _ => Err(CharsetError::Unknown),
        }
    }

    /// Decodes the value of the parameter `name`. A byte that is no text is an error, never a replacement character: the
    /// text that is used must be the text that was signed.
    ///
    /// # Errors
    /// The bytes are no text in this charset.
    pub fn decode(self, name: &str, bytes: &[u8]) -> Result<String, CharsetError> {
        self.encoding()
            .decode_without_bom_handling_and_without_replacement(bytes)
            .map(|text| text.into_owned())
            .ok_or_else(|| CharsetError::Malformed { name: name.to_owned() })
    }

    /// Encodes text, or nothing where it has a character that the charset has not.
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
