use std::{net::IpAddr, sync::Arc, time::Duration};

use domain::{OfflineLine, Password, PasswordHash, ShopTime, StoredPassword, Username};
use metrics::counter;
use ports::{Clock, Credential, Credentials, PasswordError, Passwords, StoreError, metric};
use tokio::time::timeout;

use crate::{
    EditCartError, ShoppingService,
    storefront::failures::{Count, Failures},
};

/// 登录: a buyer proves who they are, and what they put aside before is merged into their cart.
pub struct SignIn {
    ports: SignInPorts,
    token_life: Duration,
    /// Strict: guesses at the password of one buyer from one place. The buyer, elsewhere, is not concerned.
    by_name_and_address: Failures<(String, Option<IpAddr>)>,
    /// Generous: guesses from many places lock the buyer out.
    by_name: Failures<String>,
    /// Very generous: one password tried for many names. Behind a proxy that is not believed all buyers have one address.
    by_address: Option<Failures<IpAddr>>,
}

/// What a sign-in rests on.
pub struct SignInPorts {
    /// What the shop knows of passwords.
    pub credentials: Arc<dyn Credentials>,
    /// The arithmetic of passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Where an offline cart goes.
    pub shopping: Arc<ShoppingService>,
    /// When attempts are made, and tokens end.
    pub clock: Arc<dyn Clock>,
}

/// What the shop's owner sets about signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInRules {
    /// How long a token is valid.
    pub token_life: Duration,
    /// How long a failed attempt counts.
    pub window: Duration,
    /// So many attempts for one name from one address may fail within the window.
    pub failures: u32,
    /// So many attempts for one name may fail within it, wherever they come from.
    pub failures_per_name: u32,
    /// So many attempts from one address may fail within it, whoever is named; `None` if that is not counted.
    pub failures_per_address: Option<u32>,
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
    /// Too many attempts for this name or from this address failed; nothing was tried.
    #[error("too many attempts failed")]
    LockedOut,
    /// The password cannot be checked, or too many are being checked.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The offline cart could not be merged; the next sign-in merges it.
    #[error(transparent)]
    Cart(#[from] EditCartError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignIn {
    /// Failures are remembered of so many names, and of so many addresses.
    const REMEMBERED: u64 = 10_000;
    /// What is kept of a name to count its failures: no name of a user is longer.
    const NAME_CHARS: usize = 32;
    /// How long one waits for those before who try the same name from the same address.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// With nobody having failed so far.
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

    /// Signs somebody in.
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
            // There is nothing to merge, and nothing is lost.
            Err(error @ EditCartError::Carts(_)) if request.offline_cart.is_empty() => {
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

    /// The user, if failed attempts leave room for this one and it succeeds. Only a wrong password is a failure: not a
    /// database that does not answer, and not an attempt that has not ended.
    async fn prove(&self, request: &SignInRequest) -> Result<Credential, SignInError> {
        let name: String = request.username.0.chars().take(Self::NAME_CHARS).collect();
        let address = request.address.map(network);
        let of_address =
            self.by_address.as_ref().zip(address).map(|(failures, key)| (failures, failures.of(key)));
        let is_address_locked_out =
            || of_address.as_ref().is_some_and(|(failures, count)| failures.are_too_many(count));
        // Before names are remembered: who has no try left must not have what is known of other names forgotten.
        if is_address_locked_out() {
            return Err(SignInError::LockedOut);
        }
        let here = self.by_name_and_address.of((name.clone(), address));
        // One after the other: many at the same moment are not more guesses than the limit allows.
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

    /// The user, if the password is theirs. Each way through this takes one Argon2id computation, so that the time does
    /// not tell whether there is such a user.
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
            // The token is marked with it, and ends with it.
            credential.password.hash = self.strengthen(&credential, password).await?;
        }
        Ok(credential)
    }

    /// Keeps a better hash of a password that was right; the hash, if it is kept. Signing in does not need it: a failure is a
    /// warning.
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

/// What became of a sign-in, as metrics name it.
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

/// Who has one IPv6 address of a network has all that begin like it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}
