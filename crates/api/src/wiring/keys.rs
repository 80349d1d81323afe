use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use adapters::system::SystemRandomness;
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
/// The file cannot be read or written.
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

/// The key of the shop's people: the configured one, or one that is made and kept as the buyers' is; none where there is
/// none.
///
/// # Errors
/// The file cannot be read or written.
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

/// Makes the directory where it does not exist, for its owner alone: besides secrets, the embedded database with the
/// buyers' addresses is kept there.
pub(super) fn private_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn kept_secret(file: &Path) -> io::Result<String> {
    if let Some(directory) = file.parent() {
        private_directory(directory)?;
    }
    // The system's generator is a cryptographic one: 256 bits.
    let fresh: String = (0..8).map(|_| format!("{:08x}", SystemRandomness.draw())).collect();
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(mut created) => {
            created.write_all(fresh.as_bytes())?;
            created.sync_all()?;
            Ok(fresh)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut kept = String::new();
            std::fs::File::open(file)?.read_to_string(&mut kept)?;
            if kept.len() < 32 {
                return Err(io::Error::other(
                    "it is too short for a secret; delete it to have a new one made",
                ));
            }
            Ok(kept)
        }
        Err(error) => Err(error),
    }
}
