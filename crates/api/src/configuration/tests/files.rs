//! Settings and secrets in files.

use super::*;

#[test]
fn the_urls_of_the_servers_may_be_in_files() {
    let (database, redis) =
        (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    std::fs::write(&database, "mysql://shop:geheim@db/shop\n").unwrap();
    std::fs::write(&redis, "redis://:geheim@carts/4\n").unwrap();
    let files = [
        ("DASHOP_DATABASE_URL_FILE", database.path().to_str().unwrap()),
        ("DASHOP_REDIS_URL_FILE", redis.path().to_str().unwrap()),
    ];
    let configuration = read(&[&files[..], &REAL[1..]].concat()).unwrap();
    assert_eq!(configuration.database.url, "mysql://shop:geheim@db/shop");
    assert_eq!(configuration.redis.as_ref().unwrap().urls, ["redis://:geheim@carts/4"]);
    let shown = format!("{configuration:?}");
    assert!(!shown.contains("geheim"), "{shown}");
    let both = refusal(&[&files[..], &REAL[..]].concat());
    assert!(both.starts_with("DASHOP_DATABASE_URL_FILE") && !both.contains("geheim"), "{both}");
}

#[test]
fn a_file_of_a_secret_is_nobody_elses_unless_nobody_else_is_there() {
    use std::os::unix::fs::PermissionsExt;

    const KEPT_APART: [&str; 5] = [
        "DASHOP_DATABASE_URL_FILE",
        "DASHOP_REDIS_URL_FILE",
        "DASHOP_JWT_SECRET_FILE",
        "DASHOP_STAFF_SECRET_FILE",
        "DASHOP_EVENTS_SECRET_FILE",
    ];
    let folder = tempfile::tempdir().unwrap();
    let (file, beside) = (folder.path().join("file"), folder.path().join("beside"));
    std::fs::write(&file, "mysql://shop:pw@db/shop").unwrap();
    std::fs::create_dir(&beside).unwrap();
    let link = beside.join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for name in KEPT_APART.into_iter().chain(["DASHOP_ALIPAY_APP_PRIVATE_KEY_FILE"]) {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let open = refusal(&[(name, file.to_str().unwrap())]);
        assert!(open.starts_with(&format!("{name} cannot be used: others can read")), "{open}");
        assert!(open.contains("DASHOP_OPEN_SECRET_FILES"), "{open}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let linked = refusal(&[(name, link.to_str().unwrap())]);
        assert!(linked.starts_with(&format!("{name} cannot be used: it is a link")), "{linked}");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let anyhow = ("DASHOP_OPEN_SECRET_FILES", "true");
    let taken = DatabaseConfiguration::read(
        Source::new(
            [anyhow, ("DASHOP_DATABASE_URL_FILE", link.to_str().unwrap())]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
            None,
        )
        .unwrap(),
    );
    assert_eq!(taken.unwrap().database.url, MYSQL.1);
    assert!(read(&[anyhow]).is_ok());
    // A public file.
    let public =
        [&REAL[..3], &REAL[4..], &[("DASHOP_ALIPAY_PUBLIC_KEY_FILE", link.to_str().unwrap())]].concat();
    assert!(read(&public).is_ok());
}

#[test]
fn a_secret_does_not_stand_in_a_file_that_others_read() {
    use std::os::unix::fs::PermissionsExt;

    let file = tempfile::NamedTempFile::new().unwrap();
    let with = |mode, settings: &str, variables: &[(&str, &str)]| {
        std::fs::write(&file, settings).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Configuration::read(Source::new(variables, Some(file.path())).unwrap())
    };
    let url = "events_url = 'https://a.example/'";
    let webhook = "[webhooks.erp]\nurl = 'https://b.example/'";
    for (settings, name) in [
        (format!("jwt_secret = '{}'", SECRET.1), "DASHOP_JWT_SECRET"),
        (format!("jwt_verify_secret = '{}'", SECRET.1), "DASHOP_JWT_VERIFY_SECRET"),
        (format!("staff_secret = '{}'", SECRET.1), "DASHOP_STAFF_SECRET"),
        (format!("{url}\nevents_secret = '{}'", SECRET.1), "DASHOP_EVENTS_SECRET"),
        (format!("{webhook}\nsecret = '{}'", SECRET.1), "[webhooks.erp] secret"),
        ("[webhooks.erp]\nurl = 'https://shop:geheim@b.example/'".to_owned(), "[webhooks.erp] url"),
        ("redis_url = 'redis://a/4,redis://:geheim@b/4'".to_owned(), "DASHOP_REDIS_URL"),
        ("database_url = 'mysql://shop:geheim@db/shop'".to_owned(), "DASHOP_DATABASE_URL"),
        ("alipay_app_private_key = 'k'".to_owned(), "DASHOP_ALIPAY_APP_PRIVATE_KEY"),
    ] {
        for open in [0o644, 0o604, 0o660] {
            let said = with(open, &settings, &[]).unwrap_err().to_string();
            let problem = format!("cannot stand in {}: others can read", file.path().display());
            assert!(said.starts_with(&format!("{name} {problem}")), "{said}");
            assert!(
                said.contains(&format!("mode {open:o}")) && said.contains("DASHOP_OPEN_SECRET_FILES"),
                "{said}"
            );
            assert!(!said.contains(SECRET.1) && !said.contains("geheim"), "{said}");
        }
        let closed = with(0o640, &settings, &[]).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(!closed.contains("cannot stand"), "{closed}");
    }
    let secret = format!("jwt_secret = '{}'", SECRET.1);
    let open = format!("{secret}\nopen_secret_files = true");
    assert!(with(0o644, &open, &[]).is_ok(), "nobody else is there");
    assert!(with(0o644, &secret, &[SECRET]).is_ok(), "the variable is another one");
    let webhook = with(0o644, "events_url = 'https://a.example/?types=a,b'", &[]).unwrap_err().to_string();
    assert!(webhook.contains("DASHOP_EVENTS_SECRET is missing"), "{webhook}");
    let public = "database_url = 'sqlite:shop.db'\nredis_url = 'redis://a/4'\nlog_level = 'warn'";
    assert!(with(0o644, public, &[]).is_ok(), "there is no secret in it");
}

#[test]
fn a_file_with_nothing_in_it_is_refused_by_name() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let names = Configuration::names().into_iter().filter(|name| name.ends_with("_file"));
    let variables: Vec<String> = names.map(|name| format!("DASHOP_{}", name.to_uppercase())).collect();
    assert!(
        variables.len() >= 14 && variables.iter().any(|name| name == "DASHOP_REDIS_URL_FILE"),
        "{variables:?}"
    );
    for nothing in ["", "\n", " \t\r\n", "\u{3000}"] {
        std::fs::write(&file, nothing).unwrap();
        for variable in &variables {
            let said = refusal(&[(variable.as_str(), path)]);
            assert_eq!(said, format!("{variable} names {path}, which is empty"));
        }
    }
    for variable in &variables {
        let variable = variable.trim_end_matches("_FILE");
        assert!(read(&[(variable, "")]).is_ok(), "an empty value is no value: {variable}");
        assert_eq!(refusal(&[(variable, " ")]), format!("{variable} has nothing but blanks"));
    }
}

#[test]
fn authorities_are_a_file_of_certificates() {
    use adapters::sql::MysqlTls;

    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    std::fs::write(&file, "nothing of the kind").unwrap();
    for name in ["DASHOP_DATABASE_TLS_CA", "DASHOP_REDIS_TLS_CA"] {
        let said = refusal(&[(name, path), ("DASHOP_REDIS_URL", "rediss://carts/4")]);
        assert!(said.starts_with(name) && said.contains("no certificate in PEM"), "{said}");
    }
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n").unwrap();
    let tls =
        |mode| read(&[("DASHOP_DATABASE_TLS_CA", path), ("DASHOP_DATABASE_TLS", mode)]).unwrap().database.tls;
    let root_certificates = Some(file.path().to_owned());
    assert_eq!(tls("required"), MysqlTls::Required { root_certificates });
    let cluster = [
        ("DASHOP_REDIS_TLS_CA", path),
        ("DASHOP_REDIS_URL", "rediss://a,rediss://b"),
        ("DASHOP_REDIS_CLUSTER", "true"),
    ];
    assert!(refusal(&cluster).starts_with("DASHOP_REDIS_TLS_CA is not possible with a cluster"));
}

#[test]
fn a_file_of_certificates_may_have_text_in_any_encoding_and_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, b"friendlyName: \xd6\xa7\xb8\xb6\xb1\xa6\n-----BEGIN CERTIFICATE-----\n").unwrap();
    let path = file.path().to_str().unwrap();
    let mut settings = CERTIFICATES;
    settings[4] = ("DASHOP_ALIPAY_APP_CERT_FILE", path);
    let AlipayConfiguration::Alipay(account) = read(&settings).unwrap().alipay else { panic!() };
    let AlipayKeys::Certificates { app, .. } = &account.keys else { panic!("{account:?}") };
    assert_eq!(app.origin, format!("DASHOP_ALIPAY_APP_CERT_FILE ({path})"));
    assert!(app.text.ends_with("-----BEGIN CERTIFICATE-----\n"), "{}", app.text);
    settings[4] = ("DASHOP_ALIPAY_APP_CERT_FILE", "/nowhere.crt");
    assert!(refusal(&settings).starts_with("DASHOP_ALIPAY_APP_CERT_FILE cannot be read"));
    // A key must be text.
    settings = CERTIFICATES;
    settings[2] = ("DASHOP_ALIPAY_APP_PRIVATE_KEY_FILE", path);
    assert!(refusal(&settings).starts_with("DASHOP_ALIPAY_APP_PRIVATE_KEY_FILE cannot be read"));
}

#[test]
fn a_file_is_read_and_the_environment_is_above_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        &file,
        "freight = \"8.00\"\nquantity_limit = 5\ncors_origins = [\"http://a\", \"http://b\"]\n",
    )
    .unwrap();
    let over = [("DASHOP_QUANTITY_LIMIT".to_owned(), "7".to_owned())];
    let configuration = Configuration::read(Source::new(over, Some(file.path())).unwrap()).unwrap();
    assert_eq!(configuration.rules.pricing.freight.to_string(), "8.00");
    assert!(configuration.rules.quantity_limit.quantity(7).is_ok());
    assert!(configuration.rules.quantity_limit.quantity(8).is_err());
    assert_eq!(configuration.http.cors_origins, these(&["http://a", "http://b"]));

    std::fs::write(&file, "[freight]\nflat = 1\n").unwrap();
    let said = Source::new([], Some(file.path())).unwrap_err().to_string();
    assert!(said.contains("freight must be"), "{said}");
}

/// As an environment file with `DASHOP_FREIGHT=` sets it.
#[test]
fn an_empty_variable_leaves_the_setting_of_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let file = tempfile::NamedTempFile::new().unwrap();
    let with = |variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Configuration::read(Source::new(variables, Some(file.path())).unwrap())
    };
    std::fs::write(&file, "database_url = 'sqlite:shop.db'\nfreight = '8.00'\n").unwrap();
    let configuration = with(&[("DASHOP_DATABASE_URL", ""), ("DASHOP_FREIGHT", "")]).unwrap();
    assert_eq!(configuration.database.url, "sqlite:shop.db");
    assert_eq!(configuration.rules.pricing.freight.to_string(), "8.00");
    let unknown = with(&[("DASHOP_FRIEGHT", "")]).unwrap_err().to_string();
    assert_eq!(unknown, "DASHOP_FRIEGHT is not a setting of dashop");

    std::fs::write(&file, format!("jwt_secret = '{}'", SECRET.1)).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = with(&[("DASHOP_JWT_SECRET", "")]).unwrap_err().to_string();
    assert!(exposed.starts_with("DASHOP_JWT_SECRET cannot stand in"), "{exposed}");
}

#[test]
fn the_environment_overrides_both_forms_of_a_setting() {
    let (file, secret) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    std::fs::write(&secret, "the secret in a file of its own").unwrap();
    let path = secret.path().to_str().unwrap();
    let read = |settings: &str, name: &str, value: &str| {
        std::fs::write(&file, settings).unwrap();
        let variables = [(name.to_owned(), value.to_owned())];
        Configuration::read(Source::new(variables, Some(file.path())).unwrap())
    };
    let taken = |settings: &str, name, value| {
        let secret = read(settings, name, value).unwrap().tokens.buyers.unwrap();
        secret.reveal().to_owned()
    };
    const FILE: &str = "DASHOP_JWT_SECRET_FILE";
    let (in_place, named) =
        ("jwt_secret = 'the secret in the TOML file'", format!("jwt_secret_file = '{path}'"));
    assert_eq!(taken("jwt_secret_file = '/no/such/file'", SECRET.0, SECRET.1), SECRET.1);
    assert_eq!(taken(in_place, FILE, path), "the secret in a file of its own");
    assert_eq!(taken(in_place, FILE, ""), "the secret in the TOML file");
    assert_eq!(taken(&named, SECRET.0, ""), "the secret in a file of its own");
    let both = read(&format!("{in_place}\n{named}"), FILE, "").unwrap_err().to_string();
    assert_eq!(both, "DASHOP_JWT_SECRET_FILE and jwt_secret exclude each other");
}

#[test]
fn secrets_are_not_printed() {
    let shown = format!("{:?}", read(&[SECRET, ("DASHOP_DATABASE_URL", "sqlite:x")]).unwrap());
    assert!(!shown.contains(SECRET.1) && shown.contains("(hidden)"), "{shown}");
}
