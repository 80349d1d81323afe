//! The files of certificate mode, in every form that occurs, and files that are not valid ones.

use alipay_protocol::{
    CertSn, KeyError, MerchantCertificates, PrivateKey,
    certificates::{
        Certificate, CertificateError, CertificateFile, CertificateFileError, CertificateFiles,
        CertificateProblem, MAX_CERTIFICATES, MAX_PEM_BYTES, WARN_BEFORE_EXPIRY,
    },
};

use crate::{
    hierarchy::{KEYS, NOW, Template, alipay, as_pair, issuer, issuer_pem, root},
    recorded::text,
};

/// Other forms of a PEM text with the same meaning.
fn every_form(pem: &str) -> Vec<String> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let wrapped = |width: usize| {
        let lines: Vec<&str> =
            base64.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", lines.join("\n"))
    };
    vec![
        pem.to_owned(),
        wrapped(64),
        wrapped(76),
        wrapped(base64.len()),
        wrapped(76).replace('\n', "\r\n"),
        wrapped(64).replace('\n', "\\n"),
        format!("-----BEGIN CERTIFICATE-----{base64}-----END CERTIFICATE-----"),
        format!("\u{feff}Bag Attributes\n    friendlyName: 支付宝\nsubject=CN = x\n{pem}\n\n"),
        wrapped(64).replace("CERTIFICATE", "X509 CERTIFICATE"),
        wrapped(64).replace('\n', " \n "),
    ]
}

#[test]
fn every_form_of_a_file_is_the_same_certificate() {
    let pem = alipay().issued(&KEYS.alipay, &issuer(), &KEYS.issuer);
    let sn = Certificate::read_pem(&pem).unwrap()[0].sn().clone();
    let forms = every_form(&pem);
    for form in &forms {
        let read = Certificate::read_pem(form).unwrap_or_else(|error| panic!("{error}: {form}"));
        assert_eq!((read.len(), read[0].sn()), (1, &sn), "{form}");
    }
    // Several certificates in one file, with or without text between them.
    for between in ["", "\n", "\r\n\r\n", "\nBag Attributes: <No Attributes>\n"] {
        let read = Certificate::read_pem(&forms.join(between)).unwrap();
        assert_eq!(read.len(), forms.len());
        assert!(read.iter().all(|certificate| *certificate.sn() == sn));
    }
}

#[test]
fn what_is_no_certificate_is_told_without_its_content() {
    let pem = root().self_signed(&KEYS.root);
    let private = KEYS.app.to_pkcs8_pem().unwrap();
    let public = KEYS.app.public_key().to_spki_pem().unwrap();
    let damaged = pem.replacen("MII", "MIIA", 1);
    let unreadable = CertificateError::Unreadable { nth: 1 };
    for (text, error) in [
        ("", CertificateError::NoCertificate),
        ("MIIDsomething", CertificateError::NoCertificate),
        (private.as_str(), CertificateError::PrivateKey),
        (&[pem.as_str(), &private].concat(), CertificateError::PrivateKey),
        (&public, CertificateError::NotACertificate { nth: 1 }),
        (&[pem.as_str(), &public].concat(), CertificateError::NotACertificate { nth: 2 }),
        (&damaged, unreadable),
        (&[pem.as_str(), &damaged].concat(), CertificateError::Unreadable { nth: 2 }),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", unreadable),
        ("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----", unreadable),
        ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", unreadable),
        (pem.split_once("-----END").unwrap().0, unreadable),
        (&pem.replace("END CERTIFICATE", "END X509 CERTIFICATE"), unreadable),
        (&pem.repeat(MAX_CERTIFICATES + 1), CertificateError::TooMany),
        (&"x".repeat(MAX_PEM_BYTES + 1), CertificateError::TooLong),
    ] {
        assert_eq!(Certificate::read_pem(text).err(), Some(error), "{}", &text[..text.len().min(80)]);
    }
    assert!(!CertificateError::PrivateKey.to_string().contains("-----"));
}

struct Files {
    app: String,
    alipay: String,
    root: String,
}

impl Files {
    fn sound() -> Self {
        Self {
            app: Template::named("2088-2021").issued(&as_pair(&KEYS.app), &issuer(), &KEYS.issuer),
            alipay: [alipay().issued(&KEYS.alipay, &issuer(), &KEYS.issuer), issuer_pem(&root(), &issuer())]
                .concat(),
            root: root().self_signed(&KEYS.root),
        }
    }

    fn read(
        &self,
        key: &PrivateKey,
    ) -> Result<MerchantCertificates, (CertificateFile, CertificateFileError)> {
        let files = CertificateFiles { app: &self.app, alipay: &self.alipay, root: &self.root };
        MerchantCertificates::read(files, key.public_key()).map_err(|error| (error.file, error.cause))
    }

    fn refusal(&self) -> (CertificateFile, CertificateFileError) {
        self.read(&KEYS.app).unwrap_err()
    }
}

#[test]
fn a_file_in_the_place_of_another_is_named() {
    let sound = Files::sound();
    assert!(sound.read(&KEYS.app).is_ok());
    let stranger = PrivateKey::generate().unwrap();
    let wrong_key = sound.read(&stranger).unwrap_err();
    assert_eq!(wrong_key, (CertificateFile::App, CertificateFileError::OtherKey));
    let with = |app: &str, alipay: &str, root: &str| {
        Files { app: app.to_owned(), alipay: alipay.to_owned(), root: root.to_owned() }.refusal()
    };
    let Files { app, alipay, root } = &sound;
    assert_eq!(with(alipay, alipay, root), (CertificateFile::App, CertificateFileError::OtherKey));
    assert_eq!(with(app, app, root), (CertificateFile::Alipay, CertificateFileError::OwnCertificate));
    assert_eq!(with(app, root, root), (CertificateFile::Alipay, CertificateFileError::OnlyAuthorities));
    assert_eq!(with(app, alipay, app), (CertificateFile::Root, CertificateFileError::NoRsaRoot));
    assert_eq!(with(app, alipay, alipay), (CertificateFile::Root, CertificateFileError::NoRsaRoot));
    let private = KEYS.app.to_pkcs8_pem().unwrap();
    let unreadable = CertificateFileError::Unreadable(CertificateError::PrivateKey);
    assert_eq!(with(app, &private, root), (CertificateFile::Alipay, unreadable));
}

#[test]
fn a_bundle_needs_an_rsa_root_and_no_block_that_cannot_be_read() {
    let elliptic = root().self_signed(&KEYS.stranger);
    let of = |root: String| Files { root, ..Files::sound() }.refusal();
    assert_eq!(of(elliptic), (CertificateFile::Root, CertificateFileError::NoRsaRoot));
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let unreadable = CertificateFileError::Unreadable(CertificateError::Unreadable { nth: 2 });
    assert_eq!(of(root().self_signed(&KEYS.root) + damaged), (CertificateFile::Root, unreadable));
}

#[test]
fn alipays_certificate_has_a_key_for_rsa2() {
    let elliptic = alipay().issued(&KEYS.stranger, &issuer(), &KEYS.issuer);
    let refusal = Files { alipay: elliptic, ..Files::sound() }.refusal();
    assert_eq!(refusal, (CertificateFile::Alipay, CertificateFileError::Key(KeyError::NotRsa)));
}

#[test]
fn of_several_certificates_the_one_that_belongs_is_taken() {
    let sound = Files::sound();
    let single = sound.read(&KEYS.app).unwrap();
    let issuers = issuer_pem(&root(), &issuer());
    let several = Files {
        app: [issuers.as_str(), &sound.alipay, &sound.app].concat(),
        alipay: [issuers.as_str(), &sound.alipay].concat(),
        ..sound
    };
    let several = several.read(&KEYS.app).unwrap();
    assert_eq!(several.app_cert_sn(), single.app_cert_sn());
    assert_eq!(several.alipay_certificate(), single.alipay_certificate());
}

#[test]
fn roots_count_by_the_algorithm_of_their_signature_in_the_order_of_the_file() {
    let sn = |pem: &str| Certificate::read_pem(pem).unwrap()[0].sn().to_string();
    let rsa = root().self_signed(&KEYS.root);
    let other = root().serial(7).self_signed(&KEYS.root);
    let elliptic = root().serial(8).self_signed(&KEYS.stranger);
    // A root with an elliptic key and an RSA signature counts; one with an RSA key and an elliptic signature does not.
    let cross = root().serial(9).issued(&KEYS.stranger, &root(), &KEYS.root);
    let crossed = root().serial(10).issued(&KEYS.root, &root(), &KEYS.stranger);
    let bundle = [&other, &elliptic, &rsa, &crossed, &cross, &rsa].map(String::as_str).concat();
    let merchant = Files { root: bundle, ..Files::sound() }.read(&KEYS.app).unwrap();
    assert_eq!(merchant.alipay_root_cert_sn(), [sn(&other), sn(&rsa), sn(&cross), sn(&rsa)].join("_"));
}

#[test]
fn expiry_is_warned_of_sixty_days_ahead() {
    let sound = Files::sound().read(&KEYS.app).unwrap();
    let end = sound.all().map(|(_, certificate)| certificate.not_after()).min().unwrap();
    let before = i64::try_from(WARN_BEFORE_EXPIRY.as_secs()).unwrap();
    assert_eq!(before, 60 * 86_400);
    assert!(sound.warnings(NOW).is_empty());
    assert!(sound.warnings(end - before - 1).is_empty());
    let problems = |now| {
        let warnings = sound.warnings(now);
        warnings.into_iter().map(|warning| (warning.file, warning.problem)).collect::<Vec<_>>()
    };
    let each = |problem| {
        use CertificateFile::{Alipay, App, Root};
        [App, Alipay, Alipay, Root].map(|file| (file, problem))
    };
    assert_eq!(problems(end - before), each(CertificateProblem::ExpiresSoon));
    assert_eq!(problems(end), each(CertificateProblem::ExpiresSoon));
    assert_eq!(problems(end + 1)[..4], each(CertificateProblem::Expired));
    assert_eq!(problems(0)[..4], each(CertificateProblem::NotYetValid));
    assert!(sound.warnings(end)[0].subject.starts_with("CN=2088-2021"));
}

#[test]
fn a_serial_number_is_32_lower_case_hexadecimal_characters() {
    let sound = "0123456789abcdef0123456789abcdef";
    assert_eq!(sound.parse::<CertSn>().unwrap().as_str(), sound);
    let long = format!("{sound}0");
    for odd in [
        "",
        &sound[1..],
        long.as_str(),
        &sound.to_uppercase(),
        &sound.replace('a', "g"),
        " 123456789abcdef0123456789abcdef",
        "０123456789abcdef0123456789abc",
    ] {
        assert!(odd.parse::<CertSn>().is_err(), "{odd}");
    }
}

#[test]
fn a_real_size_serial_is_a_positive_number() {
    // The recorded serial number of 20 bytes has its first bit set, so it has a leading zero byte.
    let file = text("certificates/sn/serial_20_bytes_high_bit.crt");
    assert_eq!(Certificate::read_pem(&file).unwrap()[0].sn().as_str(), "aa73ab3f68c015755b38e25125ef4caa");
}
