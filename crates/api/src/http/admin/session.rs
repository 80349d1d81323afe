//! Opens a staff session with the one-time code of the link that the program prints.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ShopTime;
use ports::Randomness;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AdminApiError, AdminCode, error::internal, parameters::body};
use crate::http::{
    Shop,
    middleware::in_time,
    security::{SecurityEvent, Suspect},
};

/// How long a code is valid.
const CODE_LIFE: Duration = Duration::from_secs(3600);
/// How long a session lasts: a long working day.
const SESSION_LIFE: Duration = Duration::from_secs(12 * 3600);

/// The one-time code of a link to the staff pages. It replaces the token in the link, which browsers would keep in their
/// history.
///
/// There is at most one code, in this process only: the link is for people who see the terminal.
#[derive(Default)]
pub struct LoginCode(Mutex<Option<Waiting>>);

struct Waiting {
    code: String,
    staff: String,
    until: ShopTime,
}

impl LoginCode {
    /// Creates a code of 256 bits for this member of staff. The randomness must be cryptographically secure.
    pub fn issue(&self, staff: &str, randomness: &dyn Randomness, now: ShopTime) -> String {
        let code: String = (0..8).map(|_| format!("{:08x}", randomness.draw())).collect();
        let waiting = Waiting { code: code.clone(), staff: staff.to_owned(), until: now.after(CODE_LIFE) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(waiting);
        code
    }

    /// The member of staff whom the code admits, once and before it expires.
    fn redeem(&self, code: &str, now: ShopTime) -> Option<String> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let redeemed = waiting.take_if(|waiting| waiting.code == code)?;
        (now <= redeemed.until).then_some(redeemed.staff)
    }
}

/// Exchanges a code for a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionRequest {
    /// From the link; it works once.
    code: String,
}

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffSession)]
pub(super) struct SessionData {
    /// For the header `authorization`.
    token: String,
    username: String,
    expires_at: String,
}

/// Exchanges the one-time code of a link for a token of twelve hours.
#[utoipa::path(
    post,
    path = "/v1/admin/session",
    tag = "shop side",
    request_body = SessionRequest,
    responses((status = 200, body = SessionData), super::error::Refusals)
)]
pub(super) async fn open(
    request: HttpRequest,
    shop: web::Data<Shop>,
    payload: web::Payload,
) -> Result<HttpResponse, AdminApiError> {
    let asked = in_time(&shop, body::<SessionRequest>(payload, shop.body_limit)).await;
    let asked = asked.ok_or_else(|| AdminCode::Busy.failure())??;
    let now = shop.admin.clock.now();
    let refused = || {
        let suspect = Suspect { address: shop.address_of(&request), ..Suspect::default() };
        shop.security.log(SecurityEvent::StaffCodeRefused, suspect);
        AdminApiError::new(AdminCode::Unauthenticated, "登录链接已使用或已过期,请使用员工令牌登录")
    };
    let secrets = shop.secrets.in_force();
    let staff = secrets.staff.as_ref().ok_or_else(refused)?;
    let username = shop.admin.login_code.redeem(&asked.code, now).ok_or_else(refused)?;
    let until = now.after(SESSION_LIFE);
    let token = staff.issue(&username, until.unix_seconds()).map_err(|error| internal(&error))?;
    tracing::info!(username, %until, "a staff session is open");
    let session = SessionData { token, username, expires_at: until.to_string() };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(session))
}
