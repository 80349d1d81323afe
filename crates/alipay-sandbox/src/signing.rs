//! The key and certificate with which the sandbox signs. They can change while it runs, as Alipay's do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use alipay_protocol::{CertSn, PrivateKey};
use domain::ShopTime;

use crate::{SandboxCertificates, SandboxConfig, failure::Failure};

/// Maximum number of issued certificates.
const MAX_ISSUED: usize = 1000;

/// The current key.
pub(crate) struct Signer {
    pub(crate) key: PrivateKey,
    /// Its certificate; `None` in key mode.
    pub(crate) cert_sn: Option<CertSn>,
}

/// The current key, and all certificates so far.
pub(crate) struct Signing {
    signer: RwLock<Arc<Signer>>,
    /// In PEM, with their issuers.
    issued: Mutex<BTreeMap<CertSn, String>>,
    certificates: Option<SandboxCertificates>,
}

impl Signing {
    pub(crate) fn new(config: &SandboxConfig) -> Self {
        let certificates = config.certificates.clone();
        let key = config.alipay_private_key.clone();
        let cert_sn = certificates.as_ref().map(|one| one.alipay_cert_sn.clone());
        let first = certificates.iter().map(|one| (one.alipay_cert_sn.clone(), one.alipay.clone()));
        Self {
            issued: Mutex::new(first.collect()),
            signer: RwLock::new(Arc::new(Signer { key, cert_sn })),
            certificates,
        }
    }

    pub(crate) fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The certificate of this serial number, with its issuers.
    pub(crate) fn issued(&self, sn: &str) -> Option<String> {
        let sn: CertSn = sn.parse().ok()?;
        self.lock().get(&sn).cloned()
    }

    /// Changes the key that signs; without a new key, the same key gets a new certificate. Returns the certificate's
    /// serial number; `None` in key mode.
    pub(crate) fn change(
        &self,
        new_key: Option<PrivateKey>,
        now: ShopTime,
    ) -> Result<Option<CertSn>, Failure> {
        let key = new_key.unwrap_or_else(|| self.signer().key.clone());
        let mut cert_sn = None;
        if let Some(certificates) = &self.certificates {
            let (sn, pem) = certificates.issue_alipay(key.public_key(), now).map_err(|_| Failure::Signing)?;
            let mut issued = self.lock();
            if issued.len() >= MAX_ISSUED {
                return Err(Failure::Full);
            }
            issued.insert(sn.clone(), pem);
            cert_sn = Some(sn);
        }
        let signer = Signer { key, cert_sn: cert_sn.clone() };
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signer);
        Ok(cert_sn)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CertSn, String>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
