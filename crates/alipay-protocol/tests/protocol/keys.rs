//! Keys in every form that an operator may paste. The tests make them.

use crate::recorded::{key, text};
use alipay_protocol::{KeyError, PrivateKey, PublicKey, VerifyError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rsa::{
    pkcs1::{
        EncodeRsaPrivateKey as _, EncodeRsaPublicKey as _, RsaPrivateKeyRef, RsaPublicKeyRef, UintRef,
        der::Encode as _,
    },
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
};

/// A new private key in all its forms, and its public key in all its forms.
struct Spellings {
    private: Vec<String>,
    public: Vec<String>,
}

fn spellings() -> (PrivateKey, Spellings) {
    let key = PrivateKey::generate().unwrap();
    let rsa = rsa::PrivateKey::from_pkcs8_pem(&key.to_pkcs8_pem().unwrap()).unwrap();
    let public = rsa.to_public_key();
    let private_pems =
        [rsa.to_pkcs8_pem(LineEnding::LF).unwrap(), rsa.to_pkcs1_pem(LineEnding::CRLF).unwrap()];
    let public_pems =
        [public.to_public_key_pem(LineEnding::CRLF).unwrap(), public.to_pkcs1_pem(LineEnding::LF).unwrap()];
    let every_form = |pem: &str| {
        let one_line: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        [
            pem.to_owned(),
            pem.replace('\r', "").replace('\n', "\\n"),
            format!("\n  {one_line}\r\n"),
            one_line.trim_end_matches('=').to_owned(),
            one_line,
        ]
    };
    let private = private_pems.iter().flat_map(|pem| every_form(pem)).collect();
    let public = public_pems.iter().flat_map(|pem| every_form(pem)).collect();
    (key, Spellings { private, public })
}

#[test]
fn every_spelling_is_the_same_key() {
    let (key, spellings) = spellings();
    for spelling in &spellings.private {
        let read = PrivateKey::parse(spelling).unwrap();
        assert_eq!(read.public_key(), key.public_key());
        let signature = read.sign(b"message").unwrap();
        assert_eq!(key.public_key().verify(b"message", &signature), Ok(()));
    }
    for spelling in &spellings.public {
        assert_eq!(PublicKey::parse(spelling).as_ref(), Ok(key.public_key()));
    }
    assert_eq!(spellings.private.len() + spellings.public.len(), 20);
}

#[test]
fn the_recorded_public_keys_are_read_in_all_their_forms() {
    for side in ["app", "alipay"] {
        let spki = key(&format!("{side}_public_spki.pem"));
        assert_eq!(spki, key(&format!("{side}_public_pkcs1.pem")));
        assert_eq!(spki, key(&format!("{side}_public_spki.raw.txt")));
        assert_eq!(spki.to_spki_pem().unwrap().trim(), text(&format!("keys/{side}_public_spki.pem")).trim());
    }
    assert_ne!(key("app_public_spki.pem"), key("alipay_public_spki.pem"));
}

#[test]
fn a_key_in_the_other_ones_place_is_named() {
    let (_, spellings) = spellings();
    for spelling in &spellings.private {
        assert_eq!(PublicKey::parse(spelling), Err(KeyError::PrivateWherePublicBelongs));
    }
    for spelling in &spellings.public {
        assert_eq!(PrivateKey::parse(spelling).err(), Some(KeyError::PublicWherePrivateBelongs));
    }
}

/// A key of this length, with numbers that belong to no real key: the length is checked first.
fn numbers(bits: usize) -> (String, String) {
    let number = |length: usize| vec![0xf1; length / 8];
    let (whole, half) = (number(bits), number(bits / 2));
    let whole = UintRef::new(&whole).unwrap();
    let half = UintRef::new(&half).unwrap();
    let public_exponent = UintRef::new(&[1, 0, 1]).unwrap();
    let public = RsaPublicKeyRef { modulus: whole, public_exponent };
    let private = RsaPrivateKeyRef {
        modulus: whole,
        public_exponent,
        private_exponent: whole,
        prime1: half,
        prime2: half,
        exponent1: half,
        exponent2: half,
        coefficient: half,
        other_prime_infos: None,
    };
    (STANDARD.encode(private.to_der().unwrap()), STANDARD.encode(public.to_der().unwrap()))
}

#[test]
fn the_length_of_a_key_is_bounded_on_both_sides() {
    for (bits, refused) in [
        (512, KeyError::TooShort { bits: 512 }),
        (1024, KeyError::TooShort { bits: 1024 }),
        (16384, KeyError::TooLong { bits: 16384 }),
    ] {
        let (private, public) = numbers(bits);
        assert_eq!(PrivateKey::parse(&private).err(), Some(refused));
        assert_eq!(PublicKey::parse(&public), Err(refused));
    }
    let (private, public) = numbers(2048);
    assert_eq!(PrivateKey::parse(&private).err(), Some(KeyError::Inconsistent));
    assert!(PublicKey::parse(&public).is_ok());
}

#[test]
fn what_is_no_rsa_key_is_refused_by_name() {
    // An elliptic curve's SPKI: the identifier id-ecPublicKey with the curve P-256, and a point.
    let mut ec_spki = vec![0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    ec_spki.extend([0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04]);
    ec_spki.extend([7; 64]);
    for (text, error) in [
        (String::new(), KeyError::Empty),
        (" \n".to_owned(), KeyError::Empty),
        ("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----".to_owned(), KeyError::Empty),
        ("not a key".to_owned(), KeyError::Unreadable),
        (STANDARD.encode(b"not a key either"), KeyError::Unreadable),
        (STANDARD.encode(ec_spki), KeyError::NotRsa),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----".to_owned(), KeyError::NotRsa),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".to_owned(), KeyError::Certificate),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA".to_owned(), KeyError::Encrypted),
    ] {
        assert_eq!(PublicKey::parse(&text), Err(error), "{text}");
        assert_eq!(PrivateKey::parse(&text).err(), Some(error), "{text}");
    }
}

#[test]
fn a_signature_is_bound_to_key_and_message() {
    let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let signature = key.sign("message".as_bytes()).unwrap();
    assert_eq!(key.public_key().verify(b"message", &signature), Ok(()));
    assert_eq!(key.public_key().verify(b"message ", &signature), Err(VerifyError::Mismatch));
    assert_eq!(other.public_key().verify(b"message", &signature), Err(VerifyError::Mismatch));
    assert_eq!(key.public_key().verify(b"message", "not base64!"), Err(VerifyError::Unreadable));
    assert_eq!(key.public_key().verify(b"message", ""), Err(VerifyError::Mismatch));
    // A page that forwards a query string unencoded turns each `+` into a space.
    assert_eq!(key.public_key().verify(b"message", &signature.replace('+', " ")), Ok(()));
}

#[test]
fn no_secret_shows_in_debug() {
    let key = PrivateKey::generate().unwrap();
    let shown = format!("{key:?} {:?}", key.public_key());
    assert!(shown.len() < 200, "{shown}");
    assert!(shown.contains(&key.public_key().fingerprint()));
}
