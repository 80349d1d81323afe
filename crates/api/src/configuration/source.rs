use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt::Display,
    fs::File,
    io::Read as _,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use adapters::private_files;
use url::Url;

use super::Origins;

/// The source of settings: a table of texts, each taken once.
///
/// A setting `listen` is the variable `DASHOP_LISTEN` and the key `listen` of the TOML file.
#[derive(Debug, Default)]
pub struct Source {
    values: BTreeMap<String, String>,
    /// The names of settings that the environment gives.
    from_environment: BTreeSet<String>,
    /// The names of settings that were read.
    asked: BTreeSet<String>,
    /// Settings in a file that other users can read or change, with the reason why it must not contain secrets.
    exposed: BTreeMap<String, String>,
    /// Whether secret files may be readable by others and may be links: the operator states that there are no other users.
    allows_open_secrets: bool,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The value of a setting.
    #[error("{variable} {problem}")]
    Wrong {
        /// The environment variable; the same setting in a file is in lower case, without the prefix.
        variable: String,
        /// The problem.
        problem: String,
    },
    /// The TOML file.
    #[error("the configuration file {file}: {problem}")]
    File {
        /// Its path.
        file: String,
        /// The problem.
        problem: String,
    },
}

const PREFIX: &str = "DASHOP_";
/// Groups of settings with several tables in the file.
const TABLES: [&str; 1] = ["webhooks"];
/// A setting that changes how other settings are read.
const OPEN_SECRETS: &str = "open_secret_files";
/// An alternative to closing a file to other users, for error messages.
const OR_OPEN: &str = "or set DASHOP_OPEN_SECRET_FILES=true where nobody else is, as in a container";

/// The text of a certificate file and its origin.
#[derive(Debug, Clone)]
pub struct CertificateText {
    /// PEM.
    pub text: String,
    /// The setting, with the file if it names one.
    pub origin: String,
}

/// How confidential a setting is, and so who may read its file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Secret,
    /// A secret if it contains a password.
    Url,
    /// Several URLs, comma-separated.
    Urls,
    Public,
}

impl Kept {
    fn is_secret(self, text: &str) -> bool {
        let has_no_password = |url: &str| Url::parse(url).is_ok_and(|url| url.password().is_none());
        match self {
            Self::Secret => true,
            Self::Url => !has_no_password(text),
            Self::Urls => !listed(text).iter().all(|url| has_no_password(url)),
            Self::Public => false,
        }
    }
}

/// A text and its origin.
enum Given {
    Setting(String),
    File { content: Vec<u8>, path: String },
}

/// The environment variable of a setting; for a setting in a table of the file, its table and key.
fn variable(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((table, key)) => format!("[{table}] {key}"),
        None => format!("{PREFIX}{}", name.to_uppercase()),
    }
}

impl Source {
    /// Reads the environment as the system provides it. A setting must be text.
    ///
    /// # Errors
    /// As [`Source::new`], or a setting is not UTF-8.
    pub(crate) fn of_environment(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigurationError> {
        let ours =
            variables.into_iter().filter(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
        let texts = ours.map(|(name, value)| match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => Ok((name, value)),
            (name, _) => Err(ConfigurationError::Wrong {
                variable: name.unwrap_or_else(|name| name.to_string_lossy().into_owned()),
                problem: "is not text in UTF-8".to_owned(),
            }),
        });
        Self::new(texts.collect::<Result<Vec<_>, _>>()?, file)
    }

    /// Reads the environment, which overrides the file, if any. An empty variable overrides nothing.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or contains tables other than those of webhooks.
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigurationError> {
        let mut source = file.map(read_file).transpose()?.unwrap_or_default();
        for (name, value) in variables {
            let Some(name) = name.strip_prefix(PREFIX).map(str::to_lowercase) else { continue };
            if is_service_link(&name, &value) {
                continue;
            }
            if value.is_empty() {
                // It stays among the values, so that an unknown name is found.
                source.values.entry(name).or_default();
            } else {
                source.exposed.remove(&name);
                source.from_environment.insert(name.clone());
                source.values.insert(name, value);
            }
        }
        // The path of the file, and variables of the server tests, are no settings.
        source.values.retain(|name, _| name != "config" && !name.starts_with("test_"));
        source.allows_open_secrets = source.get_or(OPEN_SECRETS, false)?;
        Ok(source)
    }

    /// An error about a setting.
    pub fn wrong(&self, name: &str, problem: &str) -> ConfigurationError {
        ConfigurationError::Wrong { variable: variable(name), problem: problem.to_owned() }
    }

    pub(super) fn get<T: FromStr<Err: Display>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, ConfigurationError> {
        self.asked.insert(name.to_owned());
        let Some(text) = self.values.remove(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        text.parse()
            .map(Some)
            .map_err(|problem: T::Err| self.wrong(name, &format!("cannot be read: {problem}")))
    }

    pub(super) fn get_or<T: FromStr<Err: Display>>(
        &mut self,
        name: &str,
        default: T,
    ) -> Result<T, ConfigurationError> {
        Ok(self.get(name)?.unwrap_or(default))
    }

    pub(super) fn within<T>(
        &mut self,
        name: &str,
        default: T,
        range: RangeInclusive<T>,
    ) -> Result<T, ConfigurationError>
    where
        T: FromStr<Err: Display> + PartialOrd + Display,
    {
        Ok(self.optional_within(name, range)?.unwrap_or(default))
    }

    /// `None` if it is not set.
    pub(super) fn optional_within<T>(
        &mut self,
        name: &str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, ConfigurationError>
    where
        T: FromStr<Err: Display> + PartialOrd + Display,
    {
        let value = self.get(name)?;
        if value.as_ref().is_none_or(|value| range.contains(value)) {
            return Ok(value);
        }
        Err(self.wrong(name, &format!("must be from {} to {}", range.start(), range.end())))
    }

    pub(super) fn seconds(
        &mut self,
        name: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<Duration, ConfigurationError> {
        Ok(Duration::from_secs(self.within(name, default, range)?))
    }

    pub(super) fn url_or(&mut self, name: &str, default: String) -> Result<String, ConfigurationError> {
        let text = self.get_or(name, default)?;
        self.as_url(name, text)
    }

    pub(super) fn url(&mut self, name: &str) -> Result<Option<String>, ConfigurationError> {
        self.get(name)?.map(|text| self.as_url(name, text)).transpose()
    }

    /// A URL that may be in a file. It is secret if it contains a password.
    pub(super) fn url_or_file(&mut self, name: &str) -> Result<Option<String>, ConfigurationError> {
        self.kept(name, Kept::Url)?.map(|text| self.as_url(name, text)).transpose()
    }

    fn as_url(&self, name: &str, text: String) -> Result<String, ConfigurationError> {
        // The parser drops some of these silently, but the text itself is used, also in headers.
        let has_blanks = text.contains(|c: char| c.is_whitespace() || c.is_control());
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() && !has_blanks => Ok(text),
            Ok(_) | Err(_) => Err(self.wrong(name, "must be a whole http or https URL, without blanks")),
        }
    }

    /// Comma-separated texts.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<String>, ConfigurationError> {
        Ok(listed(&self.get_or(name, String::new())?))
    }

    /// Comma-separated URLs, which may be in a file.
    pub(super) fn urls_or_file(&mut self, name: &str) -> Result<Vec<String>, ConfigurationError> {
        Ok(self.server_or_file(name)?.as_deref().map(listed).unwrap_or_default())
    }

    /// A PEM file that must exist and contain at least one certificate.
    pub(super) fn authorities(&mut self, name: &str) -> Result<Option<PathBuf>, ConfigurationError> {
        let Some(file) = self.get::<PathBuf>(name)? else { return Ok(None) };
        match std::fs::read_to_string(&file) {
            Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => Ok(Some(file)),
            Ok(_) => {
                Err(self.wrong(name, &format!("names {}, which has no certificate in PEM", file.display())))
            }
            Err(error) => {
                Err(self.wrong(name, &format!("names {}, which cannot be read: {error}", file.display())))
            }
        }
    }

    /// Origins of pages, such as `https://shop.example`, or `*` for all; by default the origin of the URL.
    pub(super) fn origins_or(&mut self, name: &str, url: &str) -> Result<Origins, ConfigurationError> {
        let origins = self.list(name)?;
        if origins.is_empty() {
            let own = Url::parse(url).map(|url| url.origin().ascii_serialization());
            return Ok(Origins::These(own.into_iter().collect()));
        }
        if origins.iter().any(|origin| origin == "*") {
            return match origins.len() {
                1 => Ok(Origins::Any),
                _ => Err(self.wrong(name, "must be * alone, or a list of origins")),
            };
        }
        let is_origin = |text: &String| {
            Url::parse(text).is_ok_and(|url| url.has_host() && url.origin().ascii_serialization() == *text)
        };
        match origins.iter().find(|text| !is_origin(text)) {
            Some(text) => {
                let rule = "is not an origin such as https://shop.example: without a path, and without the usual port";
                Err(self.wrong(name, &format!("{text} {rule}")))
            }
            None => Ok(Origins::These(origins)),
        }
    }

    /// The setting itself, or the content of the file that the setting with the suffix `_file` names.
    pub(super) fn text_or_file(&mut self, name: &str) -> Result<Option<String>, ConfigurationError> {
        self.kept(name, Kept::Public)
    }

    /// Like `text_or_file`, for secrets: a file that other users can read is refused.
    pub(super) fn secret_or_file(&mut self, name: &str) -> Result<Option<String>, ConfigurationError> {
        self.kept(name, Kept::Secret)
    }

    /// Like `text_or_file`, for server URLs, which are secret if they contain a password.
    pub(super) fn server_or_file(&mut self, name: &str) -> Result<Option<String>, ConfigurationError> {
        self.kept(name, Kept::Urls)
    }

    fn kept(&mut self, name: &str, kept: Kept) -> Result<Option<String>, ConfigurationError> {
        match self.bytes_or_file(name, kept)? {
            None => Ok(None),
            Some(Given::Setting(text)) => Ok(Some(text)),
            Some(Given::File { content, .. }) => match String::from_utf8(content) {
                Ok(text) => Ok(Some(text.trim().to_owned())),
                Err(_) => Err(self.wrong(&format!("{name}_file"), "cannot be read: it is not text in UTF-8")),
            },
        }
    }

    /// Like `text_or_file`, for certificates, between which there may be text in any encoding.
    pub(super) fn certificates(&mut self, name: &str) -> Result<Option<CertificateText>, ConfigurationError> {
        Ok(self.bytes_or_file(name, Kept::Public)?.map(|given| match given {
            Given::Setting(text) => CertificateText { text, origin: variable(name) },
            Given::File { content, path } => CertificateText {
                text: String::from_utf8_lossy(&content).into_owned(),
                origin: format!("{} ({path})", variable(&format!("{name}_file"))),
            },
        }))
    }

    fn bytes_or_file(&mut self, name: &str, kept: Kept) -> Result<Option<Given>, ConfigurationError> {
        let file_name = format!("{name}_file");
        let mut file: Option<String> = self.get(&file_name)?;
        let mut text: Option<String> = self.get(name)?;
        // Whichever of the two the environment gives overrides both of the TOML file.
        match [name, &file_name].map(|name| self.from_environment.contains(name)) {
            [true, false] => file = None,
            [false, true] => text = None,
            [false, false] | [true, true] => {}
        }
        match (text, file) {
            (Some(_), Some(_)) => Err(self.wrong(&file_name, &format!("and {name} exclude each other"))),
            (None, None) => Ok(None),
            // A blank value is probably a mistake; and with an empty key, anyone could sign.
            (Some(text), None) if text.trim().is_empty() => Err(self.wrong(name, "has nothing but blanks")),
            (Some(text), None) => match self.exposed.get(name) {
                Some(why) if kept.is_secret(&text) && !self.allows_open_secrets => Err(self.wrong(name, why)),
                Some(_) | None => Ok(Some(Given::Setting(text))),
            },
            (None, Some(path)) => match self.read(&path, kept) {
                Ok(content) if String::from_utf8_lossy(&content).trim().is_empty() => {
                    Err(self.wrong(&file_name, &format!("names {path}, which is empty")))
                }
                Ok(content) => Ok(Some(Given::File { content, path })),
                // An error of the system needs no advice.
                Err(error) if error.raw_os_error().is_some() || kept == Kept::Public => {
                    Err(self.wrong(&file_name, &format!("cannot be read: {error}")))
                }
                Err(error) => Err(self.wrong(&file_name, &format!("cannot be used: {error}, {OR_OPEN}"))),
            },
        }
    }

    fn read(&self, path: &str, kept: Kept) -> std::io::Result<Vec<u8>> {
        match kept {
            Kept::Secret | Kept::Url | Kept::Urls if !self.allows_open_secrets => {
                private_files::read_given_secret(Path::new(path))
            }
            Kept::Secret | Kept::Url | Kept::Urls | Kept::Public => std::fs::read(path),
        }
    }

    /// The names of the tables below `name` in the file: `[name.…]`. Their settings are called `name.….key`.
    pub(super) fn tables(&mut self, name: &str) -> BTreeSet<String> {
        self.asked.insert(name.to_owned());
        let prefix = format!("{name}.");
        let tables = self.values.keys().filter_map(|setting| setting.strip_prefix(&prefix));
        tables.map(|rest| rest.split('.').next().unwrap_or_default().to_owned()).collect()
    }

    /// The names of all settings that were read, whether or not they were set.
    pub(super) fn asked(self) -> BTreeSet<String> {
        self.asked
    }

    /// # Errors
    /// A setting was never read, so it is unknown.
    pub(super) fn nothing_left(&self) -> Result<(), ConfigurationError> {
        self.nothing_left_but(&BTreeSet::new())
    }

    /// # Errors
    /// A setting was never read and is not in `others`.
    pub(super) fn nothing_left_but(&self, others: &BTreeSet<String>) -> Result<(), ConfigurationError> {
        let is_known = |name: &str| {
            others.contains(name) || name.split_once('.').is_some_and(|(group, _)| others.contains(group))
        };
        match self.values.keys().find(|name| !is_known(name)) {
            Some(name) => Err(self.wrong(name, "is not a setting of dashop")),
            None => Ok(()),
        }
    }
}

fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Variables that Kubernetes sets in every container for a Service named `dashop`: `DASHOP_SERVICE_HOST`,
/// `DASHOP_SERVICE_PORT…`, `DASHOP_PORT`, `DASHOP_PORT_8000_TCP…`.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    match name.strip_prefix("port") {
        Some("") => is_address,
        Some(rest) => {
            rest.strip_prefix('_').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        }
        None => name == "service_host" || name == "service_port" || name.starts_with("service_port_"),
    }
}

fn read_file(file: &Path) -> Result<Source, ConfigurationError> {
    let wrong = |problem: String| ConfigurationError::File { file: file.display().to_string(), problem };
    let (text, exposure) = read_settings(file).map_err(|error| wrong(error.to_string()))?;
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    let mut settings = BTreeMap::new();
    for (name, value) in table {
        // A table of tables: `[webhooks.erp]`.
        match value {
            toml::Value::Table(tables) if TABLES.contains(&name.as_str()) => {
                for (inner, value) in tables {
                    let name = format!("{name}.{inner}");
                    let toml::Value::Table(table) = value else {
                        return Err(wrong(format!("{name} must be a table, [{name}]")));
                    };
                    if table.is_empty() {
                        return Err(wrong(format!("[{name}] is empty")));
                    }
                    for (key, value) in table {
                        let name = format!("{name}.{key}");
                        settings.insert(name.clone(), setting(&name, value).map_err(wrong)?);
                    }
                }
            }
            value => {
                settings.insert(name.clone(), setting(&name, value).map_err(wrong)?);
            }
        }
    }
    let why = exposure.map(|problem| format!("cannot stand in {}: {problem}, {OR_OPEN}", file.display()));
    let exposed =
        why.into_iter().flat_map(|why| settings.keys().map(move |name| (name.clone(), why.clone())));
    Ok(Source { exposed: exposed.collect(), values: settings, ..Source::default() })
}

/// The file's text, and the reason if it must not contain secrets.
fn read_settings(file: &Path) -> std::io::Result<(String, Option<String>)> {
    let mut file = File::open(file)?;
    let exposure = private_files::exposure(&file)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((text, exposure))
}

/// The value in the form of an environment variable.
fn setting(name: &str, value: toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        toml::Value::Array(parts) if parts.iter().all(toml::Value::is_str) => {
            let parts: Vec<&str> = parts.iter().filter_map(toml::Value::as_str).collect();
            Ok(parts.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
            Err(format!("{name} must be a text, a whole number, true or false, or a list of texts"))
        }
    }
}
