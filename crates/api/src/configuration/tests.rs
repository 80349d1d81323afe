use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Configuration, ConfigurationError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Configuration::read(Source::new(variables, None)?)
}

fn refusal(variables: &[(&str, &str)]) -> String {
    read(variables).unwrap_err().to_string()
}

const MYSQL: (&str, &str) = ("DASHOP_DATABASE_URL", "mysql://shop:pw@db/shop");
const SECRET: (&str, &str) = ("DASHOP_JWT_SECRET", "0123456789abcdef0123456789abcdef");

#[test]
fn without_any_it_is_the_embedded_shop_with_the_sandbox() {
    let configuration = read(&[("PATH", "/bin")]).unwrap();
    assert_eq!(configuration.database.url, "sqlite:data/dashop.db");
    assert_eq!(configuration.http.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(configuration.rules.freight.flat.to_string(), "10.00");
    assert!(matches!(configuration.alipay, AlipayConfiguration::Sandbox(_)));
    assert!(
        configuration.jwt_secret.is_none() && configuration.redis.is_none() && configuration.migrate_at_start
    );
}

#[test]
fn an_error_names_the_variable() {
    for (name, value) in [
        ("DASHOP_LISTEN", "nowhere"),
        ("DASHOP_PUBLIC_URL", "shop.example"),
        ("DASHOP_FREIGHT", "ten"),
        ("DASHOP_FREIGHT", "-1"),
        ("DASHOP_FREIGHT_FREE_FROM", "1.001"),
        ("DASHOP_QUANTITY_LIMIT", "0"),
        ("DASHOP_PAYMENT_DEADLINE_MINUTES", "21601"),
        ("DASHOP_DATABASE_URL", "postgres://localhost/shop"),
        ("DASHOP_DATABASE_TLS", "perhaps"),
        ("DASHOP_REDIS_URL", "http://localhost"),
        ("DASHOP_REDIS_URL", "redis://a,redis://b"),
        ("DASHOP_JWT_SECRET_FILE", "/no/such/file"),
        ("DASHOP_SANDBOX", "maybe"),
        ("DASHOP_CORS_ORIGINS", "shop.example"),
        ("DASHOP_CORS_ORIGINS", "http://shop.example/"),
        ("DASHOP_CORS_ORIGINS", "http://shop.example:80"),
        ("DASHOP_CORS_ORIGINS", "http://shop.example,*"),
        ("DASHOP_SIGN_IN", "perhaps"),
        ("DASHOP_TOKEN_HOURS", "0"),
        ("DASHOP_SIGN_IN_FAILURES", "0"),
        ("DASHOP_SIGN_IN_FAILURES_PER_ADDRESS", "many"),
        ("DASHOP_TRUSTED_PROXY", "10.0.0.1"),
        ("DASHOP_EVENTS_URL", "nowhere"),
        ("DASHOP_EVENTS_SECRET", "0123456789abcdef"),
        ("DASHOP_EVENTS_RETENTION_DAYS", "0"),
        ("DASHOP_FRIEGHT", "10"),
    ] {
        let said = refusal(&[(name, value)]);
        assert!(said.contains(name), "{name}={value}: {said}");
    }
}

#[test]
fn a_real_shop_is_not_started_on_defaults() {
    assert!(refusal(&[MYSQL]).contains("DASHOP_ALIPAY_APP_PRIVATE_KEY is missing"));
    let keys = [
        ("DASHOP_ALIPAY_APP_PRIVATE_KEY", "k"),
        ("DASHOP_ALIPAY_PUBLIC_KEY", "k"),
        ("DASHOP_ALIPAY_APP_ID", "1"),
    ];
    let with_keys = [&[MYSQL][..], &keys[..]].concat();
    assert!(refusal(&with_keys).contains("DASHOP_JWT_SECRET is missing"));
    let short = [&with_keys[..], &[("DASHOP_JWT_SECRET", "fifteen bytes..")]].concat();
    assert!(refusal(&short).contains("DASHOP_JWT_SECRET must have at least 16 bytes"));
    let configuration = read(&[&with_keys[..], &[SECRET]].concat()).unwrap();
    assert!(!configuration.migrate_at_start);
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
    assert_eq!(configuration.rules.freight.flat.to_string(), "8.00");
    assert!(configuration.rules.quantity_limit.quantity(7).is_ok());
    assert!(configuration.rules.quantity_limit.quantity(8).is_err());
    assert_eq!(configuration.http.cors_origins, ["http://a", "http://b"]);

    std::fs::write(&file, "[freight]\nflat = 1\n").unwrap();
    let said = Source::new([], Some(file.path())).unwrap_err().to_string();
    assert!(said.contains("freight must be"), "{said}");
}

#[test]
fn secrets_are_not_printed() {
    let shown = format!("{:?}", read(&[SECRET, ("DASHOP_DATABASE_URL", "sqlite:x")]).unwrap());
    assert!(!shown.contains(SECRET.1) && shown.contains("(hidden)"), "{shown}");
}

#[test]
fn signing_in_can_be_left_to_the_old_back_end() {
    let rules = read(&[]).unwrap().sign_in.unwrap();
    assert_eq!(rules.token_life.as_secs(), 24 * 3600);
    assert_eq!((rules.failures_per_name, rules.failures_per_address), (10, 100));
    assert!(read(&[("DASHOP_SIGN_IN", "false")]).unwrap().sign_in.is_none());
}

#[test]
fn origins_are_a_list_or_all() {
    let origins = |text| read(&[("DASHOP_CORS_ORIGINS", text)]).unwrap().http.cors_origins;
    assert_eq!(
        origins("http://127.0.0.1:7000, https://shop.example"),
        ["http://127.0.0.1:7000", "https://shop.example"]
    );
    assert!(origins("*").is_empty() && origins("").is_empty());
}

#[test]
fn news_are_kept_only_where_somebody_is_told() {
    const URL: (&str, &str) = ("DASHOP_EVENTS_URL", "https://listener.example/hook?token=t");
    let nobody = read(&[]).unwrap();
    assert!(nobody.events.is_none() && nobody.database.news == NewsTo::Nobody);
    assert!(refusal(&[URL]).contains("DASHOP_EVENTS_SECRET is missing"));
    let short = refusal(&[URL, ("DASHOP_EVENTS_SECRET", "fifteen bytes..")]);
    assert!(short.contains("DASHOP_EVENTS_SECRET must have at least 16 bytes"), "{short}");
    let told = read(&[URL, ("DASHOP_EVENTS_SECRET", SECRET.1)]).unwrap();
    assert_eq!(told.database.news, NewsTo::Outbox);
    let shown = format!("{told:?}");
    assert!(shown.contains("listener.example") && !shown.contains("token=t") && !shown.contains(SECRET.1));
}
