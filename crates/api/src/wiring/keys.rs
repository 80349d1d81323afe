use std::{io, path::Path};

use adapters::{private_files, system::SystemRandomness};
use ports::Randomness;

use super::StartError;
use crate::{
    configuration::{Configuration, Secret, StaffSecret},
    http::{StaffKey, TokenKey},
};

/// The length of a secret that HS256 cannot be guessed with.
const HS256_BYTES: usize = 32;

/// The key of the shop's tokens: the configured one, or one that is made at the first start and kept in the data
/// directory, readable by its owner alone.
///
/// # Errors
/// The file cannot be read or written, or others can read it.
pub(crate) fn token_key(configuration: &Configuration) -> Result<TokenKey, StartError> {
    if let Some(secret) = &configuration.jwt_secret {
        if secret.reveal().len() < HS256_BYTES {
            tracing::warn!(
                "DASHOP_JWT_SECRET is shorter than {HS256_BYTES} bytes: tokens can be forged by guessing it"
            );
        }
        return Ok(TokenKey::new(secret));
    }
    let file = configuration.data_dir.join("jwt_secret");
    let secret = kept_secret(&file).map_err(|cause| StartError::File { file, cause })?;
    Ok(TokenKey::new(&Secret::new(secret)))
}

/// The key of staff: the configured one, or one that is made and kept as the buyers' is; `None` if there is
/// none.
///
/// # Errors
/// The file cannot be read or written, or others can read it.
pub(crate) fn staff_key(configuration: &Configuration) -> Result<Option<StaffKey>, StartError> {
    match &configuration.staff_secret {
        StaffSecret::Given(secret) => Ok(Some(StaffKey::new(secret))),
        StaffSecret::Kept => {
            let file = configuration.data_dir.join("staff_secret");
            let secret = kept_secret(&file).map_err(|cause| StartError::File { file, cause })?;
            Ok(Some(StaffKey::new(&Secret::new(secret))))
        }
        StaffSecret::None => Ok(None),
    }
}

fn kept_secret(file: &Path) -> io::Result<String> {
    if let Some(directory) = file.parent() {
        private_files::make_directory(directory)?;
    }
    // The system's generator is a cryptographic one: 256 bits.
    let fresh: String = (0..8).map(|_| format!("{:08x}", SystemRandomness.draw())).collect();
    match private_files::create(file, fresh.as_bytes()) {
        Ok(()) => Ok(fresh),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let kept = private_files::read_secret(file)?;
            if kept.len() < HS256_BYTES {
                return Err(io::Error::other(
                    "it is too short for a secret; delete it to have a new one made",
                ));
            }
            Ok(kept)
        }
        Err(error) => Err(error),
    }
}
