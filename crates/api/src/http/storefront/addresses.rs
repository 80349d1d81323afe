//! `/v1/users/U/address…`: the signed-in user's address book.

use actix_web::{HttpResponse, web};
use domain::{AddressEdit, AddressField, AddressId, InvalidField, Postcode, ShippingAddress};

use super::{StorefrontCode, StorefrontError, bounded, fields::Fields, owner, wire::AddressesAnswer};
use crate::http::{Shop, answer::json, caller::Caller};

/// The field of the mobile number in requests that add an address, and in requests that change one.
const MOBILE_OF_NEW: &str = "receiver_phone";
const MOBILE_OF_OLD: &str = "receiver_mobile";

pub(super) async fn get(
    caller: Caller,
    user: web::Path<String>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, StorefrontError> {
    let caller = owner(caller, &user)?;
    let entries = bounded(&shop, shop.shopping.show_addresses(&caller)).await?;
    Ok(json(&AddressesAnswer::from(entries)))
}

pub(super) async fn post(
    caller: Caller,
    user: web::Path<String>,
    shop: web::Data<Shop>,
    body: web::Payload,
) -> Result<HttpResponse, StorefrontError> {
    let fields = Fields::of_body(&shop, body).await;
    let add = || {
        let fields = readable(fields)?;
        let (shipping, postcode) = (shipping(&fields, MOBILE_OF_NEW)?, text(&fields, "postcode")?);
        let postcode = Postcode::parse(&postcode).map_err(|error| invalid(error, MOBILE_OF_NEW))?;
        Ok(AddressEdit::Add(shipping, postcode))
    };
    edit(caller, &user, &shop, add).await
}

pub(super) async fn put(
    caller: Caller,
    path: web::Path<(String, String)>,
    shop: web::Data<Shop>,
    body: web::Payload,
) -> Result<HttpResponse, StorefrontError> {
    let fields = Fields::of_body(&shop, body).await;
    let (user, id) = path.into_inner();
    let rewrite = || {
        let fields = readable(fields)?;
        let id = address_id(id.parse().ok())?;
        // The old page sends the id in the path and in the body.
        if fields.value("id").is_some() && fields.integer("id") != Some(id.0.into()) {
            return Err(invalid_id());
        }
        Ok(AddressEdit::Rewrite(id, shipping(&fields, MOBILE_OF_OLD)?))
    };
    edit(caller, &user, &shop, rewrite).await
}

pub(super) async fn delete(
    caller: Caller,
    path: web::Path<(String, String)>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, StorefrontError> {
    let (user, id) = path.into_inner();
    edit(caller, &user, &shop, || Ok(AddressEdit::Delete(address_id(id.parse().ok())?))).await
}

pub(super) async fn prefer(
    caller: Caller,
    user: web::Path<String>,
    shop: web::Data<Shop>,
    body: web::Payload,
) -> Result<HttpResponse, StorefrontError> {
    let fields = Fields::of_body(&shop, body).await;
    let prefer = || {
        let fields = readable(fields)?;
        if fields.value("id").is_none() {
            return Err(missing("id"));
        }
        Ok(AddressEdit::Prefer(address_id(fields.integer("id"))?))
    };
    edit(caller, &user, &shop, prefer).await
}

/// Makes the change that the request asks for. The request is parsed only if the path names the caller's own address book.
async fn edit(
    caller: Caller,
    user: &str,
    shop: &Shop,
    read: impl FnOnce() -> Result<AddressEdit, StorefrontError>,
) -> Result<HttpResponse, StorefrontError> {
    let caller = owner(caller, user)?;
    let edit = read()?;
    let entries = bounded(shop, shop.shopping.edit_addresses(&caller, &edit)).await?;
    Ok(json(&AddressesAnswer::from(entries)))
}

fn readable(fields: Option<Fields>) -> Result<Fields, StorefrontError> {
    fields.ok_or_else(|| StorefrontCode::FieldMissing.into())
}

fn shipping(fields: &Fields, mobile: &str) -> Result<ShippingAddress, StorefrontError> {
    let (receiver, address) = (text(fields, "receiver")?, text(fields, "address")?);
    let (number, tag) = (text(fields, mobile)?, text(fields, "tag")?);
    ShippingAddress::checked(&tag, &receiver, &number, &address).map_err(|error| invalid(error, mobile))
}

/// A required text.
fn text(fields: &Fields, name: &str) -> Result<String, StorefrontError> {
    fields.text(name).ok_or_else(|| missing(name))
}

/// An address id. A number outside the range of ids means an address that does not exist.
fn address_id(id: Option<i64>) -> Result<AddressId, StorefrontError> {
    id.and_then(|id| i32::try_from(id).ok()).map(AddressId).ok_or_else(invalid_id)
}

fn missing(name: &str) -> StorefrontError {
    StorefrontError::new(StorefrontCode::FieldMissing, format!("缺少参数: {name}"))
}

fn invalid_id() -> StorefrontError {
    StorefrontError::new(StorefrontCode::FieldInvalid, "收货地址无效: id")
}

fn invalid(InvalidField(field): InvalidField, mobile: &str) -> StorefrontError {
    let name = match field {
        AddressField::Mobile => mobile.to_owned(),
        AddressField::Receiver | AddressField::Address | AddressField::Postcode | AddressField::Tag => {
            field.to_string()
        }
    };
    StorefrontError::new(StorefrontCode::FieldInvalid, format!("参数无效: {name}"))
}
