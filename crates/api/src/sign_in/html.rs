//! Answers of the pages: what goes around them, and who may post to them.

use axum::http::header::{self, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use url::Url;

use crate::problem::Problem;

/// Nothing from anywhere else, no scripts but ours, shown in no frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The same sign as the console has.
const MARK: &str = include_str!("../../../../console/public/assets/mark.svg");

/// A page that leads on by itself, with a way on for browsers that do not: to where a form cannot, since
/// the policy of our pages holds for all that follows from a form of theirs.
pub(crate) fn leads_on(to: &str, title: &str, body: &Markup) -> Result<Response, Problem> {
    let body = html! {
        (body)
        p { a.button.first href=(to) autofocus { "Go on" } }
    };
    let mut response = page(StatusCode::OK, title, &body);
    let refresh = HeaderValue::from_str(&format!("0; url={to}"));
    let refresh = refresh.map_err(|e| Problem::internal(&e))?;
    response.headers_mut().insert(header::REFRESH, refresh);
    Ok(response)
}

/// A page around what is on it.
pub(crate) fn page(status: StatusCode, title: &str, body: &Markup) -> Response {
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " · Ringfence" }
                link rel="icon" href="/assets/mark.svg" type="image/svg+xml";
                link rel="stylesheet" href="/signin/style.css";
                script src="/signin/script.js" defer {}
            }
            body {
                main {
                    p.mark { span aria-hidden="true" { (PreEscaped(MARK)) } "Ringfence" }
                    h1 { (title) }
                    (body)
                }
            }
        }
    };
    let mut response = (status, text.into_string()).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a form was posted from a page of ours: otherwise another site could sign a browser in as
/// somebody of its choice. A browser says where a form comes from; what says nothing is refused.
pub(crate) fn must_be_ours(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let ours = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => text(HOST.as_str()).is_some_and(|host| is_at(origin, host)),
        (None, None) => false,
    };
    match ours {
        true => Ok(()),
        false => Err(Problem::forbidden("open /signin here and send its form")),
    }
}

fn is_at(origin: &str, host: &str) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| origin.strip_prefix(scheme));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
}

/// Where to go after sign-in: an address of ours and nothing else.
pub(crate) fn next_of(text: Option<&str>) -> String {
    const START: &str = "/";
    let Some(text) = text else {
        return START.to_owned();
    };
    // Read as a browser would: `//host`, `/\host` and control characters all lead elsewhere.
    let Ok(base) = Url::parse("http://ringfence.invalid/") else {
        return START.to_owned();
    };
    match base.join(text) {
        Ok(url) if url.origin() == base.origin() && text.starts_with('/') => {
            let at = &url[url::Position::BeforePath..];
            match at.starts_with("/signin") || at.starts_with("//") {
                true => START.to_owned(),
                false => at.to_owned(),
            }
        }
        _ => START.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_sign_in_nobody_is_led_elsewhere() {
        for (asked, to) in [
            ("/alerts?x=1#y", "/alerts?x=1#y"),
            ("/", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("https://evil.example/", "/"),
            ("javascript:alert(1)", "/"),
            ("alerts", "/"),
            ("/signin?next=/x", "/"),
            ("/..//evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(next_of(Some(asked)), to, "{asked}");
        }
        assert_eq!(next_of(None), "/");
    }

    #[test]
    fn only_a_form_of_ours_is_taken() {
        let taken = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                let name = header::HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            must_be_ours(&headers.collect()).is_ok()
        };
        assert!(taken(&[("sec-fetch-site", "same-origin")]));
        assert!(taken(&[("origin", "https://a:8443"), ("host", "A:8443")]));
        for bad in [
            &[("sec-fetch-site", "cross-site")][..],
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", "https://a"),
                ("host", "a"),
            ],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://a.evil"), ("host", "a")],
            &[("origin", "null"), ("host", "null")],
            &[("host", "a")],
            &[],
        ] {
            assert!(!taken(bad), "{bad:?}");
        }
    }
}
