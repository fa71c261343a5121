//! Genesys Cloud: `POST /api/v2/analytics/conversations/details/query` for conversations that had
//! activity in a span of time, those still going on included, and
//! `POST /api/v2/analytics/users/details/query` for the presence and routing status of agents.

use async_trait::async_trait;
use reqwest::Url;
use ringfence_event::Time;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::sync::Arc;

use super::page;
use crate::config::{Made, Mistakes, Times, Vendor};
use crate::cursor::Cursor;
use crate::http::{Http, MOST_PAGE, at, checked_url, shape};
use crate::oauth::{ClientAuth, OAuth, Tokens};
use crate::pull::{Page, Pull, PullError, Stream};
use crate::secret::SecretRef;
use crate::window::Windows;

/// Records a page; Genesys' most.
const PAGE: usize = 100;
/// Genesys gives 100,000 records of one query at most; an hour of the largest center is below.
const WINDOW_SECS: i64 = 3_600;

/// `[connector.genesys]`. Needs an OAuth client of type *client credentials* with the permissions
/// `analytics:conversationDetail:view` and `analytics:userDetail:view`, in the divisions to watch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesysConfig {
    /// The region's domain, such as `mypurecloud.de` or `usw2.pure.cloud`.
    pub region: Option<String>,
    /// Client id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretRef,
    /// Address of the API in place of `https://api.{region}`.
    pub api_url: Option<String>,
    /// Address of the login in place of `https://login.{region}`.
    pub login_url: Option<String>,
    /// Whether to ask for presence and routing status of agents. Default true.
    #[serde(default = "yes")]
    pub users: bool,
}

const fn yes() -> bool {
    true
}

impl Vendor for GenesysConfig {
    const NAME: &'static str = "genesys";
    // Analytics shows what happened some seconds ago; segments that end late are found by the
    // overlap.
    const TIMES: Times = Times {
        poll: 15,
        overlap: 300,
        lag: 15,
    };

    fn check(&self, m: &mut Mistakes) {
        m.url("genesys.api_url", self.api_url.as_deref());
        m.url("genesys.login_url", self.login_url.as_deref());
        match &self.region {
            Some(region) => m.plain("genesys.region", region),
            None if self.api_url.is_some() && self.login_url.is_some() => {}
            None => m.add(
                "genesys.region",
                "the domain of your region, such as `mypurecloud.de`",
            ),
        }
    }

    fn make(&self, times: &Times) -> Result<Made, PullError> {
        let region = self.region.as_deref().unwrap_or_default();
        let address = |written: &Option<String>, host: &str| {
            let usual = || format!("https://{host}.{region}");
            let text = written.clone().unwrap_or_else(usual);
            checked_url(&text).map_err(|e| shape(&e))
        };
        let api = address(&self.api_url, "api")?;
        let shared = Arc::new(Shared {
            http: Http::new()?,
            tokens: Tokens::new(OAuth {
                token_url: at(&address(&self.login_url, "login")?, &["oauth", "token"])?,
                client_id: self.client_id.clone(),
                client_secret: self.client_secret.clone(),
                scope: None,
                auth: ClientAuth::Basic,
            }),
            windows: times.windows(WINDOW_SECS),
        });
        let query = |kind: &str| at(&api, &["api", "v2", "analytics", kind, "details", "query"]);
        let mut streams = vec![Stream {
            name: "conversations",
            pull: Box::new(Details {
                shared: Arc::clone(&shared),
                url: query("conversations")?,
                what: What::Conversations,
            }),
            telephony: true,
        }];
        if self.users {
            streams.push(Stream {
                name: "users",
                pull: Box::new(Details {
                    shared,
                    url: query("users")?,
                    what: What::Users,
                }),
                telephony: true,
            });
        }
        Ok(Made {
            streams,
            push: None,
        })
    }

    fn delivery_ms(&self, times: &Times) -> Option<i64> {
        Some(times.delivery_ms())
    }
}

struct Shared {
    http: Http,
    tokens: Tokens,
    windows: Windows,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Conversations,
    Users,
}

struct Details {
    shared: Arc<Shared>,
    url: Url,
    what: What,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(default)]
    conversations: Vec<Box<RawValue>>,
    #[serde(default)]
    user_details: Vec<Box<RawValue>>,
}

#[async_trait]
impl Pull for Details {
    async fn pull(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError> {
        let Shared {
            http,
            tokens,
            windows,
        } = &*self.shared;
        let Some(w) = windows.next(cursor, now) else {
            return Ok(Page::nothing(cursor));
        };
        let number: usize = w.page.as_deref().and_then(|p| p.parse().ok()).unwrap_or(1);
        let (from, until) = w.ends();
        let mut body = json!({
            "interval": format!("{from}/{until}"),
            "order": "asc",
            "paging": {"pageSize": PAGE, "pageNumber": number},
        });
        if let (What::Conversations, Some(body)) = (self.what, body.as_object_mut()) {
            body.insert("orderBy".into(), "conversationStart".into());
        }
        let request = |_: &_| Ok(http.post(self.url.clone()).json(&body));
        let answer = tokens.send(http, MOST_PAGE, request).await?;
        let found: Found = page::read(&answer.body)?;
        let (items, id) = match self.what {
            What::Conversations => (found.conversations, "/conversationId"),
            What::Users => (found.user_details, "/userId"),
        };
        let next = (items.len() >= PAGE).then(|| (number + 1).to_string());
        Ok(windows.page(&w, page::records(&items, id), next, now))
    }
}
