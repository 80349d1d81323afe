//! The operations beside the orders, whose formats are in docs/API.md, and the other paths.

use utoipa::openapi::{
    ContentBuilder, HttpMethod, ObjectBuilder, Paths, Required, ResponseBuilder, ResponsesBuilder,
    path::{OperationBuilder, ParameterBuilder, ParameterIn, PathItem},
    request_body::RequestBodyBuilder,
    schema::Type,
    security::SecurityRequirement,
};

/// An operation: method, path, what it does, and the fields of its body.
struct Around(HttpMethod, &'static str, &'static str, &'static [&'static str]);

use HttpMethod::{Delete, Get, Post, Put};

const SHOP: [Around; 14] = [
    Around(Post, "/v1/tokens", "Signs in.", &["username", "password", "cart"]),
    Around(Get, "/v1/goods/index", "The front page: kinds of goods with up to three SKUs each.", &[]),
    Around(Get, "/v1/goods/catalogs/{catalog}", "A page of nine SKUs of one kind; page says which.", &[]),
    Around(Get, "/v1/goods/detail/{sku}", "One SKU, and what others of its product there are.", &[]),
    Around(
        Post,
        "/v1/goods/sku",
        "The SKU of a product with these values; one field an attribute.",
        &["spuid"],
    ),
    Around(Get, "/v1/carts/{user}", "The cart.", &[]),
    Around(Post, "/v1/carts/{user}", "Puts pieces into the cart.", &["sku_id", "count"]),
    Around(
        Put,
        "/v1/carts/{user}",
        "Changes the cart: add, del, set, select, unselect, selectall, unselectall.",
        &["state", "sku_id", "count"],
    ),
    Around(Delete, "/v1/carts/{user}", "Takes lines out of the cart.", &["sku_id", "sku_ids"]),
    Around(Get, "/v1/users/{user}/address", "The address book.", &[]),
    Around(
        Post,
        "/v1/users/{user}/address",
        "Adds an address.",
        &["receiver", "address", "receiver_phone", "postcode", "tag"],
    ),
    Around(Post, "/v1/users/{user}/address/default", "Makes an address the default one.", &["id"]),
    Around(
        Put,
        "/v1/users/{user}/address/{id}",
        "Changes an address.",
        &["address", "receiver", "tag", "receiver_mobile", "id"],
    ),
    Around(Delete, "/v1/users/{user}/address/{id}", "Deletes an address.", &[]),
];

const SERVICE_TAG: &str = "service";
const SERVICE: [Around; 4] = [
    Around(Get, "/media/{name}", "A picture of the demo shop.", &[]),
    Around(Get, "/openapi.json", "This document.", &[]),
    Around(Get, "/docs", "Leads to the page that shows this document.", &[]),
    Around(Get, "/docs/{file}", "That page, and the files that it loads.", &[]),
];

/// Adds these operations to the paths of the document.
pub(super) fn add(paths: &mut Paths) {
    for (tag, operations) in [("around the orders", SHOP.as_slice()), (SERVICE_TAG, SERVICE.as_slice())] {
        for Around(method, path, what, fields) in operations {
            let operation = operation(tag, method, path, what, fields).build();
            match paths.paths.get_mut(*path) {
                Some(item) => item.merge_operations(PathItem::new(method.clone(), operation)),
                None => {
                    drop(paths.paths.insert((*path).to_owned(), PathItem::new(method.clone(), operation)))
                }
            }
        }
    }
}

/// The responses of an operation.
fn answers(tag: &str, method: &HttpMethod, path: &str) -> ResponsesBuilder {
    const DONE: (&str, &str) = ("200", "see docs/API.md");
    let answers: &[(&str, &str)] = match (method, path) {
        (Post, "/v1/tokens") => &[DONE, ("404", "the old back end signs in: DASHOP_SIGN_IN is false")],
        (Get, "/docs") => &[DONE, ("308", "to the page, behind a last slash")],
        (Get, path) if path.starts_with("/v1/goods/") => {
            &[DONE, ("304", "nothing has changed since the answer whose ETag If-None-Match has")]
        }
        // Files: a missing one is a 404. All others report it in their body.
        (_, path) if tag == SERVICE_TAG && path.contains('{') => {
            &[DONE, ("404", "there is no file of this name")]
        }
        _ => &[DONE],
    };
    answers.iter().fold(ResponsesBuilder::new(), |responses, (status, what)| {
        responses.response(*status, ResponseBuilder::new().description(*what))
    })
}

/// The query parameters of an operation.
fn query(method: &HttpMethod, path: &str) -> &'static [&'static str] {
    match (method, path) {
        (Get, "/v1/goods/catalogs/{catalog}") => &["launched", "page"],
        // A proxy may drop the body of a DELETE.
        (Delete, "/v1/carts/{user}") => &["sku_id", "sku_ids"],
        _ => &[],
    }
}

fn operation(tag: &str, method: &HttpMethod, path: &str, what: &str, fields: &[&str]) -> OperationBuilder {
    let mut operation =
        OperationBuilder::new().tag(tag).summary(Some(what)).responses(answers(tag, method, path));
    let of_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let of_path = of_path.map(|name| (name, ParameterIn::Path, Required::True));
    let of_query = query(method, path).iter().map(|name| (*name, ParameterIn::Query, Required::False));
    for (name, place, required) in of_path.chain(of_query) {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(place)
                .required(required)
                .schema(Some(ObjectBuilder::new().schema_type(Type::String))),
        );
    }
    if !fields.is_empty() {
        let any = || ObjectBuilder::new().schema_type(utoipa::openapi::schema::SchemaType::AnyValue);
        let body = fields.iter().fold(ObjectBuilder::new(), |body, field| body.property(*field, any()));
        let content = ContentBuilder::new().schema(Some(body)).build();
        operation = operation
            .request_body(Some(RequestBodyBuilder::new().content("application/json", content).build()));
    }
    if ["/v1/carts", "/v1/users"].iter().any(|signed_in| path.starts_with(signed_in)) {
        operation = operation.security(SecurityRequirement::new("buyer", Vec::<String>::new()));
    }
    operation
}
