//! Certificate mode: the sandbox's own hierarchy of certificates, created at the first start and kept in a folder.
//!
//! As at Alipay, there are roots of which only some count, an issuer below one of them, and two certificates of that
//! issuer: the application's and Alipay's.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use adapters::{private_files, system::SystemRandomness};
use alipay_protocol::{
    CertSn, KeyError, MerchantCertificates, PrivateKey, PublicKey,
    certificates::{Certificate, CertificateFiles},
};
use chrono::Datelike as _;
use domain::ShopTime;
use ports::Randomness as _;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm, date_time_ymd,
};

use crate::SandboxConfig;

const ALIPAY_FILE: &str = "alipayCertPublicKey_RSA2.crt";
const ROOT_FILE: &str = "alipayRootCert.crt";
const ISSUER_KEY_FILE: &str = "issuer_private_key.pem";

const ROOT_NAME: &str = "Alipay Sandbox Certification Authority R1";
const ELLIPTIC_ROOT_NAME: &str = "Alipay Sandbox Certification Authority E1";
const ISSUER_NAME: &str = "Alipay Sandbox Certification Authority Class 2 R1";

/// Validity of the certificates of a merchant and of Alipay, in years.
const YEARS: i32 = 5;
/// Validity of issuers, in years.
const ISSUER_YEARS: i32 = 20;

/// The certificates of a merchant and of the sandbox's Alipay, in PEM, and the issuer's key for further ones.
#[derive(Clone)]
pub struct SandboxCertificates {
    /// `appCertPublicKey_<app_id>.crt`.
    pub app: String,
    /// `alipayCertPublicKey_RSA2.crt`: Alipay's certificate, then its issuer's.
    pub alipay: String,
    /// `alipayRootCert.crt`.
    pub root: String,
    pub(crate) app_cert_sn: CertSn,
    pub(crate) alipay_root_cert_sn: String,
    pub(crate) alipay_cert_sn: CertSn,
    issuer_pem: String,
    issuer_key: PrivateKey,
    alipay_name: String,
}

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// A file cannot be read or written.
    #[error("the certificate file {} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// The library cannot create a certificate.
    #[error("a certificate cannot be made")]
    Issue(#[source] rcgen::Error),
    /// A key cannot be created or encoded.
    #[error("the key of a certificate cannot be made")]
    Key(#[from] KeyError),
    /// A merchant cannot use the created certificates, because of a defect of the sandbox.
    #[error("the certificates that were made cannot be used: {0}")]
    Unusable(String),
}

impl SandboxCertificates {
    /// Reads the certificates in the folder if they belong to these keys and this application and do not expire soon,
    /// and creates new ones otherwise.
    ///
    /// It blocks for the time of file access and of generating keys (up to a second).
    ///
    /// # Errors
    /// The folder cannot be used, or a library fails.
    pub fn load_or_generate(
        folder: &Path,
        config: &SandboxConfig,
        now: ShopTime,
    ) -> Result<Self, CertificatesError> {
        let failed = |source| CertificatesError::Io { path: folder.to_owned(), source };
        let _held = private_files::hold(folder).map_err(failed)?;
        let app_file = format!("appCertPublicKey_{}.crt", config.app_id);
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let kept = || {
            let issuer_key = PrivateKey::parse(&read(ISSUER_KEY_FILE)?).ok()?;
            let files = (read(&app_file)?, read(ALIPAY_FILE)?, read(ROOT_FILE)?);
            Self::of_files(files, issuer_key, config).ok().filter(|kept| kept.is_usable(config, now))
        };
        if let Some(kept) = kept() {
            return Ok(kept);
        }
        let made = Self::generate(config, now)?;
        let issuer_key = made.issuer_key.to_pkcs8_pem()?;
        for (name, text) in [
            (app_file.as_str(), &made.app),
            (ALIPAY_FILE, &made.alipay),
            (ROOT_FILE, &made.root),
            (ISSUER_KEY_FILE, &issuer_key),
        ] {
            let path = folder.join(name);
            private_files::replace(&path, text.as_bytes())
                .map_err(|source| CertificatesError::Io { path, source })?;
        }
        Ok(made)
    }

    /// Creates a new hierarchy.
    ///
    /// # Errors
    /// A library fails.
    pub fn generate(config: &SandboxConfig, now: ShopTime) -> Result<Self, CertificatesError> {
        let year = now.to_shanghai().year();
        let root = authority(ROOT_NAME, year);
        let root_key = key_pair(&PrivateKey::generate()?)?;
        let root_pem = root.self_signed(&root_key).map_err(CertificatesError::Issue)?.pem();
        let issuer_key = PrivateKey::generate()?;
        let issuer_pem = issue(&authority(ISSUER_NAME, year), issuer_key.public_key(), &root, &root_key)?;
        let merchant = leaf(&format!("{}-{}", config.seller_id, config.app_id), year);
        let app = issue_leaf(&merchant, &config.app_public_key, &issuer_key)?;
        let alipay = leaf(&alipay_name(config), year);
        let alipay = issue_leaf(&alipay, config.alipay_private_key.public_key(), &issuer_key)?;
        // Some readers split the file at the blank line.
        let root = format!("{}\n{root_pem}", elliptic_root(year)?);
        Self::of_files((app, alipay + &issuer_pem, root), issuer_key, config)
    }

    fn of_files(
        (app, alipay, root): (String, String, String),
        issuer_key: PrivateKey,
        config: &SandboxConfig,
    ) -> Result<Self, CertificatesError> {
        let unusable = |error: &dyn std::error::Error| CertificatesError::Unusable(error.to_string());
        let files = CertificateFiles { app: &app, alipay: &alipay, root: &root };
        let read =
            MerchantCertificates::read(files, &config.app_public_key).map_err(|error| unusable(&error))?;
        let issuer_pem = alipay.split_inclusive("-----END CERTIFICATE-----").nth(1).unwrap_or_default();
        Ok(Self {
            app_cert_sn: read.app_cert_sn().clone(),
            alipay_root_cert_sn: read.alipay_root_cert_sn(),
            alipay_cert_sn: read.alipay_certificate().sn,
            issuer_pem: format!("{}\n", issuer_pem.trim_start()),
            issuer_key,
            alipay_name: alipay_name(config),
            app,
            alipay,
            root,
        })
    }

    /// Whether the key belongs to the issuer. It does not if a process was killed before it wrote the key, the last
    /// file.
    fn can_issue(&self) -> bool {
        let issuer = Certificate::read_pem(&self.issuer_pem).ok();
        let issuer = issuer.as_ref().and_then(|read| read.first());
        issuer
            .and_then(|issuer| issuer.public_key().ok())
            .is_some_and(|key| key == *self.issuer_key.public_key())
    }

    /// Whether the certificates belong to the keys and the application of this configuration, and none needs attention.
    fn is_usable(&self, config: &SandboxConfig, now: ShopTime) -> bool {
        let files = CertificateFiles { app: &self.app, alipay: &self.alipay, root: &self.root };
        MerchantCertificates::read(files, &config.app_public_key).is_ok_and(|read| {
            let names: Vec<_> = read.all().filter_map(|(_, certificate)| certificate.common_name()).collect();
            let app_name = format!("{}-{}", config.seller_id, config.app_id);
            read.alipay_certificate().key == *config.alipay_private_key.public_key()
                && self.can_issue()
                && [app_name.as_str(), &self.alipay_name].iter().all(|name| names.contains(name))
                && read.warnings(now.unix_seconds()).is_empty()
        })
    }

    /// Issues a further certificate of Alipay, followed by its issuer's.
    pub(crate) fn issue_alipay(
        &self,
        key: &PublicKey,
        now: ShopTime,
    ) -> Result<(CertSn, String), CertificatesError> {
        let template = leaf(&self.alipay_name, now.to_shanghai().year());
        let pem = issue_leaf(&template, key, &self.issuer_key)?;
        let read =
            Certificate::read_pem(&pem).map_err(|error| CertificatesError::Unusable(error.to_string()))?;
        let sn = read.first().map(|certificate| certificate.sn().clone());
        let sn = sn.ok_or_else(|| CertificatesError::Unusable("there is none".to_owned()))?;
        Ok((sn, pem + &self.issuer_pem))
    }
}

/// The name of Alipay's certificate for one merchant.
fn alipay_name(config: &SandboxConfig) -> String {
    format!("支付宝(中国)网络技术有限公司-{}", config.seller_id)
}

fn leaf(name: &str, year: i32) -> CertificateParams {
    let mut params = named(name, "Alipay", year, YEARS);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

fn authority(name: &str, year: i32) -> CertificateParams {
    let mut params = named(name, "Certification Authority", year, ISSUER_YEARS);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Country, organization, unit and name in Alipay's order, which some SDKs expect.
fn named(name: &str, unit: &str, year: i32, years: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, "CN");
    subject.push(DnType::OrganizationName, "Alipay Sandbox");
    subject.push(DnType::OrganizationalUnitName, unit);
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.not_before = date_time_ymd(year - 1, 1, 1);
    params.not_after = date_time_ymd(year + years, 1, 1);
    let serial: Vec<u8> = (0..4).flat_map(|_| SystemRandomness.draw().to_be_bytes()).collect();
    params.serial_number = Some(SerialNumber::from(serial));
    params
}

/// A root that does not count for `alipay_root_cert_sn`.
fn elliptic_root(year: i32) -> Result<String, CertificatesError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).map_err(CertificatesError::Issue)?;
    let root = authority(ELLIPTIC_ROOT_NAME, year).self_signed(&key).map_err(CertificatesError::Issue)?;
    Ok(root.pem())
}

fn issue_leaf(
    template: &CertificateParams,
    key: &PublicKey,
    issuer_key: &PrivateKey,
) -> Result<String, CertificatesError> {
    // Of the issuer only the name counts here, not the time.
    issue(template, key, &authority(ISSUER_NAME, 2000), &key_pair(issuer_key)?)
}

fn issue(
    template: &CertificateParams,
    key: &PublicKey,
    issuer: &CertificateParams,
    issuer_key: &KeyPair,
) -> Result<String, CertificatesError> {
    let key = RsaKey(key.to_pkcs1_der()?);
    let issuer = Issuer::from_params(issuer, issuer_key);
    Ok(template.signed_by(&key, &issuer).map_err(CertificatesError::Issue)?.pem())
}

fn key_pair(key: &PrivateKey) -> Result<KeyPair, CertificatesError> {
    KeyPair::from_pkcs8_pem_and_sign_algo(&key.to_pkcs8_pem()?, &PKCS_RSA_SHA256)
        .map_err(CertificatesError::Issue)
}

/// A public key in the form that the library needs for a certificate.
struct RsaKey(Vec<u8>);

impl PublicKeyData for RsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process is killed while it writes the files of a new hierarchy, after each file.
    #[test]
    fn files_of_two_hierarchies_are_not_used() {
        let (app, alipay) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
        let config = SandboxConfig::new(app.public_key().clone(), alipay);
        let now = ShopTime::parse("2019-11-28 20:40:08").unwrap();
        let app_file = format!("appCertPublicKey_{}.crt", config.app_id);
        let names = [app_file.as_str(), ALIPAY_FILE, ROOT_FILE, ISSUER_KEY_FILE];
        for written in 0..=names.len() {
            let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let old = SandboxCertificates::load_or_generate(folder.path(), &config, now).unwrap();
            let new = SandboxCertificates::load_or_generate(other.path(), &config, now).unwrap();
            for name in &names[..written] {
                fs::copy(other.path().join(name), folder.path().join(name)).unwrap();
            }
            let kept = SandboxCertificates::load_or_generate(folder.path(), &config, now).unwrap();
            let (_, issued) = kept.issue_alipay(config.alipay_private_key.public_key(), now).unwrap();
            let files = CertificateFiles { app: &kept.app, alipay: &issued, root: &kept.root };
            let read = MerchantCertificates::read(files, &config.app_public_key).unwrap();
            assert_eq!(read.warnings(now.unix_seconds()), [], "{written}");
            assert!(kept.can_issue(), "{written}");
            if written == 0 || written == names.len() {
                assert!([&old.root, &new.root].contains(&&kept.root), "{written}: nothing is made anew");
            }
        }
    }
}
