//! The secrets that sign and verify tokens.

use domain::{ShopDate, ShopTime};

use super::{ConfigurationError, Secret, Source};

/// The shortest secret for buyers' tokens. HS256 requires 32 bytes, but this is the old back end's secret; a secret that is
/// too short for HS256 causes a warning.
const MIN_SECRET_BYTES: usize = 16;
/// The shortest secret for staff tokens, as HS256 requires.
const MIN_STAFF_SECRET_BYTES: usize = 32;

/// The secrets of tokens. Each kind may have a second one that only verifies, during a change of the secret.
#[derive(Debug, Clone)]
pub struct TokenSecrets {
    /// Signs and verifies buyers' tokens; `None` to generate one and keep it in the data directory.
    pub buyers: Option<Secret>,
    /// Also verifies buyers' tokens.
    pub buyers_verify: Option<VerifyOnly>,
    /// Signs and verifies staff tokens.
    pub staff: StaffSecret,
    /// Also verifies staff tokens.
    pub staff_verify: Option<Secret>,
}

/// A secret of buyers' tokens that only verifies.
#[derive(Debug, Clone)]
pub struct VerifyOnly {
    /// The secret. It may be as short as the old back end's.
    pub secret: Secret,
    /// When it ends; `None` to end when it is removed. A short secret must have an end.
    pub until: Option<ShopTime>,
}

/// The secret that signs staff tokens.
#[derive(Debug, Clone)]
pub enum StaffSecret {
    /// This secret.
    Given(Secret),
    /// A generated secret, kept in the data directory.
    Kept,
    /// No secret: staff cannot sign in.
    None,
}

pub(super) fn read(source: &mut Source, is_embedded: bool) -> Result<TokenSecrets, ConfigurationError> {
    let buyers = buyers(source, is_embedded)?;
    let buyers_verify = buyers_verify(source)?;
    let of_buyers: Vec<&Secret> =
        buyers.iter().chain(buyers_verify.as_ref().map(|verify| &verify.secret)).collect();
    let staff = of_staff(source, "staff_secret", &of_buyers)?;
    let staff_verify = of_staff(source, "staff_verify_secret", &of_buyers)?;
    let staff = match staff {
        Some(secret) => StaffSecret::Given(secret),
        None if is_embedded => StaffSecret::Kept,
        None if staff_verify.is_some() => {
            return Err(source.wrong("staff_verify_secret", "is of no use without DASHOP_STAFF_SECRET"));
        }
        None => StaffSecret::None,
    };
    Ok(TokenSecrets { buyers, buyers_verify, staff, staff_verify })
}

fn buyers(source: &mut Source, is_embedded: bool) -> Result<Option<Secret>, ConfigurationError> {
    match source.secret_or_file("jwt_secret")? {
        Some(secret) if secret.len() < MIN_SECRET_BYTES => Err(source.wrong(
            "jwt_secret",
            &format!(
                "must have at least {MIN_SECRET_BYTES} bytes; a shorter one of the old back end's can be \
                 DASHOP_JWT_VERIFY_SECRET for a while"
            ),
        )),
        Some(secret) => Ok(Some(Secret::new(secret))),
        None if is_embedded => Ok(None),
        None => {
            let problem = "is missing: it signs the tokens of buyers, and should be what the old back end signs with \
                           if that has a long one";
            Err(source.wrong("jwt_secret", problem))
        }
    }
}

fn buyers_verify(source: &mut Source) -> Result<Option<VerifyOnly>, ConfigurationError> {
    let secret = source.secret_or_file("jwt_verify_secret")?;
    let until = match source.get::<String>("jwt_verify_until")? {
        Some(text) => {
            let last = ShopDate::parse(&text);
            Some(last.ok_or_else(|| source.wrong("jwt_verify_until", "must be a day such as 2026-12-31"))?)
        }
        None => None,
    };
    match (secret, until) {
        (None, None) => Ok(None),
        (None, Some(_)) => {
            Err(source.wrong("jwt_verify_until", "is of no use without DASHOP_JWT_VERIFY_SECRET"))
        }
        // With one token, anyone can find such a secret by trial.
        (Some(secret), None) if secret.len() < MIN_SECRET_BYTES => Err(source.wrong(
            "jwt_verify_until",
            &format!(
                "is missing: DASHOP_JWT_VERIFY_SECRET has less than {MIN_SECRET_BYTES} bytes and can be guessed, so that \
                 it must end on a day such as 2026-12-31"
            ),
        )),
        (Some(secret), until) => Ok(Some(VerifyOnly {
            secret: Secret::new(secret),
            // The given day is its last.
            until: until.map(|day| day.next().begin()),
        })),
    }
}

fn of_staff(
    source: &mut Source,
    name: &str,
    of_buyers: &[&Secret],
) -> Result<Option<Secret>, ConfigurationError> {
    match source.secret_or_file(name)? {
        Some(secret) if secret.len() < MIN_STAFF_SECRET_BYTES => {
            Err(source.wrong(name, &format!("must have at least {MIN_STAFF_SECRET_BYTES} bytes")))
        }
        // With the same secret, anyone who can sign buyers' tokens could sign staff tokens.
        Some(secret) if of_buyers.iter().any(|buyers| buyers.reveal() == secret) => Err(source
            .wrong(name, "must not be a secret of buyers, DASHOP_JWT_SECRET or DASHOP_JWT_VERIFY_SECRET")),
        secret => Ok(secret.map(Secret::new)),
    }
}
