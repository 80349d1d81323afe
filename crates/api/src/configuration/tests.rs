mod events;
mod files;
mod tokens;

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
    assert_eq!(configuration.rules.pricing.freight.to_string(), "10.00");
    assert!(matches!(configuration.alipay, AlipayConfiguration::Sandbox(_)));
    assert!(
        configuration.tokens.buyers.is_none()
            && configuration.redis.is_none()
            && configuration.migrate_at_start
    );
}

#[test]
fn the_image_and_compose_name_settings_that_there_are() {
    let names = |text: &'static str| {
        let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        words.filter(|word| word.strip_prefix("DASHOP_").is_some_and(|name| !name.is_empty()))
    };
    let documented = include_str!("../../../../docs/OPERATIONS.md");
    let compose = include_str!("../../../../compose.yaml");
    assert!(
        compose.contains(r#"["${SHOP_ADDRESS:-127.0.0.1}:${SHOP_PORT:-8000}:8000"]"#),
        "HTTP without TLS is for this machine"
    );
    // The variables that compose sets itself cannot be set in `.env`: the URLs of its own servers, and nothing else. No key
    // or secret is required, because each may be in a file, and there are two kinds of them.
    for demanded in ["KEY:?", "SECRET:?", "CERT:?"] {
        assert!(!compose.contains(demanded), "{demanded}");
    }
    let set = compose.lines().filter_map(|line| {
        let (name, value) = line.trim().split_once(": ")?;
        (name.starts_with("DASHOP_") && !value.starts_with(&format!("${{{name}:"))).then_some(name)
    });
    assert_eq!(set.collect::<Vec<_>>(), ["DASHOP_DATABASE_URL", "DASHOP_REDIS_URL"]);
    let used: Vec<&str> = names(compose).chain(names(include_str!("../../../../Dockerfile"))).collect();
    assert!(used.contains(&"DASHOP_STAFF_SECRET") && used.contains(&"DASHOP_LISTEN"), "{used:?}");
    for name in used {
        assert!(
            documented.contains(&format!("| `{name}` |"))
                || documented.contains(&format!("| `{name}` *file*")),
            "{name}"
        );
    }
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
        ("DASHOP_DATABASE_TLS_CA", "/no/such/file"),
        ("DASHOP_DATABASE_URL_FILE", "/no/such/file"),
        ("DASHOP_DATABASE_START_TIMEOUT", "3601"),
        ("DASHOP_REDIS_URL_FILE", "/no/such/file"),
        ("DASHOP_REDIS_TLS_CA", "/no/such/file"),
        ("DASHOP_IDEMPOTENCY_DAYS", "0"),
        ("DASHOP_PORT", "8080"),
        ("DASHOP_REDIS_URL", "http://localhost"),
        ("DASHOP_REDIS_URL", "redis://a,redis://b"),
        ("DASHOP_JWT_SECRET_FILE", "/no/such/file"),
        ("DASHOP_STAFF_SECRET", "0123456789abcdef"),
        ("DASHOP_STAFF_SECRET_FILE", "/no/such/file"),
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
        ("DASHOP_CONNECTIONS", "15"),
        ("DASHOP_CONNECTIONS_PER_ADDRESS", "0"),
        ("DASHOP_DRAIN", "301"),
        ("DASHOP_FRIEGHT", "10"),
    ] {
        let said = refusal(&[(name, value)]);
        assert!(said.contains(name), "{name}={value}: {said}");
    }
}

/// The parser of URLs passes over these characters, but a header with them cannot be sent.
#[test]
fn no_url_has_blanks() {
    for name in [
        "DASHOP_PUBLIC_URL",
        "DASHOP_RESULT_PAGE",
        "DASHOP_ALIPAY_GATEWAY_URL",
        "DASHOP_ALIPAY_NOTIFY_URL",
        "DASHOP_ALIPAY_RETURN_URL",
        "DASHOP_EVENTS_URL",
        "DASHOP_OTLP_ENDPOINT",
    ] {
        for url in [" https://shop.example/", "https://shop.example/\n", "https://shop.ex\tample/a b"] {
            let said = refusal(&[(name, url)]);
            assert_eq!(said, format!("{name} must be a whole http or https URL, without blanks"), "{url:?}");
        }
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
fn nobody_signs_in_as_a_demo_user_where_real_money_comes_in() {
    const DEMO: (&str, &str) = ("DASHOP_SEED_DEMO", "true");
    let at = |gateway| read(&[&REAL[..], &[DEMO, ("DASHOP_ALIPAY_GATEWAY_URL", gateway)]].concat());
    for real in [
        "",
        "https://openapi.alipay.com/gateway.do",
        "https://alipay.example/gateway.do",
        "https://notalipaydev.com",
    ] {
        let said = at(real).unwrap_err().to_string();
        assert!(said.starts_with("DASHOP_SEED_DEMO is not possible where real money comes in"), "{said}");
    }
    for sandbox in [
        "http://127.0.0.1:8001/gateway.do",
        "http://[::1]:8001/gateway.do",
        "http://[::ffff:127.0.0.1]:8001/gateway.do",
        "http://localhost:8001/gateway.do",
        "https://openapi-sandbox.dl.alipaydev.com/gateway.do",
    ] {
        assert!(at(sandbox).unwrap().seed_demo, "{sandbox}");
    }
    assert!(!read(&REAL).unwrap().seed_demo);
    assert!(!read(&REAL[1..]).unwrap().seed_demo, "nor on the embedded database");
    assert!(read(&[&REAL[..2], &[DEMO, ("DASHOP_SANDBOX", "true")]].concat()).unwrap().seed_demo);
}

/// If a part of an Alipay account is set, the shop is to be paid through Alipay.
#[test]
fn no_part_of_an_account_at_alipay_leads_to_the_sandbox() {
    for part in [REAL[3], REAL[4], ("DASHOP_ALIPAY_SELLER_ID", "2088000000000000")] {
        let said = refusal(&[part]);
        assert!(said.starts_with("DASHOP_ALIPAY_APP_PRIVATE_KEY is missing"), "{part:?}: {said}");
    }
    assert!(refusal(&[REAL[2]]).starts_with("DASHOP_ALIPAY_PUBLIC_KEY is missing"));
}

#[test]
fn the_seller_is_an_account_at_alipay() {
    const SELLER: &str = "DASHOP_ALIPAY_SELLER_ID";
    let read = read(&[&REAL[..], &[(SELLER, "2088102146225135")]].concat()).unwrap();
    let AlipayConfiguration::Alipay(account) = read.alipay else { panic!() };
    assert_eq!(account.seller_id.as_deref(), Some("2088102146225135"));
    for wrong in [
        "2088102146225135 ",
        " 2088102146225135",
        "2088102146225135\n",
        "208810214622513",
        "20881021462251350",
        "2021000000000001",
        "２０８８1021",
        "shop@example.com",
    ] {
        let said = refusal(&[&REAL[..], &[(SELLER, wrong)]].concat());
        let problem = "must be the account at Alipay: 16 digits that begin with 2088";
        assert_eq!(said, format!("{SELLER} {problem}"), "{wrong:?}");
    }
}

/// A migration needs no Alipay key and no secret; a misspelt setting is still an error.
#[test]
fn what_works_on_the_database_alone_asks_for_its_settings_alone() {
    let read = |variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        DatabaseConfiguration::read(Source::new(variables, None).unwrap())
    };
    let configuration = read(&[MYSQL]).unwrap();
    assert_eq!(configuration.database.url, MYSQL.1);
    assert_eq!(read(&[]).unwrap().database.url, "sqlite:data/dashop.db");
    let others = [
        MYSQL,
        ("DASHOP_ALIPAY_APP_PRIVATE_KEY_FILE", "/no/such/file"),
        ("DASHOP_JWT_SECRET_FILE", "/no/such/file"),
        ("DASHOP_REDIS_URL", "redis://carts/4"),
        ("DASHOP_EVENTS_URL", "https://listener.example/"),
        ("DASHOP_FREIGHT", "8.00"),
    ];
    assert!(read(&others).is_ok(), "settings of the rest are passed over");
    let misspelt = read(&[("DASHOP_DATABSE_URL", MYSQL.1)]).unwrap_err().to_string();
    assert_eq!(misspelt, "DASHOP_DATABSE_URL is not a setting of dashop");
    let wrong = read(&[("DASHOP_DATABASE_URL", "postgres://db/shop")]).unwrap_err().to_string();
    assert!(wrong.starts_with("DASHOP_DATABASE_URL must be"), "{wrong}");
}

/// The variables that Kubernetes sets in every container beside a Service of this name.
#[test]
fn the_variables_of_a_service_of_this_name_are_no_settings() {
    read(&[
        ("DASHOP_SERVICE_HOST", "10.96.0.17"),
        ("DASHOP_SERVICE_PORT", "8000"),
        ("DASHOP_SERVICE_PORT_HTTP", "8000"),
        ("DASHOP_PORT", "tcp://10.96.0.17:8000"),
        ("DASHOP_PORT_8000_TCP", "tcp://10.96.0.17:8000"),
        ("DASHOP_PORT_8000_TCP_PROTO", "tcp"),
        ("DASHOP_PORT_8000_TCP_PORT", "8000"),
        ("DASHOP_PORT_8000_TCP_ADDR", "10.96.0.17"),
    ])
    .unwrap();
    assert!(refusal(&[("DASHOP_PORTS", "tcp://10.96.0.17:8000")]).contains("DASHOP_PORTS"));
}

/// The settings of a real shop in certificate mode.
const CERTIFICATES: [(&str, &str); 7] = [
    MYSQL,
    SECRET,
    ("DASHOP_ALIPAY_APP_PRIVATE_KEY", "k"),
    ("DASHOP_ALIPAY_APP_ID", "1"),
    ("DASHOP_ALIPAY_APP_CERT", "a"),
    ("DASHOP_ALIPAY_CERT", "b"),
    ("DASHOP_ALIPAY_ROOT_CERT", "c"),
];

#[test]
fn an_application_is_in_one_mode_only() {
    let AlipayConfiguration::Alipay(account) = read(&CERTIFICATES).unwrap().alipay else { panic!() };
    let AlipayKeys::Certificates { app, alipay, root } = &account.keys else { panic!("{account:?}") };
    assert_eq!([&app.text, &alipay.text, &root.text], ["a", "b", "c"]);
    assert_eq!(alipay.origin, "DASHOP_ALIPAY_CERT");
    for key in ["DASHOP_ALIPAY_PUBLIC_KEY", "DASHOP_ALIPAY_PREVIOUS_PUBLIC_KEY"] {
        let said = refusal(&[&CERTIFICATES[..], &[(key, "k")]].concat());
        assert!(said.starts_with(&format!("DASHOP_ALIPAY_APP_CERT and {key} exclude each other")), "{said}");
        assert!(said.contains("certificate mode (DASHOP_ALIPAY_APP_CERT, DASHOP_ALIPAY_CERT"), "{said}");
    }
    let without = |missing: &[&str]| {
        let rest: Vec<_> = CERTIFICATES.into_iter().filter(|(name, _)| !missing.contains(name)).collect();
        refusal(&rest)
    };
    for missing in ["DASHOP_ALIPAY_APP_CERT", "DASHOP_ALIPAY_CERT", "DASHOP_ALIPAY_ROOT_CERT"] {
        let said = without(&[missing]);
        assert!(said.starts_with(&format!("{missing} is missing: certificate mode needs")), "{said}");
    }
    assert!(
        without(&["DASHOP_ALIPAY_CERT", "DASHOP_ALIPAY_ROOT_CERT"])
            .starts_with("DASHOP_ALIPAY_CERT is missing")
    );
    let neither = without(&["DASHOP_ALIPAY_APP_CERT", "DASHOP_ALIPAY_CERT", "DASHOP_ALIPAY_ROOT_CERT"]);
    assert!(neither.starts_with("DASHOP_ALIPAY_PUBLIC_KEY is missing"), "{neither}");
    // With certificates alone, the shop must not silently use the sandbox.
    let alone = refusal(&[CERTIFICATES[4], CERTIFICATES[5], CERTIFICATES[6]]);
    assert!(alone.starts_with("DASHOP_ALIPAY_APP_PRIVATE_KEY is missing"), "{alone}");
}

#[test]
fn a_neutral_subject_is_one_that_alipay_takes() {
    let pages = |text| read(&[("DASHOP_ALIPAY_SUBJECT", text)]).map(|read| read.alipay_pages.subject);
    assert_eq!(read(&[]).unwrap().alipay_pages.subject, None);
    for text in ["达达商城订单{order_id}", "达达商城"] {
        assert_eq!(pages(text).unwrap().as_deref(), Some(text));
    }
    let long = "字".repeat(201);
    for (text, part) in [
        (" ", "must have 1 to 200 characters"),
        (long.as_str(), "must have 1 to 200 characters"),
        ("订单{number}", "no other braces"),
        ("a/b", "Alipay refuses them"),
        ("好😀", "Alipay refuses them"),
    ] {
        let said = refusal(&[("DASHOP_ALIPAY_SUBJECT", text)]);
        assert!(said.starts_with("DASHOP_ALIPAY_SUBJECT") && said.contains(part), "{said}");
    }
}

#[test]
fn a_second_key_of_alipays_goes_with_a_first_one() {
    const SECOND: (&str, &str) = ("DASHOP_ALIPAY_PREVIOUS_PUBLIC_KEY", "k2");
    let AlipayConfiguration::Alipay(account) = read(&[&REAL[..], &[SECOND]].concat()).unwrap().alipay else {
        panic!()
    };
    assert!(
        matches!(&account.keys, AlipayKeys::PublicKey { current, previous: Some(previous) } if current == "k" && previous == "k2")
    );
    let said = refusal(&[REAL[0], REAL[1], REAL[2], REAL[4], SECOND]);
    assert_eq!(said, "DASHOP_ALIPAY_PREVIOUS_PUBLIC_KEY is of use only beside DASHOP_ALIPAY_PUBLIC_KEY");
}

#[test]
fn signing_in_can_be_left_to_the_old_back_end() {
    let rules = read(&[]).unwrap().sign_in.unwrap();
    assert_eq!(rules.token_life.as_secs(), 24 * 3600);
    assert_eq!((rules.failures, rules.failures_per_name, rules.failures_per_address), (10, 200, Some(1000)));
    let per_address = |settings: &[_]| read(settings).unwrap().sign_in.unwrap().failures_per_address;
    assert_eq!(per_address(&[("DASHOP_TRUSTED_PROXY", "true")]), Some(1000));
    assert_eq!(per_address(&[("DASHOP_SIGN_IN_FAILURES_PER_ADDRESS", "0")]), None);
    assert_eq!(per_address(&[("DASHOP_SIGN_IN_FAILURES_PER_ADDRESS", "7")]), Some(7));
    assert!(read(&[("DASHOP_SIGN_IN", "false")]).unwrap().sign_in.is_none());
}

fn these(origins: &[&str]) -> Origins {
    Origins::These(origins.iter().map(|origin| (*origin).to_owned()).collect())
}

#[test]
fn origins_are_a_list_or_all_or_the_shops_own() {
    let origins = |text| read(&[("DASHOP_CORS_ORIGINS", text)]).unwrap().http.cors_origins;
    assert_eq!(
        origins("http://127.0.0.1:7000, https://shop.example"),
        these(&["http://127.0.0.1:7000", "https://shop.example"])
    );
    assert_eq!(origins("*"), Origins::Any);
    assert_eq!(origins(""), these(&["http://127.0.0.1:8000"]));
    let own = read(&[("DASHOP_PUBLIC_URL", "https://shop.example:443/dada/")]).unwrap().http.cors_origins;
    assert_eq!(own, these(&["https://shop.example"]));
}

#[test]
fn nothing_is_promised_by_default() {
    let promises = |text| read(&[("DASHOP_PROMISES", text)]).unwrap().http.promises;
    assert!(read(&[]).unwrap().http.promises.is_empty());
    assert_eq!(promises("正品保障, 七天无理由退换,"), ["正品保障", "七天无理由退换"]);
    for wrong in ["一,二,三,四,五", "十三个字的承诺放不下放不下"] {
        let refused = refusal(&[("DASHOP_PROMISES", wrong)]);
        assert!(
            refused.contains("DASHOP_PROMISES must be at most 4 texts of at most 12 characters"),
            "{refused}"
        );
    }
}

/// The settings of a shop with MySQL.
const REAL: [(&str, &str); 5] = [
    MYSQL,
    SECRET,
    ("DASHOP_ALIPAY_APP_PRIVATE_KEY", "k"),
    ("DASHOP_ALIPAY_PUBLIC_KEY", "k"),
    ("DASHOP_ALIPAY_APP_ID", "1"),
];
