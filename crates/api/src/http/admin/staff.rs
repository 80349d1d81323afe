use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use domain::Cause;
use serde::{Deserialize, Serialize};

use super::{AdminApiError, AdminCode};
use crate::{
    configuration::Secret,
    http::{
        Shop, TokenError,
        caller::{Hs256, token_of},
        middleware::request_id_of,
        security::{SecurityEvent, Suspect},
    },
};

/// The role in staff tokens.
const ROLE: &str = "staff";
/// The longest name that a timeline can store.
const MAX_NAME: usize = 64;

/// A member of staff with a valid token.
pub(super) struct Staff {
    name: String,
    request_id: Option<String>,
}

/// Makes and verifies staff tokens: HS256, with a different secret from the buyers' tokens.
#[derive(Clone)]
pub struct StaffKey {
    signing: Hs256,
    verifying: Option<Hs256>,
}

#[derive(Serialize)]
struct Claims<'a> {
    role: &'a str,
    username: &'a str,
    exp: i64,
}

/// The claims that are read from a token. The library checks `exp` and, if present, `nbf`.
#[derive(Clone, Deserialize)]
struct Bearer {
    role: String,
    username: String,
}

/// The name in a token that is not verified.
#[derive(Deserialize)]
struct Claimed {
    username: String,
}

impl StaffKey {
    /// Signs and verifies with the staff secret.
    pub fn new(secret: &Secret) -> Self {
        Self { signing: Hs256::new(secret), verifying: None }
    }

    /// Also verifies tokens of this secret.
    #[must_use]
    pub fn and_verifying(self, secret: &Secret) -> Self {
        Self { verifying: Some(Hs256::new(secret)), ..self }
    }

    /// A token for this name, valid until `expires`, in seconds since 1970.
    ///
    /// # Errors
    /// The library failed to sign.
    pub fn issue(&self, name: &str, expires: i64) -> Result<String, TokenError> {
        self.signing.sign(&Claims { role: ROLE, username: name, exp: expires })
    }

    /// Whether a timeline can show this name of a member of staff.
    pub fn is_name(name: &str) -> bool {
        let is_visible = !name.trim().is_empty() && !name.chars().any(char::is_control);
        is_visible && name.chars().count() <= MAX_NAME
    }

    fn verify(&self, token: &str) -> Option<String> {
        let second = || self.verifying.as_ref()?.verify(token);
        let claims: Bearer = self.signing.verify(token).or_else(second)?;
        (claims.role == ROLE && Self::is_name(&claims.username)).then_some(claims.username)
    }
}

impl Staff {
    /// The name in the token.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The cause in timelines for changes by this request.
    pub(super) fn cause(&self) -> Cause {
        Cause::shop(self.name.clone(), self.request_id.clone())
    }
}

impl FromRequest for Staff {
    type Error = AdminApiError;
    type Future = Ready<Result<Self, AdminApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let staff = request
            .app_data::<web::Data<Shop>>()
            .zip(token_of(request))
            .and_then(|(shop, token)| let_in(request, shop, token));
        ready(staff.ok_or_else(|| AdminCode::Unauthenticated.failure()))
    }
}

/// Verifies a staff token. An invalid token is logged with the name that it claims.
fn let_in(request: &HttpRequest, shop: &Shop, token: &str) -> Option<Staff> {
    match shop.secrets.in_force().staff.as_ref().and_then(|key| key.verify(token)) {
        Some(name) => Some(Staff { name, request_id: request_id_of(request) }),
        None => {
            let claimed: Option<Claimed> = Hs256::claimed(token);
            let name = claimed.as_ref().map(|claimed| claimed.username.as_str());
            let suspect = Suspect { address: shop.address_of(request), name, reason: None };
            shop.security.log(SecurityEvent::StaffTokenRefused, suspect);
            None
        }
    }
}
