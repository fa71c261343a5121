//! Okta System Log: `GET /api/v1/logs`, followed by its own links. An unbounded query goes in the
//! order in which Okta stored the events, and its `next` link stays good however long nothing
//! happens: the link is the cursor, and there are no windows.

use async_trait::async_trait;
use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, LINK};
use ringfence_event::Time;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::page;
use crate::config::{Made, Mistakes, Times, Vendor};
use crate::cursor::Cursor;
use crate::http::{Http, MOST_PAGE, at, checked_url, own_link, shape};
use crate::oauth::{ClientAuth, OAuth, Tokens};
use crate::pull::{Page, Pull, PullError, Stream};
use crate::secret::SecretRef;

/// Records a request; Okta's most.
const PAGE: usize = 1_000;

/// `[connector.okta]`. Needs an API token of a read-only administrator, or a service app with the
/// scope `okta.logs.read`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OktaConfig {
    /// The organisation's address, such as `https://acme.okta.com`.
    pub url: String,
    /// API token. Either this, or `client_id` and `client_secret`.
    pub token: Option<SecretRef>,
    /// Client id of a service app.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<SecretRef>,
    /// An Okta filter expression, such as `eventType sw "user."`. Default: all events.
    pub filter: Option<String>,
}

impl Vendor for OktaConfig {
    const NAME: &'static str = "okta";
    const TIMES: Times = Times {
        poll: 30,
        overlap: 0,
        lag: 0,
    };

    fn check(&self, m: &mut Mistakes) {
        m.url("okta.url", Some(&self.url));
        let app = self.client_id.is_some() && self.client_secret.is_some();
        let half = self.client_id.is_some() != self.client_secret.is_some();
        if half || app == self.token.is_some() {
            m.add(
                "okta.token",
                "either `token`, or `client_id` with `client_secret`",
            );
        }
    }

    fn make(&self, _: &Times) -> Result<Made, PullError> {
        let base = checked_url(&self.url).map_err(|e| shape(&e))?;
        let credential = match (&self.token, &self.client_id, &self.client_secret) {
            (Some(token), _, _) => Credential::Token(token.clone()),
            (None, Some(id), Some(secret)) => Credential::App(Box::new(Tokens::new(OAuth {
                token_url: at(&base, &["oauth2", "v1", "token"])?,
                client_id: id.clone(),
                client_secret: secret.clone(),
                scope: Some("okta.logs.read".to_owned()),
                auth: ClientAuth::Basic,
            }))),
            _ => return Err(shape("no credential")),
        };
        let pull = Okta {
            http: Http::new()?,
            base,
            credential,
            filter: self.filter.clone(),
        };
        Ok(Made {
            streams: vec![Stream {
                name: "system-log",
                pull: Box::new(pull),
                telephony: false,
            }],
            push: None,
        })
    }

    fn delivery_ms(&self, _: &Times) -> Option<i64> {
        None
    }
}

enum Credential {
    Token(SecretRef),
    App(Box<Tokens>),
}

struct Okta {
    http: Http,
    base: Url,
    credential: Credential,
    filter: Option<String>,
}

#[async_trait]
impl Pull for Okta {
    async fn pull(&self, cursor: &Cursor, _: Time) -> Result<Page, PullError> {
        let url = match &cursor.page {
            Some(link) => own_link(&self.base, link)?,
            None => self.first(cursor)?,
        };
        let request = || {
            self.http
                .get(url.clone())
                .header(ACCEPT, "application/json")
        };
        let answer = match &self.credential {
            Credential::Token(secret) => {
                let token = format!("SSWS {}", secret.read()?.reveal());
                self.http
                    .send(request().header(AUTHORIZATION, token), MOST_PAGE)
                    .await
            }
            Credential::App(tokens) => tokens.send(&self.http, MOST_PAGE, |_| Ok(request())).await,
        };
        let answer = match answer {
            // A link that Okta has forgotten.
            Err(PullError::Status(400 | 404)) if cursor.page.is_some() => {
                return Err(PullError::PageGone);
            }
            other => other?,
        };
        let items: Vec<Box<RawValue>> = page::read(&answer.body)?;
        let link = next(&answer.headers)
            .map(|link| own_link(&self.base, &link))
            .transpose()?;
        // To be fetched again from here, should the link be forgotten: an event's own time is
        // near enough to when it was stored for a day's slack.
        let newest = items.iter().filter_map(|i| published(i)).max();
        const SLACK: i64 = 86_400_000;
        let since = newest.map_or(cursor.since, |at| cursor.since.max(at - SLACK));
        Ok(Page {
            records: page::records(&items, "/uuid"),
            more: !items.is_empty() && link.is_some(),
            next: Cursor {
                since,
                until: None,
                page: link.map(String::from).or_else(|| cursor.page.clone()),
            },
            through: None,
        })
    }
}

impl Okta {
    fn first(&self, cursor: &Cursor) -> Result<Url, PullError> {
        let mut url = at(&self.base, &["api", "v1", "logs"])?;
        url.query_pairs_mut()
            .append_pair("since", &Time(cursor.since).to_rfc3339())
            .append_pair("sortOrder", "ASCENDING")
            .append_pair("limit", &PAGE.to_string());
        if let Some(filter) = &self.filter {
            url.query_pairs_mut().append_pair("filter", filter);
        }
        Ok(url)
    }
}

fn published(item: &RawValue) -> Option<i64> {
    #[derive(Deserialize)]
    struct Dated {
        published: String,
    }
    let dated: Dated = serde_json::from_str(item.get()).ok()?;
    Time::parse_rfc3339(&dated.published).ok().map(|t| t.0)
}

/// The `next` link of `Link` headers (RFC 8288), of which Okta sends one for each relation.
fn next(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(LINK).iter().filter_map(|v| v.to_str().ok());
    // A comma inside the address belongs to it; one between links has `<` behind it.
    let links = lines.flat_map(|line| line.split(", <"));
    let next = links.filter_map(|link| {
        let (address, parameters) = link.trim().trim_start_matches('<').split_once('>')?;
        let is_next = parameters.contains("rel=\"next\"") || parameters.contains("rel=next");
        is_next.then(|| address.to_owned())
    });
    next.last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn the_next_link_is_found_in_one_header_or_in_several() {
        let mut several = HeaderMap::new();
        for line in [
            "<https://a/api/v1/logs?limit=2>; rel=\"self\"",
            "<https://a/api/v1/logs?after=1,2>; rel=\"next\"",
        ] {
            several.append(LINK, HeaderValue::from_static(line));
        }
        assert_eq!(
            next(&several).as_deref(),
            Some("https://a/api/v1/logs?after=1,2")
        );
        let mut one = HeaderMap::new();
        let line = "<https://a/x>; rel=\"self\", <https://a/y>; rel=\"next\"";
        one.insert(LINK, HeaderValue::from_static(line));
        assert_eq!(next(&one).as_deref(), Some("https://a/y"));
        assert_eq!(next(&HeaderMap::new()), None);
    }
}
