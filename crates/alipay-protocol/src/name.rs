//! Distinguished names in the form of Java's `X500Principal.getName()`, which Alipay hashes.
//!
//! This is RFC 2253 with Java's own choices, found in OpenJDK's `sun.security.x509.AVA` and tested with a JDK
//! (`tests/vectors/certificates/java_names.json`): which attributes have a keyword, that every string is read as UTF-8
//! whatever its type, and that a carriage return at an end is escaped like a space.

use x509_parser::{
    asn1_rs::{Any, Tag, ToDer as _},
    der_parser::oid::Oid,
    x509::{AttributeTypeAndValue, X509Name},
};

/// The attributes that RFC 2253 gives a keyword.
const KEYWORDS: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

const COMMON_NAME: &str = "2.5.4.3";

/// Characters that get a backslash at any position.
const ESCAPED: &str = ",=+<>#;\"\\";

/// The name, with the last RDN first. The values of one RDN keep their order.
pub(crate) fn rfc2253(name: &X509Name<'_>) -> String {
    let rdns: Vec<String> =
        name.iter_rdn().map(|rdn| rdn.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    rdns.into_iter().rev().collect::<Vec<_>>().join(",")
}

/// The text of every common name.
pub(crate) fn common_names(name: &X509Name<'_>) -> Vec<String> {
    name.iter_attributes()
        .filter(|attribute| identifier(attribute.attr_type()) == COMMON_NAME)
        .map(|attribute| text(attribute.attr_value()))
        .collect()
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let value = attribute.attr_value();
    match keyword(attribute.attr_type()) {
        Ok(keyword) if is_string(value.tag()) => {
            format!("{keyword}={}", escape(&String::from_utf8_lossy(value.data)))
        }
        Ok(key) => format!("{key}={}", hexadecimal(value)),
        Err(oid) => format!("{oid}={}", hexadecimal(value)),
    }
}

/// The keyword of an attribute, or else its identifier in decimal.
fn keyword(oid: &Oid<'_>) -> Result<&'static str, String> {
    let id = identifier(oid);
    KEYWORDS.iter().find(|(known, _)| *known == id).map(|(_, keyword)| *keyword).ok_or(id)
}

/// An identifier in decimal. The library's own text is wrong for some that begin with 2.
fn identifier(oid: &Oid<'_>) -> String {
    let mut numbers = Vec::new();
    let mut number = 0_u128;
    for byte in oid.as_bytes() {
        number = number << 7 | u128::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    let first = numbers.first_mut().map_or(0, |first| {
        let root = (*first / 40).min(2);
        *first -= root * 40;
        root
    });
    numbers.iter().fold(first.to_string(), |text, number| format!("{text}.{number}"))
}

/// Whether Java writes a value of this type as text.
fn is_string(tag: Tag) -> bool {
    [
        Tag::PrintableString,
        Tag::T61String,
        Tag::Ia5String,
        Tag::GeneralString,
        Tag::BmpString,
        Tag::Utf8String,
    ]
    .contains(&tag)
}

/// `#` and the DER of the value.
fn hexadecimal(value: &Any<'_>) -> String {
    let der = value.to_der_vec().unwrap_or_default();
    der.iter().fold("#".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\0' {
            escaped.push_str("\\00");
            continue;
        }
        if ESCAPED.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escape_ends(&escaped)
}

/// Puts a backslash before each blank at the start and at the end.
fn escape_ends(text: &str) -> String {
    let is_blank = |character: char| matches!(character, ' ' | '\r');
    let start = text.len() - text.trim_start_matches(is_blank).len();
    let end = text.trim_end_matches(is_blank).len().max(start);
    let mut escaped = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if at < start || at >= end {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The text of a value, whatever its type, for comparing names.
fn text(value: &Any<'_>) -> String {
    if value.tag() != Tag::BmpString {
        return String::from_utf8_lossy(value.data).into_owned();
    }
    let units = value.data.chunks(2).map(|pair| match *pair {
        [high, low] => u16::from_be_bytes([high, low]),
        _ => char::REPLACEMENT_CHARACTER as u16,
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use x509_parser::asn1_rs::FromDer as _;

    use super::*;

    #[derive(serde::Deserialize)]
    struct Vector {
        what: String,
        der: String,
        java: String,
    }

    /// Decodes hexadecimal digits.
    fn bytes(digits: &str) -> Vec<u8> {
        let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    #[test]
    fn names_are_written_as_java_writes_them() {
        let vectors = include_str!("../tests/vectors/certificates/java_names.json");
        let vectors: Vec<Vector> = serde_json::from_str(vectors).unwrap();
        for Vector { what, der, java } in &vectors {
            let der = bytes(der);
            let (_, name) = X509Name::from_der(&der).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(rfc2253(&name), *java, "{what}");
        }
        assert_eq!(vectors.len(), 60);
    }
}
