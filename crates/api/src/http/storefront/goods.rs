//! `/v1/goods/…`: the goods on sale. Needs no sign-in.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use application::BrowseGoods;
use domain::{AttributeId, AttributeValueId, CatalogId, SkuId, SpuId};
use serde_json::Value;

use super::{
    StorefrontCode, StorefrontError, bounded,
    fields::Fields,
    goods_cache::Shown,
    wire::{CatalogAnswer, DetailData, IndexAnswer},
};
use crate::http::{
    Shop,
    answer::{succeeded, success},
    parameters::whole,
};

/// The field of the product's id in a choice. All other fields are attributes.
const SPU_ID: &str = "spuid";

pub(super) async fn index(
    request: HttpRequest,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, StorefrontError> {
    let read = async {
        let sections = bounded(&shop, shop.storefront.goods.front()).await?;
        Ok(IndexAnswer::new(sections, &shop.storefront.promises, &shop.base_url))
    };
    shop.storefront.cache.answer(&request, Shown::Front, read).await
}

/// The old back end treated every value of `launched` as true, so only SKUs on the shelf are shown.
pub(super) async fn catalog(
    request: HttpRequest,
    catalog: web::Path<String>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, StorefrontError> {
    let catalog_id = catalog.parse().map(CatalogId).map_err(|_| StorefrontCode::NoSuchPage)?;
    let page = page(&request).ok_or(StorefrontCode::NoSuchPage)?;
    let read = async {
        let shown = bounded(&shop, shop.storefront.goods.section(catalog_id, page)).await?;
        Ok(CatalogAnswer::new(shown, BrowseGoods::PAGE, &shop.base_url))
    };
    shop.storefront.cache.answer(&request, Shown::Section(catalog_id, page), read).await
}

/// The page in the query string; page 1 if there is none.
fn page(request: &HttpRequest) -> Option<u32> {
    let mut parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
    match parameters.find(|(name, _)| name == "page") {
        Some((_, page)) => page.parse().ok(),
        None => Some(1),
    }
}

pub(super) async fn detail(
    request: HttpRequest,
    sku: web::Path<String>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, StorefrontError> {
    let sku_id = sku.parse().map(SkuId).map_err(|_| StorefrontCode::NoSuchSku)?;
    let read = async {
        let detail = bounded(&shop, shop.storefront.goods.detail(sku_id)).await?;
        Ok(succeeded(Some(DetailData::from(detail)), Some(&shop.base_url)))
    };
    shop.storefront.cache.answer(&request, Shown::Sku(sku_id), read).await
}

pub(super) async fn choose(
    shop: web::Data<Shop>,
    body: web::Payload,
) -> Result<HttpResponse, StorefrontError> {
    let fields = Fields::of_body(&shop, body).await.ok_or(StorefrontCode::NoSuchCombination)?;
    let (spu_id, chosen) = choice(&fields).ok_or(StorefrontCode::NoSuchCombination)?;
    let sku_id = bounded(&shop, shop.storefront.goods.choose(spu_id, &chosen)).await?;
    Ok(success(Some(sku_id.0), None))
}

/// The product, and the chosen value of each attribute.
fn choice(fields: &Fields) -> Option<(SpuId, BTreeMap<AttributeId, AttributeValueId>)> {
    let spu_id = SpuId(i32::try_from(fields.integer(SPU_ID)?).ok()?);
    let value = |(name, value): (&str, &Value)| {
        let value_id = i32::try_from(whole(value)?).ok()?;
        Some((AttributeId(name.parse().ok()?), AttributeValueId(value_id)))
    };
    let chosen = fields.all().filter(|(name, _)| *name != SPU_ID).map(value).collect::<Option<_>>()?;
    Some((spu_id, chosen))
}
