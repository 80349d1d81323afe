use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use domain::{MarkKey, ShopTime, StoredPassword, Username};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use ports::Clock;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{ApiError, Code, Shop};
use crate::configuration::{Secret, VerifyOnly};

/// The sender of a valid token. The use case decides whether the user is admitted.
pub(super) struct Caller(pub(super) domain::Caller);

/// Makes and verifies the shop's tokens: HS256, as the old back end signs them.
#[derive(Clone)]
pub struct TokenKey {
    signing: Pair,
    verifying: Option<Verifying>,
}

/// The keys derived from one secret.
#[derive(Clone)]
struct Pair {
    signatures: Hs256,
    marks: MarkKey,
}

/// A second secret, which only verifies.
#[derive(Clone)]
struct Verifying {
    pair: Pair,
    until: Option<ShopTime>,
}

/// Signs and verifies tokens with HMAC-SHA256 only, whatever algorithm a token names.
#[derive(Clone)]
pub(super) struct Hs256 {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

#[derive(Serialize)]
struct Claims<'a> {
    username: &'a str,
    exp: i64,
    /// A fingerprint of the stored password.
    password: &'a str,
}

/// The claims that are read from a token. The library checks `exp` and, if present, `nbf`; the old back end may write them
/// with a fraction.
#[derive(Clone, Deserialize)]
struct Bearer {
    username: String,
    /// Missing in tokens of the old back end.
    #[serde(default)]
    password: Option<String>,
}

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed")]
pub struct TokenError(#[source] jsonwebtoken::errors::Error);

impl Hs256 {
    pub(super) fn new(secret: &Secret) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_aud = false;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp"]);
        Self {
            encoding: EncodingKey::from_secret(secret.reveal().as_bytes()),
            decoding: DecodingKey::from_secret(secret.reveal().as_bytes()),
            validation,
        }
    }

    /// # Errors
    /// The library failed to sign.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, TokenError> {
        encode(&Header::new(Algorithm::HS256), claims, &self.encoding).map_err(TokenError)
    }

    /// The claims of a token, without a check of its signature.
    pub(super) fn claimed<T: DeserializeOwned>(token: &str) -> Option<T> {
        jsonwebtoken::dangerous::insecure_decode_claims(token).ok()
    }

    /// The claims of a token if it is signed with this secret, is already valid (`nbf`) and has not expired.
    pub(super) fn verify<T: DeserializeOwned + Clone>(&self, token: &str) -> Option<T> {
        decode(token, &self.decoding, &self.validation).ok().map(|token| token.claims)
    }
}

impl Pair {
    fn new(secret: &Secret) -> Self {
        Self { signatures: Hs256::new(secret), marks: MarkKey::new(secret.reveal().as_bytes()) }
    }

    fn verify(&self, token: &str) -> Option<domain::Caller> {
        let Bearer { username, password } = self.signatures.verify(token)?;
        // The mark is made with the same secret that signed the token.
        let mark = password.map(|value| self.marks.read(value));
        Some(domain::Caller { username: Username(username), mark })
    }
}

impl TokenKey {
    /// Signs and verifies with the shop's secret.
    pub fn new(secret: &Secret) -> Self {
        Self { signing: Pair::new(secret), verifying: None }
    }

    /// Also verifies tokens of this secret.
    #[must_use]
    pub fn and_verifying(self, VerifyOnly { secret, until }: &VerifyOnly) -> Self {
        Self { verifying: Some(Verifying { pair: Pair::new(secret), until: *until }), ..self }
    }

    /// A token that is valid until `expires`, in seconds since 1970, or until the stored password changes.
    ///
    /// # Errors
    /// The library failed to sign.
    pub fn issue(
        &self,
        username: &Username,
        password: &StoredPassword,
        expires: i64,
    ) -> Result<String, TokenError> {
        let Pair { signatures, marks } = &self.signing;
        let mark = marks.mark(password);
        signatures.sign(&Claims { username: &username.0, exp: expires, password: mark.as_str() })
    }

    fn verify(&self, token: &str, clock: &dyn Clock) -> Option<domain::Caller> {
        let second = || {
            let Verifying { pair, until } = self.verifying.as_ref()?;
            let has_ended = until.is_some_and(|until| clock.now() >= until);
            if has_ended { None } else { pair.verify(token) }
        };
        self.signing.verify(token).or_else(second)
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let shop = request.app_data::<web::Data<Shop>>();
        let verify = |(shop, token): (&web::Data<Shop>, _)| {
            shop.secrets.in_force().buyers.verify(token, &*shop.admin.clock)
        };
        let caller = shop.zip(token_of(request)).and_then(verify);
        ready(caller.map(Caller).ok_or_else(|| Code::NotSignedIn.failure()))
    }
}

/// The token of the request, of a buyer or of staff.
pub(super) fn token_of(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.map(bearer)
}

/// The token without the optional word `Bearer` before it.
fn bearer(value: &str) -> &str {
    match value.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) | None => value.trim(),
    }
}
