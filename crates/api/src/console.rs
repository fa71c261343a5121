//! The console's page and files. They hold nothing of anybody's, so nobody needs to be known to have
//! them; what they show comes through the API.

use axum::extract::{Path, Request, State};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use std::io::Read as _;
use url::form_urlencoded;

use crate::app::App;
use crate::problem::Problem;
use crate::scim;
use crate::session;

/// What the page has where its answer's nonce belongs.
const NONCE: &str = "RINGFENCE_NONCE";
const HTML: &str = "text/html; charset=utf-8";

/// Shown by a program that was built without the console.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Ringfence</title>\
<h1>This program has no console in it</h1>\
<p>It was built where the console had not been built before. In a checkout of Ringfence run \
<code>make console build</code>, which brings Node.js where there is none, and start the program \
that this makes.</p>\
<p>The API (<a href=\"/api/v1/openapi.json\">its contract</a>) and the command line are all there.</p></html>";

/// Whether a browser asks for a page to show.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// Whether an answer is a page.
pub(crate) fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// The page: one for all its addresses, since it finds its way by itself.
fn page() -> Response {
    let Some(index) = ringfence_console::index() else {
        return (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, HTML)],
            MISSING,
        )
            .into_response();
    };
    let Ok(nonce) = ringfence_crypto::random_array::<18>() else {
        return Problem::internal(&"no randomness").into_response();
    };
    let nonce = STANDARD.encode(nonce);
    // Styles by nonce, because the components make theirs at run time; scripts from here only.
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let text = String::from_utf8_lossy(index.bytes).replace(NONCE, &nonce);
    let mut response = ([(header::CONTENT_TYPE, HTML)], text).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// `GET /assets/{path}`: a file whose name changes with what it holds.
pub(crate) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = ringfence_console::find(&format!("assets/{path}")) else {
        return Problem::not_found("no such file of the console").into_response();
    };
    // `index-DH_zL-tD.js`: eight characters, a dash perhaps among them.
    let end = path
        .rsplit_once('.')
        .and_then(|(stem, _)| stem.get(stem.len().checked_sub(9)?..));
    let hashed = end.is_some_and(|end| end.starts_with('-'));
    let keep = if hashed {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    let kept = [
        (header::CONTENT_TYPE, file.media_type()),
        (header::CACHE_CONTROL, keep),
        (header::VARY, "accept-encoding"),
    ];
    if !file.gzip {
        return (kept, file.bytes).into_response();
    }
    let takes_gzip = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    if takes_gzip {
        return (kept, [(header::CONTENT_ENCODING, "gzip")], file.bytes).into_response();
    }
    let mut text = Vec::new();
    match GzDecoder::new(file.bytes).read_to_end(&mut text) {
        Ok(_) => (kept, text).into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// What no other route is: a page of the console for whoever is signed in, or nothing.
pub(crate) async fn fallback(
    State(app): State<App>,
    request: Request,
) -> Result<Response, Problem> {
    let path = request.uri().path();
    if scim::is_scim(path) {
        return Ok(scim::failed(Problem::not_found("there is no such address")));
    }
    let ours = !path.starts_with("/api/") && !path.starts_with("/assets/");
    if !ours || request.method() != Method::GET || !wants_page(request.headers()) {
        return Err(Problem::not_found(
            "see /api/v1/openapi.json for what there is",
        ));
    }
    shown(&app, request.headers(), request.uri()).await
}

/// The page for whoever is signed in; others are led to where they can be.
pub(crate) async fn shown(app: &App, headers: &HeaderMap, uri: &Uri) -> Result<Response, Problem> {
    if session::is_open(headers, app).await? {
        return Ok(page());
    }
    let asked = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let next: String = form_urlencoded::byte_serialize(asked.as_bytes()).collect();
    Ok(Redirect::to(&format!("/signin?next={next}")).into_response())
}
