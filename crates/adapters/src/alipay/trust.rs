//! The trusted keys of Alipay, and how a new key becomes trusted.
//!
//! In certificate mode Alipay may sign with another key than that of the configured certificate. Its answers name their
//! certificate, so the shop downloads it, and trusts it if its issuers lead to a configured root. Only the answer to
//! the shop's own call causes a download: anybody can send a notification or a return.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use alipay_protocol::{
    CertSn, MerchantCertificates, Params, TrustedKeys, answer,
    certificates::{CertificateWarning, DownloadError},
};
use chrono::DateTime;
use domain::{ShopDate, ShopTime};
use ports::{Clock, GatewayError};
use tokio::time::Instant;

use super::{AlipayConfig, AlipayMode};

/// Maximum number of trusted certificates besides the configured one. A further one replaces the oldest of them.
const MAX_DOWNLOADED: usize = 8;
/// Maximum number of remembered serial numbers of failed downloads, and of those in warnings.
const MAX_REMEMBERED: usize = 64;
/// Maximum pause between two downloads of one certificate.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The keys that are trusted now.
pub(super) struct Trust {
    keys: RwLock<Arc<TrustedKeys>>,
    /// `None` in key mode.
    certificates: Option<CertificateTrust>,
    /// The length of the first pause after a failed download.
    first_pause: Duration,
}

struct CertificateTrust {
    merchant: MerchantCertificates,
    app_cert_sn: String,
    alipay_root_cert_sn: String,
    /// Held while a certificate is downloaded, so that there is one download at a time.
    failures: tokio::sync::Mutex<BTreeMap<CertSn, Failure>>,
    warned_of: Mutex<BTreeSet<CertSn>>,
    reminded_on: Mutex<Option<ShopDate>>,
}

/// A download that failed.
struct Failure {
    times: u32,
    again_at: Instant,
}

/// Why a certificate was not learned.
#[derive(Debug, thiserror::Error)]
enum LearnError {
    #[error("its download failed before, and is tried again later")]
    Paused,
    #[error("the downloads of too many others failed")]
    TooMany,
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Download(#[from] DownloadError),
}

impl Trust {
    pub(super) fn new(config: &AlipayConfig) -> Self {
        let certificates = match &config.mode {
            AlipayMode::PublicKey { .. } => None,
            AlipayMode::Certificates(merchant) => Some(CertificateTrust::new(merchant)),
        };
        Self {
            keys: RwLock::new(Arc::new(config.mode.trusted_keys())),
            certificates,
            first_pause: config.timeouts.certificate_retry,
        }
    }

    pub(super) fn keys(&self) -> Arc<TrustedKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds the parameters that every request has in certificate mode.
    pub(super) fn with_serial_numbers(&self, params: Params) -> Params {
        match &self.certificates {
            Some(certificates) => params
                .with("app_cert_sn", certificates.app_cert_sn.as_str())
                .with("alipay_root_cert_sn", certificates.alipay_root_cert_sn.as_str()),
            None => params,
        }
    }

    /// Warns once of an unknown certificate with a trusted key: Alipay has renewed its certificate.
    pub(super) fn note(&self, sn: &CertSn) {
        let Some(certificates) = &self.certificates else { return };
        if self.keys().knows(sn) {
            return;
        }
        let mut warned_of = certificates.warned_of.lock().unwrap_or_else(PoisonError::into_inner);
        if warned_of.len() < MAX_REMEMBERED && warned_of.insert(sn.clone()) {
            tracing::warn!(%sn, "Alipay has a new certificate for the same key: download it in Alipay's console");
        }
    }

    /// Warns once a day of certificates that are not valid yet, expire soon or have expired, and of a chain without a
    /// root.
    pub(super) fn remind(&self, now: ShopTime) {
        let Some(certificates) = &self.certificates else { return };
        let mut reminded_on = certificates.reminded_on.lock().unwrap_or_else(PoisonError::into_inner);
        if reminded_on.replace(now.date()) == Some(now.date()) {
            return;
        }
        drop(reminded_on);
        for CertificateWarning { file, subject, not_after, problem } in
            certificates.merchant.warnings(now.unix_seconds())
        {
            let until = shop_time(not_after);
            tracing::warn!(%file, subject, until, problem = problem.to_string(), "a certificate needs attention");
        }
    }

    /// Downloads the certificate that an answer of the gateway names, unless it is known. Returns whether it is trusted
    /// now, so that the answer can be verified again.
    ///
    /// There is one download at a time; other callers wait for it. After a failure the same certificate is not
    /// downloaded for a while.
    pub(super) async fn learn(
        &self,
        answer: &[u8],
        clock: &dyn Clock,
        download: impl AsyncFnOnce(&CertSn) -> Result<Vec<u8>, GatewayError>,
    ) -> bool {
        let Some(certificates) = &self.certificates else { return false };
        let Some(sn) = answer::named_cert_sn(answer) else { return false };
        // Another call may have learned it since the answer was verified.
        if self.keys().knows(&sn) {
            return true;
        }
        match self.learn_certificate(certificates, &sn, clock, download).await {
            Ok(()) => true,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%sn, error, "Alipay signs with a certificate that is not trusted");
                false
            }
        }
    }

    async fn learn_certificate(
        &self,
        certificates: &CertificateTrust,
        sn: &CertSn,
        clock: &dyn Clock,
        download: impl AsyncFnOnce(&CertSn) -> Result<Vec<u8>, GatewayError>,
    ) -> Result<(), LearnError> {
        let mut failures = certificates.failures.lock().await;
        if self.keys().knows(sn) {
            return Ok(());
        }
        let now = Instant::now();
        let times = match failures.get(sn) {
            Some(failure) if now < failure.again_at => return Err(LearnError::Paused),
            Some(failure) => failure.times,
            None => 0,
        };
        make_room(&mut failures, now)?;
        // The failure is recorded in advance, so that it stays if the caller drops this call.
        let pause = pause(self.first_pause, times);
        failures.insert(sn.clone(), Failure { times: times.saturating_add(1), again_at: now + pause });
        let answer = download(sn).await?;
        let certificate = certificates.merchant.accept_download(sn, &answer, clock.now().unix_seconds())?;
        tracing::warn!(%sn, key = ?certificate.key, "a new certificate of Alipay's is trusted: download it in Alipay's console");
        self.add(certificate);
        failures.remove(sn);
        Ok(())
    }

    fn add(&self, certificate: alipay_protocol::TrustedCertificate) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let mut trusted = match &**keys {
            TrustedKeys::Keys { .. } => return,
            TrustedKeys::Certificates(trusted) => trusted.clone(),
        };
        // The configured certificate is the first, and stays.
        if trusted.len() > MAX_DOWNLOADED {
            trusted.remove(1);
        }
        trusted.push(certificate);
        *keys = Arc::new(TrustedKeys::Certificates(trusted));
    }
}

impl CertificateTrust {
    fn new(merchant: &MerchantCertificates) -> Self {
        for (file, certificate) in merchant.all() {
            let until = shop_time(certificate.not_after());
            tracing::info!(%file, subject = certificate.subject(), sn = %certificate.sn(), until, "a certificate");
        }
        Self {
            app_cert_sn: merchant.app_cert_sn().to_string(),
            alipay_root_cert_sn: merchant.alipay_root_cert_sn(),
            merchant: merchant.clone(),
            failures: tokio::sync::Mutex::default(),
            warned_of: Mutex::default(),
            reminded_on: Mutex::default(),
        }
    }
}

/// If too many failures are remembered, forgets those whose pause is over.
fn make_room(failures: &mut BTreeMap<CertSn, Failure>, now: Instant) -> Result<(), LearnError> {
    if failures.len() >= MAX_REMEMBERED {
        failures.retain(|_, failure| now < failure.again_at);
    }
    if failures.len() < MAX_REMEMBERED { Ok(()) } else { Err(LearnError::TooMany) }
}

/// The pause after a failure that follows `failures` earlier ones.
fn pause(first: Duration, failures: u32) -> Duration {
    2_u32
        .checked_pow(failures)
        .and_then(|times| first.checked_mul(times))
        .unwrap_or(LONGEST_PAUSE)
        .min(LONGEST_PAUSE)
}

/// The time in the shop's time zone; `None` if it is outside the range of dates.
fn shop_time(unix_seconds: i64) -> Option<String> {
    DateTime::from_timestamp(unix_seconds, 0).map(|time| ShopTime::from_utc(time).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_a_failure_grows_up_to_an_hour() {
        let first = Duration::from_secs(30);
        let pauses = [0, 1, 2, 6, 7, 31, 32, u32::MAX].map(|failures| pause(first, failures).as_secs());
        assert_eq!(pauses, [30, 60, 120, 1920, 3600, 3600, 3600, 3600]);
    }

    #[test]
    fn failures_that_are_remembered_are_bounded() {
        let now = Instant::now();
        let sn = |nth: usize| format!("{nth:032x}").parse::<CertSn>().unwrap();
        let failing = |again_at| move |nth| (sn(nth), Failure { times: 1, again_at });
        let paused = now + Duration::from_secs(1);
        let mut failures: BTreeMap<_, _> = (1..MAX_REMEMBERED).map(failing(paused)).collect();
        assert!(make_room(&mut failures, now).is_ok());
        failures.extend([failing(now)(0)]);
        assert!(make_room(&mut failures, now).is_ok());
        assert_eq!(failures.len(), MAX_REMEMBERED - 1);
        failures.extend([failing(paused)(0)]);
        assert!(make_room(&mut failures, now).is_err());
    }
}
