use std::{
    hash::{DefaultHasher, Hasher},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, EntityTag},
    web::Bytes,
};
use domain::{CatalogId, SkuId};
use moka::future::Cache;
use serde::Serialize;

use super::{StorefrontCode, StorefrontError};
use crate::http::{
    answer::OUTCOME_SUCCESS,
    observe::answered,
    pages::{ASK_AGAIN, is_known},
};

/// The largest age of shown goods. A purchase always reads current data.
const SHOWN_FOR: Duration = Duration::from_secs(1);
/// The largest size of the cache, in bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Caches responses that show goods for one second. Requests for the same goods in that time send no queries, and
/// concurrent ones share one query.
pub struct GoodsCache(Cache<Shown, Arc<Rendered>>);

/// The content of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shown {
    /// The front page.
    Front,
    /// A page of a catalog.
    Section(CatalogId, u32),
    /// One SKU.
    Sku(SkuId),
}

struct Rendered {
    body: Bytes,
    tag: EntityTag,
}

impl Default for GoodsCache {
    fn default() -> Self {
        let bytes =
            |_: &Shown, rendered: &Arc<Rendered>| u32::try_from(rendered.body.len()).unwrap_or(u32::MAX);
        Self(Cache::builder().time_to_live(SHOWN_FOR).weigher(bytes).max_capacity(MOST_BYTES).build())
    }
}

impl GoodsCache {
    /// The cached response, or the one that `read` makes, which is then cached. Failures are not cached.
    pub(super) async fn answer<T: Serialize>(
        &self,
        request: &HttpRequest,
        shown: Shown,
        read: impl Future<Output = Result<T, StorefrontError>>,
    ) -> Result<HttpResponse, StorefrontError> {
        let rendered = async { Rendered::new(&read.await?).map(Arc::new) };
        let rendered = self.0.try_get_with(shown, rendered).await.map_err(Arc::unwrap_or_clone)?;
        answered(OUTCOME_SUCCESS);
        Ok(rendered.answer(request))
    }
}

impl Rendered {
    fn new(answer: &impl Serialize) -> Result<Self, StorefrontError> {
        let body = serde_json::to_vec(answer).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written as JSON");
            StorefrontError::from(StorefrontCode::Unforeseen)
        })?;
        let mut hash = DefaultHasher::new();
        hash.write(&body);
        let tag = EntityTag::new_strong(format!("{:016x}", hash.finish()));
        Ok(Self { body: body.into(), tag })
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let is_known = is_known(request, &self.tag);
        let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((header::ETAG, self.tag.to_string()))
            .insert_header((header::CACHE_CONTROL, ASK_AGAIN));
        if is_known {
            return response.finish();
        }
        response.content_type(header::ContentType::json()).body(self.body.clone())
    }
}
