//! Twilio: the list of calls, TaskRouter's events and Monitor's events by request, and TaskRouter's
//! event callbacks as they happen.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Url;
use ringfence_event::Time;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::page;
use crate::config::{Made, Mistakes, Times, Vendor};
use crate::cursor::Cursor;
use crate::http::{Http, MOST_PAGE, at, checked_url, own_link, shape};
use crate::pull::{Page, Pull, PullError, Record, Stream};
use crate::push::{Push, PushError, PushRequest, Pushed};
use crate::secret::SecretRef;
use crate::window::Windows;

const PAGE: &str = "1000";
const WINDOW_SECS: i64 = 6 * 3_600;
/// Parameters of a callback; TaskRouter sends some thirty.
const MOST_PARAMETERS: usize = 200;

/// `[connector.twilio]`. Needs an API key of the account (type *Standard*), or its auth token.
/// Callbacks are signed with the auth token and can only be checked with it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwilioConfig {
    /// Account SID, `AC…`.
    pub account_sid: String,
    /// SID of an API key, `SK…`, for requests. Default: the account and its auth token.
    pub key_sid: Option<String>,
    /// Secret of that key.
    pub key_secret: Option<SecretRef>,
    /// Auth token of the account: for requests without a key, and to check callbacks.
    pub auth_token: Option<SecretRef>,
    /// TaskRouter workspace, `WS…`, whose events are asked for.
    pub workspace_sid: Option<String>,
    /// Whether to ask for the list of calls. Default true.
    #[serde(default = "yes")]
    pub calls: bool,
    /// Whether to ask for Monitor's events, which say who changed what. Default false.
    #[serde(default)]
    pub monitor: bool,
    /// The address at which Twilio reaches the push route, exactly as it is written in the
    /// workspace: Twilio signs it. Takes callbacks when set.
    pub push_url: Option<String>,
    /// Address in place of `https://api.twilio.com`, `https://taskrouter.twilio.com` and
    /// `https://monitor.twilio.com`.
    pub url: Option<String>,
}

const fn yes() -> bool {
    true
}

impl Vendor for TwilioConfig {
    const NAME: &'static str = "twilio";
    const TIMES: Times = Times {
        poll: 20,
        overlap: 600,
        lag: 10,
    };

    fn check(&self, m: &mut Mistakes) {
        m.plain("twilio.account_sid", &self.account_sid);
        if let Some(workspace) = &self.workspace_sid {
            m.plain("twilio.workspace_sid", workspace);
        }
        m.url("twilio.url", self.url.as_deref());
        if self.key_sid.is_some() != self.key_secret.is_some() {
            m.add(
                "twilio.key_sid",
                "`key_sid` and `key_secret` belong together",
            );
        }
        if self.key_sid.is_none() && self.auth_token.is_none() {
            m.add(
                "twilio.auth_token",
                "either `auth_token`, or `key_sid` with `key_secret`",
            );
        }
        if self.push_url.is_some() && self.auth_token.is_none() {
            m.add("twilio.push_url", "callbacks are checked with `auth_token`");
        }
        let asks = self.calls || self.monitor || self.workspace_sid.is_some();
        if !asks && self.push_url.is_none() {
            m.add("twilio.calls", "nothing is asked for and nothing taken");
        }
    }

    fn make(&self, times: &Times) -> Result<Made, PullError> {
        let address =
            |usual: &str| checked_url(self.url.as_deref().unwrap_or(usual)).map_err(|e| shape(&e));
        let user = self
            .key_sid
            .clone()
            .unwrap_or_else(|| self.account_sid.clone());
        let password = self.key_secret.clone().or_else(|| self.auth_token.clone());
        let password = password.ok_or_else(|| shape("no credential"))?;
        let shared = Arc::new(Shared {
            http: Http::new()?,
            user,
            password,
            windows: times.windows(WINDOW_SECS),
        });
        let mut streams = Vec::new();
        let mut add = |name, base: Url, kind, telephony| {
            let shared = Arc::clone(&shared);
            let pull = Box::new(List { shared, base, kind });
            streams.push(Stream {
                name,
                pull,
                telephony,
            });
        };
        if self.calls {
            let account = ["2010-04-01", "Accounts", &self.account_sid, "Calls.json"];
            let base = at(&address("https://api.twilio.com")?, &account)?;
            add("calls", base, Kind::Calls, true);
        }
        if let Some(workspace) = &self.workspace_sid {
            let events = ["v1", "Workspaces", workspace, "Events"];
            let base = at(&address("https://taskrouter.twilio.com")?, &events)?;
            add("taskrouter", base, Kind::Events, true);
        }
        if self.monitor {
            let base = at(&address("https://monitor.twilio.com")?, &["v1", "Events"])?;
            add("monitor", base, Kind::Events, false);
        }
        let push = match (&self.push_url, &self.auth_token) {
            (Some(url), Some(token)) => Some(Box::new(Callbacks {
                url: url.clone(),
                token: token.clone(),
            }) as Box<dyn Push>),
            _ => None,
        };
        Ok(Made { streams, push })
    }

    fn delivery_ms(&self, times: &Times) -> Option<i64> {
        // Callbacks come at once; then nothing waits for the lists, which say the same later.
        let asked = self.calls || self.workspace_sid.is_some();
        (asked && self.push_url.is_none()).then(|| times.delivery_ms())
    }
}

struct Shared {
    http: Http,
    user: String,
    password: SecretRef,
    windows: Windows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `Calls.json`: the older kind of paging, and start times by the day.
    Calls,
    /// TaskRouter and Monitor.
    Events,
}

struct List {
    shared: Arc<Shared>,
    base: Url,
    kind: Kind,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    calls: Vec<Box<RawValue>>,
    #[serde(default)]
    events: Vec<Box<RawValue>>,
    next_page_uri: Option<String>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    next_page_url: Option<String>,
}

#[async_trait]
impl Pull for List {
    async fn pull(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError> {
        let Shared {
            http,
            user,
            password,
            windows,
        } = &*self.shared;
        let Some(w) = windows.next(cursor, now) else {
            return Ok(Page::nothing(cursor));
        };
        let url = match &w.page {
            Some(link) => own_link(&self.base, link)?,
            None => {
                let (from, until) = w.ends();
                let mut url = self.base.clone();
                let (after, before) = match self.kind {
                    Kind::Calls => ("StartTime>", "StartTime<"),
                    Kind::Events => ("StartDate", "EndDate"),
                };
                url.query_pairs_mut()
                    .append_pair(after, &from)
                    .append_pair(before, &until)
                    .append_pair("PageSize", PAGE);
                url
            }
        };
        let secret = password.read()?;
        let request = http.get(url).basic_auth(user, Some(secret.reveal()));
        let answer = match http.send(request, MOST_PAGE).await {
            Err(PullError::Status(400 | 404)) if w.page.is_some() => {
                return Err(PullError::PageGone);
            }
            other => other?,
        };
        let found: Found = page::read(&answer.body)?;
        let next = found
            .next_page_uri
            .or_else(|| found.meta.and_then(|m| m.next_page_url))
            .filter(|link| !link.is_empty());
        if let Some(link) = &next {
            own_link(&self.base, link)?;
        }
        let items = match self.kind {
            Kind::Calls => found.calls,
            Kind::Events => found.events,
        };
        Ok(windows.page(&w, page::records(&items, "/sid"), next, now))
    }
}

/// Callbacks of TaskRouter, each signed: `X-Twilio-Signature` is the HMAC-SHA-1, under the auth
/// token, of the address and the sorted parameters with nothing between them.
struct Callbacks {
    url: String,
    token: SecretRef,
}

impl Push for Callbacks {
    fn read(&self, request: &PushRequest, _: Time) -> Result<Pushed, PushError> {
        let parameters = parameters(&request.body)?;
        let mut signed = self.url.clone();
        if !request.query.is_empty() && !signed.contains('?') {
            signed.push('?');
            signed.push_str(&request.query);
        }
        for (name, value) in &parameters {
            signed.push_str(name);
            signed.push_str(value);
        }
        let given = request
            .header("x-twilio-signature")
            .and_then(|text| BASE64_STANDARD.decode(text.trim()).ok())
            .ok_or(PushError::Unproven)?;
        let key = self.token.read()?;
        let proves = ringfence_crypto::verify_legacy_hmac_sha1(
            key.reveal().as_bytes(),
            &[signed.as_bytes()],
            &given,
        );
        if !proves {
            return Err(PushError::Unproven);
        }
        let id = parameters.get("Sid").cloned();
        let id = id.unwrap_or_else(|| ringfence_crypto::sha256_hex(&request.body));
        let bytes = Value::Object(as_listed(parameters)).to_string();
        Ok(Pushed {
            records: vec![Record::json(bytes, &id)],
            answer: None,
            through: None,
        })
    }
}

/// The event in the shape in which TaskRouter lists it, so that one mapping reads both, and the
/// list finds what a callback has brought already.
fn as_listed(parameters: BTreeMap<String, String>) -> Map<String, Value> {
    let (mut event, mut data) = (Map::new(), Map::new());
    for (name, value) in parameters {
        let name = match name.as_str() {
            "Timestamp" => "event_date".to_owned(),
            "TimestampMs" => "event_date_ms".to_owned(),
            name => snake_case(name),
        };
        let outer = matches!(
            name.as_str(),
            "sid" | "account_sid" | "resource_sid" | "resource_type"
        ) || name.starts_with("event_");
        let place = if outer { &mut event } else { &mut data };
        place.insert(name, value.into());
    }
    event.insert("event_data".to_owned(), Value::Object(data));
    event
}

/// `WorkerActivityName` as `worker_activity_name`.
fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for (at, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Parameters of a form by name; of two of one name Twilio's libraries sign the last.
fn parameters(body: &[u8]) -> Result<BTreeMap<String, String>, PushError> {
    let text =
        std::str::from_utf8(body).map_err(|_| PushError::Shape("a form is text".to_owned()))?;
    // The library that reads the queries of URLs reads forms the same.
    let Ok(mut url) = Url::parse("https://form.invalid") else {
        return Ok(BTreeMap::new());
    };
    url.set_query(Some(text));
    let mut out = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        if out.len() >= MOST_PARAMETERS {
            return Err(PushError::Shape("more than 200 parameters".to_owned()));
        }
        out.insert(name.into_owned(), value.into_owned());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_reads_like_a_listed_event() {
        let form =
            b"Sid=EV1&EventType=worker.activity.update&TimestampMs=5&WorkerActivityName=Idle";
        let listed = Value::Object(as_listed(parameters(form).unwrap()));
        let want = serde_json::json!({
            "sid": "EV1", "event_type": "worker.activity.update", "event_date_ms": "5",
            "event_data": {"worker_activity_name": "Idle"},
        });
        assert_eq!(listed, want);
    }

    /// The example of Twilio's page on webhook security.
    #[test]
    fn the_published_example_is_proven_and_a_changed_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "12345").unwrap();
        let callbacks = Callbacks {
            url: "https://mycompany.com/myapp.php?foo=1&bar=2".to_owned(),
            token: SecretRef::File { file },
        };
        let body = "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234\
                    &From=%2B14158675310&To=%2B18005551212";
        let request = |body: &str, signature: &str| PushRequest {
            headers: vec![("x-twilio-signature".into(), signature.into())],
            query: String::new(),
            body: body.to_owned().into(),
        };
        let good = "GvWf1cFY/Q7PnoempGyD5oXAezc=";
        let read = |body: &str, signature: &str| {
            callbacks
                .read(&request(body, signature), Time(0))
                .map(|p| p.records)
        };
        assert_eq!(read(body, good).unwrap().len(), 1);
        for (body, signature) in [
            (body.replace("1234&", "1235&"), good),
            (body.to_owned(), "AAAA"),
            (body.to_owned(), "no base64"),
        ] {
            let refused = read(&body, signature);
            assert!(matches!(refused, Err(PushError::Unproven)), "{body}");
        }
    }
}
