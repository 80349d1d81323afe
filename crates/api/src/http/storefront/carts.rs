//! `/v1/carts/U`: the signed-in user's cart.

use actix_web::{HttpRequest, HttpResponse, web};
use application::ShownLine;
use domain::{Cart, CartEdit, SkuId};

use super::{StorefrontCode, StorefrontError, bounded, fields::Fields, owner, wire::CartLineData};
use crate::http::{Shop, answer::success, caller::Caller};

pub(super) async fn get(
    caller: Caller,
    user: web::Path<String>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, StorefrontError> {
    let caller = owner(caller, &user)?;
    Ok(cart(bounded(&shop, shop.shopping.show_cart(&caller)).await?, &shop))
}

pub(super) async fn post(
    caller: Caller,
    user: web::Path<String>,
    shop: web::Data<Shop>,
    body: web::Payload,
) -> Result<HttpResponse, StorefrontError> {
    let caller = owner(caller, &user)?;
    let fields = Fields::of_body(&shop, body).await.ok_or(StorefrontCode::BadParameter)?;
    let count = fields.integer("count").ok_or(StorefrontCode::BadParameter)?;
    let edit = CartEdit::Add { sku_id: sku_id(&fields)?, count };
    Ok(cart(bounded(&shop, shop.shopping.edit_cart(&caller, edit)).await?, &shop))
}

pub(super) async fn put(
    caller: Caller,
    user: web::Path<String>,
    shop: web::Data<Shop>,
    body: web::Payload,
) -> Result<HttpResponse, StorefrontError> {
    let caller = owner(caller, &user)?;
    let fields = Fields::of_body(&shop, body).await.ok_or(StorefrontCode::BadParameter)?;
    let edit = match fields.text("state").as_deref() {
        Some("add") => CartEdit::Increment(sku_id(&fields)?),
        Some("del") => CartEdit::Decrement(sku_id(&fields)?),
        Some("set") => {
            let count = fields.integer("count").ok_or(StorefrontCode::BadParameter)?;
            CartEdit::Set { sku_id: sku_id(&fields)?, count }
        }
        Some("select") => CartEdit::Select(sku_id(&fields)?),
        Some("unselect") => CartEdit::Unselect(sku_id(&fields)?),
        Some("selectall") => CartEdit::SelectAll,
        Some("unselectall") => CartEdit::UnselectAll,
        Some(_) | None => return Err(StorefrontCode::BadParameter.into()),
    };
    Ok(cart(bounded(&shop, shop.shopping.edit_cart(&caller, edit)).await?, &shop))
}

pub(super) async fn delete(
    request: HttpRequest,
    caller: Caller,
    user: web::Path<String>,
    shop: web::Data<Shop>,
    body: web::Payload,
) -> Result<HttpResponse, StorefrontError> {
    let caller = owner(caller, &user)?;
    let fields = Fields::of_body_or_query(&shop, &request, body).await.ok_or(StorefrontCode::BadParameter)?;
    let sku_ids = if fields.value("sku_ids").is_some() { sku_ids(&fields)? } else { vec![sku_id(&fields)?] };
    Ok(cart(bounded(&shop, shop.shopping.discard_from_cart(&caller, &sku_ids)).await?, &shop))
}

/// The SKU of the request. A number outside the range of ids means a SKU that does not exist.
fn sku_id(fields: &Fields) -> Result<SkuId, StorefrontError> {
    let id = fields.integer("sku_id").ok_or(StorefrontCode::BadParameter)?;
    id_of(id)
}

/// The SKUs of the request, at most as many as a cart has lines.
fn sku_ids(fields: &Fields) -> Result<Vec<SkuId>, StorefrontError> {
    let ids = fields.integers("sku_ids").filter(|ids| (1..=Cart::MOST_LINES).contains(&ids.len()));
    ids.ok_or(StorefrontCode::BadParameter)?.into_iter().map(id_of).collect()
}

fn id_of(id: i64) -> Result<SkuId, StorefrontError> {
    Ok(SkuId(i32::try_from(id).map_err(|_| StorefrontCode::UnknownSku)?))
}

fn cart(lines: Vec<ShownLine>, shop: &Shop) -> HttpResponse {
    let data: Vec<CartLineData> = lines.into_iter().map(CartLineData::from).collect();
    success(Some(data), Some(&shop.base_url))
}
