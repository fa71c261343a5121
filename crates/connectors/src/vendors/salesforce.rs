//! Salesforce event log files: which there are is asked with SOQL, each is fetched as CSV.

use async_trait::async_trait;
use reqwest::Url;
use ringfence_event::Time;
use serde::Deserialize;

use super::page;
use crate::config::{Made, Mistakes, Times, Vendor};
use crate::csv;
use crate::cursor::Cursor;
use crate::http::{Http, MOST_PAGE, at, checked_url, shape};
use crate::oauth::{ClientAuth, OAuth, Token, Tokens};
use crate::pull::{Page, Pull, PullError, Stream};
use crate::secret::SecretRef;
use crate::window::Windows;

const API: &str = "v62.0";
/// Largest log file.
const MOST_FILE: usize = 128 << 20;
const WINDOW_SECS: i64 = 86_400;

/// `[connector.salesforce]`. Needs an external client app with the client credentials flow and the
/// scope `api`, whose user has *API Enabled* and *View Event Log Files*; and Event Monitoring.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesforceConfig {
    /// My Domain, such as `https://acme.my.salesforce.com`.
    pub url: String,
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret.
    pub client_secret: SecretRef,
    /// Kinds of files, such as `Login` or `LightningPageView`. Default all.
    #[serde(default)]
    pub event_types: Vec<String>,
    /// `Hourly` or `Daily` files. Default `Hourly`; both hold the same, so that one is right.
    pub interval: Option<String>,
}

impl Vendor for SalesforceConfig {
    const NAME: &'static str = "salesforce";
    const TIMES: Times = Times {
        poll: 600,
        overlap: 3_600,
        lag: 60,
    };

    fn check(&self, m: &mut Mistakes) {
        m.url("salesforce.url", Some(&self.url));
        for kind in &self.event_types {
            if !kind.bytes().all(|b| b.is_ascii_alphanumeric()) || kind.is_empty() {
                m.add("salesforce.event_types", "names such as `Login`");
            }
        }
        let interval = self.interval.as_deref();
        if interval.is_some_and(|i| i != "Hourly" && i != "Daily") {
            m.add("salesforce.interval", "`Hourly` or `Daily`");
        }
    }

    fn make(&self, times: &Times) -> Result<Made, PullError> {
        let base = checked_url(&self.url).map_err(|e| shape(&e))?;
        let pull = LogFiles {
            http: Http::new()?,
            tokens: Tokens::new(OAuth {
                token_url: at(&base, &["services", "oauth2", "token"])?,
                client_id: self.client_id.clone(),
                client_secret: self.client_secret.clone(),
                scope: None,
                auth: ClientAuth::Body,
            }),
            base,
            event_types: self.event_types.clone(),
            interval: self.interval.clone().unwrap_or_else(|| "Hourly".to_owned()),
            windows: times.windows(WINDOW_SECS),
        };
        Ok(Made {
            streams: vec![Stream {
                name: "event-log-files",
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

struct LogFiles {
    http: Http,
    tokens: Tokens,
    base: Url,
    event_types: Vec<String>,
    interval: String,
    windows: Windows,
}

#[derive(Deserialize)]
struct Found {
    records: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    id: String,
}

#[async_trait]
impl Pull for LogFiles {
    /// One file a page: the first of the window whose id lies behind the mark.
    async fn pull(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError> {
        let Some(w) = self.windows.next(cursor, now) else {
            return Ok(Page::nothing(cursor));
        };
        let after = w.page.as_deref().unwrap_or_default();
        let (from, until) = w.ends();
        let soql = self.soql(&from, &until, after);
        let query = |token: &Token| {
            let mut url = at(&self.server(token)?, &["services", "data", API, "query"])?;
            url.query_pairs_mut().append_pair("q", &soql);
            Ok(self.http.get(url))
        };
        let answer = self.tokens.send(&self.http, MOST_PAGE, query).await?;
        let found: Found = page::read(&answer.body)?;
        let Some(file) = found.records.first().filter(|f| is_id(&f.id)) else {
            return Ok(self.windows.page(&w, Vec::new(), None, now));
        };
        let fetch = |token: &Token| {
            let path = [
                "services",
                "data",
                API,
                "sobjects",
                "EventLogFile",
                &file.id,
                "LogFile",
            ];
            Ok(self.http.get(at(&self.server(token)?, &path)?))
        };
        let text = self.tokens.send(&self.http, MOST_FILE, fetch).await?;
        // A file is never changed: what is added later comes as another file.
        let records = csv::parts(&format!("salesforce {}", file.id), &text.body);
        Ok(self.windows.page(&w, records, Some(file.id.clone()), now))
    }
}

impl LogFiles {
    fn soql(&self, from: &str, until: &str, after: &str) -> String {
        let mut soql = format!(
            "SELECT Id FROM EventLogFile WHERE CreatedDate >= {from} AND CreatedDate < {until} \
             AND Interval = '{}'",
            self.interval
        );
        if !self.event_types.is_empty() {
            let kinds: Vec<_> = self.event_types.iter().map(|k| format!("'{k}'")).collect();
            soql.push_str(&format!(" AND EventType IN ({})", kinds.join(",")));
        }
        if is_id(after) {
            soql.push_str(&format!(" AND Id > '{after}'"));
        }
        soql.push_str(" ORDER BY Id LIMIT 1");
        soql
    }

    /// The server that the token is for; it must be of Salesforce, as the one that gave it.
    fn server(&self, token: &Token) -> Result<Url, PullError> {
        let Some(text) = &token.instance_url else {
            return Ok(self.base.clone());
        };
        let url = checked_url(text).map_err(|e| shape(&e))?;
        let host = url.host_str().unwrap_or_default();
        let known = host == self.base.host_str().unwrap_or_default()
            || host.ends_with(".salesforce.com")
            || host.ends_with(".force.com");
        if known {
            Ok(url)
        } else {
            Err(shape("the token is for another host than Salesforce's"))
        }
    }
}

/// 15 or 18 letters and digits.
fn is_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}
