//! The signature of a certificate, and the check whether an issuer's key made it.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use x509_parser::{
    certificate::X509Certificate,
    der_parser::{asn1_rs::FromDer as _, oid::Oid},
    oid_registry::{
        OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_HASH_SHA256,
        OID_NIST_HASH_SHA384, OID_NIST_HASH_SHA512, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_RSASSAPSS,
        OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA256,
        OID_SIG_ECDSA_WITH_SHA384,
    },
    signature_algorithm::RsaSsaPssParams,
    x509::{AlgorithmIdentifier, SubjectPublicKeyInfo},
};

/// The signed bytes, the algorithm and the signature.
#[derive(Clone)]
pub(super) struct CertificateSignature {
    signed: Vec<u8>,
    algorithm: String,
    /// `None` for an algorithm that is not accepted, such as SHA-1 and SM2.
    scheme: Option<Scheme>,
    value: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Scheme {
    RsaPkcs1(Hash),
    RsaPss(Hash),
    Ecdsa(Hash),
}

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The kind of an issuer's key.
enum Kind {
    Rsa,
    P256,
    P384,
}

impl CertificateSignature {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        let algorithm = &certificate.signature_algorithm;
        // The algorithm outside the signed bytes must equal the one inside (RFC 5280, section 4.1.1.2).
        let is_consistent = *algorithm == certificate.tbs_certificate.signature;
        Self {
            signed: certificate.tbs_certificate.as_ref().to_vec(),
            algorithm: algorithm.algorithm.to_id_string(),
            scheme: is_consistent.then(|| Scheme::of(algorithm)).flatten(),
            value: certificate.signature_value.data.to_vec(),
        }
    }

    /// The identifier of the algorithm, in decimal.
    pub(super) fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// Whether this key made the signature; the key is DER with its algorithm.
    pub(super) fn is_by(&self, public_key: &[u8]) -> bool {
        let Ok((_, key)) = SubjectPublicKeyInfo::from_der(public_key) else { return false };
        let verifier =
            self.scheme.zip(Kind::of(&key.algorithm)).and_then(|(scheme, kind)| scheme.verifier(&kind));
        verifier.is_some_and(|verifier| {
            let key = UnparsedPublicKey::new(verifier, &key.subject_public_key.data);
            key.verify(&self.signed, &self.value).is_ok()
        })
    }
}

impl Scheme {
    fn of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Self> {
        let oid = &algorithm.algorithm;
        if *oid == OID_PKCS1_RSASSAPSS {
            return pss_hash(algorithm).map(Self::RsaPss);
        }
        [
            (OID_PKCS1_SHA256WITHRSA, Self::RsaPkcs1(Hash::Sha256)),
            (OID_PKCS1_SHA384WITHRSA, Self::RsaPkcs1(Hash::Sha384)),
            (OID_PKCS1_SHA512WITHRSA, Self::RsaPkcs1(Hash::Sha512)),
            (OID_SIG_ECDSA_WITH_SHA256, Self::Ecdsa(Hash::Sha256)),
            (OID_SIG_ECDSA_WITH_SHA384, Self::Ecdsa(Hash::Sha384)),
        ]
        .into_iter()
        .find_map(|(known, scheme)| (known == *oid).then_some(scheme))
    }

    fn verifier(self, key: &Kind) -> Option<&'static dyn VerificationAlgorithm> {
        match (self, key) {
            (Self::RsaPkcs1(Hash::Sha256), Kind::Rsa) => Some(&RSA_PKCS1_2048_8192_SHA256),
            (Self::RsaPkcs1(Hash::Sha384), Kind::Rsa) => Some(&RSA_PKCS1_2048_8192_SHA384),
            (Self::RsaPkcs1(Hash::Sha512), Kind::Rsa) => Some(&RSA_PKCS1_2048_8192_SHA512),
            (Self::RsaPss(Hash::Sha256), Kind::Rsa) => Some(&RSA_PSS_2048_8192_SHA256),
            (Self::RsaPss(Hash::Sha384), Kind::Rsa) => Some(&RSA_PSS_2048_8192_SHA384),
            (Self::RsaPss(Hash::Sha512), Kind::Rsa) => Some(&RSA_PSS_2048_8192_SHA512),
            (Self::Ecdsa(Hash::Sha256), Kind::P256) => Some(&ECDSA_P256_SHA256_ASN1),
            (Self::Ecdsa(Hash::Sha384), Kind::P256) => Some(&ECDSA_P256_SHA384_ASN1),
            (Self::Ecdsa(Hash::Sha256), Kind::P384) => Some(&ECDSA_P384_SHA256_ASN1),
            (Self::Ecdsa(Hash::Sha384), Kind::P384) => Some(&ECDSA_P384_SHA384_ASN1),
            (Self::RsaPkcs1(_) | Self::RsaPss(_), Kind::P256 | Kind::P384)
            | (Self::Ecdsa(_), Kind::Rsa)
            | (Self::Ecdsa(Hash::Sha512), Kind::P256 | Kind::P384) => None,
        }
    }
}

impl Kind {
    fn of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Self> {
        if algorithm.algorithm == OID_PKCS1_RSAENCRYPTION {
            return Some(Self::Rsa);
        }
        if algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
            return None;
        }
        let curve = algorithm.parameters.as_ref().and_then(|curve| Oid::try_from(curve.clone()).ok())?;
        if curve == OID_EC_P256 {
            Some(Self::P256)
        } else if curve == OID_NIST_EC_P384 {
            Some(Self::P384)
        } else {
            None
        }
    }
}

/// The hash of RSASSA-PSS; `None` if the salt is not as long as the hash. The verifier uses the same hash for the mask.
fn pss_hash(algorithm: &AlgorithmIdentifier<'_>) -> Option<Hash> {
    let params = RsaSsaPssParams::try_from(algorithm.parameters.as_ref()?).ok()?;
    let (hash, salt) = [
        (OID_NIST_HASH_SHA256, (Hash::Sha256, 32)),
        (OID_NIST_HASH_SHA384, (Hash::Sha384, 48)),
        (OID_NIST_HASH_SHA512, (Hash::Sha512, 64)),
    ]
    .into_iter()
    .find_map(|(oid, known)| (*params.hash_algorithm_oid() == oid).then_some(known))?;
    (params.salt_length() == salt).then_some(hash)
}
