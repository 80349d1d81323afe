//! Passwords: the old shop's MD5, and Argon2id.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::{self, Output, ParamsString, Salt, SaltString},
};
use async_trait::async_trait;
use domain::{Password, PasswordHash};
use md5::{Digest, Md5};
use ports::{PasswordError, Passwords, Randomness};
use subtle::ConstantTimeEq;
use tokio::{sync::Semaphore, time::timeout};

/// How many passwords are hashed at once: each takes 19 MiB of memory and a whole processor.
const AT_ONCE: usize = 2;
/// How long a password waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// A password is compared with the hash of this text if there is no user, so that the answer takes the same time. The
/// answer is then always no.
const NOBODY: &str = "nobody's password";

/// Argon2id on blocking threads, with the costs that OWASP recommends (19 MiB, two passes, one lane), which are the
/// library's default.
pub struct Argon2Passwords {
    turns: Arc<Semaphore>,
    memories: Arc<Memories>,
    randomness: Arc<dyn Randomness>,
    of_nobody: PasswordHash,
}

/// The memory of computations, which is kept for the next ones: an allocator that gets 19 MiB back on one thread after
/// another does not reuse them.
#[derive(Default)]
struct Memories(Mutex<Vec<Vec<Block>>>);

impl Memories {
    /// Computes with the memory that was used last, or with new memory if all is in use.
    fn lend<T>(&self, compute: impl FnOnce(&mut Vec<Block>) -> T) -> T {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = kept.unwrap_or_default();
        let computed = compute(&mut memory);
        // A hash that was not made here may need any amount.
        if memory.len() <= Params::DEFAULT.block_count() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        }
        computed
    }
}

/// The library cannot hash a password at all.
#[derive(Debug, thiserror::Error)]
#[error("passwords cannot be hashed: {0}")]
pub struct HashingFails(password_hash::Error);

impl Argon2Passwords {
    /// Takes salts from this source of random numbers. The call takes as long as hashing one password.
    ///
    /// # Errors
    /// The library cannot hash.
    pub fn new(randomness: Arc<dyn Randomness>) -> Result<Self, HashingFails> {
        let memories = Arc::<Memories>::default();
        let salt = salt(&*randomness).map_err(HashingFails)?;
        let of_nobody = memories.lend(|memory| hash(NOBODY, &salt, memory)).map_err(HashingFails)?;
        Ok(Self { turns: Arc::new(Semaphore::new(AT_ONCE)), memories, randomness, of_nobody })
    }

    /// Does the work when its turn comes, on a thread that may block. The turn lasts as long as the work, even if the
    /// caller has stopped waiting.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_elapsed| PasswordError::Busy)?.map_err(|_closed| PasswordError::Busy)?;
        let memories = Arc::clone(&self.memories);
        let done = tokio::task::spawn_blocking(move || {
            let done = memories.lend(work);
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
        let is_right = self.in_turn(move |memory| is_of(&password.0, &hash.0, memory));
        Ok(is_right.await? && is_somebody)
    }

    async fn hash(&self, password: &Password) -> Result<PasswordHash, PasswordError> {
        let salt = salt(&*self.randomness).map_err(|error| PasswordError::Failed(error.into()))?;
        let password = password.clone();
        self.in_turn(move |memory| hash(&password.0, &salt, memory)).await
    }
}

fn salt(randomness: &dyn Randomness) -> Result<SaltString, password_hash::Error> {
    let words = [(); Salt::RECOMMENDED_LENGTH / 4].map(|()| randomness.draw().to_le_bytes());
    SaltString::encode_b64(words.as_flattened())
}

fn hash(
    password: &str,
    salt: &SaltString,
    memory: &mut Vec<Block>,
) -> Result<PasswordHash, password_hash::Error> {
    let argon2 = Argon2::default();
    let output = compute(&argon2, password, salt.as_salt(), Params::DEFAULT_OUTPUT_LEN, memory)?;
    let hash = password_hash::PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon2.params())?,
        salt: Some(salt.as_salt()),
        hash: Some(output),
    };
    Ok(PasswordHash(hash.to_string()))
}

/// Whether this is a hash of the password, with the algorithm and costs that the hash names.
fn is_of(password: &str, hash: &str, memory: &mut Vec<Block>) -> Result<bool, password_hash::Error> {
    let hash = password_hash::PasswordHash::new(hash)?;
    let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
        return Err(password_hash::Error::PhcStringField);
    };
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from)?;
    let argon2 = Argon2::new(Algorithm::try_from(hash.algorithm)?, version, Params::try_from(&hash)?);
    // The comparison is the library's, in constant time.
    Ok(compute(&argon2, password, salt, expected.len(), memory)? == expected)
}

fn compute(
    argon2: &Argon2<'_>,
    password: &str,
    salt: Salt<'_>,
    length: usize,
    memory: &mut Vec<Block>,
) -> Result<Output, password_hash::Error> {
    let mut decoded = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut decoded)?;
    let blocks = argon2.params().block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    Output::init_with(length, |output| {
        Ok(argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, memory)?)
    })
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher, PasswordVerifier};

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

    /// Hashes of the library, of other algorithms and costs, some with more memory than ours.
    #[tokio::test]
    async fn a_hash_that_was_made_elsewhere_is_known_too() {
        let passwords = passwords();
        let (salt, password) = (SaltString::encode_b64(b"0123456789abcdef").unwrap(), password("123456"));
        for (algorithm, cost) in
            [(Algorithm::Argon2id, 20_000), (Algorithm::Argon2i, 64), (Algorithm::Argon2d, 19_456)]
        {
            let argon2 = Argon2::new(algorithm, Version::V0x13, Params::new(cost, 2, 1, None).unwrap());
            let made = argon2.hash_password(password.0.as_bytes(), &salt).unwrap().to_string();
            for _ in 0..2 {
                assert!(
                    passwords.verify(&password, Some(PasswordHash(made.clone()))).await.unwrap(),
                    "{made}"
                );
            }
            let other = Password("other".to_owned());
            assert!(!passwords.verify(&other, Some(PasswordHash(made.clone()))).await.unwrap(), "{made}");
        }
    }

    #[tokio::test]
    async fn the_library_knows_a_hash_of_ours() {
        let hash = passwords().hash(&password("密码 123456")).await.unwrap();
        let hash = argon2::PasswordHash::new(&hash.0).unwrap();
        assert!(Argon2::default().verify_password("密码 123456".as_bytes(), &hash).is_ok());
        assert!(Argon2::default().verify_password("密码 123457".as_bytes(), &hash).is_err());
    }

    /// The memory that is kept is the memory that is used at once.
    #[tokio::test]
    async fn memory_is_used_again() {
        let passwords = passwords();
        for _ in 0..3 {
            passwords.verify(&password("123456"), None).await.unwrap();
        }
        let kept = |passwords: &Argon2Passwords| {
            passwords.memories.0.lock().unwrap().iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(kept(&passwords), [19_456]);
        let (first, second) = (password("1"), password("2"));
        let both = tokio::join!(passwords.verify(&first, None), passwords.verify(&second, None));
        assert!(!both.0.unwrap() && !both.1.unwrap());
        assert!(kept(&passwords).len() <= AT_ONCE, "{:?}", kept(&passwords));
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
        let passwords = passwords();
        for stored in [
            "e10adc3949ba59abbe56e057f20f883e",
            "",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
            "$scrypt$ln=14,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$argon2id$v=99$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
        ] {
            let stored = Some(PasswordHash(stored.to_owned()));
            let error = passwords.verify(&password("123456"), stored.clone()).await.unwrap_err();
            assert!(matches!(error, PasswordError::Failed(_)), "{stored:?} {error:?}");
        }
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
