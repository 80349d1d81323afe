//! The catalogue: products and SKUs.

mod product;
mod sku;

pub use product::{AttributeValue, Choice, Product, ProductAttribute, ProductSku, SkuCard};
pub use sku::{SaleAttribute, Sku};
