use std::{collections::BTreeMap, fmt};

use url::form_urlencoded::byte_serialize;

/// Maximum number of parameters of a form. Alipay's longest notification has about fifty.
pub const MAX_PARAMS: usize = 200;

/// Maximum number of bytes of an encoded form, far above the longest `biz_content` with all its goods.
pub const MAX_FORM_BYTES: usize = 256 * 1024;

/// The parameters of one request, notification or return, decoded once to raw bytes and sorted by name.
///
/// They stay bytes, because a signature is over bytes, and a notification in GBK is not valid UTF-8.
/// `Debug` shows only the names, because values include the buyer's data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<Vec<u8>, Vec<u8>>);

/// Why a form cannot be split into parameters in a unique way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// The form is longer than [`MAX_FORM_BYTES`].
    #[error("the form is longer than {MAX_FORM_BYTES} bytes")]
    TooLong,
    /// There are more than [`MAX_PARAMS`].
    #[error("the form has more than {MAX_PARAMS} parameters")]
    TooMany,
    /// A name is empty or has other characters than letters, digits and `_`. Alipay has no such names. The signed
    /// string does not escape names, so a `&` or `=` in a name would make it ambiguous.
    #[error("`{name}` is not a parameter's name")]
    Name {
        /// The name, cut to 64 characters.
        name: String,
    },
    /// A name occurs twice, so it is not clear which of the values was signed.
    #[error("the parameter `{name}` occurs more than once")]
    Duplicate {
        /// The name, cut to 64 characters.
        name: String,
    },
}

impl Params {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses an `application/x-www-form-urlencoded` body or a query string: `+` is a space, `%41` is `A`, and a `%`
    /// without two hexadecimal digits stays a `%`, as in every browser.
    ///
    /// # Errors
    /// The form is too long, has too many parameters, an invalid name, or a name twice.
    pub fn parse(form: &[u8]) -> Result<Self, ParamsError> {
        if form.len() > MAX_FORM_BYTES {
            return Err(ParamsError::TooLong);
        }
        let mut params = Self::new();
        for pair in form.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = percent_decode(halves.next().unwrap_or_default());
            let value = percent_decode(halves.next().unwrap_or_default());
            if !is_name(&name) {
                return Err(ParamsError::Name { name: shortened(&name) });
            }
            if params.0.len() == MAX_PARAMS {
                return Err(ParamsError::TooMany);
            }
            if params.0.contains_key(&name) {
                return Err(duplicate(&name));
            }
            params.0.insert(name, value);
        }
        Ok(params)
    }

    /// Joins the parameters of the query and of the body: SDKs use both, and some repeat `charset`.
    ///
    /// # Errors
    /// A name has two different values.
    pub fn merged(mut self, other: Self) -> Result<Self, ParamsError> {
        for (name, value) in other.0 {
            match self.0.get(&name) {
                Some(existing) if *existing != value => return Err(duplicate(&name)),
                Some(_) => {}
                None => {
                    self.0.insert(name, value);
                }
            }
        }
        Ok(self)
    }

    /// Sets one parameter, and replaces an earlier one of that name.
    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.insert(name.as_bytes().to_vec(), value.into());
    }

    /// Sets one parameter and returns the parameters.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.set(name, value);
        self
    }

    /// The parameters whose name satisfies the condition, and the others: SDKs send some in the body and the rest in
    /// the URL.
    pub fn partition(self, in_first: impl Fn(&[u8]) -> bool) -> (Self, Self) {
        let (first, second) = self.0.into_iter().partition(|(name, _)| in_first(name));
        (Self(first), Self(second))
    }

    /// The raw value, if there is one; it may be empty.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name.as_bytes()).map(Vec::as_slice)
    }

    /// The value as text; `None` if it is missing, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty()).and_then(|value| str::from_utf8(value).ok())
    }

    /// All parameters, sorted by the bytes of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// The parameters encoded for a query string or a form body, in the order of their names.
    pub fn to_form(&self) -> String {
        let mut form = String::new();
        for (name, value) in self.iter() {
            if !form.is_empty() {
                form.push('&');
            }
            form.extend(byte_serialize(name));
            form.push('=');
            form.extend(byte_serialize(value));
        }
        form
    }

    /// The string to sign: `name=value` of all parameters that `keep` selects, in the order of their names, joined by
    /// `&`.
    pub(crate) fn canonical(&self, keep: impl Fn(&[u8], &[u8]) -> bool) -> Vec<u8> {
        let mut canonical = Vec::new();
        for (name, value) in self.iter().filter(|(name, value)| keep(name, value)) {
            if !canonical.is_empty() {
                canonical.push(b'&');
            }
            canonical.extend_from_slice(name);
            canonical.push(b'=');
            canonical.extend_from_slice(value);
        }
        canonical
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys().map(|name| String::from_utf8_lossy(name))).finish()
    }
}

fn duplicate(name: &[u8]) -> ParamsError {
    ParamsError::Duplicate { name: shortened(name) }
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// A name as an error shows it.
fn shortened(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(64).collect()
}

/// Decodes one name or value exactly once.
fn percent_decode(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = tail;
                }
                (_, _) => decoded.push(byte),
            },
            (_, _) => decoded.push(byte),
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_exactly_once() {
        let params = Params::parse(b"a=1+2%2B3&b=%2541&c=&d&e=100%&f=%zz&g=x=y&&h=%E8%BE%BE").unwrap();
        let value = |name: &str| params.get(name).map(|value| String::from_utf8(value.to_vec()).unwrap());
        assert_eq!(value("a").as_deref(), Some("1 2+3"));
        assert_eq!(value("b").as_deref(), Some("%41"));
        assert_eq!(value("c").as_deref(), Some(""));
        assert_eq!(value("d").as_deref(), Some(""));
        assert_eq!(value("e").as_deref(), Some("100%"));
        assert_eq!(value("f").as_deref(), Some("%zz"));
        assert_eq!(value("g").as_deref(), Some("x=y"));
        assert_eq!(value("h").as_deref(), Some("达"));
        assert_eq!(value("i"), None);
    }

    #[test]
    fn encoding_and_decoding_are_inverse_for_every_byte() {
        let every_byte: Vec<u8> = (0..=u8::MAX).collect();
        let params = Params::new().with("a", every_byte).with("b", "&=+% 达");
        assert_eq!(Params::parse(params.to_form().as_bytes()), Ok(params));
    }

    #[test]
    fn a_name_twice_is_refused_even_when_spelled_differently() {
        let duplicate = Err(ParamsError::Duplicate { name: "total_amount".to_owned() });
        assert_eq!(Params::parse(b"total_amount=1&total_amount=1"), duplicate);
        assert_eq!(Params::parse(b"total_amount=1&total%5famount=2"), duplicate);
    }

    #[test]
    fn a_name_is_letters_digits_and_underscores() {
        let refused = |name: &str| Err(ParamsError::Name { name: name.to_owned() });
        assert!(Params::parse(b"total_amount=1&A9_=2&%61=3").is_ok());
        for (form, name) in [
            (&b"total_amount%3D1%26refund_fee=1"[..], "total_amount=1&refund_fee"),
            (b"a%26b=1", "a&b"),
            (b"a%3Db=1", "a=b"),
            (b"=1", ""),
            (b"a+b=1", "a b"),
            (b"a%00=1", "a\0"),
            (b"a-b=1", "a-b"),
            (b"%E8%BE%BE=1", "达"),
        ] {
            assert_eq!(Params::parse(form), refused(name));
        }
    }

    #[test]
    fn query_and_body_may_repeat_a_parameter_but_not_contradict() {
        let query = || Params::parse(b"charset=utf-8&a=1").unwrap();
        assert!(query().merged(Params::parse(b"charset=utf-8&b=2").unwrap()).is_ok());
        assert!(query().merged(Params::parse(b"charset=gbk").unwrap()).is_err());
    }

    #[test]
    fn size_is_bounded() {
        let many = |count: usize| (0..count).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        assert!(Params::parse(many(MAX_PARAMS).as_bytes()).is_ok());
        assert_eq!(Params::parse(many(MAX_PARAMS + 1).as_bytes()), Err(ParamsError::TooMany));
        assert_eq!(Params::parse(&vec![b'a'; MAX_FORM_BYTES + 1]), Err(ParamsError::TooLong));
    }
}
