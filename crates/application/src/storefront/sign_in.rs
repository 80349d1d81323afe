use std::{net::IpAddr, sync::Arc, time::Duration};

use domain::{OfflineLine, Password, PasswordHash, ShopTime, StoredPassword, Username};
use metrics::counter;
use ports::{Clock, Credential, Credentials, PasswordError, Passwords, StoreError, metric};
use tokio::time::timeout;

use crate::{
    ShoppingError, ShoppingService,
    storefront::failures::{Count, Failures},
};

/// 登录: checks a buyer's password and merges the offline cart into the buyer's cart.
pub struct SignIn {
    ports: SignInPorts,
    token_life: Duration,
    /// Strict: limits guesses at the password of one buyer from one address. It does not affect the buyer at other
    /// addresses.
    by_name_and_address: Failures<(String, Option<IpAddr>)>,
    /// Generous: guesses from many addresses lock the buyer out.
    by_name: Failures<String>,
    /// Very generous: limits attempts with one password and many names. Behind an untrusted proxy all buyers have the same
    /// address.
    by_address: Option<Failures<IpAddr>>,
}

/// The ports that sign-in needs.
pub struct SignInPorts {
    /// Reads and stores the passwords of users.
    pub credentials: Arc<dyn Credentials>,
    /// Hashes and verifies passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Merges the offline cart.
    pub shopping: Arc<ShoppingService>,
    /// Gives the time from which a token is valid.
    pub clock: Arc<dyn Clock>,
}

/// The rules for sign-in that the shop's owner configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInRules {
    /// How long a token is valid.
    pub token_life: Duration,
    /// How long a failed attempt counts.
    pub window: Duration,
    /// How many attempts for one name from one address may fail within the window.
    pub failures: u32,
    /// How many attempts for one name may fail within the window, from any address.
    pub failures_per_name: u32,
    /// How many attempts from one address may fail within the window, for any name; `None` if they are not counted.
    pub failures_per_address: Option<u32>,
}

/// A request to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRequest {
    /// The name of the user.
    pub username: Username,
    /// The password to check.
    pub password: Password,
    /// The address of the client, if known.
    pub address: Option<IpAddr>,
    /// The lines of the client's offline cart.
    pub offline_cart: Vec<OfflineLine>,
}

/// A successful sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The number of lines in the buyer's cart.
    pub cart_lines: usize,
    /// When the token expires.
    pub token_until: ShopTime,
    /// The stored password at the time of the sign-in. The token ends when the password changes.
    pub password: StoredPassword,
}

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The user does not exist, the password is wrong, or the user may not sign in. The error does not tell which.
    #[error("wrong name or password")]
    Wrong,
    /// Too many attempts for this name or from this address failed. The password was not checked.
    #[error("too many attempts failed")]
    LockedOut,
    /// The password cannot be checked, or too many checks are running.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The offline cart could not be merged; the next sign-in merges it.
    #[error(transparent)]
    Cart(#[from] ShoppingError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignIn {
    /// How many keys each limit remembers.
    const REMEMBERED: u64 = 10_000;
    /// How many characters of a name identify it in the limits. No name of a user is longer.
    const NAME_CHARS: usize = 32;
    /// How long an attempt waits for earlier attempts with the same name from the same address.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Starts without failures.
    pub fn new(ports: SignInPorts, rules: SignInRules) -> Self {
        let SignInRules { token_life, window, failures, failures_per_name, failures_per_address } = rules;
        Self {
            ports,
            token_life,
            by_name_and_address: Failures::new(failures, window, Self::REMEMBERED),
            by_name: Failures::new(failures_per_name, window, Self::REMEMBERED),
            by_address: failures_per_address.map(|most| Failures::new(most, window, Self::REMEMBERED)),
        }
    }

    /// Signs a buyer in.
    #[tracing::instrument(level = "debug", name = "sign_in", skip_all)]
    pub async fn execute(&self, request: &SignInRequest) -> Result<SignedIn, SignInError> {
        let outcome = self.sign_in(request).await;
        counter!(metric::SIGN_INS, "outcome" => word(&outcome)).increment(1);
        outcome
    }

    async fn sign_in(&self, request: &SignInRequest) -> Result<SignedIn, SignInError> {
        let credential = self.prove(request).await?;
        crate::noticed::buyer(credential.user_id);
        let cart_lines = match self.ports.shopping.merge_cart(credential.user_id, &request.offline_cart).await
        {
            // The offline cart is empty, so nothing is lost.
            Err(error @ ShoppingError::Carts(_)) if request.offline_cart.is_empty() => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a buyer signs in without their cart"
                );
                0
            }
            merged => merged?,
        };
        let token_until = self.ports.clock.now().after(self.token_life);
        Ok(SignedIn { cart_lines, token_until, password: credential.password })
    }

    /// Checks the password, unless too many attempts have failed. Only a wrong password counts as a failure, not a database
    /// error or an attempt that has not ended.
    async fn prove(&self, request: &SignInRequest) -> Result<Credential, SignInError> {
        let name: String = request.username.0.chars().take(Self::NAME_CHARS).collect();
        let address = request.address.map(network);
        let of_address =
            self.by_address.as_ref().zip(address).map(|(failures, key)| (failures, failures.of(key)));
        let is_address_locked_out =
            || of_address.as_ref().is_some_and(|(failures, count)| failures.are_too_many(count));
        // Before names are remembered: a client that is locked out must not displace the counts of other names.
        if is_address_locked_out() {
            return Err(SignInError::LockedOut);
        }
        let here = self.by_name_and_address.of((name.clone(), address));
        // In sequence: concurrent attempts must not get more guesses than the limit allows.
        let _turn =
            timeout(Self::PATIENCE, here.turn.lock()).await.map_err(|_elapsed| PasswordError::Busy)?;
        let of_name = self.by_name.of(name);
        let is_locked_out = self.by_name_and_address.are_too_many(&here)
            || self.by_name.are_too_many(&of_name)
            || is_address_locked_out();
        if is_locked_out {
            return Err(SignInError::LockedOut);
        }
        let checked = self.check(&request.username, &request.password).await;
        match &checked {
            Ok(_) => here.forgive(),
            Err(SignInError::Wrong) => {
                let of_address = of_address.as_ref().map(|(_, count)| count);
                [Some(&here), Some(&of_name), of_address]
                    .into_iter()
                    .flatten()
                    .for_each(|count| Count::add(count));
            }
            Err(
                SignInError::LockedOut
                | SignInError::Passwords(_)
                | SignInError::Cart(_)
                | SignInError::Store(_),
            ) => {}
        }
        checked
    }

    /// The user, if the password is right. Each path computes Argon2id once, so that the response time does not reveal
    /// whether the user exists.
    async fn check(&self, username: &Username, password: &Password) -> Result<Credential, SignInError> {
        let credential = self.ports.credentials.credential(username).await?.filter(|found| found.is_active);
        let is_right = match credential.as_ref().map(|found| &found.password) {
            Some(StoredPassword { hash: Some(hash), .. }) => {
                self.ports.passwords.verify(password, Some(hash.clone())).await?
            }
            Some(StoredPassword { md5, hash: None }) if self.ports.passwords.is_md5(password, md5) => true,
            Some(StoredPassword { hash: None, .. }) | None => {
                self.ports.passwords.verify(password, None).await?
            }
        };
        let mut credential = credential.filter(|_| is_right).ok_or(SignInError::Wrong)?;
        if credential.password.hash.is_none() {
            // The token is bound to the new hash and ends when it changes.
            credential.password.hash = self.strengthen(&credential, password).await?;
        }
        Ok(credential)
    }

    /// Stores a better hash of a right password; returns the hash if it is stored. Sign-in does not need it, so a database
    /// error is only logged.
    async fn strengthen(
        &self,
        credential: &Credential,
        password: &Password,
    ) -> Result<Option<PasswordHash>, SignInError> {
        let hash = self.ports.passwords.hash(password).await?;
        let user_id = credential.user_id;
        match self.ports.credentials.keep_hash(user_id, &credential.password.md5, &hash).await {
            Ok(is_kept) => Ok(is_kept.then_some(hash)),
            Err(error) => {
                tracing::warn!(%user_id, %error, "a password's hash is not kept; the MD5 still counts");
                Ok(None)
            }
        }
    }
}

/// The outcome of a sign-in as a label value in metrics.
fn word(outcome: &Result<SignedIn, SignInError>) -> &'static str {
    match outcome {
        Ok(_) => "signed_in",
        Err(SignInError::Wrong) => "wrong",
        Err(SignInError::LockedOut) => "locked_out",
        Err(SignInError::Passwords(PasswordError::Busy)) => "busy",
        Err(
            SignInError::Passwords(PasswordError::Failed(_)) | SignInError::Cart(_) | SignInError::Store(_),
        ) => "failed",
    }
}

/// An IPv6 client usually controls a whole /64 network, so all its addresses count as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}
