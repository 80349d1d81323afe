use std::{io, path::Path};

use adapters::{private_files, system::SystemRandomness};
use domain::ShopTime;
use ports::Randomness;

use super::StartError;
use crate::{
    configuration::{Configuration, Secret, StaffSecret, TokenSecrets, VerifyOnly},
    http::{Secrets, StaffKey, TokenKey},
};

/// The shortest secret for HS256 that cannot be guessed, in bytes.
const HS256_BYTES: usize = 32;

/// The keys that sign and verify tokens.
///
/// # Errors
/// A generated secret cannot be read or written, or other users can read it.
pub(crate) fn secrets(configuration: &Configuration) -> Result<Secrets, StartError> {
    Ok(Secrets { buyers: token_key(configuration)?, staff: staff_key(configuration)? })
}

/// The key of buyers' tokens: the configured one, or one that is generated at the first start and kept in the data
/// directory, readable by its owner only.
///
/// # Errors
/// The file cannot be read or written, or other users can read it.
pub(crate) fn token_key(configuration: &Configuration) -> Result<TokenKey, StartError> {
    let key = match &configuration.tokens.buyers {
        Some(secret) => TokenKey::new(secret),
        None => TokenKey::new(&kept_secret(configuration, BUYERS_SECRET)?),
    };
    Ok(match &configuration.tokens.buyers_verify {
        Some(second) => key.and_verifying(second),
        None => key,
    })
}

/// The key of staff tokens: the configured one, or one that is generated and kept like the buyers' key; `None` if there is
/// none.
///
/// # Errors
/// The file cannot be read or written, or other users can read it.
pub(crate) fn staff_key(configuration: &Configuration) -> Result<Option<StaffKey>, StartError> {
    let key = match &configuration.tokens.staff {
        StaffSecret::Given(secret) => StaffKey::new(secret),
        StaffSecret::Kept => StaffKey::new(&kept_secret(configuration, STAFF_SECRET)?),
        StaffSecret::None => return Ok(None),
    };
    Ok(Some(match &configuration.tokens.staff_verify {
        Some(second) => key.and_verifying(second),
        None => key,
    }))
}

/// The files of generated secrets in the data directory.
const BUYERS_SECRET: &str = "jwt_secret";
const STAFF_SECRET: &str = "staff_secret";

fn kept_secret(configuration: &Configuration, name: &str) -> Result<Secret, StartError> {
    let file = configuration.data_dir.join(name);
    read_or_make(&file).map(Secret::new).map_err(|cause| StartError::File { file, cause })
}

/// Whether the existing generated secrets can be used. Generates none.
///
/// # Errors
/// A file cannot be read, other users can read it, or it is too short.
pub(super) fn check_kept_secrets(configuration: &Configuration) -> Result<(), StartError> {
    let tokens = &configuration.tokens;
    let buyers = tokens.buyers.is_none().then_some(BUYERS_SECRET);
    let staff = matches!(tokens.staff, StaffSecret::Kept).then_some(STAFF_SECRET);
    for name in buyers.into_iter().chain(staff) {
        let file = configuration.data_dir.join(name);
        match read_kept(&file) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(StartError::File { file, cause });
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Warnings about token secrets that an operator should change.
pub(crate) fn secrets_to_change(tokens: &TokenSecrets, now: ShopTime) -> Vec<String> {
    let mut warnings = Vec::new();
    if tokens.buyers.as_ref().is_some_and(is_short) {
        warnings.push(format!(
            "DASHOP_JWT_SECRET is shorter than {HS256_BYTES} bytes: tokens can be forged by guessing it; change it"
        ));
    }
    if let Some(VerifyOnly { secret, until }) = &tokens.buyers_verify {
        let has_ended = until.is_some_and(|until| now >= until);
        let end = until.map_or_else(|| "until it is removed".to_owned(), |until| format!("until {until}"));
        if has_ended {
            warnings
                .push("DASHOP_JWT_VERIFY_SECRET has ended: remove it and DASHOP_JWT_VERIFY_UNTIL".to_owned());
        } else if is_short(secret) {
            warnings.push(format!(
                "DASHOP_JWT_VERIFY_SECRET is shorter than {HS256_BYTES} bytes: tokens of any buyer can be forged by guessing \
                 it, {end}"
            ));
        }
    }
    warnings
}

fn is_short(secret: &Secret) -> bool {
    secret.reveal().len() < HS256_BYTES
}

fn read_or_make(file: &Path) -> io::Result<String> {
    let _held = file.parent().map(private_files::hold).transpose()?;
    // The system's generator is cryptographically secure: 256 bits.
    let fresh: String = (0..8).map(|_| format!("{:08x}", SystemRandomness.draw())).collect();
    match private_files::create(file, fresh.as_bytes()) {
        Ok(()) => Ok(fresh),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_kept(file),
        Err(error) => Err(error),
    }
}

fn read_kept(file: &Path) -> io::Result<String> {
    let kept = private_files::read_secret(file)?;
    if kept.len() < HS256_BYTES {
        return Err(io::Error::other("it is too short for a secret; delete it to have a new one made"));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_begin_at_once_have_the_same_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/jwt_secret");
        let all: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| read_or_make(&file).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(all.iter().all(|secret| *secret == all[0]), "{all:?}");
    }

    #[test]
    fn what_can_be_guessed_is_told_until_it_is_gone() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let long = || Some(secret("0123456789abcdef0123456789abcdef"));
        let tokens = |buyers, buyers_verify| TokenSecrets {
            buyers,
            buyers_verify,
            staff: StaffSecret::None,
            staff_verify: None,
        };
        let second =
            |text, until: &str| Some(VerifyOnly { secret: secret(text), until: ShopTime::parse(until) });
        let (now, later) = (ShopTime::parse("2019-11-28 12:00:00").unwrap(), "2020-01-01 00:00:00");
        let warnings = |tokens| secrets_to_change(&tokens, now).join("; ");
        assert_eq!(warnings(tokens(long(), None)), "");
        assert_eq!(warnings(tokens(None, None)), "", "it is generated");
        assert!(
            warnings(tokens(Some(secret("0123456789abcdef")), None))
                .starts_with("DASHOP_JWT_SECRET is shorter")
        );
        let short = warnings(tokens(long(), second("1234567", later)));
        assert!(short.contains("DASHOP_JWT_VERIFY_SECRET is shorter") && short.ends_with(later), "{short}");
        assert!(!short.contains("1234567"), "{short}");
        let ended = warnings(tokens(long(), second("1234567", "2019-11-28 12:00:00")));
        assert!(ended.contains("has ended"), "{ended}");
        assert_eq!(warnings(tokens(long(), second("0123456789abcdef0123456789abcdeg", later))), "");
    }
}
