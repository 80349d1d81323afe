//! Certificates that the tests make.

use std::sync::LazyLock;

use alipay_protocol::{
    MerchantCertificates, PrivateKey,
    certificates::{Certificate, CertificateFiles},
};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, SerialNumber, date_time_ymd,
};

/// 2026-06-01 00:00:00 UTC. Certificates made here are valid from 2020 to 2040 unless a test says otherwise.
pub(crate) const NOW: i64 = 1_780_272_000;

/// The name in Alipay's certificate for this merchant.
pub(crate) const ALIPAY_NAME: &str = "支付宝(中国)网络技术有限公司-2088102146225135";

/// Making keys takes a while, so all tests share them.
pub(crate) static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    root: rsa_pair(),
    issuer: KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(),
    stranger: KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(),
    alipay: rsa_pair(),
    new: rsa_pair(),
    app: PrivateKey::generate().unwrap(),
});

pub(crate) struct Keys {
    pub(crate) root: KeyPair,
    pub(crate) issuer: KeyPair,
    pub(crate) stranger: KeyPair,
    pub(crate) alipay: KeyPair,
    /// Alipay's next key.
    pub(crate) new: KeyPair,
    pub(crate) app: PrivateKey,
}

fn rsa_pair() -> KeyPair {
    as_pair(&PrivateKey::generate().unwrap())
}

pub(crate) fn as_pair(key: &PrivateKey) -> KeyPair {
    KeyPair::from_pkcs8_pem_and_sign_algo(&key.to_pkcs8_pem().unwrap(), &PKCS_RSA_SHA256).unwrap()
}

/// A certificate that a test makes.
#[derive(Clone)]
pub(crate) struct Template(pub(crate) CertificateParams);

impl Template {
    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.is_ca = IsCa::NoCa;
        Self(params).serial(1)
    }

    pub(crate) fn authority(name: &str, path_length: Option<u8>) -> Self {
        let mut template = Self::named(name);
        let constraints = path_length.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained);
        template.0.is_ca = IsCa::Ca(constraints);
        template.0.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        template
    }

    pub(crate) fn serial(mut self, serial: u64) -> Self {
        self.0.serial_number = Some(SerialNumber::from(serial));
        self
    }

    pub(crate) fn years(mut self, from: i32, to: i32) -> Self {
        self.0.not_before = date_time_ymd(from, 1, 1);
        self.0.not_after = date_time_ymd(to, 1, 1);
        self
    }

    pub(crate) fn usage(mut self, usage: KeyUsagePurpose) -> Self {
        self.0.key_usages = vec![usage];
        self
    }

    pub(crate) fn no_authority(mut self) -> Self {
        self.0.is_ca = IsCa::ExplicitNoCa;
        self
    }

    /// Adds a second common name.
    pub(crate) fn also_named(mut self, name: &str) -> Self {
        let common_name = DnType::CustomDnType(vec![2, 5, 4, 3]);
        self.0.distinguished_name.push(common_name, DnValue::Utf8String(name.to_owned()));
        self
    }

    pub(crate) fn extension(mut self, critical: bool) -> Self {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(critical);
        self.0.custom_extensions.push(extension);
        self
    }

    /// PEM of the certificate for its own key.
    pub(crate) fn self_signed(&self, key: &KeyPair) -> String {
        self.0.self_signed(key).unwrap().pem()
    }

    /// PEM of the certificate for `key`, issued with the issuer's name and key.
    pub(crate) fn issued(
        &self,
        key: &impl rcgen::PublicKeyData,
        issuer: &Self,
        issuers_key: &KeyPair,
    ) -> String {
        self.0.signed_by(key, &Issuer::from_params(&issuer.0, issuers_key)).unwrap().pem()
    }
}

pub(crate) fn root() -> Template {
    Template::authority("Root", None)
}

pub(crate) fn issuer() -> Template {
    Template::authority("Issuer", None)
}

pub(crate) fn alipay() -> Template {
    Template::named(ALIPAY_NAME)
}

/// PEM of the issuer, signed by the root.
pub(crate) fn issuer_pem(root: &Template, issuer: &Template) -> String {
    issuer.issued(&KEYS.issuer, root, &KEYS.root)
}

/// A merchant with this root in its bundle. Its Alipay certificate was issued by an issuer that is not in its file.
pub(crate) fn merchant(root: &Template) -> MerchantCertificates {
    let app = Template::named("2088102146225135-2021000000000001").issued(
        &as_pair(&KEYS.app),
        &issuer(),
        &KEYS.issuer,
    );
    let files = CertificateFiles {
        app: &app,
        alipay: &alipay().issued(&KEYS.alipay, &issuer(), &KEYS.issuer),
        root: &root.self_signed(&KEYS.root),
    };
    MerchantCertificates::read(files, KEYS.app.public_key()).unwrap()
}

pub(crate) fn read(pem: &str) -> Vec<Certificate> {
    Certificate::read_pem(pem).unwrap()
}
