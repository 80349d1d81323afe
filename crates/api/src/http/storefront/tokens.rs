//! `POST /v1/tokens`: sign-in.

use actix_web::{HttpRequest, HttpResponse, web};
use application::{SignInError, SignInRequest};
use domain::{Cart, OfflineLine, Password, SkuId, Username};
use serde_json::Value;

use super::{StorefrontCode, StorefrontError, bounded, fields::Fields, wire::TokenAnswer};
use crate::http::{
    Shop,
    answer::json,
    codes::log_failure,
    no_such_page,
    parameters::whole,
    security::{SecurityEvent, Suspect},
};

pub(super) async fn post(
    request: HttpRequest,
    shop: web::Data<Shop>,
    body: web::Payload,
) -> Result<HttpResponse, StorefrontError> {
    let Some(sign_in) = &shop.storefront.sign_in else { return Ok(no_such_page(&request)) };
    let fields = Fields::of_body(&shop, body).await.ok_or(StorefrontCode::NoUsername)?;
    let username = Username(fields.text("username").ok_or(StorefrontCode::NoUsername)?);
    let attempt = SignInRequest {
        username: username.clone(),
        password: Password(fields.text("password").ok_or(StorefrontCode::NoPassword)?),
        address: shop.address_of(&request),
        offline_cart: offline_cart(fields.value("cart")),
    };
    let work = async {
        let outcome = sign_in.execute(&attempt).await;
        if let Err(error) = &outcome {
            tell(&shop, &attempt, error);
        }
        outcome
    };
    let signed_in = bounded(&shop, work).await?;
    let expires = signed_in.token_until.unix_seconds();
    let issued = shop.secrets.in_force().buyers.issue(&username, &signed_in.password, expires);
    let token = issued.map_err(|error| {
        log_failure(&error, "a token was not signed");
        StorefrontError::from(StorefrontCode::Unforeseen)
    })?;
    Ok(json(&TokenAnswer::new(&username.0, &token, signed_in.cart_lines)))
}

fn tell(shop: &Shop, attempt: &SignInRequest, error: &SignInError) {
    let event = match error {
        SignInError::Wrong => SecurityEvent::SignInFailed,
        SignInError::LockedOut => SecurityEvent::SignInLockedOut,
        SignInError::Passwords(_) | SignInError::Cart(_) | SignInError::Store(_) => {
            return;
        }
    };
    let name = Some(attempt.username.0.as_str());
    shop.security.log(event, Suspect { address: attempt.address, name, reason: None });
}

/// The lines of a page's offline cart, as a list or as a JSON text of one. A line that cannot be read is skipped: it must
/// not prevent the sign-in.
fn offline_cart(value: Option<&Value>) -> Vec<OfflineLine> {
    let read: Option<Value> = match value {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
            None
        }
    };
    let lines = read.as_ref().or(value).and_then(Value::as_array);
    let line = |line: &Value| {
        let sku_id = SkuId(i32::try_from(whole(line.get("id")?)?).ok()?);
        Some(OfflineLine { sku_id, count: whole(line.get("count")?)? })
    };
    lines.into_iter().flatten().filter_map(line).take(Cart::MOST_LINES).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Vec<(i32, i64)> {
        offline_cart(Some(value)).into_iter().map(|line| (line.sku_id.0, line.count)).collect()
    }

    #[test]
    fn every_form_of_an_offline_cart_is_read() {
        let lines = json!([{"id": 4, "count": "2", "name": "红袖添香"}, {"id": "5", "count": 1}]);
        assert_eq!(read(&lines), [(4, 2), (5, 1)]);
        assert_eq!(read(&json!(lines.to_string())), [(4, 2), (5, 1)]);
        for none in [json!(null), json!(""), json!("null"), json!({}), json!(3), json!([])] {
            assert_eq!(read(&none), [], "{none}");
        }
        assert_eq!(offline_cart(None), []);
    }

    #[test]
    fn what_cannot_be_read_hides_nothing_else() {
        let lines = json!([{"id": 99999999999_i64, "count": 1}, {"count": 1}, 7, {"id": 4, "count": "x"}, {"id": 5, "count": 1}]);
        assert_eq!(read(&lines), [(5, 1)]);
    }

    #[test]
    fn it_is_bounded() {
        let lines: Vec<Value> = (1..1_000).map(|id| json!({"id": id, "count": 1})).collect();
        assert_eq!(read(&json!(lines)).len(), Cart::MOST_LINES);
    }
}
