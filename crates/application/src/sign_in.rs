use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{AttemptPolicy, Attempts, OfflineLine, Password, ShopTime, StoredPassword, Username};
use ports::{Clock, Credential, Credentials, PasswordError, Passwords, StoreError};

use crate::{EditCart, EditCartError};

/// 登录: a buyer proves who they are, and what they put aside before is merged into their cart.
pub struct SignIn {
    credentials: Arc<dyn Credentials>,
    passwords: Arc<dyn Passwords>,
    cart: Arc<EditCart>,
    clock: Arc<dyn Clock>,
    token_life: Duration,
    by_name: Mutex<Attempts<String>>,
    by_address: Mutex<Attempts<IpAddr>>,
}

/// What a sign-in rests on.
pub struct SignInPorts {
    /// What the shop knows of passwords.
    pub credentials: Arc<dyn Credentials>,
    /// The arithmetic of passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Where an offline cart goes.
    pub cart: Arc<EditCart>,
    /// When attempts are made, and tokens end.
    pub clock: Arc<dyn Clock>,
}

/// What the shop's owner sets about signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInRules {
    /// How long a token is valid.
    pub token_life: Duration,
    /// So many attempts for one name may fail within [`SignIn::WINDOW`].
    pub failures_per_name: u32,
    /// So many attempts from one address may fail within [`SignIn::WINDOW`].
    pub failures_per_address: u32,
}

/// Somebody who wants to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRequest {
    /// Who they say they are.
    pub username: Username,
    /// What is to prove it.
    pub password: Password,
    /// Where they are, where that is known.
    pub address: Option<IpAddr>,
    /// What they put aside before.
    pub offline_cart: Vec<OfflineLine>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// How many lines their cart has.
    pub cart_lines: usize,
    /// Until when their token is to be valid.
    pub token_until: ShopTime,
    /// The password that they signed in with, as it was stored then: their token ends when another is.
    pub password: StoredPassword,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// There is no such user, the password is another, or the user may not sign in; the caller is not told which.
    #[error("wrong name or password")]
    Wrong,
    /// Too many attempts for this name or from this address failed, or too many are being checked.
    #[error("too many attempts")]
    TooMany,
    /// The password cannot be checked.
    #[error(transparent)]
    Passwords(PasswordError),
    /// The offline cart could not be merged; whoever signs in again has it merged then.
    #[error(transparent)]
    Cart(#[from] EditCartError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignIn {
    /// How long a failed attempt counts.
    pub const WINDOW: Duration = Duration::from_secs(15 * 60);
    /// Failures are remembered of so many names, and of so many addresses.
    const REMEMBERED: usize = 10_000;
    /// What is kept of a name to count its failures: no name of a user is longer.
    const NAME_CHARS: usize = 32;

    /// With nobody having failed so far.
    pub fn new(ports: SignInPorts, rules: SignInRules) -> Self {
        let SignInPorts { credentials, passwords, cart, clock } = ports;
        let policy = |most| AttemptPolicy { most, window: Self::WINDOW, keys: Self::REMEMBERED };
        Self {
            credentials,
            passwords,
            cart,
            clock,
            token_life: rules.token_life,
            by_name: Mutex::new(Attempts::new(policy(rules.failures_per_name))),
            by_address: Mutex::new(Attempts::new(policy(rules.failures_per_address))),
        }
    }

    /// Signs somebody in.
    pub async fn execute(&self, request: &SignInRequest) -> Result<SignedIn, SignInError> {
        let name: String = request.username.0.chars().take(Self::NAME_CHARS).collect();
        let address = request.address.map(network);
        if !self.may_try(&name, address) {
            return Err(SignInError::TooMany);
        }
        let checked = self.check(&request.username, &request.password).await;
        // Only a wrong password is a failed attempt: not that of a database that does not answer.
        match &checked {
            Err(SignInError::Wrong) => {}
            Ok(_)
            | Err(
                SignInError::TooMany
                | SignInError::Passwords(_)
                | SignInError::Cart(_)
                | SignInError::Store(_),
            ) => self.was_no_failure(&name, address),
        }
        let credential = checked?;
        let cart_lines = self.cart.merge(credential.user_id, &request.offline_cart).await?;
        let token_until = self.clock.now().after(self.token_life);
        Ok(SignedIn { cart_lines, token_until, password: credential.password })
    }

    /// The user, if the password is theirs. Each way through this takes one Argon2id computation, so that the time does
    /// not tell whether there is such a user.
    async fn check(&self, username: &Username, password: &Password) -> Result<Credential, SignInError> {
        let credential = self.credentials.credential(username).await?.filter(|found| found.is_active);
        let is_right = match credential.as_ref().map(|found| &found.password) {
            Some(StoredPassword { hash: Some(hash), .. }) => {
                self.verify(password, Some(hash.clone())).await?
            }
            Some(StoredPassword { md5, hash: None }) if self.passwords.is_md5(password, md5) => true,
            Some(StoredPassword { hash: None, .. }) | None => self.verify(password, None).await?,
        };
        let credential = credential.filter(|_| is_right).ok_or(SignInError::Wrong)?;
        if credential.password.hash.is_none() {
            self.strengthen(&credential, password).await?;
        }
        Ok(credential)
    }

    async fn verify(
        &self,
        password: &Password,
        hash: Option<domain::PasswordHash>,
    ) -> Result<bool, SignInError> {
        Ok(self.passwords.verify(password, hash).await?)
    }

    /// Keeps a better hash of a password that was right. Whoever signs in needs none: a failure is a warning.
    async fn strengthen(&self, credential: &Credential, password: &Password) -> Result<(), SignInError> {
        let hash = self.passwords.hash(password).await?;
        let user_id = credential.user_id;
        if let Err(error) = self.credentials.keep_hash(user_id, &credential.password.md5, &hash).await {
            tracing::warn!(%user_id, %error, "a password's hash is not kept; the MD5 still counts");
        }
        Ok(())
    }

    fn may_try(&self, name: &str, address: Option<IpAddr>) -> bool {
        let now = self.clock.now();
        if address.is_some_and(|address| !locked(&self.by_address).begin(&address, now)) {
            return false;
        }
        let may_try = locked(&self.by_name).begin(&name.to_owned(), now);
        if !may_try {
            // Nothing was tried: it does not count against others behind the same address.
            if let Some(address) = address {
                locked(&self.by_address).succeeded(&address);
            }
        }
        may_try
    }

    fn was_no_failure(&self, name: &str, address: Option<IpAddr>) {
        locked(&self.by_name).succeeded(&name.to_owned());
        if let Some(address) = address {
            locked(&self.by_address).succeeded(&address);
        }
    }
}

impl From<PasswordError> for SignInError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::TooMany,
            PasswordError::Failed(_) => Self::Passwords(error),
        }
    }
}

/// Whoever has one address of a network of the sixth version has all that begin like it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

/// The counts are whole whatever became of a thread that held them.
fn locked<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}
