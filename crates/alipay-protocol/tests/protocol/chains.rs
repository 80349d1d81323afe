//! Which certificates are accepted as Alipay's: each rule is broken separately.

use alipay_protocol::{
    KeyError,
    certificates::{ChainError, Distrust, MerchantCertificates},
};
use rcgen::{KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};
use rsa::pkcs1::{RsaPublicKeyRef, UintRef, der::Encode as _};

use crate::hierarchy::{ALIPAY_NAME, KEYS, NOW, Template, alipay, issuer, issuer_pem, merchant, read, root};

/// The result of a download of these blocks; the first one is the requested certificate.
fn verdict(merchant: &MerchantCertificates, blocks: &[String]) -> Result<(), Distrust> {
    let certificates = read(&blocks.concat());
    merchant.accept(certificates[0].sn(), &certificates, NOW).map(|_| ())
}

/// Alipay's next certificate, signed by an issuer, which a root has signed.
fn chain(leaf: &Template, issuer: &Template, root: &Template) -> Result<(), Distrust> {
    let blocks = [leaf.issued(&KEYS.new, issuer, &KEYS.issuer), issuer_pem(root, issuer)];
    verdict(&merchant(root), &blocks)
}

fn refused(reason: ChainError) -> Result<(), Distrust> {
    Err(Distrust::Chain(reason))
}

#[test]
fn a_chain_by_the_rules_is_trusted() {
    assert_eq!(chain(&alipay(), &issuer(), &root()), Ok(()));
    assert_eq!(chain(&alipay().extension(false), &issuer().extension(false), &root()), Ok(()));
    assert_eq!(
        chain(&alipay(), &Template::authority("Issuer", Some(0)), &Template::authority("Root", Some(1))),
        Ok(())
    );
    let by_root = alipay().issued(&KEYS.new, &root(), &KEYS.root);
    assert_eq!(verdict(&merchant(&Template::authority("Root", Some(0))), &[by_root]), Ok(()));
}

#[test]
fn the_order_of_the_blocks_does_not_matter() {
    let leaf = alipay().issued(&KEYS.new, &issuer(), &KEYS.issuer);
    let certificates = read(&[issuer_pem(&root(), &issuer()), leaf.clone()].concat());
    let asked = read(&leaf)[0].sn().clone();
    assert!(merchant(&root()).accept(&asked, &certificates, NOW).is_ok());
}

#[test]
fn every_certificate_must_be_valid_now() {
    for (from, to, reason) in [(2030, 2040, ChainError::NotYetValid), (2020, 2021, ChainError::Expired)] {
        assert_eq!(chain(&alipay().years(from, to), &issuer(), &root()), refused(reason));
        assert_eq!(chain(&alipay(), &issuer().years(from, to), &root()), refused(reason));
        assert_eq!(chain(&alipay(), &issuer(), &root().years(from, to)), refused(reason));
    }
}

#[test]
fn a_certificate_is_valid_from_its_first_to_its_last_second() {
    let leaf = alipay().years(2026, 2027).issued(&KEYS.new, &issuer(), &KEYS.issuer);
    let certificates = read(&[leaf, issuer_pem(&root(), &issuer())].concat());
    let merchant = merchant(&root());
    let at = |now| merchant.accept(certificates[0].sn(), &certificates, now).is_ok();
    let (first, last) = (certificates[0].not_before(), certificates[0].not_after());
    assert_eq!((first, last), (1_767_225_600, 1_798_761_600));
    assert_eq!([at(first - 1), at(first), at(last), at(last + 1)], [false, true, true, false]);
}

#[test]
fn every_issuer_must_be_allowed_to_issue() {
    let not_an_authority = refused(ChainError::NotAnAuthority);
    let plain = |name| Template::named(name).usage(KeyUsagePurpose::KeyCertSign);
    for (issuer, root) in [
        (plain("Issuer"), root()),
        (issuer().no_authority(), root()),
        (issuer().usage(KeyUsagePurpose::DigitalSignature), root()),
        (issuer(), plain("Root")),
        (issuer(), root().usage(KeyUsagePurpose::CrlSign)),
    ] {
        assert_eq!(chain(&alipay(), &issuer, &root), not_an_authority);
    }
}

#[test]
fn the_path_length_of_every_issuer_counts() {
    assert_eq!(
        chain(&alipay(), &issuer(), &Template::authority("Root", Some(0))),
        refused(ChainError::TooLong)
    );
    let second = Template::authority("Second", None);
    let through = |issuer: &Template, root: &Template| {
        let blocks = [
            alipay().issued(&KEYS.new, &second, &KEYS.stranger),
            second.issued(&KEYS.stranger, issuer, &KEYS.issuer),
            issuer_pem(root, issuer),
        ];
        verdict(&merchant(root), &blocks)
    };
    assert_eq!(through(&issuer(), &root()), Ok(()));
    assert_eq!(
        through(&Template::authority("Issuer", Some(1)), &Template::authority("Root", Some(2))),
        Ok(())
    );
    let too_long = refused(ChainError::TooLong);
    assert_eq!(through(&Template::authority("Issuer", Some(0)), &root()), too_long);
    assert_eq!(through(&issuer(), &Template::authority("Root", Some(1))), too_long);
}

#[test]
fn the_chain_must_end_at_a_configured_root() {
    let elsewhere = Template::authority("Elsewhere", None);
    let other_name =
        [alipay().issued(&KEYS.new, &elsewhere, &KEYS.stranger), elsewhere.self_signed(&KEYS.stranger)];
    assert_eq!(verdict(&merchant(&root()), &other_name), refused(ChainError::NoPath));
    let same_name = [alipay().issued(&KEYS.new, &root(), &KEYS.stranger), root().self_signed(&KEYS.stranger)];
    assert_eq!(verdict(&merchant(&root()), &same_name), refused(ChainError::Signature));
    let without_issuer = [alipay().issued(&KEYS.new, &issuer(), &KEYS.issuer)];
    assert_eq!(verdict(&merchant(&root()), &without_issuer), refused(ChainError::NoPath));
    let alone = [alipay().self_signed(&KEYS.new)];
    assert_eq!(verdict(&merchant(&root()), &alone), refused(ChainError::NotAnAuthority));
}

#[test]
fn an_impostor_beside_the_issuer_does_not_hide_it() {
    let impostor = issuer().serial(2).issued(&KEYS.stranger, &root(), &KEYS.stranger);
    let leaf = alipay().issued(&KEYS.new, &issuer(), &KEYS.issuer);
    assert_eq!(verdict(&merchant(&root()), &[leaf, impostor, issuer_pem(&root(), &issuer())]), Ok(()));
}

#[test]
fn the_subject_has_one_common_name_and_it_is_alipays() {
    let subject = Err(Distrust::Subject);
    for leaf in [
        Template::named("支付宝(中国)网络技术有限公司-2088102146225999"),
        Template::named(&format!("{ALIPAY_NAME} ")),
        alipay().also_named("2088102146225999-2021000000000999"),
        alipay().also_named(ALIPAY_NAME),
    ] {
        assert_eq!(chain(&leaf, &issuer(), &root()), subject);
    }
}

#[test]
fn a_critical_extension_that_is_not_understood_forbids_trust() {
    let unknown = refused(ChainError::UnknownCriticalExtension);
    assert_eq!(chain(&alipay().extension(true), &issuer(), &root()), unknown);
    assert_eq!(chain(&alipay(), &issuer().extension(true), &root()), unknown);
    assert_eq!(chain(&alipay(), &issuer(), &root().extension(true)), unknown);
}

/// An RSA key of this length, with numbers that belong to no real key.
struct Rsa(Vec<u8>);

impl Rsa {
    fn of(bits: usize) -> Self {
        let modulus = vec![0xf1; bits / 8];
        let key = RsaPublicKeyRef {
            modulus: UintRef::new(&modulus).unwrap(),
            public_exponent: UintRef::new(&[1, 0, 1]).unwrap(),
        };
        Self(key.to_der().unwrap())
    }
}

impl PublicKeyData for Rsa {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

#[test]
fn the_key_is_rsa_of_at_least_2048_bits() {
    let issued = |leaf: String| verdict(&merchant(&root()), &[leaf, issuer_pem(&root(), &issuer())]);
    let rsa = |bits| issued(alipay().issued(&Rsa::of(bits), &issuer(), &KEYS.issuer));
    assert_eq!(rsa(2048), Ok(()));
    assert_eq!(rsa(1024), Err(Distrust::Key(KeyError::TooShort { bits: 1024 })));
    let elliptic = alipay().issued(&KEYS.stranger, &issuer(), &KEYS.issuer);
    assert_eq!(issued(elliptic), Err(Distrust::Key(KeyError::NotRsa)));
}

/// Issuers with one name that have all signed each other: an unlimited search would try every order of them.
#[test]
fn a_search_through_many_issuers_ends() {
    let circle = Template::authority("Circle", None);
    let mut blocks = vec![alipay().issued(&KEYS.new, &circle, &KEYS.stranger)];
    blocks.extend((0..31).map(|serial| circle.clone().serial(serial).self_signed(&KEYS.stranger)));
    assert_eq!(verdict(&merchant(&root()), &blocks), refused(ChainError::NoPath));
}
