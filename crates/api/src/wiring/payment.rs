//! Builds the payment channels: Alipay or the sandbox.

use std::{net::TcpListener, path::PathBuf, sync::Arc};

use adapters::{
    alipay::{AlipayConfig, AlipayConfigError, AlipayGateway, AlipayMode, AlipayTimeouts},
    system::SystemClock,
};
use alipay_protocol::{
    MerchantCertificates, PrivateKey, PublicKey,
    certificates::{CertificateFile, CertificateFiles, CertificateWarning},
};
use alipay_sandbox::{Sandbox, SandboxConfig, SandboxKeys};
use domain::{Channel, Merchant, ShopTime};
use ports::{PaymentChannels, PaymentGateway};

use url::Url;

use super::StartError;
use crate::configuration::{AlipayAccount, AlipayConfiguration, AlipayKeys, CertificateText, Configuration};

/// The result of a check of the Alipay keys without contacting Alipay.
pub(crate) enum CertificateLook {
    /// Key mode, or the sandbox.
    KeyMode,
    /// Certificate mode, with warnings about certificates.
    Certificates(Vec<String>),
}

/// The payment channels of the shop.
pub(crate) struct Payment {
    /// All channels.
    pub(crate) channels: PaymentChannels,
    /// The origins that a page shows in a frame, if the shop shows payment codes in its pages.
    pub(super) frames: Option<String>,
    /// The sandbox for Alipay, if it runs in this process.
    pub(super) sandbox: Option<Sandbox>,
}

impl Payment {
    /// For a server, which runs the sandbox itself.
    pub(super) fn open(configuration: &Configuration) -> Result<Self, StartError> {
        match &configuration.alipay {
            AlipayConfiguration::Alipay(account) => at_alipay(account, configuration),
            AlipayConfiguration::Sandbox(listen) => {
                let (keys, config) = sandbox_parts(configuration)?;
                let listener = TcpListener::bind(listen).map_err(|cause| StartError::Listen {
                    variable: "DASHOP_SANDBOX_LISTEN",
                    address: listen.to_string(),
                    cause,
                })?;
                let sandbox = Sandbox::start(config, listener, Arc::new(SystemClock))?;
                let payment = at_sandbox(configuration, keys, sandbox.gateway_url())?;
                Ok(Self { sandbox: Some(sandbox), ..payment })
            }
        }
    }

    /// Checks the keys of the Alipay account, or the existing keys of the sandbox, without contacting Alipay.
    pub(super) fn check(configuration: &Configuration) -> Result<(), StartError> {
        match &configuration.alipay {
            AlipayConfiguration::Alipay(account) => at_alipay(account, configuration).map(drop),
            AlipayConfiguration::Sandbox(_) => Ok(SandboxKeys::check(&sandbox_directory(configuration))?),
        }
    }

    /// The warnings about certificates at this time.
    ///
    /// # Errors
    /// A key or a certificate cannot be used, or they do not match.
    pub(crate) fn certificates(
        configuration: &Configuration,
        now: ShopTime,
    ) -> Result<CertificateLook, StartError> {
        let AlipayConfiguration::Alipay(account) = &configuration.alipay else {
            return Ok(CertificateLook::KeyMode);
        };
        Ok(match mode_of(account)?.1 {
            AlipayMode::PublicKey { .. } => CertificateLook::KeyMode,
            AlipayMode::Certificates(read) => {
                let warnings = read.warnings(now.unix_seconds());
                let told = |warning: &CertificateWarning| format!("{}: {}", warning.subject, warning.problem);
                CertificateLook::Certificates(warnings.iter().map(told).collect())
            }
        })
    }

    /// For a command, which uses the sandbox of a running server.
    pub(crate) fn reach(configuration: &Configuration) -> Result<Self, StartError> {
        match &configuration.alipay {
            AlipayConfiguration::Alipay(account) => at_alipay(account, configuration),
            AlipayConfiguration::Sandbox(listen) => {
                let (keys, _) = sandbox_parts(configuration)?;
                at_sandbox(configuration, keys, format!("http://{listen}/gateway.do"))
            }
        }
    }
}

fn sandbox_directory(configuration: &Configuration) -> PathBuf {
    configuration.data_dir.join("alipay-sandbox")
}

fn sandbox_parts(configuration: &Configuration) -> Result<(SandboxKeys, SandboxConfig), StartError> {
    let directory = sandbox_directory(configuration);
    let keys = SandboxKeys::load_or_generate(&directory)?;
    let mut sandbox = SandboxConfig::new(keys.app.public_key().clone(), keys.alipay.clone());
    sandbox.state_file = Some(directory.join("trades.json"));
    Ok((keys, sandbox))
}

fn at_sandbox(
    configuration: &Configuration,
    keys: SandboxKeys,
    gateway_url: String,
) -> Result<Payment, StartError> {
    let public_url = &configuration.http.public_url;
    let config = AlipayConfig {
        gateway_url,
        app_id: SandboxConfig::DEFAULT_APP_ID.to_owned(),
        app_private_key: keys.app,
        mode: AlipayMode::PublicKey { current: keys.alipay.public_key().clone(), previous: None },
        notify_url: Some(format!("{public_url}/v1/orders/success/")),
        return_url: Some(format!("{public_url}/v1/orders/return/")),
        quit_url: Some(configuration.http.result_page.clone()),
        subject: configuration.alipay_pages.subject.clone(),
        timeouts: AlipayTimeouts::default(),
    };
    let seller_id = Some(SandboxConfig::DEFAULT_SELLER_ID.to_owned());
    with(config, seller_id, configuration)
}

fn at_alipay(account: &AlipayAccount, configuration: &Configuration) -> Result<Payment, StartError> {
    let (app_private_key, mode) = mode_of(account)?;
    let config = AlipayConfig {
        gateway_url: account.gateway_url.clone(),
        app_id: account.app_id.clone(),
        app_private_key,
        mode,
        notify_url: Some(account.notify_url.clone()),
        return_url: Some(account.return_url.clone()),
        quit_url: Some(configuration.http.result_page.clone()),
        subject: configuration.alipay_pages.subject.clone(),
        timeouts: AlipayTimeouts::default(),
    };
    with(config, account.seller_id.clone(), configuration)
}

fn mode_of(account: &AlipayAccount) -> Result<(PrivateKey, AlipayMode), StartError> {
    let app_private_key = PrivateKey::parse(account.app_private_key.reveal())
        .map_err(|cause| StartError::Key { variable: "DASHOP_ALIPAY_APP_PRIVATE_KEY", cause })?;
    let mode = mode(&account.keys, app_private_key.public_key())?;
    Ok((app_private_key, mode))
}

fn mode(keys: &AlipayKeys, application: &PublicKey) -> Result<AlipayMode, StartError> {
    match keys {
        AlipayKeys::PublicKey { current, previous } => {
            let key = |variable, text| alipays_key(variable, text, application);
            let previous = previous.as_ref().map(|text| key("DASHOP_ALIPAY_PREVIOUS_PUBLIC_KEY", text));
            Ok(AlipayMode::PublicKey {
                current: key("DASHOP_ALIPAY_PUBLIC_KEY", current)?,
                previous: previous.transpose()?,
            })
        }
        AlipayKeys::Certificates { app, alipay, root } => certificates(app, alipay, root, application),
    }
}

fn alipays_key(variable: &'static str, text: &str, application: &PublicKey) -> Result<PublicKey, StartError> {
    let key = PublicKey::parse(text).map_err(|cause| StartError::Key { variable, cause })?;
    if key == *application {
        return Err(StartError::OwnKey { variable, cause: AlipayConfigError::OwnPublicKey });
    }
    Ok(key)
}

fn certificates(
    app: &CertificateText,
    alipay: &CertificateText,
    root: &CertificateText,
    application: &PublicKey,
) -> Result<AlipayMode, StartError> {
    let files = CertificateFiles { app: &app.text, alipay: &alipay.text, root: &root.text };
    let read = MerchantCertificates::read(files, application).map_err(|error| {
        let text = match error.file {
            CertificateFile::App => app,
            CertificateFile::Alipay => alipay,
            CertificateFile::Root => root,
        };
        StartError::Certificate { origin: text.origin.clone(), cause: error.cause }
    })?;
    Ok(AlipayMode::Certificates(Box::new(read)))
}

/// The gateway's own origin, and for Alipay the hosts to which it redirects: a browser checks each of them against the
/// policy.
fn frames(gateway_url: &str) -> Option<String> {
    let url = Url::parse(gateway_url).ok()?;
    let own = url.origin().ascii_serialization();
    let host = url.host_str()?;
    // Alipay's hosts, and those of its sandbox for developers.
    let of_alipay = ["alipay.com", "alipaydev.com"]
        .into_iter()
        .find(|domain| host.strip_suffix(domain).is_some_and(|before| before.ends_with('.')));
    Some(match of_alipay {
        Some(domain) => format!("{own} https://*.{domain}"),
        None => own,
    })
}

fn with(
    config: AlipayConfig,
    seller_id: Option<String>,
    configuration: &Configuration,
) -> Result<Payment, StartError> {
    let frames = frames(&config.gateway_url).filter(|_| configuration.alipay_pages.code_in_page);
    let merchant = Merchant { app_id: config.app_id.clone(), seller_id };
    let gateway: Arc<dyn PaymentGateway> = Arc::new(AlipayGateway::new(config, Arc::new(SystemClock))?);
    let channels = PaymentChannels::default().with(Channel::Alipay, gateway, merchant);
    Ok(Payment { channels, frames, sandbox: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_shows_the_gateway_and_where_alipays_leads_on() {
        for (gateway, expected) in [
            ("https://openapi.alipay.com/gateway.do", "https://openapi.alipay.com https://*.alipay.com"),
            (
                "https://openapi-sandbox.dl.alipaydev.com/gateway.do",
                "https://openapi-sandbox.dl.alipaydev.com https://*.alipaydev.com",
            ),
            ("http://127.0.0.1:8001/gateway.do", "http://127.0.0.1:8001"),
            ("https://notalipay.com/gateway.do", "https://notalipay.com"),
        ] {
            assert_eq!(frames(gateway).as_deref(), Some(expected));
        }
        assert_eq!(frames("no address"), None);
    }
}
