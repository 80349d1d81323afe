use std::{
    collections::BTreeMap, fmt::Display, ops::RangeInclusive, path::Path, str::FromStr, time::Duration,
};

use url::Url;

/// Where settings come from: a table of texts, each taken once.
///
/// A setting `listen` is the variable `DASHOP_LISTEN` and the key `listen` of the TOML file.
#[derive(Debug, Default)]
pub struct Source {
    values: BTreeMap<String, String>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// Its value.
    #[error("{variable} {problem}")]
    Wrong {
        /// The environment variable's name; in a file the same in small letters, without the prefix.
        variable: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The TOML file.
    #[error("the configuration file {file}: {problem}")]
    File {
        /// Which file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
}

const PREFIX: &str = "DASHOP_";

/// The text of a file of certificates, and where it came from.
#[derive(Debug, Clone)]
pub struct CertificateText {
    /// PEM.
    pub text: String,
    /// The setting, with the file where it names one.
    pub origin: String,
}

/// Where a text came from, and the text.
enum Given {
    Setting(String),
    File { content: Vec<u8>, path: String },
}

/// The environment variable of a setting.
fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_uppercase())
}

impl Source {
    /// From the environment, over the file where there is one.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or has tables in it.
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigurationError> {
        let mut values = file.map(read_file).transpose()?.unwrap_or_default();
        for (name, value) in variables {
            if let Some(name) = name.strip_prefix(PREFIX) {
                values.insert(name.to_lowercase(), value);
            }
        }
        // Where the file is, and what only the tests of the servers read, are no settings.
        values.retain(|name, _| name != "config" && !name.starts_with("test_"));
        Ok(Self { values })
    }

    /// What is wrong with a setting.
    pub fn wrong(&self, name: &str, problem: &str) -> ConfigurationError {
        ConfigurationError::Wrong { variable: variable(name), problem: problem.to_owned() }
    }

    pub(super) fn get<T: FromStr<Err: Display>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, ConfigurationError> {
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

    /// Nothing where it is not set.
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

    fn as_url(&self, name: &str, text: String) -> Result<String, ConfigurationError> {
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(text),
            Ok(_) | Err(_) => Err(self.wrong(name, "must be a whole http or https URL")),
        }
    }

    /// Texts with commas between them.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<String>, ConfigurationError> {
        let text = self.get_or(name, String::new())?;
        Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }

    /// Origins of pages, such as `https://shop.example`; none where all are meant, which `*` says too.
    pub(super) fn origins(&mut self, name: &str) -> Result<Vec<String>, ConfigurationError> {
        let origins = self.list(name)?;
        if origins.iter().any(|origin| origin == "*") {
            return match origins.len() {
                1 => Ok(Vec::new()),
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
            None => Ok(origins),
        }
    }

    /// The setting itself, or what is in the file that the setting with `_file` behind its name gives.
    pub(super) fn text_or_file(&mut self, name: &str) -> Result<Option<String>, ConfigurationError> {
        match self.bytes_or_file(name)? {
            None => Ok(None),
            Some(Given::Setting(text)) => Ok(Some(text)),
            Some(Given::File { content, .. }) => match String::from_utf8(content) {
                Ok(text) => Ok(Some(text.trim().to_owned())),
                Err(_) => Err(self.wrong(&format!("{name}_file"), "cannot be read: it is not text in UTF-8")),
            },
        }
    }

    /// The same for certificates, between which there may be text in any encoding.
    pub(super) fn certificates(&mut self, name: &str) -> Result<Option<CertificateText>, ConfigurationError> {
        Ok(self.bytes_or_file(name)?.map(|given| match given {
            Given::Setting(text) => CertificateText { text, origin: variable(name) },
            Given::File { content, path } => CertificateText {
                text: String::from_utf8_lossy(&content).into_owned(),
                origin: format!("{} ({path})", variable(&format!("{name}_file"))),
            },
        }))
    }

    fn bytes_or_file(&mut self, name: &str) -> Result<Option<Given>, ConfigurationError> {
        let file_name = format!("{name}_file");
        let file: Option<String> = self.get(&file_name)?;
        match (self.get::<String>(name)?, file) {
            (Some(_), Some(_)) => Err(self.wrong(&file_name, &format!("and {name} exclude each other"))),
            (None, None) => Ok(None),
            (Some(text), None) => Ok(Some(Given::Setting(text))),
            (None, Some(path)) => match std::fs::read(&path) {
                Ok(content) => Ok(Some(Given::File { content, path })),
                Err(error) => Err(self.wrong(&file_name, &format!("cannot be read: {error}"))),
            },
        }
    }

    /// # Errors
    /// There is a setting that nobody took.
    pub(super) fn nothing_left(&self) -> Result<(), ConfigurationError> {
        match self.values.keys().next() {
            Some(name) => Err(self.wrong(name, "is not a setting of dashop")),
            None => Ok(()),
        }
    }
}

fn read_file(file: &Path) -> Result<BTreeMap<String, String>, ConfigurationError> {
    let wrong = |problem: String| ConfigurationError::File { file: file.display().to_string(), problem };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    let setting = |(name, value): (String, toml::Value)| match value {
        toml::Value::String(text) => Ok((name, text)),
        toml::Value::Integer(number) => Ok((name, number.to_string())),
        toml::Value::Boolean(flag) => Ok((name, flag.to_string())),
        toml::Value::Array(parts) if parts.iter().all(toml::Value::is_str) => {
            let parts: Vec<&str> = parts.iter().filter_map(toml::Value::as_str).collect();
            Ok((name, parts.join(",")))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
            Err(wrong(format!("{name} must be a text, a whole number, true or false, or a list of texts")))
        }
    };
    table.into_iter().map(setting).collect()
}
