use std::{borrow::Cow, collections::BTreeMap};

use actix_web::{
    http::header::{ContentEncoding, EntityTag},
    web::Bytes,
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// The output of `npm run build` in `web/`, with compressed forms; empty if the pages were not built.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
#[exclude = ".*"]
struct Built;

/// The page that says that the program contains no pages.
const NOTICE: &str = include_str!("notice.html");
/// Files in this folder have the hash of their content in their name.
const HASHED: &str = "assets/";
/// The file name endings of compressed forms, the smallest form first.
const COMPRESSED: [(&str, ContentEncoding); 2] =
    [(".br", ContentEncoding::Brotli), (".gz", ContentEncoding::Gzip)];

/// The shop's pages, ready to be sent.
pub struct Pages {
    pages: BTreeMap<String, Page>,
    notice: Page,
    policy: String,
    has_frames: bool,
}

/// A page, or a file that pages load.
pub(super) struct Page {
    pub(super) media_type: &'static str,
    /// Whether its name contains the hash of its content.
    pub(super) is_hashed: bool,
    pub(super) plain: Form,
    /// The smallest first.
    pub(super) compressed: Vec<Form>,
}

/// A file as it was built.
struct File {
    /// The hash of its content.
    hash: String,
    body: Bytes,
}

/// One of the forms of a page: plain or compressed.
pub(super) struct Form {
    pub(super) encoding: Option<ContentEncoding>,
    pub(super) tag: EntityTag,
    pub(super) body: Bytes,
}

impl Pages {
    /// The pages that this program was built with. `base_url` is the prefix for image names.
    #[must_use]
    pub fn embedded(base_url: &str) -> Self {
        let file = |name: Cow<'static, str>| Some((name.clone().into_owned(), File::of(Built::get(&name)?)));
        Self::of(Built::iter().filter_map(file).collect(), base_url)
    }

    fn of(mut files: BTreeMap<String, File>, base_url: &str) -> Self {
        let is_compressed = |name: &str| COMPRESSED.iter().any(|(ending, _)| name.ends_with(ending));
        let names: Vec<_> = files.keys().filter(|name| !is_compressed(name)).cloned().collect();
        let mut pages = BTreeMap::new();
        for name in names {
            let Some(plain) = files.remove(&name) else { continue };
            let compressed = COMPRESSED.iter().filter_map(|(ending, encoding)| {
                files.remove(&format!("{name}{ending}")).map(|file| Form::of(file, Some(*encoding)))
            });
            let page = Page {
                media_type: media_type(&name),
                is_hashed: name.starts_with(HASHED),
                compressed: compressed.collect(),
                plain: Form::of(plain, None),
            };
            pages.insert(name, page);
        }
        Self { pages, notice: notice(), policy: super::policy(base_url, None), has_frames: false }
    }

    /// The page at this path of a URL. Links to pages differ in case (`Myorder.html`, `myOrder.html`), so page names are
    /// compared without case. A program that was built without pages answers all page names with a notice.
    pub(super) fn find(&self, path: &str) -> Option<&Page> {
        let name = match path.strip_prefix('/')? {
            "" => "index.html",
            name => name,
        };
        let is_page = !name.contains('/') && name.to_ascii_lowercase().ends_with(".html");
        let in_other_case = || {
            self.pages
                .iter()
                .find(|(known, _)| is_page && known.eq_ignore_ascii_case(name))
                .map(|(_, page)| page)
        };
        let notice = (self.pages.is_empty() && is_page).then_some(&self.notice);
        self.pages.get(name).or_else(in_other_case).or(notice)
    }

    /// Lets pages show frames with content of these origins.
    #[must_use]
    pub fn framing(self, base_url: &str, origins: &str) -> Self {
        Self { policy: super::policy(base_url, Some(origins)), has_frames: true, ..self }
    }

    /// Whether a page may show the channel's code in a frame.
    pub(in crate::http) fn has_frames(&self) -> bool {
        self.has_frames
    }

    /// The content security policy of the pages.
    pub(super) fn policy(&self) -> &str {
        &self.policy
    }
}

impl File {
    fn of(file: EmbeddedFile) -> Self {
        let hash = file.metadata.sha256_hash().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let body = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Self { hash, body }
    }
}

impl Form {
    fn of(file: File, encoding: Option<ContentEncoding>) -> Self {
        Self { encoding, tag: EntityTag::new_strong(file.hash), body: file.body }
    }
}

fn notice() -> Page {
    let tag = EntityTag::new_strong("no-pages".to_owned());
    let plain = Form { encoding: None, tag, body: Bytes::from_static(NOTICE.as_bytes()) };
    Page { media_type: media_type("notice.html"), is_hashed: false, compressed: Vec::new(), plain }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some(_) | None => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App, HttpResponse,
        body::to_bytes,
        dev::Service,
        test::{TestRequest, init_service},
        web,
    };

    use super::*;

    /// A page in two forms, a script in three, and a picture in one.
    fn pages() -> Pages {
        let names = [
            "index.html",
            "index.html.gz",
            "assets/cart-abc.js",
            "assets/cart-abc.js.br",
            "assets/cart-abc.js.gz",
            "favicon.svg",
        ];
        let file = |name: &str| File { hash: format!("hash-of-{name}"), body: Bytes::from(name.to_owned()) };
        Pages::of(
            names.map(|name| (name.to_owned(), file(name))).into(),
            "https://pictures.example:8443/media/",
        )
    }

    async fn ask(pages: Pages, request: TestRequest) -> HttpResponse<Bytes> {
        let pages = web::Data::new(pages);
        let serve = |request: actix_web::HttpRequest, pages: web::Data<Pages>| async move {
            match pages.find(request.path()) {
                Some(page) => super::super::answer(&request, &pages, page),
                None => HttpResponse::NotFound().finish(),
            }
        };
        let app = init_service(App::new().app_data(pages).default_service(web::to(serve))).await;
        let (head, body) = app.call(request.to_request()).await.unwrap().into_parts().1.into_parts();
        head.set_body(to_bytes(body).await.unwrap())
    }

    fn header<'a>(answer: &'a HttpResponse<Bytes>, name: &str) -> Option<&'a str> {
        answer.headers().get(name).map(|value| value.to_str().unwrap())
    }

    async fn in_form(accepted: &str) -> (Option<String>, String) {
        let request =
            TestRequest::get().uri("/assets/cart-abc.js").insert_header(("accept-encoding", accepted));
        let answer = ask(pages(), request).await;
        assert_eq!(header(&answer, "vary"), Some("accept-encoding"));
        let body = String::from_utf8(answer.body().to_vec()).unwrap();
        (header(&answer, "content-encoding").map(str::to_owned), body)
    }

    #[actix_web::test]
    async fn a_browser_gets_the_smallest_form_that_it_reads() {
        for (accepted, encoding, file) in [
            ("gzip, deflate, br, zstd", Some("br"), "assets/cart-abc.js.br"),
            ("gzip, deflate", Some("gzip"), "assets/cart-abc.js.gz"),
            ("br;q=0, gzip", Some("gzip"), "assets/cart-abc.js.gz"),
            ("identity", None, "assets/cart-abc.js"),
            ("unheard-of", None, "assets/cart-abc.js"),
            ("", None, "assets/cart-abc.js"),
        ] {
            assert_eq!(in_form(accepted).await, (encoding.map(str::to_owned), file.to_owned()), "{accepted}");
        }
    }

    #[actix_web::test]
    async fn what_is_named_by_its_content_is_kept_for_ever_and_the_rest_asked_for_again() {
        let script = ask(pages(), TestRequest::get().uri("/assets/cart-abc.js")).await;
        assert_eq!(header(&script, "cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(header(&script, "content-type"), Some("text/javascript; charset=utf-8"));
        for uri in ["/", "/index.html", "/index.html?catalog=1", "/favicon.svg"] {
            let answer = ask(pages(), TestRequest::get().uri(uri)).await;
            assert_eq!(header(&answer, "cache-control"), Some("no-cache"), "{uri}");
            let tag = header(&answer, "etag").unwrap().to_owned();
            let known = TestRequest::get().uri(uri).insert_header(("if-none-match", tag.as_str()));
            let again = ask(pages(), known).await;
            assert_eq!((again.status().as_u16(), again.body().len()), (304, 0), "{uri}");
            assert_eq!(header(&again, "etag"), Some(tag.as_str()));
            let other = TestRequest::get().uri(uri).insert_header(("if-none-match", "\"other\""));
            assert_eq!(ask(pages(), other).await.status().as_u16(), 200, "{uri}");
        }
    }

    #[actix_web::test]
    async fn forms_of_one_file_have_tags_of_their_own() {
        let plain = ask(pages(), TestRequest::get().uri("/")).await;
        let gzip = ask(pages(), TestRequest::get().uri("/").insert_header(("accept-encoding", "gzip"))).await;
        assert_ne!(header(&plain, "etag"), header(&gzip, "etag"));
    }

    #[actix_web::test]
    async fn a_page_may_load_what_is_here_and_pictures_from_where_they_are_kept() {
        let answer = ask(pages(), TestRequest::get().uri("/")).await;
        let policy = header(&answer, "content-security-policy").unwrap();
        for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(policy.contains("img-src 'self' data: https://pictures.example:8443;"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"));
        assert_eq!(header(&answer, "referrer-policy"), Some("no-referrer"));
        for (base_url, pictures) in
            [("/media/", "img-src 'self' data:;"), ("data:x", "img-src 'self' data:;")]
        {
            assert!(Pages::of(BTreeMap::new(), base_url).policy().contains(pictures), "{base_url}");
        }
    }

    #[test]
    fn a_page_frames_where_it_is_paid_and_only_if_it_shows_codes() {
        assert!(!pages().policy().contains("frame-src"), "{}", pages().policy());
        let framing = pages().framing("/media/", "https://pay.example");
        assert!(
            framing.policy().contains("; frame-src https://pay.example;")
                || framing.policy().contains("'none'; frame-src https://pay.example;"),
            "{}",
            framing.policy()
        );
        assert!(
            framing.policy().contains("frame-ancestors 'none'")
                && framing.has_frames()
                && !pages().has_frames()
        );
    }

    #[test]
    fn nothing_but_pages_is_found() {
        let pages = pages();
        for path in ["/", "/index.html", "/Index.HTML", "/favicon.svg", "/assets/cart-abc.js"] {
            assert!(pages.find(path).is_some(), "{path}");
        }
        for path in
            ["", "/index.html.gz", "/assets/", "/assets/..", "/../index.html", "//index.html", "/FAVICON.svg"]
        {
            assert!(pages.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_program_without_pages_says_so_where_they_would_be() {
        let pages = Pages::of(BTreeMap::new(), "/media/");
        for path in ["/", "/cart.html"] {
            assert!(pages.find(path).is_some_and(|page| page.plain.body == NOTICE.as_bytes()), "{path}");
        }
        for path in ["/assets/cart-abc.js", "/v1/cart.html", "/nowhere"] {
            assert!(pages.find(path).is_none(), "{path}");
        }
    }
}
