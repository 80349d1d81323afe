//! Passwords: the old shop's MD5, and Argon2id.

use std::{sync::Arc, time::Duration};

use argon2::{
    Argon2, PasswordHasher, PasswordVerifier,
    password_hash::{self, Salt, SaltString},
};
use async_trait::async_trait;
use domain::{Password, PasswordHash};
use md5::{Digest, Md5};
use ports::{PasswordError, Passwords, Randomness};
use subtle::ConstantTimeEq;
use tokio::{sync::Semaphore, time::timeout};

/// How many are measured at once: each takes 19 MiB of memory and all of a processor.
const AT_ONCE: usize = 2;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a password is measured against where there is no user, so that this takes its time too. Nobody's password: the
/// answer is always no.
const NOBODY: &str = "nobody's password";

/// Argon2id with the costs that OWASP recommends (19 MiB, two passes, one lane), which are the library's default, on
/// blocking threads.
pub struct Argon2Passwords {
    turns: Arc<Semaphore>,
    randomness: Arc<dyn Randomness>,
    of_nobody: PasswordHash,
}

/// The library cannot hash a password at all.
#[derive(Debug, thiserror::Error)]
#[error("passwords cannot be hashed: {0}")]
pub struct HashingFails(password_hash::Error);

impl Argon2Passwords {
    /// With salts from this source of chance. Takes as long as one password does.
    ///
    /// # Errors
    /// The library cannot hash.
    pub fn new(randomness: Arc<dyn Randomness>) -> Result<Self, HashingFails> {
        let of_nobody = hash(NOBODY, &salt(&*randomness).map_err(HashingFails)?).map_err(HashingFails)?;
        Ok(Self { turns: Arc::new(Semaphore::new(AT_ONCE)), randomness, of_nobody })
    }

    /// Does the work when it is its turn, on a thread that may block. The turn lasts as long as the work, also where
    /// nobody waits for it any more.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_elapsed| PasswordError::Busy)?.map_err(|_closed| PasswordError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        let done = done.await.map_err(|error| PasswordError::Failed(error.into()))?;
        done.map_err(|error| PasswordError::Failed(error.into()))
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
    fn is_md5(&self, password: &Password, md5: &str) -> bool {
        let digest = Md5::digest(password.0.as_bytes());
        let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        hexadecimal.as_bytes().ct_eq(md5.to_ascii_lowercase().as_bytes()).into()
    }

    async fn verify(&self, password: &Password, hash: Option<PasswordHash>) -> Result<bool, PasswordError> {
        let (is_somebody, hash) = (hash.is_some(), hash.unwrap_or_else(|| self.of_nobody.clone()));
        let password = password.clone();
        let is_right = self.in_turn(move || {
            let hash = argon2::PasswordHash::new(&hash.0)?;
            match Argon2::default().verify_password(password.0.as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::Password) => Ok(false),
                Err(error) => Err(error),
            }
        });
        Ok(is_right.await? && is_somebody)
    }

    async fn hash(&self, password: &Password) -> Result<PasswordHash, PasswordError> {
        let salt = salt(&*self.randomness).map_err(|error| PasswordError::Failed(error.into()))?;
        let password = password.clone();
        self.in_turn(move || hash(&password.0, &salt)).await
    }
}

fn salt(randomness: &dyn Randomness) -> Result<SaltString, password_hash::Error> {
    let words = [(); Salt::RECOMMENDED_LENGTH / 4].map(|()| randomness.draw().to_le_bytes());
    SaltString::encode_b64(words.as_flattened())
}

fn hash(password: &str, salt: &SaltString) -> Result<PasswordHash, password_hash::Error> {
    let hash = Argon2::default().hash_password(password.as_bytes(), salt)?;
    Ok(PasswordHash(hash.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandomness;

    fn passwords() -> Argon2Passwords {
        Argon2Passwords::new(Arc::new(SystemRandomness)).unwrap()
    }

    fn password(text: &str) -> Password {
        Password(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_by_the_md5_of_the_old_shop() {
        let passwords = passwords();
        let stored = "e10adc3949ba59abbe56e057f20f883e";
        assert!(passwords.is_md5(&password("123456"), stored));
        assert!(passwords.is_md5(&password("123456"), &stored.to_uppercase()));
        for (typed, stored) in
            [("123457", stored), ("123456", ""), ("", stored), ("123456", &stored[..31]), (stored, stored)]
        {
            assert!(!passwords.is_md5(&password(typed), stored), "{typed} {stored}");
        }
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_alone() {
        let passwords = passwords();
        let hash = passwords.hash(&password("密码 123456")).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert!(hash.0.len() <= 255, "as long as its column");
        assert!(passwords.verify(&password("密码 123456"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(&password("密码 123457"), Some(hash.clone())).await.unwrap());
        let again = passwords.hash(&password("密码 123456")).await.unwrap();
        assert_ne!(hash.0, again.0, "each has a salt of its own");
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let passwords = passwords();
        for typed in ["", "123456", NOBODY] {
            assert!(!passwords.verify(&password(typed), None).await.unwrap(), "{typed}");
        }
    }

    #[tokio::test]
    async fn what_is_no_hash_is_an_error() {
        let stored = PasswordHash("e10adc3949ba59abbe56e057f20f883e".to_owned());
        let error = passwords().verify(&password("123456"), Some(stored)).await.unwrap_err();
        assert!(matches!(error, PasswordError::Failed(_)), "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_are_measured_at_once_and_the_others_wait_a_while() {
        let passwords = passwords();
        let turns =
            passwords.turns.clone().acquire_many_owned(u32::try_from(AT_ONCE).unwrap()).await.unwrap();
        let error = passwords.verify(&password("123456"), None).await.unwrap_err();
        assert!(matches!(error, PasswordError::Busy), "{error:?}");
        drop(turns);
        assert!(!passwords.verify(&password("123456"), None).await.unwrap());
    }
}
