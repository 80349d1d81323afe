//! The responses, as the old pages read them. New fields: `stock`, `is_launched`, `unavailable`.

use std::collections::BTreeMap;

use application::{SectionPage, ShownLine, SkuDetail};
use domain::{AddressEntries, AddressEntry, CartLine, Money, SkuCard, SkuId, UnavailableReason};
use ports::Section;
use serde::Serialize;

use crate::http::wire::reason_text;

#[derive(Serialize)]
pub(super) struct TokenAnswer<'a> {
    code: i32,
    username: &'a str,
    data: TokenData<'a>,
}

#[derive(Serialize)]
struct TokenData<'a> {
    token: &'a str,
    len: usize,
}

impl<'a> TokenAnswer<'a> {
    pub(super) fn new(username: &'a str, token: &'a str, len: usize) -> Self {
        Self { code: 200, username, data: TokenData { token, len } }
    }
}

/// The front page.
#[derive(Serialize)]
pub(super) struct IndexAnswer<'a> {
    code: i32,
    data: Vec<SectionData>,
    promises: &'a [String],
    base_url: &'a str,
}

impl<'a> IndexAnswer<'a> {
    pub(super) fn new(sections: Vec<Section>, promises: &'a [String], base_url: &'a str) -> Self {
        Self { code: 200, data: sections.into_iter().map(SectionData::from).collect(), promises, base_url }
    }
}

/// A catalog on the front page.
#[derive(Serialize)]
struct SectionData {
    catalog_id: i32,
    catalog_name: String,
    sku: Vec<CardData>,
}

/// A SKU on the front page.
#[derive(Serialize)]
struct CardData {
    skuid: i32,
    name: String,
    caption: String,
    price: String,
    image: String,
}

impl From<Section> for SectionData {
    fn from(section: Section) -> Self {
        let card = |card: SkuCard| CardData {
            skuid: card.id.0,
            name: card.name,
            caption: card.caption,
            price: card.price.to_string(),
            image: card.image,
        };
        Self {
            catalog_id: section.catalog_id.0,
            catalog_name: section.name,
            sku: section.skus.into_iter().map(card).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct CatalogAnswer<'a> {
    code: i32,
    data: Vec<CatalogSku>,
    paginator: Paginator,
    base_url: &'a str,
}

#[derive(Serialize)]
struct CatalogSku {
    skuid: i32,
    name: String,
    price: String,
    image: String,
}

/// The page size, and the number of SKUs on all pages.
#[derive(Serialize)]
struct Paginator {
    pagesize: u32,
    total: u32,
}

impl<'a> CatalogAnswer<'a> {
    pub(super) fn new(page: SectionPage, pagesize: u32, base_url: &'a str) -> Self {
        let sku = |card: SkuCard| CatalogSku {
            skuid: card.id.0,
            name: card.name,
            price: card.price.to_string(),
            image: card.image,
        };
        Self {
            code: 200,
            data: page.skus.into_iter().map(sku).collect(),
            paginator: Paginator { pagesize, total: page.total },
            base_url,
        }
    }
}

#[derive(Serialize)]
pub(super) struct DetailData {
    image: String,
    spu: i32,
    name: String,
    caption: String,
    price: String,
    catalog_id: i32,
    catalog_name: String,
    /// The SKU's own picture: the tables have no separate one.
    detail_image: String,
    sku_sale_attr_id: Vec<i32>,
    sku_sale_attr_names: Vec<String>,
    sku_sale_attr_val_id: Vec<i32>,
    sku_sale_attr_val_names: Vec<String>,
    /// By attribute.
    sku_all_sale_attr_vals_id: BTreeMap<i32, Vec<i32>>,
    sku_all_sale_attr_vals_name: BTreeMap<i32, Vec<String>>,
    /// Always empty: the tables have no specifications.
    spec: BTreeMap<String, String>,
    stock: u32,
    is_launched: bool,
}

impl From<SkuDetail> for DetailData {
    fn from(SkuDetail { sku, choices, product }: SkuDetail) -> Self {
        let card = sku.card;
        let mut data = Self {
            image: card.image.clone(),
            spu: product.id.0,
            name: card.name,
            caption: card.caption,
            price: card.price.to_string(),
            catalog_id: product.catalog_id.0,
            catalog_name: product.catalog_name,
            detail_image: card.image,
            sku_sale_attr_id: Vec::new(),
            sku_sale_attr_names: Vec::new(),
            sku_sale_attr_val_id: Vec::new(),
            sku_sale_attr_val_names: Vec::new(),
            sku_all_sale_attr_vals_id: BTreeMap::new(),
            sku_all_sale_attr_vals_name: BTreeMap::new(),
            spec: BTreeMap::new(),
            stock: sku.stock,
            is_launched: sku.is_launched,
        };
        for choice in choices {
            let id = choice.attribute.id.0;
            data.sku_sale_attr_id.push(id);
            data.sku_sale_attr_names.push(choice.attribute.name);
            data.sku_sale_attr_val_id.extend(choice.chosen.iter().map(|value| value.id.0));
            data.sku_sale_attr_val_names.extend(choice.chosen.map(|value| value.name));
            let (ids, names) = choice.values.into_iter().map(|value| (value.id.0, value.name)).unzip();
            data.sku_all_sale_attr_vals_id.insert(id, ids);
            data.sku_all_sale_attr_vals_name.insert(id, names);
        }
        data
    }
}

#[derive(Serialize)]
pub(super) struct CartLineData {
    id: i32,
    name: String,
    count: i64,
    /// 1 or 0, as stored.
    selected: u8,
    default_image_url: String,
    price: String,
    sku_sale_attr_name: Vec<String>,
    sku_sale_attr_val: Vec<String>,
    stock: u32,
    is_launched: bool,
    /// Why it can no longer be bought; null if it can.
    unavailable: Option<&'static str>,
}

/// The name of a line whose SKU no longer exists.
const GONE: &str = "失效商品";

impl CartLineData {
    fn of_gone(id: SkuId, count: i64, selected: bool) -> Self {
        Self {
            id: id.0,
            name: GONE.to_owned(),
            count,
            selected: u8::from(selected),
            default_image_url: String::new(),
            price: Money::ZERO.to_string(),
            sku_sale_attr_name: Vec::new(),
            sku_sale_attr_val: Vec::new(),
            stock: 0,
            is_launched: false,
            unavailable: Some(reason_text(UnavailableReason::Gone)),
        }
    }
}

impl From<ShownLine> for CartLineData {
    fn from((CartLine { sku_id, count, selected, .. }, sku): ShownLine) -> Self {
        let Some(sku) = sku else { return Self::of_gone(sku_id, count, selected) };
        let (sku_sale_attr_name, sku_sale_attr_val) =
            sku.attributes.into_iter().map(|attribute| (attribute.name, attribute.value)).unzip();
        Self {
            id: sku.id.0,
            name: sku.name,
            count,
            selected: u8::from(selected),
            default_image_url: sku.default_image_url,
            price: sku.price.to_string(),
            sku_sale_attr_name,
            sku_sale_attr_val,
            stock: sku.stock,
            is_launched: sku.is_launched,
            unavailable: (!sku.is_launched).then_some(reason_text(UnavailableReason::OffShelf)),
        }
    }
}

#[derive(Serialize)]
pub(super) struct AddressesAnswer {
    code: i32,
    addresslist: Vec<AddressData>,
}

#[derive(Serialize)]
struct AddressData {
    id: i32,
    address: String,
    receiver: String,
    receiver_mobile: String,
    tag: String,
    postcode: String,
    is_default: bool,
}

impl From<AddressEntries> for AddressesAnswer {
    fn from(entries: AddressEntries) -> Self {
        let data = |AddressEntry { address, postcode }: AddressEntry| AddressData {
            id: address.id.0,
            address: address.shipping.address,
            receiver: address.shipping.receiver,
            receiver_mobile: address.shipping.mobile,
            tag: address.shipping.title,
            postcode,
            is_default: address.is_default,
        };
        Self { code: 200, addresslist: entries.0.into_iter().map(data).collect() }
    }
}
