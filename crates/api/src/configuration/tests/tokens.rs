use super::*;

const STAFF: &str = "DASHOP_STAFF_SECRET";

#[test]
fn staff_have_a_secret_of_their_own_that_cannot_be_guessed() {
    for shop in [&[SECRET][..], &REAL] {
        let with = |secret| [shop, &[(STAFF, secret)]].concat();
        for short in ["x", "fifteen bytes..", "thirty-one bytes, one too few.."] {
            let said = refusal(&with(short));
            assert_eq!(said, "DASHOP_STAFF_SECRET must have at least 32 bytes", "{short}");
        }
        let said = refusal(&with(SECRET.1));
        assert_eq!(
            said,
            "DASHOP_STAFF_SECRET must not be a secret of buyers, DASHOP_JWT_SECRET or DASHOP_JWT_VERIFY_SECRET"
        );

        for long_enough in ["thirty-two bytes, just as needed", "员工密钥,与买家的不同,够长了"] {
            let configuration = read(&with(long_enough)).unwrap();
            let StaffSecret::Given(secret) = &configuration.tokens.staff else { panic!("{configuration:?}") };
            assert_eq!(secret.reveal(), long_enough);
            let shown = format!("{configuration:?}");
            assert!(!shown.contains(long_enough) && shown.contains("Given((hidden))"), "{shown}");
        }
    }
}

#[test]
fn without_a_secret_one_is_made_for_the_embedded_shop_and_a_real_shop_lets_nobody_in() {
    for none in [&[][..], &[(STAFF, "")]] {
        assert!(matches!(read(none).unwrap().tokens.staff, StaffSecret::Kept));
        let real = [&REAL[..], none].concat();
        assert!(matches!(read(&real).unwrap().tokens.staff, StaffSecret::None));
    }
}

#[test]
fn the_secret_of_staff_may_be_in_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let in_file = ("DASHOP_STAFF_SECRET_FILE", file.path().to_str().unwrap());
    let with = |secret: &str| {
        std::fs::write(&file, secret).unwrap();
        read(&[SECRET, in_file])
    };
    let StaffSecret::Given(secret) = with("thirty-two bytes, just as needed\n").unwrap().tokens.staff else {
        panic!("it was not taken")
    };
    assert_eq!(secret.reveal(), "thirty-two bytes, just as needed");
    let said = with("thirty-one bytes, one too few..\n").unwrap_err().to_string();
    assert_eq!(said, "DASHOP_STAFF_SECRET must have at least 32 bytes", "the end of a line is no part of it");
    let said = with(SECRET.1).unwrap_err().to_string();
    assert_eq!(
        said,
        "DASHOP_STAFF_SECRET must not be a secret of buyers, DASHOP_JWT_SECRET or DASHOP_JWT_VERIFY_SECRET"
    );

    let both = refusal(&[(STAFF, "thirty-two bytes, just as needed"), in_file]);
    assert!(both.starts_with("DASHOP_STAFF_SECRET_FILE") && !both.contains("needed"), "{both}");
}

const VERIFY: &str = "DASHOP_JWT_VERIFY_SECRET";
const UNTIL: &str = "DASHOP_JWT_VERIFY_UNTIL";

#[test]
fn a_short_secret_of_buyers_verifies_alone_and_until_a_day() {
    let embedded: [(&str, &str); 0] = [];
    for shop in [&embedded[..], &REAL[2..]] {
        let said = refusal(&[shop, &[("DASHOP_JWT_SECRET", "1234567")]].concat());
        assert!(said.starts_with("DASHOP_JWT_SECRET must have at least 16 bytes"), "{said}");
        assert!(!said.contains("1234567"), "{said}");
    }
    for shop in [&[SECRET][..], &REAL] {
        let with = |more: &[(&'static str, &'static str)]| [shop, more].concat();
        let said = refusal(&with(&[(VERIFY, "1234567")]));
        assert!(said.starts_with("DASHOP_JWT_VERIFY_UNTIL is missing"), "{said}");
        let second = read(&with(&[(VERIFY, "1234567"), (UNTIL, "2026-12-31")])).unwrap().tokens.buyers_verify;
        let second = second.unwrap();
        assert_eq!(second.secret.reveal(), "1234567");
        assert_eq!(second.until.unwrap().to_string(), "2027-01-01 00:00:00", "that day is its last");
        let long = read(&with(&[(VERIFY, "sixteen bytes ok")])).unwrap().tokens.buyers_verify.unwrap();
        assert_eq!(long.until, None);
    }
    for nonsense in ["soon", "2026-02-30", "2026-12-31 12:00:00", "20261231", "26-12-31", "+99999-01-01"] {
        let said = refusal(&[SECRET, (VERIFY, "1234567"), (UNTIL, nonsense)]);
        assert_eq!(said, "DASHOP_JWT_VERIFY_UNTIL must be a day such as 2026-12-31", "{nonsense}");
    }
    assert!(refusal(&[SECRET, (UNTIL, "2026-12-31")]).contains("of no use without DASHOP_JWT_VERIFY_SECRET"));
}

/// With an empty key, anyone could sign.
#[test]
fn no_secret_is_empty() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    for shop in [&[SECRET][..], &REAL] {
        let said =
            refusal(&[shop, &[("DASHOP_JWT_VERIFY_SECRET_FILE", path), (UNTIL, "2026-12-31")]].concat());
        assert_eq!(said, format!("DASHOP_JWT_VERIFY_SECRET_FILE names {path}, which is empty"));
        let said = refusal(&[shop, &[(VERIFY, "  "), (UNTIL, "2026-12-31")]].concat());
        assert_eq!(said, "DASHOP_JWT_VERIFY_SECRET has nothing but blanks");
    }
}

#[test]
fn the_second_secret_of_staff_is_as_good_as_the_first_and_no_buyers() {
    const SECOND: &str = "DASHOP_STAFF_VERIFY_SECRET";
    let good = ("DASHOP_STAFF_SECRET", "thirty-two bytes, just as needed");
    let long = "another of thirty-two bytes, or so";
    let taken = read(&[SECRET, good, (SECOND, long)]).unwrap().tokens.staff_verify.unwrap();
    assert_eq!(taken.reveal(), long);
    let said = refusal(&[SECRET, good, (SECOND, "thirty-one bytes, one too few..")]);
    assert_eq!(said, "DASHOP_STAFF_VERIFY_SECRET must have at least 32 bytes");
    for of_buyers in [SECRET, (VERIFY, long)] {
        for staff in [("DASHOP_STAFF_SECRET", of_buyers.1), (SECOND, of_buyers.1)] {
            let said = refusal(&[&REAL[..], &[of_buyers, good, staff]].concat());
            assert!(said.starts_with(&format!("{} must not be a secret of buyers", staff.0)), "{said}");
        }
    }
    let said = refusal(&[&REAL[..], &[(SECOND, long)]].concat());
    assert_eq!(said, "DASHOP_STAFF_VERIFY_SECRET is of no use without DASHOP_STAFF_SECRET");
}

#[test]
fn a_command_finds_the_program_by_its_directory_and_its_port() {
    let place = |variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Configuration::place(Source::new(variables, None).unwrap())
    };
    let (data_dir, listen) =
        place(&[("DASHOP_DATA_DIR", "/var/lib/dashop"), ("DASHOP_LISTEN", "[::]:80"), MYSQL]).unwrap();
    assert_eq!((data_dir.to_str().unwrap(), listen.to_string().as_str()), ("/var/lib/dashop", "[::]:80"));
    let said = place(&[("DASHOP_LISTNE", "[::]:80")]).unwrap_err().to_string();
    assert!(said.contains("DASHOP_LISTNE"), "{said}");
}
